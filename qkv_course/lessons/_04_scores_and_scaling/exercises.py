"""Lesson 04: scores, and why they are divided by √d_k."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from qkv_course.attention import attention_scores, scaled_scores, score_std, softmax
from qkv_course.checks.cases import spread
from qkv_course.checks.compare import number
from qkv_course.checks.exercise import Case, Exercise, mistake
from qkv_course.checks.question import Option, Question


def query_key_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Queries and keys: by hand, of all shapes, and square."""
    q = np.array([[1.0, 0.0], [1.0, 2.0]])
    k = np.array([[3.0, 1.0], [0.0, 2.0], [1.0, 1.0]])
    yield Case("two queries and three keys, by hand", (q, k))
    yield from spread(
        lambda *lead: (rng.normal(size=(*lead, 3, 5)), rng.normal(size=(*lead, 4, 5)))
    )
    for shape in ((4, 4), (4, 4, 4)):  # many slips crash elsewhere and give numbers here
        yield Case("all sizes equal", (rng.normal(size=shape), rng.normal(size=shape)))


# --- attention_scores ---------------------------------------------------------------------


@mistake("queries and keys swapped", "Put the queries on the left of the product.")
def queries_and_keys_swapped(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Row i has to belong to query i, and column j to key j. K Qᵀ puts the keys in the rows:
    every number is there, on the other side of the diagonal."""
    return k @ np.swapaxes(q, -1, -2)


@mistake(
    "a product entry by entry, without the sum",
    "A score is one number for a pair: use a matrix product, which multiplies and adds up.",
)
def elementwise_product(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """q * k multiplies row i with row i only, and keeps one number for each feature. Every
    query has to meet every key, and the products of a pair have to be added up."""
    return q * k


@mistake(
    "keys reshaped where they should be transposed",
    "Swap the last two axes of the keys; do not re-fill the numbers into another shape.",
)
def reshaped_keys(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """reshape keeps the numbers in reading order and cuts the rows anew, so that a column
    holds pieces of several keys. A transpose makes column j out of key j."""
    return q @ k.reshape(*k.shape[:-2], k.shape[-1], k.shape[-2])


@mistake(
    "a transpose that turns the batch axes around too",
    "Swap only the last two axes: np.swapaxes(k, -1, -2).",
)
def transposed_batch(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """k.T reverses all axes. That is the transpose of one matrix, but it tears a batch
    of sentences apart."""
    return q @ k.T


@mistake("the cosine in place of the dot product", "Leave out the division by the lengths.")
def cosine(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """The cosine divides by the lengths of both vectors. Attention keeps the lengths: a long
    key is a loud one."""
    lengths = np.linalg.norm(q, axis=-1)[..., :, None] * np.linalg.norm(k, axis=-1)[..., None, :]
    return attention_scores(q, k) / lengths


@mistake("np.dot, which pairs up all sentences of a batch", "Use @, which goes batch by batch.")
def dot_of_batches(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """For two matrices np.dot and @ agree. For batches, np.dot multiplies every sentence's
    queries with every sentence's keys, and the result has too many axes."""
    return np.asarray(np.dot(q, np.swapaxes(k, -1, -2)))


@mistake("scores that are already divided by √d_k", "Keep the division for scaled_scores.")
def scaled_already(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """These are the plain scores. Dividing them is the next exercise; done twice, it would
    flatten the weights."""
    return scaled_scores(q, k)


ATTENTION_SCORES = Exercise(
    reference=attention_scores,
    points=2,
    cases=query_key_cases,
    results=("scores",),
    mistakes=(
        queries_and_keys_swapped,
        elementwise_product,
        reshaped_keys,
        transposed_batch,
        dot_of_batches,
        cosine,
        scaled_already,
    ),
    hints=(
        "Take one query and one key. What single number did lesson 00 make of them?",
        "All pairs at once are one matrix product: queries as rows on the left, keys as columns "
        "on the right. In a batch, only the last two axes of k change places.",
        "return q @ np.swapaxes(k, ..., ...)",
    ),
)


# --- scaled_scores ------------------------------------------------------------------------


@mistake("scores without any scaling", "Divide by the square root of d_k.")
def not_scaled(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """A dot product adds up d_k products, so its spread grows like √d_k. Left alone, large
    d_k drives the softmax to all or nothing."""
    return attention_scores(q, k)


@mistake("a division by d_k in place of √d_k", "Take the square root of d_k first.")
def divided_by_d_k(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """d_k is the variance of a score, √d_k its standard deviation. Dividing by the variance
    shrinks the scores too far, and the weights become nearly even."""
    return attention_scores(q, k) / q.shape[-1]


@mistake("a multiplication by √d_k", "Divide; √d_k belongs below the line.")
def multiplied(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """The scores are too large already; multiplying makes them larger still. A division by
    d_k ** -0.5 is the same slip."""
    return attention_scores(q, k) * math.sqrt(q.shape[-1])


@mistake("√(number of keys) in place of √d_k", "Take the size of the last axis of q.")
def root_of_keys(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """The spread of a score comes from the number of entries that are added up, d_k. How long
    the sentence is does not matter to it; the softmax takes care of that."""
    return attention_scores(q, k) / math.sqrt(k.shape[-2])


@mistake("√(number of queries) in place of √d_k", "Take the size of the last axis of q.")
def root_of_queries(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """The spread of a score comes from the number of entries that are added up, d_k, and not
    from how many queries there are."""
    return attention_scores(q, k) / math.sqrt(q.shape[-2])


@mistake(
    "√(size of the first axis) in place of √d_k", "Use q.shape[-1], which is d_k in any batch."
)
def root_of_first_axis(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """len(q) is the size of the first axis: the batch, or the number of queries. d_k is the
    size of the last axis."""
    return attention_scores(q, k) / math.sqrt(len(q))


@mistake("√(size of axis 1) in place of √d_k", "Use q.shape[-1], which is d_k in any batch.")
def root_of_axis_one(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """q.shape[1] is d_k for a single sentence only. In a batch, axis 1 is the axis of the
    queries, or another one in front."""
    return attention_scores(q, k) / math.sqrt(q.shape[1])


@mistake("scores scaled after a softmax", "Leave the softmax out; it comes in the next lesson.")
def scaled_after_softmax(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Scaling changes the shape of the weights only before the softmax. After it, the rows
    merely add up to less than 1."""
    return softmax(attention_scores(q, k)) / math.sqrt(q.shape[-1])


@mistake(
    "a division by the measured spread of these scores",
    "Divide by a number that hangs on d_k alone.",
)
def measured_spread(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Now the score of two words hangs on which other words are there, and on the whole batch.
    √d_k is the spread that scores have in theory, and the same for every sentence."""
    scores = attention_scores(q, k)
    return scores / scores.std()


@mistake("queries and keys swapped", "Put the queries on the left of the product.")
def scaled_and_swapped(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Row i has to belong to query i. The scaling is right, but the keys stand in the rows."""
    return scaled_scores(k, q)


SCALED_SCORES = Exercise(
    reference=scaled_scores,
    points=2,
    cases=query_key_cases,
    results=("scores",),
    mistakes=(
        not_scaled,
        divided_by_d_k,
        multiplied,
        root_of_keys,
        root_of_queries,
        root_of_first_axis,
        root_of_axis_one,
        scaled_after_softmax,
        measured_spread,
        scaled_and_swapped,
    ),
    hints=(
        "Which of the sizes in q.shape counts the products that one score adds up?",
        "Take attention_scores(q, k), and divide by the square root of the size of q's last axis.",
        "return attention_scores(q, k) / math.sqrt(q.shape[...])",
    ),
)


# --- score_std ----------------------------------------------------------------------------


def size_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Sizes d_k: a square by hand, others that are none."""
    yield Case("d_k = 4, by hand", (4,))
    yield Case("d_k = 1", (1,))
    for d_k in (2, 64, *rng.integers(3, 2000, size=4).tolist()):
        yield Case("other sizes", (int(d_k),))


@mistake("the variance in place of the standard deviation", "Take the square root of the variance.")
def variance(d_k: int) -> float:
    """The variances of the d_k products add up to d_k. The standard deviation is the square
    root of that."""
    return float(d_k)


@mistake("1/√d_k, the factor that undoes the spread", "Give the spread itself, not its inverse.")
def inverse(d_k: int) -> float:
    """1/√d_k is what scores are multiplied by to bring their spread back to 1. The question
    here is how large the spread is before."""
    return 1 / math.sqrt(d_k)


@mistake("a spread of 1 for every size", "Think of what happens when more products are added up.")
def always_one(d_k: int) -> float:
    """One product has a spread of 1. A sum of d_k independent ones has more: their variances
    add up."""
    return 1.0


@mistake(
    "a square root that is rounded down", "Keep the fraction: math.sqrt, not math.isqrt or int()."
)
def rounded_root(d_k: int) -> float:
    """The root of 2 is 1.41421..., not 1. A standard deviation is seldom a whole number."""
    return float(math.isqrt(d_k))


@mistake(
    "half of d_k in place of its root", "Use math.sqrt, or put 1/2 into parentheses: d_k ** (1/2)."
)
def half(d_k: int) -> float:
    """d_k ** 1/2 is (d_k ** 1) / 2, because a power binds before a division. For d_k = 4 that is
    the right number by chance."""
    return d_k**1 / 2


def not_an_estimate(args: tuple[Any, ...], value: Any) -> str | None:
    """A value within a tenth of the right one, yet not it, was probably measured."""
    right = score_std(*args)
    if abs(value - right) > 0.1 * right:
        return None
    return (
        f"{number(float(value))} is close to {number(right)}, but not it. A measured spread "
        "differs from run to run; this exercise asks for the formula."
    )


SCORE_STD = Exercise(
    reference=score_std,
    points=1,
    cases=size_cases,
    results=("std",),
    mistakes=(variance, inverse, always_one, rounded_root, half),
    properties=(not_an_estimate,),
    hints=(
        "What is the variance of one product of two independent numbers of mean 0 and variance 1?",
        "Each of the d_k products has variance 1, and the variances of independent terms add up. "
        "The standard deviation is the root of the variance.",
        "return math.sqrt(...)",
    ),
)

EXERCISES = (ATTENTION_SCORES, SCALED_SCORES, SCORE_STD)

QUESTIONS = (
    Question(
        "04-spread",
        "The entries of q and k are random, with a spread of 1. d_k grows from 4 to 400, a hundred "
        "times as many. How does the spread of their dot product change?",
        (
            Option("It stays the same.", "A longer sum has more room to wander off."),
            Option("It grows 10 times.", "It grows like √d_k, and √100 is 10.", right=True),
            Option("It grows 100 times.", "That is its variance. The spread is the root of it."),
        ),
        prediction=True,
    ),
    Question(
        "04-which-size",
        "A model has d_model = 512 and 8 heads, so d_k = 64. By what are a head's scores divided?",
        (
            Option(
                "√512",
                "The dot product of a head runs over the head's own 64 entries. Dividing by √512 "
                "makes the scores √8 times too small, and the weights too even. This very slip "
                "stood in published code (vit-pytorch, issue 65).",
            ),
            Option("√64 = 8", "A score adds up 64 products, so its spread is √64.", right=True),
            Option("64", "64 is the variance of a score. Its spread is the root of that."),
            Option(
                "√(number of tokens)",
                "How many tokens there are does not change the spread of one score.",
            ),
        ),
    ),
    Question(
        "04-symmetric",
        "You print a score matrix and find that it is not symmetric. What do you make of it?",
        (
            Option(
                "A bug: 'river' and 'bank' are equally close both ways.",
                "Closeness would be symmetric. But a query asks and a key answers, and they come "
                "from two different matrices.",
            ),
            Option(
                "As it should be: what i looks for in j is not what j looks for in i.",
                "That is what W_Q and W_K being two matrices is for.",
                right=True,
            ),
            Option(
                "Rows and columns are swapped.",
                "The transpose of a matrix that is not symmetric is not symmetric either.",
            ),
        ),
    ),
    Question(
        "04-scale-where",
        "A colleague divides q by √d_k before the product, and not the scores. Is it a bug?",
        (
            Option(
                "No: (q / √d_k) · k is the same number as (q · k) / √d_k.",
                "A dot product is linear in q, so the factor can be taken out.",
                right=True,
            ),
            Option(
                "Yes: the keys have to be divided too.", "Then the scores would be divided by d_k."
            ),
            Option(
                "Yes: scaling only works on scores.",
                "Each score is a sum, and a factor that all its terms share can be taken out.",
            ),
        ),
    ),
)

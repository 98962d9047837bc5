"""Lesson 06: the weighted sum, the whole of attention, and what it needs to see word order."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from qkv_course.attention import (
    attention,
    attention_scores,
    qkv,
    scaled_scores,
    self_attention,
    sinusoidal_positions,
    softmax,
    weighted_sum,
)
from qkv_course.checks.cases import spread
from qkv_course.checks.compare import number
from qkv_course.checks.exercise import Case, Exercise, mistake
from qkv_course.checks.properties import inside_the_values, nonnegative, rows_sum_to_one
from qkv_course.checks.question import Option, Question

Pair = tuple[np.ndarray, np.ndarray]

# --- weighted_sum -------------------------------------------------------------------------


def blend_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Weights, not always a budget of 1, and values: by hand, of all shapes, and square."""
    weights, v = np.array([[1.0, 0.0], [0.25, 0.5]]), np.array([[10.0, 0.0], [20.0, 40.0]])
    yield Case("two queries and two values, by hand", (weights, v))
    yield from spread(
        lambda *lead: (rng.uniform(size=(*lead, 3, 4)), rng.normal(size=(*lead, 4, 5)))
    )
    for shape in ((4, 4), (4, 4, 4)):  # many slips crash elsewhere and give numbers here
        yield Case("all sizes equal", (rng.uniform(size=shape), rng.normal(size=shape)))
    yield Case("a single value", (rng.uniform(size=(3, 1)), rng.normal(size=(1, 2))))


@mistake("weights that are transposed", "Let row i of the weights make row i of the result.")
def weights_transposed(weights: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Row i of the weights is query i's budget. Transposed, each blend is made of what one key
    got from all queries. If there are as many queries as keys, no error tells you."""
    return np.swapaxes(weights, -1, -2) @ v


@mistake("weights.T in place of weights", "Let row i of the weights make row i of the result.")
def weights_dot_t(weights: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Row i of the weights is query i's budget. weights.T mixes them up: it makes each blend of
    what one key got from all queries, and in a batch it turns the sentences around as well."""
    return weights.T @ v


@mistake("a product entry by entry, without the sum", "Use a matrix product.")
def entry_by_entry(weights: np.ndarray, v: np.ndarray) -> np.ndarray:
    """weights * v multiplies one number with one number, and adds up nothing. A blend is a
    whole row of values times its weight, plus the next row times its weight, and so on."""
    return weights * v


@mistake("the plain average of the values", "Let every value count as much as its weight says.")
def averaged(weights: np.ndarray, v: np.ndarray) -> np.ndarray:
    """All queries get the same blend here, whatever their weights are. The average is the
    blend of even weights only."""
    return np.ones_like(weights) @ v / v.shape[-2]


@mistake("weights that are normalized again", "Use the weights as given.")
def normalized_again(weights: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Whoever made the weights has seen to their sum. This function takes them as they are,
    also where they do not sum to 1."""
    return weights / weights.sum(axis=-1, keepdims=True) @ v


@mistake("weights sent through another softmax", "Use the weights as given.")
def softmax_again(weights: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The weights are ready for use. Another softmax brings them close together, and the
    blends close to the average."""
    return softmax(weights) @ v


@mistake("values and weights swapped", "Put the weights on the left of the product.")
def values_first(weights: np.ndarray, v: np.ndarray) -> np.ndarray:
    """v @ weights blends the columns of v. The weights on the left blend its rows, and a row
    is one word's value."""
    return v @ weights


@mistake("the value with the largest weight, alone", "Add up all values, each times its weight.")
def largest_only(weights: np.ndarray, v: np.ndarray) -> np.ndarray:
    """That is the hard lookup. The weighted sum takes a share of every value, and so it moves a
    little when a weight moves a little."""
    return np.eye(v.shape[-2], dtype=v.dtype)[weights.argmax(axis=-1)] @ v


@mistake("np.dot, which pairs up all sentences of a batch", "Use @, which goes batch by batch.")
def dot_of_batches(weights: np.ndarray, v: np.ndarray) -> np.ndarray:
    """For two matrices np.dot and @ agree. For batches, np.dot multiplies every sentence's
    weights with every sentence's values, and the result has too many axes."""
    return np.dot(weights, v)


@mistake("a sum over the features", "Sum over the keys, and keep the features apart.")
def summed_over_features(weights: np.ndarray, v: np.ndarray) -> np.ndarray:
    """A blend has as many entries as a value has. Here the entries of each value are added up,
    and the keys are kept apart."""
    return weights * v.sum(axis=-1)[..., None, :]


WEIGHTED_SUM = Exercise(
    reference=weighted_sum,
    points=1,
    cases=blend_cases,
    results=("blends",),
    mistakes=(
        weights_transposed,
        weights_dot_t,
        entry_by_entry,
        averaged,
        normalized_again,
        softmax_again,
        values_first,
        largest_only,
        dot_of_batches,
        summed_over_features,
    ),
    hints=(
        "mix(weights, x) of lesson 01 made one blend. What changes if there is a row of weights "
        "for every query?",
        "It is one matrix product: the rows of weights on the left, the rows of values on the "
        "right.",
        "return ... @ ...",
    ),
)


# --- attention ----------------------------------------------------------------------------


def attention_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Queries, keys and values: by hand, hard for a softmax, of all shapes, and square."""
    q = np.array([[2.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 2.0]])
    k = np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 2.0]])
    yield Case("two queries, keys and values, by hand", (q, k, np.array([[10.0], [20.0]])))
    large = float(rng.integers(1000, 4000))
    q, k = np.array([[large], [-large]]), np.array([[2.0], [2.0 + 1 / large]])
    yield Case("very high and very low scores", (q, k, np.array([[10.0], [20.0]])))
    k, v = np.array([[1.0], [0.0], [-large]]), np.array([[10.0], [20.0], [30.0]])
    yield Case("one key that fits far worse", (np.array([[1.0], [2.0]]), k, v))
    q = large * np.array([[[1.0], [-1.0]], [[-1.0], [1.0]]])
    k, v = rng.normal(size=(2, 3, 1)), rng.normal(size=(2, 3, 2))
    yield Case("large scores in a batch", (q, k, v))

    def draw(*lead: int) -> tuple[np.ndarray, ...]:
        return tuple(rng.normal(size=(*lead, *shape)) for shape in ((3, 5), (4, 5), (4, 7)))

    yield from spread(draw)
    for shape in ((4, 4), (4, 4, 4)):
        yield Case("all sizes equal", tuple(rng.normal(size=(3, *shape))))
    one_key = tuple(rng.normal(size=shape) for shape in ((2, 3), (1, 3), (1, 2)))
    yield Case("a single key", one_key)


def attend(scores: np.ndarray, v: np.ndarray) -> Pair:
    """Finish attention from given scores."""
    weights = softmax(scores)
    return weights @ v, weights


def softmax_over(scores: np.ndarray, axis: int | None) -> np.ndarray:
    """Take a softmax over any axis, or over the whole array."""
    exps = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return np.asarray(exps / exps.sum(axis=axis, keepdims=True))


@mistake("attention without scaling", "Divide the scores by √d_k before the softmax.")
def not_scaled(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> Pair:
    """The scores spread as √d_k. Without the division the weights are too sharp, the more so
    the larger d_k is."""
    return attend(attention_scores(q, k), v)


@mistake("a division by d_k in place of √d_k", "Take the square root of d_k first.")
def divided_by_d_k(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> Pair:
    """d_k is the variance of a score, √d_k its spread. Divided by d_k, the weights are nearly
    even, and every blend is close to the average."""
    return attend(attention_scores(q, k) / q.shape[-1], v)


@mistake("scores multiplied by √d_k", "Divide; √d_k belongs below the line.")
def multiplied(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> Pair:
    """The scores spread too far already. Multiplied, nearly all weight goes to one key. A
    division by d_k ** -0.5 is the same slip."""
    return attend(attention_scores(q, k) * math.sqrt(q.shape[-1]), v)


@mistake("√(number of keys) in place of √d_k", "Take the size of the last axis of q.")
def root_of_keys(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> Pair:
    """A score adds up d_k products, however many keys there are. Divided like this, the
    score of two words would depend on how long their sentence is."""
    return attend(attention_scores(q, k) / math.sqrt(k.shape[-2]), v)


@mistake("√d_v in place of √d_k", "Take the size of the last axis of q or k, not of v.")
def root_of_d_v(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> Pair:
    """The scores are made of queries and keys. How many entries a value has plays no part in
    them. Where d_v and d_k are equal, this slip is invisible."""
    return attend(attention_scores(q, k) / math.sqrt(v.shape[-1]), v)


@mistake("scaling after the softmax", "Scale the scores, then take the softmax.")
def scaled_after(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> Pair:
    """After the softmax, the division makes the weights no calmer. It makes every row sum to
    1/√d_k, and every blend too short."""
    weights = softmax(attention_scores(q, k)) / math.sqrt(q.shape[-1])
    return weights @ v, weights


@mistake("a softmax over the queries' axis", "Take the softmax along the keys, the last axis.")
def over_the_queries(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> Pair:
    """Here every key has a budget to give to the queries. It is each query that spends a
    budget of 1 on the keys: the rows sum to 1."""
    weights = softmax_over(scaled_scores(q, k), -2)
    return weights @ v, weights


@mistake("one budget for the whole array", "Take the softmax along the last axis only.")
def over_everything(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> Pair:
    """All weights together sum to 1, so the queries share one budget. Each of them has one of
    its own."""
    weights = softmax_over(scaled_scores(q, k), None)
    return weights @ v, weights


@mistake("attention without a softmax", "Turn the scaled scores into weights first.")
def no_softmax(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> Pair:
    """Scores can be negative and sum to anything. The softmax makes a budget of them: positive,
    and 1 in all."""
    scores = scaled_scores(q, k)
    return scores @ v, scores


@mistake("a softmax of a softmax", "Apply it once.")
def softmax_twice(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> Pair:
    """The second softmax gets numbers between 0 and 1, which are close together. It makes
    nearly even weights of them."""
    return attend(softmax(scaled_scores(q, k)), v)


@mistake("an exp that overflows", "Use your softmax of lesson 05, which shifts every row.")
def overflow(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> Pair:
    """exp of a score above 709.78 is infinity, and infinity divided by infinity is nan. One such
    score spoils its whole row."""
    exps = np.exp(scaled_scores(q, k))
    weights = exps / exps.sum(axis=-1, keepdims=True)
    return weights @ v, weights


@mistake("all weight on the best key", "Take the softmax, so that every key gets a share.")
def winner_takes_all(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> Pair:
    """That is the hard lookup of lesson 02, which selects one value. The soft one blends, so that
    a small change of a query changes the result a little."""
    scores = scaled_scores(q, k)
    weights = np.eye(k.shape[-2], dtype=scores.dtype)[scores.argmax(axis=-1)]
    return weights @ v, weights


@mistake("keys used as values", "Blend v: the keys have done their part in the scores.")
def keys_as_values(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> Pair:
    """A key decides whether a token is listened to, its value what is then heard. Where d_k
    and d_v are equal, this slip has the right shape."""
    return attention(q, k, k)


@mistake("queries and keys swapped", "Put the queries on the left of the product.")
def swapped(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> Pair:
    """Row i should hold what query i asks of all keys. Swapped, the keys ask the queries. If
    there are as many of both, no error tells you."""
    return attention(k, q, v)


@mistake("a transpose that turns the batch axes around too", "Swap only the last two axes of k.")
def batch_transposed(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> Pair:
    """k.T reverses all axes. That is the transpose of one matrix, but it tears a batch of
    sentences apart."""
    return attend(q @ k.T / math.sqrt(q.shape[-1]), v)


@mistake("weights transposed in the weighted sum", "Use the weights as the softmax gave them.")
def transposed_in_the_sum(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> Pair:
    """Row i of the weights makes row i of the context. The weights are right, and turned around
    before they are used."""
    weights = softmax(scaled_scores(q, k))
    return np.swapaxes(weights, -1, -2) @ v, weights


@mistake("weights.T in the weighted sum", "Use the weights as the softmax gave them.")
def dot_t_in_the_sum(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> Pair:
    """Row i of the weights makes row i of the context. The weights are right; weights.T turns
    them around, and a batch with them, before they are used."""
    weights = softmax(scaled_scores(q, k))
    return weights.T @ v, weights


@mistake("the two results in the wrong order", "Return the context first, then the weights.")
def reversed_results(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> Pair:
    """Both are right. But whoever calls the function writes context, weights = attention(...),
    and would take one for the other."""
    context, weights = attention(q, k, v)
    return weights, context


@mistake("scores returned where the weights should be", "Return what came out of the softmax.")
def scores_returned(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> Pair:
    """The context is right. The second result should be the weights that made it, and these are
    the scores from before the softmax."""
    return attention(q, k, v)[0], scaled_scores(q, k)


@mistake("right results, with the caller's queries overwritten", "Make a new array: `q / x`.")
def scaled_in_place(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> Pair:
    """Dividing the queries is as good as dividing the scores. But /= writes into the array that
    was passed in, and a second call would divide it again."""
    q /= math.sqrt(q.shape[-1])
    return attend(attention_scores(q, k), v)


ATTENTION = Exercise(
    reference=attention,
    points=3,
    cases=attention_cases,
    results=("context", "weights"),
    mistakes=(
        not_scaled,
        divided_by_d_k,
        multiplied,
        root_of_keys,
        root_of_d_v,
        scaled_after,
        over_the_queries,
        over_everything,
        no_softmax,
        softmax_twice,
        overflow,
        winner_takes_all,
        keys_as_values,
        swapped,
        batch_transposed,
        transposed_in_the_sum,
        dot_t_in_the_sum,
        reversed_results,
        scores_returned,
        scaled_in_place,
    ),
    properties=(rows_sum_to_one(1), nonnegative(1), inside_the_values(2, part=0)),
    hints=(
        "Which three functions of the last lessons turn queries and keys into scores, scores into "
        "weights, and weights into blends?",
        "weights is the softmax of scaled_scores(q, k); context is the weighted sum of v. Return "
        "both, the context first.",
        "weights = softmax(...)\nreturn weighted_sum(..., ...), weights",
    ),
)


# --- self_attention -----------------------------------------------------------------------


def sentence_cases(rng: np.random.Generator) -> Iterator[Case]:
    """A sentence and three matrices: by hand, of all shapes, and square."""
    x = np.array([[1.0, 0.0, 1.0], [0.0, 2.0, 1.0]])
    w_q = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    w_k = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    w_v = np.array([[10.0, 0.0], [0.0, 20.0], [0.0, 0.0]])
    yield Case("two tokens, by hand", (x, w_q, w_k, w_v))

    def draw(*lead: int) -> tuple[np.ndarray, ...]:
        shapes = ((*lead, 3, 6), (6, 5), (6, 5), (6, 4))
        return tuple(rng.normal(size=shape) / (1 + (len(shape) == 2)) for shape in shapes)

    yield from spread(draw)
    for lead in ((), (4,)):
        w_q, w_k, w_v = rng.normal(size=(3, 4, 4)) / 2
        yield Case("all sizes equal", (rng.normal(size=(*lead, 4, 4)), w_q, w_k, w_v))
    yield Case("a single token", (rng.normal(size=(1, 3)), *rng.normal(size=(3, 3, 2))))


@mistake("values that are not projected", "Send x through w_v, too.")
def no_value_projection(x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray) -> Pair:
    """x itself is blended here. What a token hands over is its value, x @ w_v, and that can
    have another size than x."""
    return attention(x @ w_q, x @ w_k, x)


@mistake("w_k used for the values", "Look at the line that makes v: its matrix is w_v.")
def w_k_for_values(x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray) -> Pair:
    """A copied line kept its matrix. If d_v equals d_k, the shape is right and only the numbers
    tell."""
    return attention(x @ w_q, x @ w_k, x @ w_k)


@mistake("w_q used for the keys", "Look at the line that makes k: its matrix is w_k.")
def w_q_for_keys(x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray) -> Pair:
    """With one matrix for both, the scores are symmetric: what i asks of j is what j asks of i.
    Two matrices are there so that it need not be."""
    return attention(x @ w_q, x @ w_q, x @ w_v)


@mistake("w_k used for the queries", "Look at the line that makes q: its matrix is w_q.")
def w_k_for_queries(x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray) -> Pair:
    """With one matrix for both, the scores are symmetric: what i asks of j is what j asks of i.
    Two matrices are there so that it need not be."""
    return attention(x @ w_k, x @ w_k, x @ w_v)


@mistake("a sentence that is not projected at all", "Make q, k and v of x first.")
def not_projected(x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray) -> Pair:
    """Every word looks for words like itself then, and finds itself first. The three matrices
    are what training will change."""
    return attention(x, x, x)


@mistake("scores made of x itself", "Use x @ w_q and x @ w_k for the scores.")
def only_values_projected(x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray) -> Pair:
    """Without w_q and w_k the scores are symmetric, and every word looks for words like itself.
    What it asks and what it offers should differ."""
    return attention(x, x, x @ w_v)


@mistake("queries and keys swapped", "Pass them in the order of attention(q, k, v).")
def roles_swapped(x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray) -> Pair:
    """What a word offers is used as its question here, and its question as its offer. Shapes
    do not tell, because a sentence has as many queries as keys."""
    return attention(x @ w_k, x @ w_q, x @ w_v)


@mistake("keys and values swapped", "Pass them in the order of attention(q, k, v).")
def keys_and_values_swapped(
    x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray
) -> Pair:
    """Values are asked and keys are handed over here. Where d_k and d_v are equal, only the
    numbers tell."""
    return attention(x @ w_q, x @ w_v, x @ w_k)


@mistake("√d_model in place of √d_k", "Take the root of the size of a query, not of x.")
def root_of_d_model(x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray) -> Pair:
    """The scores add up d_k products, one for each entry of a query. x has d_model entries,
    but no dot product runs over them. It is one of the most frequent bugs in published code."""
    q, k, v = qkv(x, w_q, w_k, w_v)
    return attend(attention_scores(q, k) / math.sqrt(x.shape[-1]), v)


@mistake("attention without scaling", "Divide the scores by √d_k, or call your attention.")
def sentence_not_scaled(x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray) -> Pair:
    """The projections are right, but the scores go into the softmax undivided. They spread as
    √d_k, and make the weights too sharp."""
    q, k, v = qkv(x, w_q, w_k, w_v)
    return attend(attention_scores(q, k), v)


@mistake("the two results in the wrong order", "Return the context first, then the weights.")
def pair_reversed(x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray) -> Pair:
    """Both are right. But whoever calls the function writes context, weights = ..., and would
    take one for the other."""
    context, weights = self_attention(x, w_q, w_k, w_v)
    return weights, context


@mistake("matrices that are transposed", "Multiply by the matrices as they are.")
def matrices_transposed(x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray) -> Pair:
    """x @ w.T is what torch's nn.Linear computes, because it stores its matrix the other way
    around. Here w has d_model rows. For square matrices no error tells you."""
    return self_attention(x, w_q.T, w_k.T, w_v.T)


@mistake("the matrices on the left of the product", "Put x on the left: its rows are the tokens.")
def matrices_first(x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray) -> Pair:
    """w @ x is for tokens as columns, as some books have it. Here the rows are tokens, and
    every row of x goes through the matrix: x @ w."""
    return attention(w_q @ x, w_k @ x, w_v @ x)


SELF_ATTENTION = Exercise(
    reference=self_attention,
    points=2,
    cases=sentence_cases,
    results=("context", "weights"),
    mistakes=(
        no_value_projection,
        w_k_for_values,
        w_q_for_keys,
        w_k_for_queries,
        not_projected,
        only_values_projected,
        roles_swapped,
        keys_and_values_swapped,
        root_of_d_model,
        sentence_not_scaled,
        pair_reversed,
        matrices_transposed,
        matrices_first,
    ),
    properties=(rows_sum_to_one(1), nonnegative(1)),
    hints=(
        "Lesson 03 made three things of one sentence. What does attention need?",
        "Make q, k and v of x with the three matrices, then call your attention on them.",
        "q, k, v = qkv(...)\nreturn attention(...)",
    ),
)


# --- sinusoidal_positions -----------------------------------------------------------------


def position_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Sizes: by hand, one position, one pair of columns, and others."""
    yield Case("two positions, four columns, by hand", (2, 4))
    yield Case("a single position", (1, 6))
    yield Case("one sine and one cosine", (5, 2))
    for _ in range(4):
        n, pairs = (int(size) for size in rng.integers(3, 40, size=2))
        yield Case("other sizes", (n, 2 * pairs))
    yield Case("all sizes equal", (8, 8))
    yield Case("many positions", (300, 12))


def angles(n: int, d_model: int) -> np.ndarray:
    """Give the right angle of every position for every pair of columns."""
    rates = 10000.0 ** (-np.arange(0, d_model, 2) / d_model)
    return np.asarray(np.arange(n)[:, None] * rates)


def waves(angle: np.ndarray) -> np.ndarray:
    """Put the sines of angles into the even columns, the cosines into the odd ones."""
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(len(angle), -1)


@mistake("all sines first, then all cosines", "Let sines and cosines take turns, column by column.")
def in_two_halves(n: int, d_model: int) -> np.ndarray:
    """Every number is there, in another column. The paper's order takes turns: a sine in column
    2i, the cosine of the same angle in column 2i + 1."""
    angle = angles(n, d_model)
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=-1)


@mistake("positions that count from 1", "Let the first position be 0.")
def from_one(n: int, d_model: int) -> np.ndarray:
    """The first word is at position 0 here, so its sines are 0 and its cosines 1. Each row
    belongs one place further down."""
    return waves(angles(n + 1, d_model)[1:])


@mistake("an exponent of i / d_model for pair i", "Double the exponent: 2i / d_model.")
def exponent_halved(n: int, d_model: int) -> np.ndarray:
    """Pair i stands in the columns 2i and 2i + 1, and its exponent is 2i / d_model. With half
    of it, all waves turn too fast, and the slow half of them is missing."""
    rates = 10000.0 ** (-np.arange(d_model // 2) / d_model)
    return waves(np.arange(n)[:, None] * rates)


@mistake(
    "an exponent that is doubled twice", "Look at what i counts: pairs, or every second column."
)
def exponent_doubled(n: int, d_model: int) -> np.ndarray:
    """The columns 0, 2, 4, … are 2i already. Doubled once more, the exponent is 4i / d_model, and
    the slow half of the waves hardly moves at all."""
    return waves(np.arange(n)[:, None] / 10000.0 ** (2 * np.arange(0, d_model, 2) / d_model))


@mistake("an exponent of its own for every column", "Give a sine and its cosine the same angle.")
def exponent_of_the_column(n: int, d_model: int) -> np.ndarray:
    """The exponent counts pairs: column 2i + 1 has the exponent of column 2i. Only then do a
    sine and its cosine show the same angle, like a hand of a clock."""
    column = np.arange(d_model)
    angle = np.arange(n)[:, None] * 10000.0 ** (-column / d_model)
    return np.where(column % 2 == 0, np.sin(angle), np.cos(angle))


@mistake("sines in every column", "Put the cosine into every second column.")
def sines_only(n: int, d_model: int) -> np.ndarray:
    """One sine alone is the same for two angles of a turn. With its cosine beside it, the angle
    is certain."""
    angle = angles(n, d_model)
    return np.repeat(np.sin(angle), 2, axis=-1)


@mistake("sines and cosines swapped", "Start every pair with its sine.")
def cosine_first(n: int, d_model: int) -> np.ndarray:
    """Even columns are sines, odd ones cosines. At position 0 that makes 0, 1, 0, 1, and so
    on."""
    return waves(angles(n, d_model)).reshape(n, -1, 2)[..., ::-1].reshape(n, d_model)


@mistake("angles in degrees", "Leave the angles as they are: np.sin takes radians.")
def degrees(n: int, d_model: int) -> np.ndarray:
    """The paper's angles are in radians, and so are those of np.sin. Converted as if they were
    degrees, all waves are 57 times too slow."""
    return waves(np.deg2rad(angles(n, d_model)))


@mistake("a base of 1000", "Count the zeros: the base is 10000.")
def base_of_one_thousand(n: int, d_model: int) -> np.ndarray:
    """With 1000 in place of 10000, the slow waves are too fast. The first pair is right all the
    same, because its exponent is 0."""
    rates = 1000.0 ** (-np.arange(0, d_model, 2) / d_model)
    return waves(np.arange(n)[:, None] * rates)


@mistake("an exponent without its parentheses", "Write 10000 ** (2 * i / d_model).")
def exponent_without_parentheses(n: int, d_model: int) -> np.ndarray:
    """A power binds before * and /. So pos / 10000 ** 2 * i / d_model divides by 10000², and
    multiplies by i: all hands stand nearly still."""
    return waves(np.arange(n)[:, None] / 10000**2 * np.arange(d_model // 2) / d_model)


@mistake("a multiplication where the division should be", "Divide the position by the power.")
def multiplied_by_the_power(n: int, d_model: int) -> np.ndarray:
    """The later pairs should turn slower, so that far positions can be told apart. Multiplied,
    they turn thousands of times faster."""
    rates = 10000.0 ** (np.arange(0, d_model, 2) / d_model)
    return waves(np.arange(n)[:, None] * rates)


@mistake("positions in the columns", "Let every row be one position.")
def positions_as_columns(n: int, d_model: int) -> np.ndarray:
    """Rows are tokens everywhere in this course, so that the result can be added to x. Here it
    is transposed."""
    return waves(angles(n, d_model)).T


def on_the_circle(_args: tuple[Any, ...], value: Any) -> str | None:
    """A sine and a cosine of one angle: their squares add up to 1."""
    squares = value[:, 0::2] ** 2 + value[:, 1::2] ** 2
    wrong = np.argwhere(~np.isclose(squares, 1.0, rtol=0, atol=1e-4))
    if not len(wrong):
        return None
    row, pair = (int(i) for i in wrong[0])
    return (
        f"In row {row}, the squares of columns {2 * pair} and {2 * pair + 1} add up to "
        f"{number(float(squares[row, pair]))}; those of a sine and its cosine add up to 1."
    )


SINUSOIDAL_POSITIONS = Exercise(
    reference=sinusoidal_positions,
    points=2,
    cases=position_cases,
    results=("positions",),
    mistakes=(
        in_two_halves,
        from_one,
        exponent_halved,
        exponent_doubled,
        exponent_without_parentheses,
        exponent_of_the_column,
        sines_only,
        cosine_first,
        degrees,
        base_of_one_thousand,
        multiplied_by_the_power,
        positions_as_columns,
    ),
    properties=(on_the_circle,),
    hints=(
        "How many different angles does one position have, if a sine and a cosine share each?",
        "np.arange(0, d_model, 2) is 2i for every pair. Positions as a column, "
        "np.arange(n)[:, None], with one power for each pair give all angles. Fill the columns "
        "0::2 and 1::2 of a new array.",
        "angles = np.arange(n)[:, None] / 10000 ** (np.arange(0, d_model, 2) / d_model)\n"
        "positions = np.zeros((n, d_model))\n"
        "positions[:, 0::2] = ...\n"
        "positions[:, 1::2] = ...\n"
        "return positions",
    ),
)

EXERCISES = (WEIGHTED_SUM, ATTENTION, SELF_ATTENTION, SINUSOIDAL_POSITIONS)

QUESTIONS = (
    Question(
        "06-bank",
        "In 'fish swim near the bank' and 'clerks lend at the bank', bank has one and the same "
        "word vector. What about the context that attention makes for it?",
        (
            Option(
                "It is the same: same word, same query, same key, same value.",
                "Its query is the same. But it asks other words, and blends other values.",
            ),
            Option(
                "It differs: it is a blend of other values.",
                "The same query meets other keys, and other values are blended.",
                right=True,
            ),
            Option(
                "It differs, once the model has learned both meanings.",
                "Nothing is learned here. Other words in the sentence are enough for another "
                "blend; learning makes it a useful one.",
            ),
        ),
        prediction=True,
    ),
    Question(
        "06-shuffle",
        "You shuffle the words of a sentence and run self-attention again. What becomes of the "
        "context of 'bank'?",
        (
            Option(
                "It changes: bank has other neighbors now.",
                "Neighbors play no part. Every word meets every other, and a sum has no order.",
            ),
            Option(
                "It stays the same, in bank's new row.",
                "Every word meets the same words as before, and a sum has no order. Only the rows "
                "change places.",
                right=True,
            ),
            Option(
                "It turns into the context of the word that stood there before.",
                "A row's place has no say in what it holds. The context belongs to the word.",
            ),
        ),
        prediction=True,
    ),
    Question(
        "06-largest-weight",
        "In the river sentence, 'bank' gives 'the' a weight of 0.10. How much does 'the' change "
        "what bank becomes?",
        (
            Option(
                "By a tenth of the value of 'bank'",
                "The weight multiplies the value of 'the', and not that of 'bank'.",
            ),
            Option(
                "It makes up a tenth of bank's context.",
                "It makes up a tenth of the budget. What arrives is weight times value, and the "
                "value of 'the' is zero in both columns.",
            ),
            Option(
                "It adds nothing; it only leaves less for the others.",
                "What arrives is weight times value, and this value is zero. A weight alone does "
                "not say how much a word matters.",
                right=True,
            ),
        ),
    ),
    Question(
        "06-no-match",
        "A query fits none of the keys: all its scores are 0. What is its context?",
        (
            Option(
                "A row of zeros",
                "A softmax always spends the whole budget. Zero scores are equal scores, not small "
                "ones.",
            ),
            Option(
                "The average of all values",
                "Equal scores give equal weights. A query that wants nothing has to be given "
                "something harmless to look at.",
                right=True,
            ),
            Option(
                "The value of the first key",
                "That is what a hard lookup does with equal scores. The soft one shares evenly.",
            ),
            Option(
                "nan: there is nothing to blend.", "exp(0) is 1, and n ones can be divided by n."
            ),
        ),
    ),
    Question(
        "06-own-vector",
        "In 'context, weights = self_attention(x, ...)', where is the word's own vector x after "
        "that?",
        (
            Option(
                "It is added to the context.",
                "A Transformer does add x, but one step later, in its residual connection. Nothing "
                "in this function does.",
            ),
            Option(
                "It is part of the context with a weight of at least 1/n.",
                "A word's weight on itself is like any other, and can be close to 0.",
            ),
            Option(
                "Nowhere, except as its value in the blend.",
                "A Transformer adds x to the context afterwards, in its residual connection "
                "(Vaswani et al. 2017, section 3.1).",
                right=True,
            ),
        ),
    ),
    Question(
        "06-batch",
        "x has the shape (batch, n, d_model), and p = sinusoidal_positions(100, d_model) is ready. "
        "Which line adds every token's position?",
        (
            Option("x + p[:n]", "One row for each token, the same in every sentence.", right=True),
            Option(
                "x + p[:batch, None]",
                "That gives each sentence one row, added to all of its tokens. With a batch of 1, "
                "the whole sentence stands at position 0, and no error tells you.",
            ),
            Option("x + p[n]", "That is one row, that of position n, added to all tokens alike."),
            Option(
                "x + p",
                "p has 100 rows and a sentence has n. Unless n is 100, the shapes do not fit.",
            ),
        ),
    ),
)

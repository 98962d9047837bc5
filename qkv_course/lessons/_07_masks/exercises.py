"""Lesson 07: masks, and attention that keeps to them."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from qkv_course.attention import (
    attention,
    attention_scores,
    causal_mask,
    mask_scores,
    masked_attention,
    padding_mask,
    scaled_scores,
    softmax,
)
from qkv_course.checks.compare import number
from qkv_course.checks.exercise import Case, Exercise, mistake
from qkv_course.checks.properties import nonnegative
from qkv_course.checks.question import Option, Question

Pair = tuple[np.ndarray, np.ndarray]

# --- causal_mask --------------------------------------------------------------------------


def causal_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Sentences of several lengths, also of one token."""
    yield Case("three tokens, by hand", (3,))
    for n in (4, 2, *rng.integers(5, 60, size=3)):
        yield Case("other lengths", (int(n),))
    yield Case("a single token", (1,))


@mistake("a mask that shows the future and hides the past", "Allow the columns up to i in row i.")
def future_visible(n: int) -> np.ndarray:
    """Row i is a query, column j a key. The keys before the query have smaller numbers, and
    stand to the left of the diagonal. Here everything to its right is allowed."""
    return np.triu(np.ones((n, n), dtype=bool))


@mistake("a mask that is True where a query may not look", "Turn every entry into its opposite.")
def inverted(n: int) -> np.ndarray:
    """True stands for may attend in this course, and here it marks what should be hidden. Some
    libraries read masks that way around; the lesson has a table of them."""
    return ~np.tri(n, dtype=bool)


@mistake("a mask that hides a token from itself", "Let row i allow column i, too.")
def without_itself(n: int) -> np.ndarray:
    """A token may attend to itself. Without the diagonal, the first token has nothing at all
    to look at."""
    return np.tri(n, k=-1, dtype=bool)


@mistake("a mask that lets one future token through", "Let row i end with column i.")
def one_ahead(n: int) -> np.ndarray:
    """Every token sees the next one here. If the next word is what it has to predict, it can
    copy the answer: in training all looks splendid, and in use there is no next word yet."""
    return np.tri(n, k=1, dtype=bool)


@mistake("a mask of numbers, 1 and 0", "Make an array of True and False.")
def ones_and_zeros(n: int) -> np.ndarray:
    """The ones and zeros stand in the right places. But a mask is bool here: with numbers, ~mask
    and mask & other either fail or mean something else."""
    return np.tri(n)


@mistake("numbers to add to the scores", "Return True and False; the filling comes later.")
def numbers_to_add(n: int) -> np.ndarray:
    """0 where a query may look and minus infinity elsewhere: that is another convention, a mask
    to add. In this course a mask says True where a query may attend."""
    return np.where(np.tri(n, dtype=bool), 0.0, -np.inf)


@mistake("a mask that hides nothing", "Row 0 should have a single True.")
def nothing_hidden(n: int) -> np.ndarray:
    """Every query may attend to every key here. A causal mask hides all keys that come after
    the query."""
    return np.ones((n, n), dtype=bool)


@mistake("a mask in which every token sees itself alone", "Allow all that comes before as well.")
def itself_only(n: int) -> np.ndarray:
    """Only the diagonal is True, so no token hears of any other. What came before it is allowed,
    too."""
    return np.eye(n, dtype=bool)


@mistake("a mask with an axis too many", "Return the shape (n, n).")
def extra_axis(n: int) -> np.ndarray:
    """The entries are right, with an axis of size 1 in front. Broadcasting adds such axes by
    itself: (n, n) fits every batch."""
    return np.tri(n, dtype=bool)[np.newaxis]


def past_only(args: tuple[Any, ...], value: Any) -> str | None:
    """A query may look at itself and at what comes before it."""
    wrong = np.argwhere(value != np.tri(args[0], dtype=bool))
    i, j = (int(index) for index in wrong[0])
    where = "is the query itself" if i == j else f"comes {'after' if j > i else 'before'} it"
    may = "may" if value[i, j] else "may not"
    return f"Query {i} {may} attend to key {j}, which {where}."


CAUSAL_MASK = Exercise(
    reference=causal_mask,
    points=1,
    cases=causal_cases,
    results=("mask",),
    mistakes=(
        future_visible,
        inverted,
        without_itself,
        one_ahead,
        ones_and_zeros,
        numbers_to_add,
        nothing_hidden,
        itself_only,
        extra_axis,
    ),
    properties=(past_only,),
    hints=(
        "Query i may attend to key j: how do i and j compare then?",
        "Compare a column of query numbers with a row of key numbers: np.arange(n)[:, None] and "
        "np.arange(n). Or look up np.tri.",
        "i = np.arange(n)[:, None]\nj = np.arange(n)\nreturn ... <= ...",
    ),
)


# --- padding_mask -------------------------------------------------------------------------


def padding_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Lengths of sentences, with empty and full ones, and as many sentences as tokens."""
    yield Case("two sentences, by hand", (np.array([1, 2]), 3))
    for batch, n in ((4, 6), (4, 6), (7, 5)):
        inner = rng.integers(1, n, size=batch - 2)
        lengths = rng.permutation(np.array([0, n, *inner]))
        yield Case("an empty sentence and a full one among others", (lengths, n))
    yield Case("all sentences shorter than n", (rng.integers(1, 4, size=3), 5))
    yield Case("as many sentences as tokens", (rng.permutation(np.array([1, 4, 2, 2])), 4))
    lengths = rng.integers(1, 6, size=3)
    yield Case("read-only and not contiguous", (lengths, 6), awkward=True)
    yield Case("a single sentence", (np.array([2]), 4))


def real(lengths: np.ndarray, n: int) -> np.ndarray:
    """Say which tokens are real, (batch, n)."""
    return np.asarray(np.arange(n) < lengths[:, np.newaxis])


@mistake("a mask without the axis for the queries", "Return the shape (batch, 1, n).")
def no_query_axis(lengths: np.ndarray, n: int) -> np.ndarray:
    """Broadcasting lines shapes up from the last axis on. A mask (batch, n) meets scores
    (batch, n_q, n) with its batch axis where the queries stand. If batch and n_q happen to be
    equal, no error tells you."""
    return real(lengths, n)


@mistake("a mask that hides queries in place of keys", "Put the axis of size 1 in the middle.")
def queries_hidden(lengths: np.ndarray, n: int) -> np.ndarray:
    """The shape (batch, n, 1) stands for every key. So a padded query sees nothing at all, and a
    real one goes on seeing the padding. It is as keys that padding must be hidden."""
    return real(lengths, n)[:, :, np.newaxis]


@mistake("a mask that hides padded queries, too", "Hide the padding as keys only.")
def both_sides(lengths: np.ndarray, n: int) -> np.ndarray:
    """What a padded query finds is thrown away later, so its row does not matter. Hidden as well,
    such a row has nothing left to attend to, which gives nan in many programs."""
    token = real(lengths, n)
    return token[:, :, np.newaxis] & token[:, np.newaxis, :]


@mistake("a mask that is written out for every query", "An axis of size 1 stands for all queries.")
def for_every_query(lengths: np.ndarray, n: int) -> np.ndarray:
    """The entries are right, and every row of a sentence is the same. With (batch, 1, n)
    broadcasting does the copying, and it fits any number of queries."""
    return np.repeat(real(lengths, n)[:, np.newaxis, :], n, axis=1)


@mistake("the axis of size 1 in front", "Keep the batch axis in front.")
def axis_in_front(lengths: np.ndarray, n: int) -> np.ndarray:
    """(1, batch, n) says that row b is for query b, in every sentence. The sentences are the
    first axis: (batch, 1, n)."""
    return real(lengths, n)[np.newaxis]


@mistake("a mask with an axis for heads", "Return the shape (batch, 1, n).")
def axis_for_heads(lengths: np.ndarray, n: int) -> np.ndarray:
    """Some libraries want (batch, 1, 1, n). In this course a mask has no axis for heads: the
    functions with several heads put it in themselves."""
    return real(lengths, n)[:, np.newaxis, np.newaxis, :]


@mistake("a mask that is True on the padding", "Turn every entry into its opposite.")
def padding_marked(lengths: np.ndarray, n: int) -> np.ndarray:
    """True stands for may attend in this course. Here it marks the padding, so each sentence
    would read its padding and nothing else."""
    return ~padding_mask(lengths, n)


@mistake("a mask that shows one token of the padding", "Positions count from 0: look at the last.")
def one_too_many(lengths: np.ndarray, n: int) -> np.ndarray:
    """A sentence of 2 tokens has them at positions 0 and 1. Position 2 is padding already, and
    here it is allowed."""
    return np.arange(n) <= np.asarray(lengths)[:, np.newaxis, np.newaxis]


@mistake("padding at the front", "Let the first lengths[b] positions be True.")
def padded_in_front(lengths: np.ndarray, n: int) -> np.ndarray:
    """The last positions are kept here. Some programs do pad at the front; in this course the
    real tokens come first."""
    return np.arange(n) >= n - np.asarray(lengths)[:, np.newaxis, np.newaxis]


@mistake("a mask of numbers, 1 and 0", "Make an array of True and False.")
def padding_in_numbers(lengths: np.ndarray, n: int) -> np.ndarray:
    """The ones and zeros stand in the right places. But a mask is bool here: with numbers, ~mask
    and mask & other either fail or mean something else."""
    return padding_mask(lengths, n).astype(np.float64)


def right_tokens(args: tuple[Any, ...], value: Any) -> str | None:
    """The first tokens are real, the rest is padding."""
    b, _, j = (int(index) for index in np.argwhere(value != padding_mask(*args))[0])
    is_real = "hidden, and it is real" if j < args[0][b] else "allowed, and it is padding"
    return f"Sentence {b} has the length {args[0][b]}. Its position {j} is {is_real}."


PADDING_MASK = Exercise(
    reference=padding_mask,
    points=1,
    cases=padding_cases,
    results=("mask",),
    mistakes=(
        no_query_axis,
        queries_hidden,
        both_sides,
        for_every_query,
        axis_in_front,
        axis_for_heads,
        padding_marked,
        one_too_many,
        padded_in_front,
        padding_in_numbers,
    ),
    properties=(right_tokens,),
    hints=(
        "Which positions of a sentence of length 2 are real? What do they have in common?",
        "Compare all positions, np.arange(n), with the length of each sentence. To get one row a "
        "sentence, the lengths need two more axes: (batch, 1, 1).",
        "return np.arange(n) < lengths[:, ..., ...]",
    ),
)


# --- what the two exercises on scores share -----------------------------------------------


def some(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Draw a mask in which every row allows a key and hides another."""
    mask = rng.uniform(size=shape) < 0.6
    first = rng.integers(0, shape[-1], size=shape[:-1])[..., np.newaxis]
    np.put_along_axis(mask, first, True, axis=-1)
    np.put_along_axis(mask, (first + 1) % shape[-1], False, axis=-1)
    return mask


Make = Callable[..., tuple[np.ndarray, ...]]

# Batch axes, and shapes of masks that go with them; there are 3 queries and 4 keys.
FORMS: tuple[tuple[str, tuple[int, ...], tuple[tuple[int, ...], ...]], ...] = (
    ("one sentence", (), ((3, 4), (3, 4), (1, 4))),
    ("a batch and one mask for all", (2,), ((3, 4), (1, 4))),
    ("a batch and a mask for each sentence", (2,), ((2, 1, 4), (2, 3, 4), (2, 3, 4))),
    ("two batch axes", (6, 2), ((3, 4), (2, 1, 4), (6, 2, 1, 4), (6, 2, 3, 4))),
)


def all_forms(rng: np.random.Generator, make: Make) -> Iterator[Case]:
    """Draw calls with masks of all shapes, in float32, and read-only; the mask comes last.

    make: draws the other arguments, for the batch axes that it is given.
    """
    for group, lead, shapes in FORMS:
        for shape in shapes:
            yield Case(group, (*make(*lead), some(rng, *shape)))
    yield Case("one more", (*make(2), some(rng, 2, 1, 4))).as_float32()
    yield Case("read-only and not contiguous", (*make(2), some(rng, 3, 4)), awkward=True)


def as_index(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Fill a copy through an index. Raises IndexError where the first axes do not fit."""
    filled = scores.copy()
    filled[~mask] = -np.inf
    return filled


def columns_for_rows(mask: np.ndarray) -> np.ndarray:
    return np.swapaxes(mask, -1, -2)


# --- mask_scores --------------------------------------------------------------------------


def score_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Scores and masks: by hand, of all shapes, square, and with rows that may see nothing."""
    scores = np.array([[1.0, 2.0], [-3.0, 4.0]])
    yield Case("two queries and keys, by hand", (scores, np.array([[True, True], [False, True]])))
    yield from all_forms(rng, lambda *lead: (rng.normal(size=(*lead, 3, 4)),))
    for lead, shape in (((), (4, 4)), ((4,), (4, 4)), ((4,), (4, 1, 4)), ((4,), (4, 4, 4))):
        scores = rng.normal(size=(*lead, 4, 4))
        yield Case("all sizes equal", (scores, some(rng, *shape)))
    mask = np.array([[False, False, False], [True, False, True]])
    yield Case("nothing is allowed in a row", (rng.normal(size=(2, 3)), mask))
    yield Case("scores of zero", (np.zeros((2, 3)), mask))


@mistake("a 0 where minus infinity should be", "Fill with a score that no exp can bring back.")
def filled_with_zero(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """exp(0) is 1, so a hidden key keeps a share of the budget, and often more than a key that
    may be seen. Multiplying by the mask does the same, and a tiny number such as -1e-12 is as
    good as 0."""
    return np.where(mask, scores, 0.0)


@mistake("a -10 where minus infinity should be", "Fill with minus infinity.")
def filled_with_minus_ten(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A score of -10 is low as long as the others are higher. A little leaks through always, and
    much where the visible scores are low, too."""
    return np.where(mask, scores, -10.0)


@mistake("a -1e9 where minus infinity should be", "Fill with minus infinity.")
def filled_with_minus_billion(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """It is low enough for the softmax, in single and double precision. But it is a number like
    any other: nobody can tell it from a score, it does not fit into half precision, and a row of
    nothing else gets even weights."""
    return np.where(mask, scores, -1e9)


@mistake("the lowest finite number where minus infinity should be", "Fill with minus infinity.")
def filled_with_lowest(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """It is low enough in every precision, and common in libraries. But a row of nothing else
    gets even weights, as if all were allowed. Minus infinity says what is meant."""
    return np.where(mask, scores, np.finfo(scores.dtype).min)


@mistake("plus infinity where minus infinity should be", "Look at the sign.")
def filled_with_plus(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The higher a score, the larger its weight. A hidden key should get the lowest score there
    is."""
    return np.where(mask, scores, np.inf)


@mistake("a mask read the other way around", "Keep the score where the mask is True.")
def read_inverted(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """True stands for may attend. Here what may be seen is hidden, and what should be hidden is
    all that is left."""
    return mask_scores(scores, ~mask)


@mistake("scores multiplied by minus infinity", "Choose between two numbers for every entry.")
def multiplied_by_infinity(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A negative score times minus infinity is plus infinity, the highest score of all; and 0
    times infinity is nan. A product depends on the score that should be hidden."""
    return scores * np.where(mask, 1.0, -np.inf)


@mistake("minus infinity multiplied by the mask", "Choose between two numbers for every entry.")
def mask_times_infinity(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Where the mask should add nothing, this computes 0 times infinity. That is nan, and nan
    added to a score is nan."""
    return scores + ~mask * -np.inf


@mistake("the mask as numbers to add, without the scores", "Keep the scores that may be seen.")
def mask_alone(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """0 and minus infinity can be added to the scores, and that is a good way to write it. The
    sum is still missing."""
    return np.broadcast_to(np.where(mask, 0.0, -np.inf), scores.shape).copy()


@mistake("scores that are left as they were", "Return the array that you have filled.")
def left_alone(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """No score is hidden. np.where and copy() make new arrays; the one that was passed in stays
    as it is, and that one is returned here."""
    return scores


@mistake("a mask that is transposed", "Use the mask as given: rows are queries.")
def mask_transposed(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Row i of the mask belongs to query i, as in the scores. Transposed, a causal mask shows
    the future and hides the past."""
    return mask_scores(scores, columns_for_rows(mask))


@mistake("a causal mask, whatever the mask says", "Use the mask that was passed in.")
def always_causal(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The future is hidden, and the second argument is never looked at. It may hide padding, or
    anything else."""
    return mask_scores(scores, np.tri(*scores.shape[-2:], dtype=bool))


@mistake("a mask used as an index", "Choose entry by entry: then the mask is broadcast.")
def mask_as_index(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """scores[~mask] lines the mask up with the first axes of the scores, and does not broadcast
    it. With (1, n_k), or a batch, that fails; or it lands on the batch axis and hides other
    cells."""
    return as_index(scores, mask)


@mistake("right scores, with the caller's overwritten", "Make a new array, and fill that.")
def overwritten(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Filling in place writes into the array that was passed in. Its owner may still need the
    scores."""
    np.copyto(scores, -np.inf, where=~mask)
    return scores


@mistake("the visible scores alone, in one row", "Return an array of the shape of the scores.")
def visible_only(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """scores[mask] picks what is allowed and forgets where it stood. Every score should keep its
    place."""
    return scores[np.broadcast_to(mask, scores.shape)]


def hidden_is_minus_infinity(args: tuple[Any, ...], value: Any) -> str | None:
    """What is hidden is -inf, and what is visible is finite."""
    mask = np.broadcast_to(args[1], args[0].shape)
    leaks = np.argwhere(~mask & (value != -np.inf))
    if not len(leaks):
        return "All that is hidden is -inf. But a score that may be seen was changed."
    at = tuple(int(i) for i in leaks[0])
    place = f"scores[{', '.join(map(str, at))}]"
    return f"The mask hides {place}, and it is {number(float(value[at]))} in place of -inf."


MASK_SCORES = Exercise(
    reference=mask_scores,
    points=1,
    cases=score_cases,
    results=("scores",),
    mistakes=(
        filled_with_zero,
        filled_with_minus_ten,
        filled_with_minus_billion,
        filled_with_lowest,
        filled_with_plus,
        read_inverted,
        multiplied_by_infinity,
        mask_times_infinity,
        mask_alone,
        left_alone,
        mask_transposed,
        always_causal,
        mask_as_index,
        overwritten,
        visible_only,
    ),
    properties=(hidden_is_minus_infinity,),
    hints=(
        "For each entry there are two candidates. What decides between them?",
        "np.where(condition, a, b) takes from a where the condition is True and from b elsewhere. "
        "All three are broadcast.",
        "return np.where(mask, ..., ...)",
    ),
)


# --- masked_attention ---------------------------------------------------------------------


def masked_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Queries, keys, values and masks: by hand, hard for a softmax, of all shapes, and square."""
    q = np.array([[2.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 2.0]])
    k = np.array([[1.0, 1.0, 0.0, 2.0], [0.0, 1.0, 0.0, 0.0]])
    v = np.array([[10.0], [20.0]])
    mask = np.array([[True, True], [False, True]])
    yield Case("two queries, keys and values, by hand", (q, k, v, mask))
    mask = np.array([[False, False], [True, False]])
    yield Case("a query that may attend to nothing", (q, k, v, mask))
    yield from extreme_cases(rng)

    def draw(*lead: int) -> tuple[np.ndarray, ...]:
        q, k, v = (rng.normal(size=(*lead, *shape)) for shape in ((3, 5), (4, 5), (4, 7)))
        return q, k, v

    yield from all_forms(rng, draw)
    q, k, v = draw(2)
    q[..., 0], k[..., 0] = 5.0, -5.0
    yield Case("low scores", (q, k, v, some(rng, 3, 4))).as_float32()
    for lead, shape in (((), (4, 4)), ((4,), (4, 4)), ((4,), (4, 1, 4)), ((4,), (4, 4, 4))):
        q, k, v = rng.normal(size=(3, *lead, 4, 4))
        yield Case("all sizes equal", (q, k, v, some(rng, *shape)))
    yield Case("everything is allowed", (*draw(), np.ones((3, 4), dtype=bool)))
    mask = padding_mask(np.array([2, 0, 4]), 4)
    yield Case("an empty sentence in a batch", (*draw(3), mask))


def extreme_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Visible scores of any size, and hidden ones far above them."""
    large = float(rng.integers(10_000, 40_000))
    one, v = np.array([[1.0], [1.0]]), np.array([[10.0], [20.0], [30.0]])
    mask = np.array([[False, True, True], [True, False, True]])
    k = np.array([[50 * large], [0.0], [1.0]])
    yield Case("a hidden score far above the others", (one, k, v, mask))
    q, k = np.array([[large], [-large]]), np.array([[3.0], [2.0], [2.0 + 1 / large]])
    yield Case("very high and very low scores", (q, k, v, mask))


def attend(scores: np.ndarray, v: np.ndarray) -> Pair:
    """Finish attention from given scores, with an ordinary softmax."""
    weights = softmax(scores)
    return weights @ v, weights


def filled(q: np.ndarray, k: np.ndarray, mask: np.ndarray, fill: float) -> np.ndarray:
    """Scale the scores and put a number of one's choice where nothing may be seen."""
    return np.where(mask, scaled_scores(q, k), fill)


def budget(scores: np.ndarray) -> np.ndarray:
    """Take a softmax in which -inf gets nothing, also if a row has nothing else."""
    highest = np.maximum(scores.max(axis=-1, keepdims=True), np.finfo(scores.dtype).min)
    exps = np.exp(scores - highest)
    totals = exps.sum(axis=-1, keepdims=True)
    return np.asarray(exps / np.where(totals > 0, totals, 1))


def masked_attend(scores: np.ndarray, v: np.ndarray) -> Pair:
    """Finish attention from scores with -inf in them."""
    weights = budget(scores)
    return weights @ v, weights


@mistake("attention without a mask", "Mask the scores before the softmax.")
def mask_ignored(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> Pair:
    """Every query attends to every key here. A fill of next to nothing, such as adding -1e-12,
    changes nothing either."""
    return attention(q, k, v)


@mistake("hidden scores of 0", "Put minus infinity where the mask is False.")
def zero_scores(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> Pair:
    """exp(0) is 1, so what should be hidden keeps a share of the budget. Multiplying the scores by
    the mask does the same, and a tiny number such as -1e-12 is as good as 0."""
    return attend(filled(q, k, mask, 0.0), v)


@mistake("hidden scores of -10", "Put minus infinity where the mask is False.")
def minus_ten(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> Pair:
    """A score of -10 is low as long as the others are higher. A little leaks through always, and
    much where the visible scores are low, too."""
    return attend(filled(q, k, mask, -10.0), v)


@mistake(
    "a large negative number in place of minus infinity",
    "Fill with minus infinity, and look after rows in which nothing is allowed.",
)
def even_where_nothing_is_allowed(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray
) -> Pair:
    """Where something is allowed, -1e9 hides the rest well. But a row of nothing else has equal
    scores, so the query that may see nothing sees everything. Its weights should be zero."""
    return attend(filled(q, k, mask, -1e9), v)


@mistake("nan where nothing is allowed", "Let the weights of such a row be zero.")
def nan_where_nothing_is_allowed(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray
) -> Pair:
    """In such a row all scores are minus infinity. The largest of them taken off, infinity minus
    infinity is nan; without that, 0 is divided by 0. Wherever the row is used, nan spreads."""
    return attend(mask_scores(scaled_scores(q, k), mask), v)


@mistake("weights that are mended after the context was made", "Mend the weights, then blend.")
def mended_too_late(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> Pair:
    """Where nothing is allowed, the weights that you return are zero, as they should be. But the
    context was made before that, of nan."""
    context, weights = attend(mask_scores(scaled_scores(q, k), mask), v)
    return context, np.nan_to_num(weights)


@mistake("a mask after the softmax", "Mask the scores, before the softmax.")
def after_the_softmax(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> Pair:
    """The hidden keys have taken their share of the budget already. Set to zero now, that share
    is gone, and the row sums to less than 1."""
    weights = softmax(scaled_scores(q, k)) * mask
    return weights @ v, weights


@mistake("a mask after the softmax, and rows divided by their sums", "Mask before the softmax.")
def normalized_again(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> Pair:
    """That is right on paper. But where a hidden score is far above the others, those others have
    been rounded to 0 by then, and 0 divided by 0 is nan."""
    weights = softmax(scaled_scores(q, k)) * mask
    weights = weights / weights.sum(axis=-1, keepdims=True)
    return weights @ v, weights


@mistake("a mask after the softmax, and rows mended afterwards", "Mask before the softmax.")
def normalized_with_care(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> Pair:
    """That is right on paper. But where a hidden score is far above the others, those others have
    been rounded to 0 by then: the row looks as if nothing were allowed."""
    weights = softmax(scaled_scores(q, k)) * mask
    totals = weights.sum(axis=-1, keepdims=True)
    weights = weights / np.where(totals > 0, totals, 1)
    return weights @ v, weights


@mistake("a mask read the other way around", "Keep the scores where the mask is True.")
def read_backwards(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> Pair:
    """True stands for may attend. Read like this, a causal mask shows a word the future alone,
    and a padding mask the padding alone."""
    return masked_attention(q, k, v, ~mask)


@mistake("a mask that is transposed", "Use the mask as given: rows are queries.")
def transposed(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> Pair:
    """Row i of the mask belongs to query i, as in the scores. Transposed, it hides queries where
    it should hide keys."""
    return masked_attention(q, k, v, columns_for_rows(mask))


@mistake("a causal mask, whatever the mask says", "Use the mask that was passed in.")
def causal_always(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> Pair:
    """The future is hidden, and the fourth argument is never looked at. It may hide padding, or
    anything else."""
    return masked_attention(q, k, v, np.tri(q.shape[-2], k.shape[-2], dtype=bool))


@mistake("a mask used as an index", "Choose entry by entry: then the mask is broadcast.")
def index_on_the_batch(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> Pair:
    """scores[~mask] lines the mask up with the first axes of the scores, and does not broadcast
    it. With (1, n_k), or a batch, that fails; or it lands on the batch axis and hides other
    cells."""
    return masked_attend(as_index(scaled_scores(q, k), mask), v)


@mistake("scores that are not scaled", "Start from the scaled scores.")
def not_scaled(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> Pair:
    """The mask does its work. But the scores spread as √d_k, and without the division the weights
    are too sharp."""
    return masked_attend(mask_scores(attention_scores(q, k), mask), v)


@mistake("an exp that overflows", "Take the largest visible score off every row first.")
def overflow(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> Pair:
    """exp of a score above 709.78 is infinity, and of one below -745.14 it is 0. Both end in nan,
    and so does a row in which nothing is allowed."""
    exps = np.exp(mask_scores(scaled_scores(q, k), mask))
    weights = exps / exps.sum(axis=-1, keepdims=True)
    return weights @ v, weights


@mistake("the two results in the wrong order", "Return the context first, then the weights.")
def reversed_results(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> Pair:
    """Both are right. But whoever calls the function writes context, weights = ..., and would
    take one for the other."""
    context, weights = masked_attention(q, k, v, mask)
    return weights, context


@mistake("masked scores in place of the weights", "Return what came out of the softmax.")
def scores_returned(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> Pair:
    """The context is right. The second result should be the weights that made it, and these are
    the scores from before the softmax."""
    return masked_attention(q, k, v, mask)[0], mask_scores(scaled_scores(q, k), mask)


def hidden_gets_nothing(args: tuple[Any, ...], value: Any) -> str | None:
    """Where the mask is False, the weight is 0."""
    weights = np.asarray(value[1])
    leaks = np.argwhere(~np.broadcast_to(args[3], weights.shape) & (np.abs(weights) > 1e-12))
    if not len(leaks) or not np.isfinite(weights).all():
        return None
    at = tuple(int(i) for i in leaks[0])
    place = f"weights[{', '.join(map(str, at))}]"
    return f"The mask hides a key, and {place} still gives it {number(float(weights[at]))}."


def seen_share_one(args: tuple[Any, ...], value: Any) -> str | None:
    """A row sums to 1, unless nothing is allowed in it."""
    weights = np.asarray(value[1])
    wanted = np.broadcast_to(args[3], weights.shape).any(axis=-1)
    sums = weights.sum(axis=-1)
    wrong = np.argwhere(~np.isclose(sums, wanted, rtol=0, atol=1e-4))
    if not len(wrong) or not np.isfinite(weights).all():
        return None
    at = tuple(int(i) for i in wrong[0])
    return (
        f"Row {', '.join(map(str, at))} of the weights sums to {number(float(sums[at]))}; what "
        "a query may see shares a budget of 1."
    )


MASKED_ATTENTION = Exercise(
    reference=masked_attention,
    points=3,
    cases=masked_cases,
    results=("context", "weights"),
    mistakes=(
        mask_ignored,
        zero_scores,
        minus_ten,
        even_where_nothing_is_allowed,
        nan_where_nothing_is_allowed,
        mended_too_late,
        after_the_softmax,
        normalized_again,
        normalized_with_care,
        read_backwards,
        transposed,
        causal_always,
        index_on_the_batch,
        not_scaled,
        overflow,
        reversed_results,
        scores_returned,
    ),
    properties=(hidden_gets_nothing, nonnegative(1), seen_share_one),
    hints=(
        "Which of your functions go before the softmax, and which after it? And what does the "
        "softmax of lesson 05 make of a row of minus infinities?",
        "Mask the scaled scores, then do what softmax does: take off the largest score of a row, "
        "exp, divide by the sum. In a row where nothing is allowed, take off any finite number, "
        "and divide by 1.",
        "scores = mask_scores(..., mask)\n"
        "largest = np.maximum(scores.max(axis=-1, keepdims=True), np.finfo(scores.dtype).min)\n"
        "exps = np.exp(...)\n"
        "totals = exps.sum(axis=-1, keepdims=True)\n"
        "weights = exps / np.where(..., totals, 1)\n"
        "return weighted_sum(weights, v), weights",
    ),
)

EXERCISES = (CAUSAL_MASK, PADDING_MASK, MASK_SCORES, MASKED_ATTENTION)

QUESTIONS = (
    Question(
        "07-zero",
        "A query has the scores 2, -1 and 3. The third key is padding, so you set its score to 0 "
        "and take the softmax. What weight does the padding get?",
        (
            Option(
                "None: its score is 0.",
                "A weight is exp(score) over a sum, and exp(0) is 1. Zero is a score like any "
                "other.",
            ),
            Option(
                "Less than either of the other two.",
                "Its score of 0 lies between -1 and 2, and so does its weight.",
            ),
            Option(
                "More than the key with the score -1.",
                "exp(0) is 1, and exp(-1) is 0.37. Zero is a score like any other, and here it "
                "beats a real word.",
                right=True,
            ),
        ),
        prediction=True,
    ),
    Question(
        "07-empty",
        "All keys of a query are hidden: its three scores are minus infinity. What does the "
        "softmax of lesson 05 make of that row?",
        (
            Option(
                "Three times nan.",
                "The largest score is taken off first: minus infinity minus minus infinity is "
                "nan, and nan spreads through the row.",
                right=True,
            ),
            Option(
                "Three times 1/3.",
                "That is what equal finite scores give, for example three times -1e9. Here the "
                "subtraction fails: infinity minus infinity is nan.",
            ),
            Option(
                "Three times 0.",
                "That would make sense. But the largest score is taken off first, and infinity "
                "minus infinity is nan.",
            ),
        ),
        prediction=True,
    ),
    Question(
        "07-too-good",
        "A model that predicts the next word makes hardly any errors in training, and writes "
        "nonsense. Which of these would explain both?",
        (
            Option(
                "Its causal mask leaves out the diagonal.",
                "Then it sees less than it may, and training gets harder. The first word has "
                "nothing at all to look at.",
            ),
            Option(
                "Its causal mask lets one future word through.",
                "It copies the answer. When it writes there is no next word to copy, and it has "
                "learned nothing else.",
                right=True,
            ),
            Option(
                "Its hidden scores are -1e9 in place of minus infinity.",
                "In single precision that hides as well as minus infinity, as long as something "
                "is allowed in every row.",
            ),
            Option(
                "It has no padding mask.",
                "Padding dilutes the contexts. It does not tell the model the next word.",
            ),
        ),
    ),
    Question(
        "07-polarity",
        "You pass this course's causal_mask(n) to nn.MultiheadAttention, as attn_mask. What does "
        "word i attend to?",
        (
            Option(
                "Itself and the words before it",
                "That is what the mask says in this course. nn.MultiheadAttention reads True as "
                "ignore.",
            ),
            Option(
                "All words: a mask of bools is not used.",
                "It is used, as a mask of what to ignore. A mask of floats would be added.",
            ),
            Option(
                "The words after it",
                "True means ignore there, so the past and the word itself are hidden. The last "
                "word is left with nothing, and its weights are nan.",
                right=True,
            ),
        ),
    ),
    Question(
        "07-pad-rows",
        "padding_mask hides padding as keys. As queries, padded tokens still ask, and get a "
        "context. Does that do harm?",
        (
            Option(
                "Yes: their contexts leak into the real words.",
                "Contexts are read as keys and values of the next layer, and there the same mask "
                "hides them again.",
            ),
            Option(
                "No: nobody reads those rows.",
                "They are hidden as keys in every layer, and left out of the loss. Hiding the rows "
                "as well would leave them with nothing to attend to.",
                right=True,
            ),
            Option(
                "Yes: they take up a part of the budget.",
                "Every row has a budget of its own. What a padded query spends, no other row "
                "loses.",
            ),
        ),
    ),
    Question(
        "07-cross",
        "A model translates: the queries come from the translation so far, the keys and values "
        "from the whole original sentence, padded. Which mask belongs there?",
        (
            Option(
                "The padding mask of the original",
                "The keys are its words, and all the real ones may be seen: the original is "
                "complete before the first word is translated.",
                right=True,
            ),
            Option(
                "A causal mask, one row for every query",
                "That would hide the end of the original from the first words of the translation. "
                "The original is no future: it is all there.",
            ),
            Option(
                "The padding mask of the translation",
                "Its columns are the words of the translation. The keys here are those of the "
                "original, and may be more or fewer.",
            ),
        ),
    ),
    Question(
        "07-cached",
        "A model writes word by word and keeps the keys of the 5 words so far. The new word adds "
        "its own key, and is the only query. Which mask does it need?",
        (
            Option(
                "np.tri(1, 6): the first row of a causal mask",
                "That row allows the oldest word alone. With one query, is_causal=True in torch's "
                "scaled_dot_product_attention does the same.",
            ),
            Option(
                "causal_mask(6), since there are 6 keys",
                "That has 6 rows, and there is one query. Broadcasting would make 6 answers of it.",
            ),
            Option(
                "Six times True",
                "All keys are the past or the word itself. It is the last row of causal_mask(6): "
                "the rows are those of the newest words, aligned to the end.",
                right=True,
            ),
        ),
    ),
)

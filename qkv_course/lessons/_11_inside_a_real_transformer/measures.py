"""Measures of a head: how widely it looks, its sink, and how often it finds the right word."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from qkv_course.analysis.measures import (
    best_head,
    head_accuracy,
    mean_entropy,
    offset_accuracy,
    sink_mass,
)
from qkv_course.attention import entropy, softmax
from qkv_course.checks.cases import BATCH_AXES, spread
from qkv_course.checks.exercise import Case, Exercise, mistake

Array = np.ndarray
Sizes = tuple[int, ...]
Pairs = list[tuple[int, int]] | Array

# --- mean_entropy -------------------------------------------------------------------------


def entropy_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Rows that look at one key, at all, and at some."""
    yield Case("two queries, two keys", (np.array([[1.0, 0.0], [0.5, 0.5]]),))

    def weights(*lead: int) -> tuple[Array]:
        return (draw_weights(rng, (*lead, 4, 5)),)

    yield from spread(weights)
    yield Case("a single query", (draw_weights(rng, (1, 6)),))
    yield Case("a single key", (np.ones((3, 1)),))
    yield Case("every query looks at one key", (np.eye(4)[rng.permutation(4)],))
    yield Case("all sizes equal", (draw_weights(rng, (3, 3, 3)),))


def draw_weights(rng: np.random.Generator, shape: Sizes) -> Array:
    """Draw weights whose rows are spread differently; each sums to 1, and some entries are 0."""
    sharpness = rng.uniform(0.3, 3.0, size=(*shape[:-1], 1))
    weights = softmax(sharpness * rng.normal(size=shape))
    if shape[-1] > 2:
        weights[..., -1, 1] = 0
        weights = weights / weights.sum(axis=-1, keepdims=True)
    return weights


@mistake("the entropy of the mean row", "Take each row's entropy first, then the mean.")
def entropy_of_the_mean(weights: Array) -> Array:
    """Two queries that each look at one key, but not at the same one, have a mean row that is
    spread over two. Each of them is as sharp as can be."""
    return entropy(weights.mean(axis=-2))


@mistake("a sum over the queries", "Take the mean of the rows' entropies.")
def summed_entropies(weights: Array) -> Array:
    """A longer sentence has more queries, and so a larger sum. The mean can be compared between
    sentences."""
    return entropy(weights).sum(axis=-1)


@mistake("a mean over keys as well", "A row's entropy is a sum over its keys.")
def mean_over_keys(weights: Array) -> Array:
    """The entropy of a row adds up -w log w over its keys. Divided by the number of keys, the same
    spread looks smaller in a longer sentence."""
    return entropy(weights).mean(axis=-1) / weights.shape[-1]


@mistake("entropies of the columns", "Each row is a distribution: take the last axis.")
def over_the_columns(weights: Array) -> Array:
    """A column says what all queries give to one key. It does not sum to 1, so it is no
    distribution that an entropy could be taken of."""
    return entropy(np.swapaxes(weights, -1, -2)).mean(axis=-1)


@mistake("entropies in bits", "Use the natural logarithm.")
def in_bits(weights: Array) -> Array:
    """With the logarithm of base 2 the unit is the bit. In this course it is the nat, as `entropy`
    gives it."""
    return entropy(weights).mean(axis=-1) / np.log(2)


@mistake("one entropy for each query", "Take the mean over the queries.")
def one_for_each_query(weights: Array) -> Array:
    """These are the rows' entropies. One number for each head is wanted, their mean."""
    return entropy(weights)


@mistake("one number for the whole batch", "Take the mean over the queries' axis only.")
def one_for_all(weights: Array) -> Any:
    """`.mean()` without an axis goes over batch and heads, too. Then there is nothing left to
    compare heads by."""
    return entropy(weights).mean()


@mistake("the sign left negative", "w log w is negative: turn the sum around.")
def negative_entropy(weights: Array) -> Array:
    """A weight is below 1, so its logarithm is negative, and so is the sum of w log w. Entropy is
    minus that sum."""
    return -mean_entropy(weights)


@mistake("a share of the largest entropy", "Leave out the division by log n.")
def as_a_share(weights: Array) -> Array:
    """Divided by the logarithm of the number of keys, 1 means even attention, whatever the length.
    That is a useful number, too; here the entropy itself is wanted, in nats."""
    return mean_entropy(weights) / np.log(max(weights.shape[-1], 2))


@mistake("keys with weight 0 that make it nan", "0 log 0 counts as 0; your `entropy` knows.")
def nan_at_zero(weights: Array) -> Array:
    """The logarithm of 0 is minus infinity, and 0 times that is nan. A weight of 0 adds nothing to
    the spread."""
    with np.errstate(all="ignore"):
        return -(weights * np.log(weights)).sum(axis=-1).mean(axis=-1)


def below_the_largest(args: tuple[Any, ...], value: Any) -> str | None:
    """An entropy lies between 0 and log n."""
    largest, found = np.log(args[0].shape[-1]), np.asarray(value)
    if found.min() < -1e-6 or found.max() > largest + 1e-6:
        return (
            f"The results run from {found.min():.3g} to {found.max():.3g}. With "
            f"{args[0].shape[-1]} keys an entropy is from 0 to log({args[0].shape[-1]}) = "
            f"{largest:.3g}."
        )
    return None


MEAN_ENTROPY = Exercise(
    reference=mean_entropy,
    points=1,
    cases=entropy_cases,
    results=("entropy",),
    mistakes=(
        entropy_of_the_mean,
        summed_entropies,
        mean_over_keys,
        over_the_columns,
        in_bits,
        one_for_each_query,
        one_for_all,
        negative_entropy,
        as_a_share,
        nan_at_zero,
    ),
    properties=(below_the_largest,),
    hints=(
        "What does your `entropy` of lesson 05 give for a matrix of weights?",
        "`entropy(weights)` has one number for each row, (..., n_q). The mean over the last axis "
        "of that leaves one for each head.",
        "return entropy(weights).mean(axis=...)",
    ),
)

# --- sink_mass ----------------------------------------------------------------------------


def sink_cases(rng: np.random.Generator) -> Iterator[Case]:
    """The first column, which is the default, and others."""
    yield Case("two queries, the first key", (np.array([[0.9, 0.1], [0.5, 0.5]]),))
    by_hand = np.array([[0.2, 0.5, 0.3], [0.1, 0.3, 0.6], [0.6, 0.1, 0.3]])
    yield Case("three words, the second key", (by_hand, 1))
    for group, lead in BATCH_AXES.items():
        yield Case(group, (draw_weights(rng, (*lead, 4, 5)),))
        yield Case(group, (draw_weights(rng, (*lead, 4, 5)), int(rng.integers(1, 4))))
    yield Case("the last key", (draw_weights(rng, (4, 6)), 5))
    yield Case("a single query", (draw_weights(rng, (1, 6)), 2))
    yield Case("all sizes equal", (draw_weights(rng, (3, 3, 3)), 2))
    yield Case("one more", (draw_weights(rng, (3, 5)), 3)).as_float32()
    awkward = (draw_weights(rng, (5, 4)), 2)
    yield Case("read-only and not contiguous", awkward, awkward=True)


@mistake("what the column's word attends to", "A column is a key: take weights[..., :, column].")
def row_in_place_of_column(weights: Array, column: int = 0) -> Array:
    """This is the row of that word: it sums to 1 whatever the head does, so its mean says nothing.
    How much falls *on* a key stands in a column."""
    return weights[..., column, :].mean(axis=-1)


@mistake("a sum over the queries", "Take the mean over all queries.")
def column_sum(weights: Array, column: int = 0) -> Array:
    """The sum of a column grows with the number of words. The mean is a share, from 0 to 1."""
    return weights[..., :, column].sum(axis=-1)


@mistake("always the first column", "Use the column that is given.")
def first_column_always(weights: Array, column: int = 0) -> Array:
    """0 is only what is used if nobody says otherwise. A sink may stand at the end, as a full stop
    does."""
    return weights[..., :, 0].mean(axis=-1)


@mistake("the largest weight in the column", "Take the mean over all queries.")
def largest_in_column(weights: Array, column: int = 0) -> Array:
    """One query that looks there is not yet a sink. In a sink, nearly all of them look there."""
    return weights[..., :, column].max(axis=-1)


@mistake("only the first query", "Take the mean over all queries.")
def first_query(weights: Array, column: int = 0) -> Array:
    """weights[..., 0, column] is one cell: what the first word gives to that key."""
    return weights[..., 0, column]


@mistake("how often the largest weight is there", "Add up weights, do not count rows.")
def share_of_rows(weights: Array, column: int = 0) -> Array:
    """This counts the queries whose largest weight is on the key. A key can be the largest in each
    row and still get a third of the weight only."""
    return np.mean(weights.argmax(axis=-1) == column % weights.shape[-1], axis=-1)


@mistake("one number for the whole batch", "Take the mean over the queries' axis only.")
def one_sink_for_all(weights: Array, column: int = 0) -> Any:
    """`.mean()` without an axis goes over batch and heads, too. Some heads have a sink, and others
    have none."""
    return weights[..., :, column].mean()


@mistake("one weight for each query", "Take the mean over the queries.")
def one_sink_for_each_query(weights: Array, column: int = 0) -> Array:
    """This is the whole column. One number for each head is wanted, its mean."""
    return weights[..., :, column]


@mistake("the word's own weight left out", "Take the mean over all queries, this one as well.")
def without_itself(weights: Array, column: int = 0) -> Array:
    """What a word gives to itself is left out here. The mean is over all queries."""
    return np.delete(weights[..., :, column], column, axis=-1).mean(axis=-1)


@mistake("weights compared with even attention", "Leave out the number of keys.")
def against_even(weights: Array, column: int = 0) -> Array:
    """Times the number of keys, 1 means as much as even attention would give. The share itself is
    wanted, from 0 to 1."""
    return weights[..., :, column].mean(axis=-1) * weights.shape[-1]


SINK_MASS = Exercise(
    reference=sink_mass,
    points=1,
    cases=sink_cases,
    results=("mass",),
    mistakes=(
        row_in_place_of_column,
        column_sum,
        first_column_always,
        largest_in_column,
        first_query,
        share_of_rows,
        one_sink_for_all,
        one_sink_for_each_query,
        without_itself,
        against_even,
    ),
    hints=(
        "Where in the matrix stands what all queries give to one key?",
        "In a column: the last axis counts keys. Take that one key, keep all queries, and then the "
        "mean over the queries.",
        "return weights[..., :, ...].mean(axis=-1)",
    ),
)

# --- offset_accuracy ----------------------------------------------------------------------


def offset_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Offsets to both sides; pairs as a list and as an array."""
    yield Case("the next word", (1, [(0, 1), (3, 4), (5, 7), (2, 1)]))
    yield Case("the word before", (-1, [(1, 0), (2, 3), (6, 5)]))
    for offset in (-2, 2, 3):
        yield Case("pairs as a list", (offset, as_list(draw_pairs(rng, 8, offset))))
        yield Case("pairs as an array", (offset, draw_pairs(rng, 9, offset)))
    yield Case("the word itself", (0, [(4, 4), (2, 3), (1, 1)]))
    yield Case("offsets of 0, 1 and 2", (1, [(2, 2), (3, 5), (4, 5)]))
    yield Case("a single pair", (2, [(3, 5)]))
    yield Case("a single pair", (-1, [(3, 5)]))
    yield Case("two pairs", (1, np.array([[2, 3], [7, 4]])))
    yield Case("read-only and not contiguous", (-2, draw_pairs(rng, 7, -2)), awkward=True)


def draw_pairs(rng: np.random.Generator, n: int, offset: int) -> Array:
    """Draw pairs of positions, from a third to two thirds of them at this offset."""
    query = rng.integers(4, 20, size=n)
    shift = rng.choice([-3, -2, -1, 1, 2, 3], size=n)
    shift[: n // 2] = offset
    shift[-2:] = -offset if offset else 1
    pairs = np.stack([query, query + shift], axis=1)
    return pairs[rng.permutation(n)]


def as_list(pairs: Array) -> list[tuple[int, int]]:
    """Give pairs as a list of tuples."""
    return [(int(query), int(key)) for query, key in pairs]


@mistake("the sign of the offset turned around", "The key is at query + offset.")
def offset_turned(offset: int, pairs: Pairs) -> float:
    """query == key + offset points to the other side: -1 would be the word after."""
    query, key = np.asarray(pairs).T
    return float(np.mean(query == key + offset))


@mistake("a distance without a side", "Keep the sign: -1 is the word before, 1 the one after.")
def without_side(offset: int, pairs: Pairs) -> float:
    """abs() makes the word before and the word after the same. A head that looks back does not
    look ahead."""
    query, key = np.asarray(pairs).T
    return float(np.mean(np.abs(key - query) == abs(offset)))


@mistake("a count in place of a share", "Divide by the number of pairs.")
def pairs_counted(offset: int, pairs: Pairs) -> Any:
    """This is how many pairs are right. A share, from 0 to 1, can be compared with a head's
    accuracy."""
    query, key = np.asarray(pairs).T
    return int(np.sum(key == query + offset))


@mistake("a share in percent", "Leave out the factor of 100.")
def in_percent(offset: int, pairs: Pairs) -> float:
    """In percent it would be a hundred times as much. Accuracies run from 0 to 1 here, as those of
    the heads do that it is compared with."""
    return 100 * offset_accuracy(offset, pairs)


@mistake("near misses that count", "Only the key at exactly query + offset counts.")
def near_misses(offset: int, pairs: Pairs) -> float:
    """One word beside it is another word. A rule has to say which word it is."""
    query, key = np.asarray(pairs).T
    return float(np.mean(np.abs(key - query - offset) <= 1))


@mistake("the mean offset of the pairs compared", "Compare pair by pair.")
def mean_compared(offset: int, pairs: Pairs) -> float:
    """A mean of 1 can come from 0 and 2. The rule has to be right for one pair after the other."""
    query, key = np.asarray(pairs).T
    return float(np.mean(key - query) == offset)


@mistake("the most frequent offset in place of the given one", "Use the offset that is given.")
def best_offset(offset: int, pairs: Pairs) -> float:
    """This is the best that any fixed offset can reach. The lesson looks for that, too, by trying
    several; the function tries the one that it is given."""
    query, key = np.asarray(pairs).T
    _, counts = np.unique(key - query, return_counts=True)
    return float(counts.max() / len(key))


OFFSET_ACCURACY = Exercise(
    reference=offset_accuracy,
    points=1,
    cases=offset_cases,
    results=("accuracy",),
    mistakes=(
        offset_turned,
        without_side,
        pairs_counted,
        in_percent,
        near_misses,
        mean_compared,
        best_offset,
    ),
    hints=(
        "Which position does the rule point to, from one query?",
        "For each pair, see whether key equals query + offset. The mean of these answers, True "
        "as 1 and False as 0, is the share.",
        "hits = [key == ... for query, key in pairs]\nreturn float(np.mean(hits))",
    ),
)

# --- head_accuracy ------------------------------------------------------------------------


def head_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Heads that find words, and heads that do not; pairs as a list and as an array."""
    first_two = [[0.0, 0.4, 0.5, 0.1], [0.0, 0.2, 0.5, 0.3]]
    by_hand = np.array([*first_two, [0.0, 0.0, 0.7, 0.3], [0.5, 0.3, 0.2, 0.0]])
    yield Case("four words, three pairs", (by_hand, [(0, 2), (2, 3), (3, 0)]))
    for group, lead in BATCH_AXES.items():
        for as_array in (False, True):
            pairs = draw_found(rng, 5)
            weights = leaning(rng, lead, 5, pairs)
            yield Case(group, (weights, pairs if as_array else as_list(pairs)))
    tied = np.array([[0.4, 0.4, 0.2], [0.2, 0.4, 0.4], [0.4, 0.2, 0.4]])
    yield Case("equal weights: the first counts", (tied, [(0, 1), (1, 1), (2, 0)]))
    yield Case("a query in two pairs", (draw_weights(rng, (2, 4, 4)), [(1, 0), (1, 3), (2, 3)]))
    yield Case("a single pair", (draw_weights(rng, (3, 4, 4)), [(1, 2)]))
    pairs = draw_found(rng, 3)
    yield Case("all sizes equal", (leaning(rng, (3,), 3, pairs), pairs))
    pairs = draw_found(rng, 6)
    yield Case("one more", (leaning(rng, (2,), 6, pairs), pairs)).as_float32()
    yield Case("one more, nearly even", (nearly_even(6, pairs[:3]), pairs)).as_float32()
    pairs = draw_found(rng, 4)
    awkward = (leaning(rng, (2,), 4, pairs), pairs)
    yield Case("read-only and not contiguous", awkward, awkward=True)


def draw_found(rng: np.random.Generator, n: int) -> Array:
    """Draw one pair for most words of a sentence: a word, and another one that it belongs to."""
    query = rng.permutation(n)[: max(n - 1, 3)]
    return np.stack([query, (query + rng.integers(1, n, size=len(query))) % n], axis=1)


def leaning(rng: np.random.Generator, lead: Sizes, n: int, pairs: Array) -> Array:
    """Draw weights that favor the right key for some pairs, and its transpose for others."""
    scores = rng.normal(size=(*lead, n, n))
    for query, key in pairs:
        scores[..., query, key] += rng.choice([0.0, 2.0], size=lead)
        scores[..., key, query] += rng.choice([0.0, 1.0], size=lead)
    return softmax(scores)


def nearly_even(n: int, pairs: Array) -> Array:
    """Give weights with a little more on the right key of these pairs than on any other."""
    weights = np.full((n, n), 1.0) - 0.2 * np.eye(n)
    weights[pairs[:, 0], pairs[:, 1]] = 1.5
    return weights / weights.sum(axis=-1, keepdims=True)


@mistake(
    "the largest weight of each column", "A query is a row: look for its largest weight there."
)
def over_the_queries(weights: Array, pairs: Pairs) -> Array:
    """This asks which query looks at the key most. The pair asks where the query looks."""
    query, key = np.asarray(pairs).T
    return np.mean(weights.argmax(axis=-2)[..., key] == query, axis=-1)


@mistake(
    "the largest weight of each column, looked up by the query",
    "A query is a row: look for its largest weight along the last axis.",
)
def argmax_over_the_queries(weights: Array, pairs: Pairs) -> Array:
    """argmax along axis -2 says which query looks at a key most. Taken at the query's own position
    it says who looks at that word, and not where the word looks."""
    query, key = np.asarray(pairs).T
    return np.mean(weights.argmax(axis=-2)[..., query] == key, axis=-1)


@mistake("queries and keys of the pairs swapped", "A pair is (query, key), in this order.")
def pairs_swapped(weights: Array, pairs: Pairs) -> Array:
    """The noun may look at its determiner, or the determiner at its noun: two different questions,
    and heads differ in which they answer."""
    key, query = np.asarray(pairs).T
    return np.mean(weights.argmax(axis=-1)[..., query] == key, axis=-1)


@mistake("the mean weight on the right key", "See whether it is the largest weight of its row.")
def mean_weight(weights: Array, pairs: Pairs) -> Array:
    """This says how much of the weight falls on the right words. Accuracy asks how often the right
    word gets the most."""
    query, key = np.asarray(pairs).T
    return weights[..., query, key].mean(axis=-1)


@mistake("a weight above one half", "Compare it with the row's other weights.")
def above_one_half(weights: Array, pairs: Pairs) -> Array:
    """The largest weight of a row is often below one half, when there are many words."""
    query, key = np.asarray(pairs).T
    return np.mean(weights[..., query, key] > 0.5, axis=-1)


@mistake("more weight than even attention", "Compare it with the row's other weights.")
def above_even(weights: Array, pairs: Pairs) -> Array:
    """Several words of a row can have more than 1/n, and only one of them has the most."""
    query, key = np.asarray(pairs).T
    return np.mean(weights[..., query, key] > 1 / weights.shape[-1], axis=-1)


@mistake("hits counted, not their share", "Divide by the number of pairs.")
def hits_counted(weights: Array, pairs: Pairs) -> Array:
    """The more pairs, the more hits. A share can be compared with another set of pairs."""
    query, key = np.asarray(pairs).T
    return np.sum(weights.argmax(axis=-1)[..., query] == key, axis=-1)


@mistake("a share of all words", "Divide by the number of pairs, not of words.")
def share_of_all_words(weights: Array, pairs: Pairs) -> Array:
    """Words that are in no pair have no right answer, so they are not counted."""
    return hits_counted.broken(weights, pairs) / weights.shape[-1]


@mistake("equal weights that all count", "Of equal weights, the first counts: argmax takes it.")
def all_of_equals(weights: Array, pairs: Pairs) -> Array:
    """With weight == row.max(), a head that looks at all words evenly is right every time, though
    it has chosen nothing."""
    query, key = np.asarray(pairs).T
    return np.mean(weights[..., query, key] >= weights[..., query, :].max(axis=-1), axis=-1)


@mistake("the last of equal weights", "Of equal weights, the first counts: argmax takes it.")
def last_of_equals(weights: Array, pairs: Pairs) -> Array:
    """>= in a loop, or the end of argsort, moves on to a later word that is only as large."""
    query, key = np.asarray(pairs).T
    last = weights.shape[-1] - 1 - weights[..., ::-1].argmax(axis=-1)
    return np.mean(last[..., query] == key, axis=-1)


@mistake("the largest weight of the whole matrix", "Each query has a row, and a largest weight.")
def over_the_whole_matrix(weights: Array, pairs: Pairs) -> Array:
    """One cell of the matrix is the largest of all, so at most one pair could be right."""
    query, key = np.asarray(pairs).T
    flat = weights.reshape(*weights.shape[:-2], -1).argmax(axis=-1)
    return np.mean(flat[..., None] == query * weights.shape[-1] + key, axis=-1)


@mistake("one number for all heads", "Take the mean over the pairs only.")
def heads_together(weights: Array, pairs: Pairs) -> Any:
    """`.mean()` without an axis goes over the heads, too. Which head finds the word is the very
    question."""
    query, key = np.asarray(pairs).T
    return np.mean(weights.argmax(axis=-1)[..., query] == key)


HEAD_ACCURACY = Exercise(
    reference=head_accuracy,
    points=2,
    cases=head_cases,
    results=("accuracy",),
    mistakes=(
        over_the_queries,
        argmax_over_the_queries,
        pairs_swapped,
        mean_weight,
        above_one_half,
        above_even,
        hits_counted,
        share_of_all_words,
        all_of_equals,
        last_of_equals,
        over_the_whole_matrix,
        heads_together,
    ),
    hints=(
        "Which key does a query attend to most? For all queries at once?",
        "weights.argmax(axis=-1) has, for each query, the position of its largest weight. Take the "
        "queries of the pairs, compare with their keys, and take the mean over the pairs.",
        "query, key = np.asarray(pairs).T\nfavorite = weights.argmax(axis=-1)  # (..., n)\n"
        "return np.mean(favorite[..., ...] == key, axis=-1)",
    ),
)

# --- best_head ----------------------------------------------------------------------------


def table_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Accuracies of all heads, beside a rule that is worse, better or as good."""
    by_hand = np.array([[0.2, 0.5, 0.1], [0.9, 0.3, 0.9]])
    yield Case("two layers of three heads", (by_hand, 0.4))
    yield Case("a rule that is better", (by_hand, 0.95))
    yield Case("a rule that is as good", (np.array([[0.25, 0.75], [0.5, 0.5]]), 0.75))
    for shape in ((3, 4), (4, 2), (2, 5)):
        for _ in range(2):
            yield Case("other sizes", (draw_table(rng, shape), 0.25))
    low = rng.uniform(0.1, 0.4, size=(3, 4))
    yield Case("no head is above the rule", (low, 0.6))
    yield Case("some heads are below the rule", (rng.uniform(0.1, 0.99, size=(4, 3)), 0.1))
    yield Case("a single head", (np.array([[0.6]]), 0.4))
    yield Case("all sizes equal", (draw_table(rng, (3, 3)), 0.2))
    yield Case("the best is the first", (np.array([[0.9, 0.1, 0.3], [0.2, 0.5, 0.9]]), 0.0))
    yield Case("two are equal", (np.array([[0.1, 0.2], [0.3, 0.9], [0.9, 0.4]]), 0.15))
    yield Case("one more", (draw_table(rng, (3, 5)), 0.25)).as_float32()
    awkward = (draw_table(rng, (2, 4)), 0.2)
    yield Case("read-only and not contiguous", awkward, awkward=True)


def draw_table(rng: np.random.Generator, shape: Sizes) -> Array:
    """Draw accuracies whose best is in a poor layer, and neither the first nor on the diagonal."""
    table = rng.uniform(0.6, 0.9, size=shape)
    layer = int(rng.integers(1, shape[0]))
    table[layer] = rng.uniform(0.0, 0.1, size=shape[1])
    others = [head for head in range(shape[1]) if head != layer]
    table[layer, rng.choice(others)] = 0.96
    return table


@mistake("a position in the flattened table", "Turn it into layer and head: np.unravel_index.")
def flat_position(accuracies: Array, baseline: float) -> Any:
    """argmax without an axis counts through the whole table. Nobody can see from 17 which layer
    that is."""
    return int(accuracies.argmax()) if accuracies.max() > baseline else None


@mistake(
    "a position in the flattened table, whatever the rule reaches",
    "Compare the largest accuracy with the baseline, then use np.unravel_index.",
)
def flat_without_baseline(accuracies: Array, baseline: float) -> Any:
    """argmax without an axis counts through the whole table, and it always finds something. What is
    wanted is the layer and the head, and None if the rule does as well."""
    return int(accuracies.argmax())


@mistake("a division by the number of layers", "Divide by the number of heads: shape[1].")
def divided_by_layers(accuracies: Array, baseline: float) -> Any:
    """argmax counts through the table row by row, and a row has as many entries as there are heads.
    Divided by the number of layers, the position lands in another place."""
    if accuracies.max() <= baseline:
        return None
    layer, head = divmod(int(accuracies.argmax()), len(accuracies))
    return layer, head


@mistake("head and layer swapped", "Return the layer first, then the head.")
def swapped(accuracies: Array, baseline: float) -> Any:
    """A row of the table is a layer, so the first index is the layer."""
    found = best_head(accuracies, baseline)
    return None if found is None else found[::-1]


@mistake("layer and head counted from 1", "Count from 0, as arrays do.")
def counted_from_one(accuracies: Array, baseline: float) -> Any:
    """Papers often count heads from 1. An array would give the next head then."""
    found = best_head(accuracies, baseline)
    return None if found is None else (found[0] + 1, found[1] + 1)


@mistake("a head whatever the rule reaches", "Return None unless it is above the baseline.")
def without_baseline(accuracies: Array, baseline: float) -> Any:
    """There is always a best of 72 heads. Only if it beats a rule that needs no model has it shown
    anything."""
    layer, head = np.unravel_index(accuracies.argmax(), accuracies.shape)
    return int(layer), int(head)


@mistake("a head that is only as good as the rule", "Strictly above: > and not >=.")
def as_good_counts(accuracies: Array, baseline: float) -> Any:
    """A head that does as well as pointing one word back may be doing nothing but that."""
    return without_baseline.broken(accuracies, baseline) if accuracies.max() >= baseline else None


@mistake("the first head above the rule", "Find the largest accuracy, then compare it.")
def first_above(accuracies: Array, baseline: float) -> Any:
    """This stops at the first head that is good enough. The best one may come later."""
    above = np.argwhere(accuracies > baseline)
    return (int(above[0][0]), int(above[0][1])) if len(above) else None


@mistake("the last of equal heads", "Of equal heads, the first in reading order.")
def last_of_the_best(accuracies: Array, baseline: float) -> Any:
    """>= in a loop moves on to a later head that is only as good."""
    if accuracies.max() <= baseline:
        return None
    layer, head = np.argwhere(accuracies == accuracies.max())[-1]
    return int(layer), int(head)


@mistake("the best layer and the best head apart", "Look for the largest entry of the table.")
def by_means(accuracies: Array, baseline: float) -> Any:
    """The layer that is best on average, and the head that is best on average, need not meet in
    the best entry."""
    if accuracies.max() <= baseline:
        return None
    return int(accuracies.mean(axis=1).argmax()), int(accuracies.mean(axis=0).argmax())


@mistake(
    "layer and head looked for apart", "Find the layer first, then the best head in that layer."
)
def by_maxima(accuracies: Array, baseline: float) -> Any:
    """The layer with the largest entry and the head with the largest entry meet in the best head,
    as long as there is only one. Of two equal ones, they may take one part each."""
    if accuracies.max() <= baseline:
        return None
    return int(accuracies.max(axis=1).argmax()), int(accuracies.max(axis=0).argmax())


@mistake("the axes of the maxima swapped", "To find the layer, take each layer's maximum: axis=1.")
def maxima_swapped(accuracies: Array, baseline: float) -> Any:
    """The axis that is named in max is the one that goes away. axis=0 leaves a maximum for each
    head, so its argmax is a head, and no layer."""
    if accuracies.max() <= baseline:
        return None
    return int(accuracies.max(axis=0).argmax()), int(accuracies.max(axis=1).argmax())


@mistake("the worst head", "Look for the largest accuracy.")
def worst(accuracies: Array, baseline: float) -> Any:
    """argmin finds the smallest entry: the head that is right least often."""
    if accuracies.max() <= baseline:
        return None
    layer, head = np.unravel_index(accuracies.argmin(), accuracies.shape)
    return int(layer), int(head)


@mistake("an accuracy in place of a head", "Return where it stands: (layer, head).")
def accuracy_in_place(accuracies: Array, baseline: float) -> Any:
    """This is how good the best head is. Which one it is was the question."""
    return float(accuracies.max()) if accuracies.max() > baseline else None


BEST_HEAD = Exercise(
    reference=best_head,
    points=1,
    cases=table_cases,
    results=("layer", "head"),
    mistakes=(
        flat_position,
        flat_without_baseline,
        divided_by_layers,
        swapped,
        counted_from_one,
        without_baseline,
        as_good_counts,
        first_above,
        last_of_the_best,
        by_means,
        by_maxima,
        maxima_swapped,
        worst,
        accuracy_in_place,
    ),
    hints=(
        "Is the best head better than the rule at all? And where does it stand?",
        "Compare the largest accuracy with the baseline first. accuracies.argmax() counts through "
        "the whole table; np.unravel_index turns that into a layer and a head.",
        "if accuracies.max() <= ...:\n    return None\n"
        "layer, head = np.unravel_index(accuracies.argmax(), ...)\nreturn int(layer), int(head)",
    ),
)

MEASURES: tuple[Exercise, ...] = (
    MEAN_ENTROPY,
    SINK_MASS,
    OFFSET_ACCURACY,
    HEAD_ACCURACY,
    BEST_HEAD,
)

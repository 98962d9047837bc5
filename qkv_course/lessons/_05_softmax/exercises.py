"""Lesson 05: scores become a budget, whatever their size, and how far it can still move."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from qkv_course.attention import (
    entropy,
    softmax,
    softmax_jacobian,
    softmax_with_temperature,
)
from qkv_course.checks.cases import spread
from qkv_course.checks.compare import number
from qkv_course.checks.exercise import Case, Exercise, mistake
from qkv_course.checks.properties import nonnegative, rows_sum_to_one
from qkv_course.checks.question import Option, Question


def hard_scores(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Scores on which a careless exp gives 0 or infinity; named as a learner reads it."""
    high, low, far = (int(n) for n in rng.integers(1000, 4000, size=3))
    return {
        "one row of high and one of low scores": np.array(
            [[high, high + 1.0, high - 1.0], [-low, 2.0 - low, -low]]
        ),
        "all scores far below zero": np.array([[-low, 1.0 - low, -low], [-far, -far, 1.0 - far]]),
        "one score far below the others": np.array([[1.0, 0.0, -3.0 * far], [-1200.0, 0.0, 1.0]]),
    }


def hard_batch(rng: np.random.Generator) -> np.ndarray:
    """Four sentences of such scores; each column, down the batch, has a high one."""
    high_and_low, _, far = hard_scores(rng).values()
    return np.stack([high_and_low, high_and_low[::-1], far, far[::-1]])


# --- softmax ------------------------------------------------------------------------------


def score_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Scores: by hand, one row, too large for exp, of all shapes, and square."""
    yield Case("two rows of three scores, by hand", (np.array([[0.0, 1.0, 2.0], [3.0, 1.0, 1.0]]),))
    yield Case("a single row, without other axes", (rng.normal(size=4),))
    for group, scores in hard_scores(rng).items():
        yield Case(group, (scores,))
    yield Case("such scores in a batch", (hard_batch(rng),))
    yield from spread(lambda *lead: (2 * rng.normal(size=(*lead, 3, 5)),))
    for shape in ((4, 4), (4, 4, 4)):
        yield Case("all sizes equal", (2 * rng.normal(size=shape),))
    yield Case("one score in each row", (rng.normal(size=(3, 1)),))


@mistake("a softmax over the queries' axis", "Choose the axis along which one query's keys lie.")
def over_the_queries(scores: np.ndarray) -> np.ndarray:
    """Here the columns sum to 1: every key has a budget. It is the other way around: each
    query has a budget, and spends it on the keys of its own row."""
    exps = np.exp(scores - scores.max(axis=-2, keepdims=True))
    return exps / exps.sum(axis=-2, keepdims=True)


@mistake(
    "a softmax over the first axis", "Count axes from the end, so that a batch changes nothing."
)
def over_the_first_axis(scores: np.ndarray) -> np.ndarray:
    """Axis 0 is the queries of one sentence, and the sentences of a batch. With a batch of 1,
    all weights would be exactly 1."""
    exps = np.exp(scores - scores.max(axis=0))
    return exps / exps.sum(axis=0)


@mistake("a softmax over axis 1", "Count axes from the end, so that a batch changes nothing.")
def over_axis_one(scores: np.ndarray) -> np.ndarray:
    """Axis 1 is the last axis of a matrix only. A single row has no axis 1, and in a batch it
    is the axis of the queries. The last axis has a number that fits all of them."""
    exps = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exps / exps.sum(axis=1, keepdims=True)


@mistake("one budget for the whole array", "Sum along the last axis only, and keep that axis.")
def over_everything(scores: np.ndarray) -> np.ndarray:
    """All weights together sum to 1, so that the rows take from each other. Each query has a
    budget of its own."""
    exps = np.exp(scores - scores.max())
    return exps / exps.sum()


@mistake(
    "one budget for the whole array, which large scores break as well",
    "Sum along the last axis only; then take care of large scores.",
)
def over_everything_unshifted(scores: np.ndarray) -> np.ndarray:
    """np.sum without an axis adds up all rows, so that they share one budget. Each query has a
    budget of its own. And exp of a score above 709.78 is infinity."""
    return np.exp(scores) / np.exp(scores).sum()


@mistake(
    "an exp that overflows", "Shift each row before exp, in a way that leaves its weights alone."
)
def not_shifted(scores: np.ndarray) -> np.ndarray:
    """exp(710) is too large for float64, and infinity divided by infinity is nan. Far below
    zero, every exp is 0, and 0 / 0 is nan too. Only the differences within a row matter, so
    each row may be shifted by any number before exp."""
    exps = np.exp(scores)
    return exps / exps.sum(axis=-1, keepdims=True)


@mistake(
    "the largest score of the whole array taken off every row",
    "Take off the largest score of each row.",
)
def shifted_by_the_largest_of_all(scores: np.ndarray) -> np.ndarray:
    """No exp overflows now. But a row far below the highest one turns into zeros, and 0 / 0 is
    nan. Each row needs its own largest score."""
    exps = np.exp(scores - scores.max())
    return exps / exps.sum(axis=-1, keepdims=True)


@mistake(
    "the mean taken off, where it should be the largest", "Take off the largest score of each row."
)
def shifted_by_the_mean(scores: np.ndarray) -> np.ndarray:
    """Any shift leaves the weights alone on paper. This one leaves scores above zero, and one
    very low score pulls the mean so far down that exp of the others overflows."""
    exps = np.exp(scores - scores.mean(axis=-1, keepdims=True))
    return exps / exps.sum(axis=-1, keepdims=True)


@mistake(
    "scores divided by their largest, where it should be taken off",
    "Subtract the largest score of each row.",
)
def divided_by_the_largest(scores: np.ndarray) -> np.ndarray:
    """A division changes the differences between scores, and so the weights: it acts like a
    temperature. Only what is added to or taken off all of a row leaves them alone."""
    exps = np.exp(scores / scores.max(axis=-1, keepdims=True))
    return exps / exps.sum(axis=-1, keepdims=True)


@mistake("scores clipped to a range", "Shift the row as a whole; do not cut pieces off it.")
def clipped(scores: np.ndarray) -> np.ndarray:
    """Clipping makes all scores beyond the limit equal, and with them their weights. 1000 and
    1001 should weigh 0.27 and 0.73, as 0 and 1 do."""
    exps = np.exp(np.clip(scores, -500, 500))
    return exps / exps.sum(axis=-1, keepdims=True)


@mistake(
    "a small number added to the sum, against dividing by 0",
    "Leave it out, and keep the sum above 0.",
)
def epsilon_in_the_sum(scores: np.ndarray) -> np.ndarray:
    """It hides the symptom. If every exp of a row is 0, its weights are now 0 and sum to
    nothing; large scores still overflow. If the row's largest score is shifted to 0, the sum
    is at least 1."""
    exps = np.exp(scores)
    return exps / (exps.sum(axis=-1, keepdims=True) + 1e-9)


@mistake("the shift above the line only", "Use the same shifted exps above and below the line.")
def shifted_above_only(scores: np.ndarray) -> np.ndarray:
    """A shift cancels if it is in the numerator and in the sum alike. Here the sum is still
    that of the unshifted scores."""
    exps = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exps / np.exp(scores).sum(axis=-1, keepdims=True)


@mistake("sums that have lost their axis", "Keep the axis: keepdims=True.")
def axis_lost(scores: np.ndarray) -> np.ndarray:
    """max and sum drop the axis that they run along. NumPy then lines the rows' results up
    with the columns: an error, or, for a square array, wrong numbers without one."""
    exps = np.exp(scores - scores.max(axis=-1))
    return exps / exps.sum(axis=-1)


@mistake("a sum that has lost its axis", "Keep the axis of the sum: keepdims=True.")
def axis_of_the_sum_lost(scores: np.ndarray) -> np.ndarray:
    """sum drops the axis that it runs along. NumPy then lines the rows' sums up with the
    columns: an error, or, for a square array, wrong numbers without one."""
    exps = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exps / exps.sum(axis=-1)


@mistake("scores divided by their sum, without exp", "Make the scores positive first: exp.")
def no_exp(scores: np.ndarray) -> np.ndarray:
    """Scores can be negative, and so would the weights be; their sum can be close to 0. exp
    makes every score positive and keeps their order."""
    return scores / scores.sum(axis=-1, keepdims=True)


@mistake("a softmax of a softmax", "Apply it once.")
def twice(scores: np.ndarray) -> np.ndarray:
    """The second softmax gets numbers between 0 and 1. They are so close together that the
    largest weight can be at most e times the smallest: nearly even."""
    return softmax(softmax(scores))


@mistake("powers of 2 in place of e", "Use np.exp.")
def powers_of_two(scores: np.ndarray) -> np.ndarray:
    """Powers of 2 make a budget too, a flatter one: as if the scores were multiplied by
    0.69. The exponential of the softmax is that of e."""
    exps = np.exp2(scores - scores.max(axis=-1, keepdims=True))
    return exps / exps.sum(axis=-1, keepdims=True)


@mistake(
    "low scores that weigh the most",
    "Take the largest score off each score, not the other way around.",
)
def sign_turned(scores: np.ndarray) -> np.ndarray:
    """With (largest − score) in the exponent, the order is upside down: the key that fits
    worst would get most of the budget."""
    exps = np.exp(scores.max(axis=-1, keepdims=True) - scores)
    return exps / exps.sum(axis=-1, keepdims=True)


@mistake(
    "all or nothing for the largest score", "Give every score its share, in proportion to exp."
)
def winner_takes_all(scores: np.ndarray) -> np.ndarray:
    """That is the hard maximum. The softmax is the soft one: every score gets a share, and a
    small change of a score changes the weights a little."""
    return np.eye(scores.shape[-1])[scores.argmax(axis=-1)].astype(scores.dtype)


@mistake(
    "right weights, written into the caller's scores", "Make a new array: `x - y`, not `x -= y`."
)
def in_place(scores: np.ndarray) -> np.ndarray:
    """-= writes into the very array that was passed in. Its owner still needs the scores, and
    a second call would find other ones."""
    scores -= scores.max(axis=-1, keepdims=True)
    return softmax(scores)


SOFTMAX = Exercise(
    reference=softmax,
    points=2,
    cases=score_cases,
    results=("weights",),
    mistakes=(
        over_the_queries,
        over_the_first_axis,
        over_axis_one,
        over_everything,
        over_everything_unshifted,
        not_shifted,
        shifted_by_the_largest_of_all,
        shifted_by_the_mean,
        divided_by_the_largest,
        clipped,
        epsilon_in_the_sum,
        shifted_above_only,
        axis_lost,
        axis_of_the_sum_lost,
        no_exp,
        twice,
        powers_of_two,
        sign_turned,
        winner_takes_all,
        in_place,
    ),
    properties=(rows_sum_to_one(), nonnegative()),
    hints=(
        "What could you take off every score of a row without changing the row's weights?",
        "Take each row's largest score off the row, take exp, divide by the row's sum. max and sum "
        "run along the last axis, and keepdims=True keeps it, so that the shapes still fit.",
        "exps = np.exp(scores - scores.max(axis=..., keepdims=True))\n"
        "return exps / exps.sum(axis=..., keepdims=True)",
    ),
)


# --- softmax_with_temperature -------------------------------------------------------------


def temperature_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Scores and temperatures: by hand, extreme, of all shapes, and square."""
    yield Case("two rows, by hand", (np.array([[0.0, 1.0, 2.0], [3.0, 1.0, 1.0]]), 2.0))
    yield Case("a single row, without other axes", (rng.normal(size=4), 0.5))
    close = 1 + np.array([[0.0, 0.001, -2.0], [0.002, 0.0, 0.001]])
    yield Case("a temperature close to 0", (close, 0.001))
    wide = np.array([[0.0, -2000.0, 500.0], [1500.0, 0.0, -1000.0]])
    yield Case("scores far apart, a high temperature", (wide, float(rng.integers(600, 2000))))
    yield Case("scores far apart, in a batch", (np.stack([wide, wide[::-1]]), 900.0))
    for group, scores in hard_scores(rng).items():
        yield Case(group, (scores, 1.0))
    yield Case("such scores in a batch", (hard_batch(rng), 1.0))
    yield from spread(lambda *lead: (rng.normal(size=(*lead, 3, 5)), a_temperature(rng)))
    for shape in ((4, 4), (4, 4, 4)):
        yield Case("all sizes equal", (rng.normal(size=shape), a_temperature(rng)))


def a_temperature(rng: np.random.Generator) -> float:
    """Draw a temperature that is plainly not 1."""
    return round(float(rng.choice([rng.uniform(0.2, 0.6), rng.uniform(1.6, 4.0)])), 2)


@mistake("scores multiplied by the temperature", "Divide the scores by it.")
def multiplied(scores: np.ndarray, temperature: float) -> np.ndarray:
    """A high temperature should flatten the weights, so it has to bring the scores closer
    together. Multiplying drives them apart."""
    return softmax(scores * temperature)


@mistake("a temperature that changes nothing", "Divide the scores by it, before the softmax.")
def ignored(scores: np.ndarray, temperature: float) -> np.ndarray:
    """These are the weights at temperature 1. Adding or subtracting the temperature gives
    them as well: only the differences of the scores matter."""
    return softmax(scores)


@mistake("weights divided by the temperature", "Divide the scores, before the softmax.")
def divided_after(scores: np.ndarray, temperature: float) -> np.ndarray:
    """After the softmax, a division makes all weights smaller or larger alike, and the rows no
    longer sum to 1. Before it, it changes how they compare."""
    return softmax(scores) / temperature


@mistake("a softmax of tempered weights", "Divide the scores themselves, and take one softmax.")
def second_softmax(scores: np.ndarray, temperature: float) -> np.ndarray:
    """The numbers divided here are weights already, between 0 and 1. It is the scores that the
    temperature divides, and one softmax is enough."""
    return softmax(softmax(scores) / temperature)


@mistake("a division by the temperature's square root", "Divide by the temperature itself.")
def rooted(scores: np.ndarray, temperature: float) -> np.ndarray:
    """The root belongs to √d_k of the last lesson, where d_k is a variance. A temperature
    divides as it is: √d_k is itself a temperature."""
    return softmax(scores / math.sqrt(temperature))


@mistake("a division by the temperature, done twice", "Divide once.")
def divided_twice(scores: np.ndarray, temperature: float) -> np.ndarray:
    """Two divisions are one by the square of the temperature: 2 would act like 4, and 0.5
    like 0.25."""
    return softmax(scores / temperature / temperature)


@mistake(
    "an exp that overflows at low temperatures",
    "Shift each row as in softmax, or call your softmax.",
)
def tempered_not_shifted(scores: np.ndarray, temperature: float) -> np.ndarray:
    """A temperature of 0.001 makes a score of 1 a thousand, and exp(1000) is infinity. A softmax
    that shifts each row first is safe at any temperature."""
    exps = np.exp(scores / temperature)
    return exps / exps.sum(axis=-1, keepdims=True)


@mistake(
    "weights raised to 1 / temperature", "Divide the scores before exp, while nothing is lost yet."
)
def weights_to_a_power(scores: np.ndarray, temperature: float) -> np.ndarray:
    """On paper that is the same. On a computer, very small weights are already 0 by then, and a
    high temperature cannot bring them back; a low one turns all of them into 0."""
    powers = softmax(scores) ** (1 / temperature)
    return powers / powers.sum(axis=-1, keepdims=True)


@mistake("a softmax over the queries' axis", "Choose the axis along which one query's keys lie.")
def tempered_over_the_queries(scores: np.ndarray, temperature: float) -> np.ndarray:
    """The temperature is right, but the columns sum to 1. Each query, a row, has a budget to
    spend on its keys."""
    exps = np.exp((scores - scores.max(axis=-2, keepdims=True)) / temperature)
    return exps / exps.sum(axis=-2, keepdims=True)


@mistake(
    "right weights, written into the caller's scores", "Make a new array: `x / y`, not `x /= y`."
)
def divided_in_place(scores: np.ndarray, temperature: float) -> np.ndarray:
    """/= writes into the very array that was passed in. Its owner still needs the scores, and
    a second call would divide them again."""
    scores /= temperature
    return softmax(scores)


SOFTMAX_WITH_TEMPERATURE = Exercise(
    reference=softmax_with_temperature,
    points=1,
    cases=temperature_cases,
    results=("weights",),
    mistakes=(
        multiplied,
        ignored,
        divided_after,
        second_softmax,
        rooted,
        divided_twice,
        tempered_not_shifted,
        weights_to_a_power,
        tempered_over_the_queries,
        divided_in_place,
    ),
    properties=(rows_sum_to_one(), nonnegative()),
    hints=(
        "High temperature, even weights. Should the scores move together or apart for that?",
        "Divide the scores by the temperature, then take your softmax of them.",
        "return softmax(... / temperature)",
    ),
)


# --- entropy ------------------------------------------------------------------------------


def weight_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Weights: by hand, with zeros, one row, of all shapes, and square."""
    yield Case("two rows, by hand", (np.array([[0.5, 0.25, 0.25], [0.5, 0.5, 0.0]]),))
    yield Case("a single row, without other axes", (softmax(rng.normal(size=4)),))
    one_hot = np.eye(4)[rng.permutation(4)[:3]]
    yield Case("all weight in one place", (one_hot,))
    yield Case("zeros in a batch", (np.stack([one_hot, softmax(rng.normal(size=(3, 4)))]),))
    yield Case("one row only", (softmax(rng.normal(size=(1, 4))),))
    yield from spread(lambda *lead: (softmax(2 * rng.normal(size=(*lead, 3, 5))),))
    for shape in ((4, 4), (4, 4, 4)):
        yield Case("all sizes equal", (softmax(2 * rng.normal(size=shape)),))


def surprise(weights: np.ndarray) -> np.ndarray:
    """Give -w log w for every weight, 0 where w is 0."""
    logs = np.log(weights, out=np.zeros_like(weights), where=weights > 0)
    return -weights * logs


@mistake("bits in place of nats", "Use the natural logarithm, np.log.")
def bits(weights: np.ndarray) -> np.ndarray:
    """log2 counts in bits: an even choice between two is 1 bit, or 0.693 nats. The course uses
    natural logarithms everywhere."""
    return entropy(weights) / np.log(2)


@mistake("a logarithm of base 10", "Use the natural logarithm, np.log.")
def decimal(weights: np.ndarray) -> np.ndarray:
    """log10 gives numbers 2.3 times too small. The course uses natural logarithms
    everywhere; in NumPy that is np.log."""
    return entropy(weights) / np.log(10)


@mistake("0 times the logarithm of 0", "Take the logarithm only where a weight is above 0.")
def nan_at_zero(weights: np.ndarray) -> np.ndarray:
    """log(0) is minus infinity, and 0 times that is nan. A weight of 0 contributes nothing, so
    it has to be left out of the sum."""
    return -(weights * np.log(weights)).sum(axis=-1)


@mistake("right numbers, with the caller's zeros overwritten", "Leave the weights as they are.")
def zeros_overwritten(weights: np.ndarray) -> np.ndarray:
    """The logarithm is safe now, but weights[weights == 0] = ... writes into the very array that
    was passed in, and its owner's rows no longer sum to 1."""
    weights[weights == 0] = 1e-300
    return -(weights * np.log(weights)).sum(axis=-1)


@mistake("a missing minus sign", "Look at the sign: logarithms of weights are never above 0.")
def sign_lost(weights: np.ndarray) -> np.ndarray:
    """The logarithm of a number below 1 is negative. The minus in front turns it around, so
    that a wide spread has a large entropy."""
    return -entropy(weights)


@mistake("a mean in place of a sum", "Sum along the row.")
def averaged(weights: np.ndarray) -> np.ndarray:
    """The weights in front of the logarithms already make it an average. Dividing by n once
    more would make long rows look sharp."""
    return surprise(weights).mean(axis=-1)


@mistake(
    "an entropy divided by its largest value, log(n)", "Leave it in nats: no division by log(n)."
)
def share_of_the_largest(weights: np.ndarray) -> np.ndarray:
    """That is a useful number too: 1 for an even row of any length. Asked for is the entropy
    itself, which is log(n) for an even row."""
    return entropy(weights) / np.log(weights.shape[-1])


@mistake("a sum along the queries' axis", "Sum along the last axis, over the keys of one query.")
def down_the_columns(weights: np.ndarray) -> np.ndarray:
    """A column is no budget: it does not sum to 1. Each query's row has an entropy of its
    own."""
    return surprise(weights).sum(axis=-2)


@mistake("one number for the whole array", "Sum along the last axis only.")
def one_for_all(weights: np.ndarray) -> np.ndarray:
    """A sum without an axis adds up the entropies of all rows. Each row is a budget of its own,
    and gets a number of its own."""
    return surprise(weights).sum()


@mistake("a softmax taken of the weights first", "Use the weights as they are.")
def softmax_first(weights: np.ndarray) -> np.ndarray:
    """The weights are a softmax's output already, and each row sums to 1. A second softmax
    would make them nearly even, and the entropy too large."""
    return entropy(softmax(weights))


@mistake("the number of keys that it amounts to, exp(entropy)", "Leave out the exp.")
def perplexity(weights: np.ndarray) -> np.ndarray:
    """exp of the entropy says how many keys the weight is spread over, in effect. Asked for is
    the entropy itself, in nats."""
    return np.exp(entropy(weights))


@mistake("an axis too many", "Let the sum drop the axis that it runs along.")
def axis_kept(weights: np.ndarray) -> np.ndarray:
    """The numbers are right. But every row has become one number, so the last axis should be
    gone: (..., n) becomes (...), not (..., 1)."""
    return entropy(weights)[..., None]


def within_its_limits(args: tuple[Any, ...], value: Any) -> str | None:
    """An entropy is never below 0 and never above log(n); nan is another matter."""
    if np.isnan(value).all():
        return None
    n, low, high = args[0].shape[-1], float(np.nanmin(value)), float(np.nanmax(value))
    if low < -1e-6:
        return f"An entropy is {number(low)}; none is below 0."
    if high > math.log(n) + 1e-6:
        most = f"log({n}) = {math.log(n):.4f}"
        return f"An entropy is {number(high)}; for {n} weights the most is {most}."
    return None


ENTROPY = Exercise(
    reference=entropy,
    points=1,
    cases=weight_cases,
    results=("entropy",),
    mistakes=(
        bits,
        decimal,
        nan_at_zero,
        zeros_overwritten,
        sign_lost,
        averaged,
        share_of_the_largest,
        down_the_columns,
        one_for_all,
        softmax_first,
        perplexity,
        axis_kept,
    ),
    properties=(within_its_limits,),
    hints=(
        "What should a weight of exactly 0 add to the sum, and what does np.log make of it?",
        "Take logarithms only where a weight is above 0, and leave 0 elsewhere. Multiply by the "
        "weights, sum along the last axis, and turn the sign.",
        "logs = np.log(weights, out=np.zeros_like(weights), where=...)\n"
        "return -(... * logs).sum(axis=...)",
    ),
)


# --- softmax_jacobian ---------------------------------------------------------------------


def output_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Outputs of a softmax: by hand, of all shapes, one row as a batch, and square."""
    yield Case("three weights, by hand", (np.array([0.5, 0.3, 0.2]),))
    yield Case("one row only", (softmax(rng.normal(size=(1, 4))),))
    yield from spread(lambda *lead: (softmax(rng.normal(size=(*lead, 5))),))
    for shape in ((4, 4), (4, 4, 4)):
        yield Case("all sizes equal", (softmax(rng.normal(size=shape)),))


def outer(weights: np.ndarray) -> np.ndarray:
    """Multiply every weight of a row with every other."""
    return weights[..., :, None] * weights[..., None, :]


def identity(weights: np.ndarray) -> np.ndarray:
    """Give the identity matrix that fits the weights."""
    return np.eye(weights.shape[-1], dtype=weights.dtype)


@mistake(
    "the derivative of a sigmoid: w (1 − w)", "Give one number for each pair of weight and score."
)
def sigmoid_derivative(weights: np.ndarray) -> np.ndarray:
    """That is how each weight moves with its own score. But the weights share a budget: a score
    that rises takes from all the others too, so there is a number for every pair."""
    return weights * (1 - weights)


@mistake("a diagonal matrix", "Fill in what one score does to the other weights.")
def diagonal_only(weights: np.ndarray) -> np.ndarray:
    """The entries beside the diagonal are missing. The weights share a budget: when score j
    rises, weight j grows, and all the others shrink."""
    return identity(weights) * (weights * (1 - weights))[..., None, :]


@mistake(
    "a diagonal that misses its own term", "Add what the diagonal has more than the rest: w_i."
)
def no_diagonal(weights: np.ndarray) -> np.ndarray:
    """−w_i w_j is right beside the diagonal. On it, a weight grows when its own score does:
    there the entry is w_i (1 − w_i)."""
    return -outer(weights)


@mistake("1 on the diagonal, where w_i should be", "Weigh the identity by the weights.")
def unweighted_identity(weights: np.ndarray) -> np.ndarray:
    """The diagonal is w_i − w_i², and here it is 1 − w_i². Both terms carry the weight w_i in
    front."""
    return identity(weights) - outer(weights)


@mistake("w_i (1 − w_j) in every place", "Let the 1 stand on the diagonal only.")
def ones_everywhere(weights: np.ndarray) -> np.ndarray:
    """The 1 belongs to the diagonal, where a weight meets its own score. Beside it only −w_i w_j
    is left: a score that rises makes the other weights smaller."""
    return weights[..., :, None] * (1 - weights[..., None, :])


@mistake("a factor w_i too few", "Multiply each row by its weight w_i.")
def factor_missing(weights: np.ndarray) -> np.ndarray:
    """1 − w_j on the diagonal and −w_j beside it say how the logarithm of a weight moves. The
    weight itself moves in proportion to its size."""
    return identity(weights) - weights[..., None, :] * np.ones_like(weights)[..., :, None]


@mistake("a softmax taken of the weights first", "Use the weights as they are.")
def from_scores(weights: np.ndarray) -> np.ndarray:
    """The argument is the softmax's output already, not the scores. Another softmax would
    make the weights nearly even."""
    return softmax_jacobian(softmax(weights))


@mistake("the opposite sign", "Check the diagonal: a weight grows when its own score does.")
def sign_opposite(weights: np.ndarray) -> np.ndarray:
    """Raise score i, and weight i grows: the diagonal is positive. All the others pay for it:
    the rest is negative."""
    return -softmax_jacobian(weights)


@mistake("a plus where the minus should be", "Let the other weights shrink: subtract.")
def plus(weights: np.ndarray) -> np.ndarray:
    """With +w_i w_j everywhere, all weights would grow at once. They share a budget of 1: what
    one gains, the others lose."""
    return identity(weights) * weights[..., None, :] + outer(weights)


@mistake(
    "a way that works for one row of weights only",
    "Leave leading axes alone: index with [..., :, None].",
)
def one_row_only(weights: np.ndarray) -> np.ndarray:
    """np.outer flattens what it is given, and np.diag of a matrix takes its diagonal. For one
    row they do what you mean; in a batch every row needs a matrix of its own."""
    return np.diag(weights) - np.outer(weights, weights)


@mistake(
    "new axes in places that fit one row only",
    "Count from the end: index with [..., :, None] and [..., None, :].",
)
def axes_from_the_front(weights: np.ndarray) -> np.ndarray:
    """weights[:, None] is a column if weights is one row. In a batch, the new axis lands between
    the rows and their weights, and rows meet that have nothing to do with each other."""
    return weights[:, None] * (identity(weights) - weights[None, :])


@mistake(
    "rows of the batch that mix",
    "Give both factors an axis of their own: [..., :, None] and [..., None, :].",
)
def mixed_rows(weights: np.ndarray) -> np.ndarray:
    """Without a new axis in the second factor, NumPy lines its rows up with the weights of the
    first. Row 0 of the batch then meets row 1."""
    return weights[..., :, None] * (identity(weights) - weights)


def keeps_the_budget(args: tuple[Any, ...], value: Any) -> str | None:
    """What one weight gains, the others lose: each row and each column sums to 0."""
    for axis, name, meaning in (
        (-2, "column", "when one score moves, what some weights gain the others lose"),
        (-1, "row", "when all scores move alike, no weight changes"),
    ):
        sums = np.sum(value, axis=axis).ravel()
        if not np.allclose(sums, 0, atol=1e-6):
            worst = float(sums[np.abs(sums).argmax()])
            return f"A {name} sums to {number(worst)}. Each {name} sums to 0: {meaning}."
    return None


SOFTMAX_JACOBIAN = Exercise(
    reference=softmax_jacobian,
    points=2,
    cases=output_cases,
    results=("jacobian",),
    mistakes=(
        sigmoid_derivative,
        diagonal_only,
        no_diagonal,
        unweighted_identity,
        ones_everywhere,
        factor_missing,
        from_scores,
        sign_opposite,
        plus,
        one_row_only,
        axes_from_the_front,
        mixed_rows,
    ),
    properties=(keeps_the_budget,),
    hints=(
        "Raise one score a little. Which weight grows, which ones shrink, and what is their sum?",
        "With an axis of its own for i and for j, w_i is weights[..., :, None] and w_j is "
        "weights[..., None, :]. np.eye(n) is 1 where i == j. The rest is in the docstring.",
        "identity = np.eye(weights.shape[-1])\nreturn weights[..., :, None] * (identity - ...)",
    ),
)

EXERCISES = (SOFTMAX, SOFTMAX_WITH_TEMPERATURE, ENTROPY, SOFTMAX_JACOBIAN)

QUESTIONS = (
    Question(
        "05-large",
        "The softmax of 0, 1, 2 is 0.09, 0.24, 0.67. What is the softmax of 1000, 1001, 1002?",
        (
            Option(
                "0.09, 0.24, 0.67 again.",
                "exp turns a difference into a factor. A key one point ahead of another has e "
                "times its weight, wherever the two stand, so the thousand plays no part.",
                right=True,
            ),
            Option(
                "0.33, 0.33, 0.33, or very close to it.",
                "Beside 1000, a difference of 1 looks small. But exp turns differences into "
                "factors: one point more is e times the weight, from wherever you start.",
            ),
            Option(
                "0.00, 0.00, 1.00.",
                "Large differences make sharp weights. These differences are 1 and 2, as before.",
            ),
            Option(
                "None: these scores are too large.",
                "They are too large for exp in floating point, and a careless softmax gives nan. "
                "The weights themselves exist.",
            ),
        ),
        prediction=True,
    ),
    Question(
        "05-reaction",
        "d_k grows from 1 to 1024, and the scores are not divided. A score is nudged. What becomes "
        "of the weights' reaction, on average?",
        (
            Option(
                "It shrinks all the way.",
                "It does in the end. At first the scores move apart and a few keys begin to "
                "compete, and competing weights react the most.",
            ),
            Option(
                "It grows at first, then shrinks.",
                "Nearly even weights react a little, two or three competing ones the most, and a "
                "decided row hardly at all.",
                right=True,
            ),
            Option(
                "It grows all the way.",
                "The scores do grow. The weights cannot: one that is near 1 has nowhere to go.",
            ),
            Option(
                "It stays about the same.",
                "That is what the division by √d_k achieves. Here nothing is divided.",
            ),
        ),
        prediction=True,
    ),
    Question(
        "05-training",
        "A head with d_k = 256 is trained twice, once with the division by √d_k and once without. "
        "What do you expect of the one without?",
        (
            Option(
                "It learns as fast: training finds the right size of the scores.",
                "In the end it may. But it starts with rows that have decided by chance, and "
                "these hardly react to any change of their scores.",
            ),
            Option(
                "It learns more slowly, for the gradients of W_Q and W_K are smaller.",
                "It does learn more slowly. But these gradients are larger, since no factor of "
                "1/√d_k makes them small. Most of them comes from a few undecided questions.",
            ),
            Option(
                "It learns more slowly, though the gradients of W_Q and W_K are larger.",
                "Most questions have decided for a wrong key and hardly get a gradient at their "
                "scores. The large gradient comes from the few that have not.",
                right=True,
            ),
            Option(
                "It learns faster, for the gradients of W_Q and W_K are larger.",
                "They are larger. But they come from a few questions, while most have decided for "
                "a wrong key and cannot be told otherwise.",
            ),
        ),
        prediction=True,
    ),
    Question(
        "05-temperature",
        "The queries and keys of a head have d_k = 64 entries. Which temperature does the same as "
        "its division by √d_k?",
        (
            Option(
                "64", "A temperature divides the scores as it is. √64 is what they are divided by."
            ),
            Option(
                "8", "Both divide the scores before the softmax. √d_k is a temperature.", right=True
            ),
            Option("1/8", "That would multiply the scores by 8, and sharpen the weights."),
            Option(
                "None: the two are different things.",
                "softmax(scores / temperature) and softmax(scores / √d_k) are one formula.",
            ),
        ),
    ),
    Question(
        "05-batch-of-one",
        "Scores have the shape (batch, n_q, n_k). The softmax runs over axis 0. What do you "
        "see with a batch of one sentence?",
        (
            Option(
                "Every weight is 1.", "A budget shared by one entry is spent on it.", right=True
            ),
            Option(
                "Rows that sum to 1, as they should",
                "That is the last axis. Along axis 0 there is one entry only, and it gets the "
                "whole budget.",
            ),
            Option(
                "Columns that sum to 1",
                "That is the axis of the queries, axis 1 in a batch. Axis 0 is the batch itself.",
            ),
            Option(
                "An error about the axis",
                "Axis 0 always exists, so nothing stops. That makes this slip hard to notice.",
            ),
        ),
    ),
    Question(
        "05-zero",
        "You take the softmax of 0 and −800, and a weight is printed as 0.0. What happened?",
        (
            Option(
                "The softmax drops keys that fit too badly.",
                "It has no threshold. exp is above 0 for every score, so every key gets a share.",
            ),
            Option(
                "The weight is above 0, but too small for float64.",
                "exp(−800) is about 10 to the power −348; float64 ends near 10 to the power −324. "
                "To hide a key on purpose, lesson 07 uses a mask.",
                right=True,
            ),
            Option(
                "The shift by the largest score made it 0.",
                "The largest score is 0 here, so the shift changes nothing. It changes no weight "
                "anyway.",
            ),
        ),
    ),
    Question(
        "05-frozen",
        "Before training, a row of weights is 0.00, 1.00, 0.00, and the 1.00 is on the wrong key. "
        "What does its Jacobian say?",
        (
            Option(
                "The 1.00 is easily pushed down: it has the most to lose.",
                "Its own entry is w (1 − w), about 1 times 0. It barely moves.",
            ),
            Option(
                "The 0.00s rise easily: they have the most to gain.",
                "Their entries are w (1 − w), about 0 times 1. They barely move.",
            ),
            Option(
                "No small change of a score moves any weight.",
                "All its entries are close to 0. The row has made up its mind by chance, and "
                "a small step can hardly change it.",
                right=True,
            ),
        ),
    ),
)

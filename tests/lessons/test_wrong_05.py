"""Lesson 05: what is wrong is rejected, and never called by the name of another mistake."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qkv_course.attention import entropy, softmax, softmax_jacobian
from qkv_course.checks import evaluate

Array = np.ndarray
Wrong = Callable[..., Any]


def columns_unshifted(scores: Array) -> Array:
    return np.exp(scores) / np.exp(scores).sum(axis=0)


def rows_shifted_one_sum(scores: Array) -> Array:
    exps = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exps / exps.sum()


def one_number_and_epsilon(scores: Array) -> Array:
    exps = np.exp(scores - scores.max())
    return exps / (exps.sum(axis=-1, keepdims=True) + 1e-9)


def nan_to_zero(scores: Array) -> Array:
    exps = np.exp(scores)
    return np.nan_to_num(exps / exps.sum(axis=-1, keepdims=True))


def clipped_above(scores: Array) -> Array:
    exps = np.exp(np.minimum(scores, 700))
    return exps / exps.sum(axis=-1, keepdims=True)


def clipped_too_tightly(scores: Array) -> Array:
    return softmax(np.clip(scores, -1, 1))


def not_normalized(scores: Array) -> Array:
    return np.exp(scores - scores.max(axis=-1, keepdims=True))


def logarithms(scores: Array) -> Array:
    return scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True)


def shifted_by_the_smallest(scores: Array) -> Array:
    exps = np.exp(scores - scores.min(axis=-1, keepdims=True))
    return exps / exps.sum(axis=-1, keepdims=True)


def shifted_by_the_first(scores: Array) -> Array:
    exps = np.exp(scores - scores[..., :1])
    return exps / exps.sum(axis=-1, keepdims=True)


def shifted_by_the_largest_size(scores: Array) -> Array:
    exps = np.exp(scores - np.abs(scores).max(axis=-1, keepdims=True))
    return exps / exps.sum(axis=-1, keepdims=True)


def divided_by_the_largest(scores: Array) -> Array:
    return softmax(scores / np.abs(scores).max(axis=-1, keepdims=True))


def sizes_only(scores: Array) -> Array:
    return np.abs(scores) / np.abs(scores).sum(axis=-1, keepdims=True)


def squares(scores: Array) -> Array:
    return softmax(scores**2)


def one_row_for_all(scores: Array) -> Array:
    return np.broadcast_to(softmax(scores)[..., :1, :], scores.shape).copy()


def first_of_the_batch(scores: Array) -> Array:
    return np.broadcast_to(softmax(scores[0] if scores.ndim > 2 else scores), scores.shape)


def last_score_left_out(scores: Array) -> Array:
    exps = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exps / exps[..., :-1].sum(axis=-1, keepdims=True)


def one_more_in_the_sum(scores: Array) -> Array:
    exps = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exps / (1 + exps.sum(axis=-1, keepdims=True))


def half_precision(scores: Array) -> Array:
    return softmax(scores).astype(np.float16)


def rounded(scores: Array) -> Array:
    return softmax(scores).round(3)


def only_batches(scores: Array) -> Array:
    return softmax(scores) if scores.ndim == 3 else over_all(scores)


def over_all(scores: Array) -> Array:
    return np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()


def a_list(scores: Array) -> Any:
    return softmax(scores).tolist()


def twice_over_the_columns(scores: Array) -> Array:
    turned = np.swapaxes(scores, -1, -2) if scores.ndim > 1 else scores
    once = softmax(softmax(turned))
    return np.swapaxes(once, -1, -2) if scores.ndim > 1 else once


def in_place_and_columns(scores: Array) -> Array:
    scores -= scores.max(axis=0)
    return np.exp(scores) / np.exp(scores).sum(axis=0)


def remembered() -> Wrong:
    """Answers the second call of a shape with what was right for the first."""
    seen: dict[Any, Any] = {}

    def stored(scores: Array) -> Array:
        return seen.setdefault((scores.shape, scores.dtype), softmax(scores))

    return stored


SOFTMAX: list[Wrong] = [
    columns_unshifted,
    rows_shifted_one_sum,
    one_number_and_epsilon,
    nan_to_zero,
    clipped_above,
    clipped_too_tightly,
    not_normalized,
    logarithms,
    shifted_by_the_smallest,
    shifted_by_the_first,
    shifted_by_the_largest_size,
    divided_by_the_largest,
    sizes_only,
    squares,
    one_row_for_all,
    first_of_the_batch,
    last_score_left_out,
    one_more_in_the_sum,
    half_precision,
    rounded,
    only_batches,
    a_list,
    twice_over_the_columns,
    in_place_and_columns,
    remembered(),
]


def exps_of_divided(scores: Array, temperature: float) -> Array:
    return np.exp(scores / temperature)


def shifted_by_undivided(scores: Array, temperature: float) -> Array:
    exps = np.exp(scores / temperature - scores.max(axis=-1, keepdims=True))
    return exps / exps.sum(axis=-1, keepdims=True)


def exps_divided(scores: Array, temperature: float) -> Array:
    exps = np.exp(scores - scores.max(axis=-1, keepdims=True)) / temperature
    return exps / (exps.sum(axis=-1, keepdims=True) + 1)


def sum_divided(scores: Array, temperature: float) -> Array:
    return softmax(scores) * temperature


def power_without_budget(scores: Array, temperature: float) -> Array:
    return softmax(scores) ** (1 / temperature)


def also_by_dimension(scores: Array, temperature: float) -> Array:
    return softmax(scores / temperature / math.sqrt(scores.shape[-1]))


def whole_temperature(scores: Array, temperature: float) -> Array:
    return softmax(scores / max(1, int(temperature)))


def tempered_everything(scores: Array, temperature: float) -> Array:
    return over_all(scores / temperature)


def multiplied_over_columns(scores: Array, temperature: float) -> Array:
    exps = np.exp(scores * temperature)
    return exps / exps.sum(axis=0)


def multiplied_in_place(scores: Array, temperature: float) -> Array:
    scores *= temperature
    return softmax(scores)


def hard_when_cold(scores: Array, temperature: float) -> Array:
    if temperature < 0.1:
        return np.eye(scores.shape[-1])[scores.argmax(axis=-1)]
    return softmax(scores / temperature)


def never_below_one(scores: Array, temperature: float) -> Array:
    return softmax(scores / max(temperature, 1.0))


def divided_after_twice(scores: Array, temperature: float) -> Array:
    return softmax(scores / temperature) / temperature


TEMPERED: list[Wrong] = [
    exps_of_divided,
    shifted_by_undivided,
    exps_divided,
    sum_divided,
    power_without_budget,
    also_by_dimension,
    whole_temperature,
    tempered_everything,
    multiplied_over_columns,
    multiplied_in_place,
    hard_when_cold,
    never_below_one,
    divided_after_twice,
]


def sharpness(weights: Array) -> Array:
    return np.log(weights.shape[-1]) - entropy(weights)


def logarithms_only(weights: Array) -> Array:
    return -np.log(np.maximum(weights, 1e-12)).sum(axis=-1)


def bits_and_mean(weights: Array) -> Array:
    return entropy(weights) / np.log(2) / weights.shape[-1]


def bits_nan(weights: Array) -> Array:
    return -(weights * np.log2(weights)).sum(axis=-1)


def sign_and_nan(weights: Array) -> Array:
    return (weights * np.log(weights)).sum(axis=-1)


def nan_becomes_zero(weights: Array) -> Array:
    return np.nan_to_num(-(weights * np.log(weights)).sum(axis=-1))


def coarse_epsilon(weights: Array) -> Array:
    return -(weights * np.log(weights + 1e-3)).sum(axis=-1)


def with_one_minus(weights: Array) -> Array:
    safe = np.clip(weights, 1e-15, 1 - 1e-15)
    return -(safe * np.log(safe) + (1 - safe) * np.log(1 - safe)).sum(axis=-1)


def impurity(weights: Array) -> Array:
    return 1 - (weights**2).sum(axis=-1)


def largest_term(weights: Array) -> Array:
    return -(weights * np.log(np.where(weights > 0, weights, 1))).max(axis=-1)


def first_axis(weights: Array) -> Array:
    return -(weights * np.log(np.where(weights > 0, weights, 1))).sum(axis=0)


def mean_of_rows(weights: Array) -> Any:
    return entropy(weights).mean()


def wide_epsilon_in_place(weights: Array) -> Array:
    weights += 1e-12
    return -(weights * np.log(weights)).sum(axis=-1)


ENTROPY: list[Wrong] = [
    sharpness,
    logarithms_only,
    bits_and_mean,
    bits_nan,
    sign_and_nan,
    nan_becomes_zero,
    coarse_epsilon,
    with_one_minus,
    impurity,
    largest_term,
    first_axis,
    mean_of_rows,
    wide_epsilon_in_place,
]


def eye(weights: Array) -> Array:
    return np.eye(weights.shape[-1])


def outer(weights: Array) -> Array:
    return weights[..., :, None] * weights[..., None, :]


def diagonal_of_weights(weights: Array) -> Array:
    return eye(weights) * weights[..., None, :]


def outer_only(weights: Array) -> Array:
    return outer(weights)


def squares_only_beside(weights: Array) -> Array:
    return diagonal_of_weights(weights) - weights[..., None, :] ** 2


def diagonal_twice(weights: Array) -> Array:
    return 2 * diagonal_of_weights(weights) - outer(weights)


def beside_with_plus(weights: Array) -> Array:
    return np.abs(softmax_jacobian(weights))


def sigmoid_beside(weights: Array) -> Array:
    own = (weights * (1 - weights))[..., None, :]
    return np.where(eye(weights) > 0, own, -own)


def negative_diagonal_only(weights: Array) -> Array:
    return -eye(weights) * (weights * (1 - weights))[..., None, :]


def of_the_logarithm_from_scores(weights: Array) -> Array:
    return eye(weights) - softmax(weights)[..., None, :]


def summed_over_the_batch(weights: Array) -> Array:
    while weights.ndim > 1:
        weights = weights.mean(axis=0)
    return softmax_jacobian(weights)


def first_row_for_all(weights: Array) -> Array:
    jacobian = softmax_jacobian(weights)
    if weights.ndim > 1:
        jacobian[...] = jacobian[:1].copy()
    return jacobian


def its_size(weights: Array) -> Array:
    return np.linalg.norm(softmax_jacobian(weights), axis=(-1, -2))


def flattened(weights: Array) -> Array:
    return softmax_jacobian(weights).reshape(*weights.shape[:-1], -1)


def wider_and_wrong(weights: Array) -> Array:
    return diagonal_of_weights(weights) - outer(weights) / weights.shape[-1]


JACOBIAN: list[Wrong] = [
    diagonal_of_weights,
    outer_only,
    squares_only_beside,
    diagonal_twice,
    beside_with_plus,
    sigmoid_beside,
    negative_diagonal_only,
    of_the_logarithm_from_scores,
    summed_over_the_batch,
    first_row_for_all,
    its_size,
    flattened,
    wider_and_wrong,
]

WRONG = {
    "softmax": SOFTMAX,
    "softmax_with_temperature": TEMPERED,
    "entropy": ENTROPY,
    "softmax_jacobian": JACOBIAN,
}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (columns_unshifted, "it looks like a softmax over the first axis"),
        (rows_shifted_one_sum, "All entries together sum to 1"),
        (nan_to_zero, "Row 0 sums to 0; each row of weights sums to 1"),
        (shifted_by_the_smallest, "There is nan in the result"),
    ],
)
def test_unnamed_softmax_is_told_what_its_rows_do(wrong: Wrong, sentence: str) -> None:
    assert sentence in evaluate("softmax", wrong, 1).likely


def test_impossible_entropy_is_told_its_limits() -> None:
    assert "none is below 0" in evaluate("entropy", lambda w: -2 * entropy(w), 1).likely
    assert "it looks like a missing minus sign" in evaluate("entropy", sign_and_nan, 1).likely
    assert "it looks like bits in place of nats" in evaluate("entropy", bits_nan, 1).likely
    assert "the most is log(3)" in evaluate("entropy", logarithms_only, 1).likely


def test_jacobian_that_loses_weight_says_so() -> None:
    assert "A column sums to" in evaluate("softmax_jacobian", outer_only, 1).likely


def test_naive_softmax_stands_every_case_but_the_hard_ones() -> None:
    """The overflow shows on scores that a learner can read, and is called by its name."""
    report = evaluate("softmax", lambda s: np.exp(s) / np.exp(s).sum(-1, keepdims=True), 1)
    assert report.mistake is not None and report.mistake.name == "not-shifted"
    assert report.group == "one row of high and one of low scores"


def test_column_softmax_is_named_however_it_is_shifted() -> None:
    def shifted_by_one_number(scores: Array) -> Array:
        exps = np.exp(scores - np.max(scores))
        return exps / exps.sum(axis=0)

    report = evaluate("softmax", shifted_by_one_number, 1)
    assert report.mistake is not None and report.mistake.name == "over-the-first-axis"

"""Lesson 02: what is wrong is rejected, and never called by the name of another mistake."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from qkv_course.checks import evaluate

Array = np.ndarray
Wrong = Callable[..., Any]


def scores_of(query: Array, keys: Array) -> Array:
    return keys @ query


def shares(scores: Array) -> Array:
    exps = np.exp(scores - scores.max())
    return exps / exps.sum()


def second_best(query: Array, keys: Array, values: Array) -> Array:
    return values[np.argsort(scores_of(query, keys))[-2:][0]]


def largest_size_of_score(query: Array, keys: Array, values: Array) -> Array:
    return values[np.argmax(np.abs(scores_of(query, keys)))]


def neighbor_of_the_best(query: Array, keys: Array, values: Array) -> Array:
    return values[np.argmax(scores_of(query, keys)) - 1]


def row_too_many(query: Array, keys: Array, values: Array) -> Array:
    i = int(np.argmax(scores_of(query, keys)))
    return values[i : i + 1]


def column_of_values(query: Array, keys: Array, values: Array) -> Array:
    return values[:, min(np.argmax(scores_of(query, keys)), values.shape[1] - 1)]


def best_product(query: Array, keys: Array, values: Array) -> Array:
    return values[np.argmax((keys * query).max(axis=1))]


def last_and_smallest(query: Array, keys: Array, values: Array) -> Array:
    scores = scores_of(query, keys)
    return values[np.flatnonzero(scores == scores.min())[-1]]


def last_and_nearest(query: Array, keys: Array, values: Array) -> Array:
    far = np.linalg.norm(keys - query, axis=1)
    return values[np.flatnonzero(far == far.min())[-1]]


def last_and_cosine(query: Array, keys: Array, values: Array) -> Array:
    angles = scores_of(query, keys) / np.linalg.norm(keys, axis=1)
    return values[len(keys) - 1 - np.argmax(angles[::-1])]


def key_with_largest_cosine(query: Array, keys: Array, values: Array) -> Array:
    return keys[np.argmax(scores_of(query, keys) / np.linalg.norm(keys, axis=1))]


def always_first(query: Array, keys: Array, values: Array) -> Array:
    return values[0]


def remembered() -> Wrong:
    """Answers the second call of a shape with what was right for the first."""
    seen: dict[Any, Any] = {}

    def hard(query: Array, keys: Array, values: Array) -> Array:
        answer = values[np.argmax(scores_of(query, keys))]
        return seen.setdefault((keys.shape, keys.dtype), answer)

    return hard


def score_and_value(query: Array, keys: Array, values: Array) -> Any:
    scores = scores_of(query, keys)
    return values[np.argmax(scores)], scores.max()


HARD: list[Wrong] = [
    second_best,
    largest_size_of_score,
    neighbor_of_the_best,
    row_too_many,
    column_of_values,
    best_product,
    last_and_smallest,
    last_and_nearest,
    last_and_cosine,
    key_with_largest_cosine,
    always_first,
    remembered(),
    score_and_value,
]


def first_entry_left_out(query: Array, keys: Array) -> Array:
    return keys[:, 1:] @ query[1:]


def key_left_out(query: Array, keys: Array) -> Array:
    return np.array([keys[i] @ query for i in range(len(keys) - 1)])


def absolute_scores(query: Array, keys: Array) -> Array:
    return np.abs(keys @ query)


def never_negative(query: Array, keys: Array) -> Array:
    return np.maximum(keys @ query, 0)


def divided_by_query_length(query: Array, keys: Array) -> Array:
    return keys @ query / np.linalg.norm(query)


def divided_by_key_lengths(query: Array, keys: Array) -> Array:
    return keys @ query / np.linalg.norm(keys, axis=1)


def squared_distance(query: Array, keys: Array) -> Array:
    return ((keys - query) ** 2).sum(axis=1)


def sum_of_sums(query: Array, keys: Array) -> Array:
    return (keys + query).sum(axis=1)


def a_list(query: Array, keys: Array) -> Any:
    return [float(key @ query) for key in keys]


def best_score_only(query: Array, keys: Array) -> Any:
    return (keys @ query).max()


def sorted_scores(query: Array, keys: Array) -> Array:
    return np.sort(keys @ query)[::-1]


def whole_numbers(query: Array, keys: Array) -> Array:
    return (keys @ query).astype(int)


def written_into_keys(query: Array, keys: Array) -> Array:
    keys *= query
    return keys.sum(axis=1)


def cosine_with_weights(query: Array, keys: Array) -> Array:
    return shares(keys @ query / np.linalg.norm(keys, axis=1) / np.linalg.norm(query))


def all_keys_against_all(query: Array, keys: Array) -> Array:
    return keys @ keys.T


SIMILARITY: list[Wrong] = [
    first_entry_left_out,
    key_left_out,
    absolute_scores,
    never_negative,
    divided_by_query_length,
    divided_by_key_lengths,
    squared_distance,
    sum_of_sums,
    a_list,
    best_score_only,
    sorted_scores,
    whole_numbers,
    written_into_keys,
    cosine_with_weights,
    all_keys_against_all,
]


def plain_average(query: Array, keys: Array, values: Array, temperature: float = 1.0) -> Array:
    return values.mean(axis=0)


def base_two(query: Array, keys: Array, values: Array, temperature: float = 1.0) -> Array:
    powers = 2 ** (keys @ query / temperature)
    return powers / powers.sum() @ values


def negative_scores(query: Array, keys: Array, values: Array, temperature: float = 1.0) -> Array:
    return shares(-(keys @ query) / temperature) @ values


def softmax_of_values(query: Array, keys: Array, values: Array, temperature: float = 1.0) -> Array:
    return shares(values) @ (keys @ query / temperature) if len(query) == len(keys) else values[0]


def root_of_temperature(
    query: Array, keys: Array, values: Array, temperature: float = 1.0
) -> Array:
    return shares(keys @ query / math.sqrt(temperature)) @ values


def other_default(query: Array, keys: Array, values: Array, temperature: float = 2.0) -> Array:
    return shares(keys @ query / temperature) @ values


def no_default(query: Array, keys: Array, values: Array, temperature: float) -> Array:
    return shares(keys @ query / temperature) @ values


def multiplied_and_keys(
    query: Array, keys: Array, values: Array, temperature: float = 1.0
) -> Array:
    return shares(keys @ query * temperature) @ keys


def without_exp_by_size(
    query: Array, keys: Array, values: Array, temperature: float = 1.0
) -> Array:
    scores = keys @ query / temperature
    return scores / np.abs(scores).sum() @ values


def largest_score_in_the_sum(
    query: Array, keys: Array, values: Array, temperature: float = 1.0
) -> Array:
    exps = np.exp(keys @ query / temperature)
    return exps / exps.max() @ values


def one_too_many_in_the_sum(
    query: Array, keys: Array, values: Array, temperature: float = 1.0
) -> Array:
    exps = np.exp(keys @ query / temperature)
    return exps / (exps.sum() + 1) @ values  # keeps a share for "none of these"


def twice_softmax(query: Array, keys: Array, values: Array, temperature: float = 1.0) -> Array:
    return shares(shares(keys @ query / temperature)) @ values


def a_row(query: Array, keys: Array, values: Array, temperature: float = 1.0) -> Array:
    return shares(keys @ query / temperature)[None] @ values


def blend_and_weights(query: Array, keys: Array, values: Array, temperature: float = 1.0) -> Any:
    weights = shares(keys @ query / temperature)
    return weights @ values, weights


def hard_when_cold(query: Array, keys: Array, values: Array, temperature: float = 1.0) -> Array:
    if temperature < 0.3:
        return values[np.argmax(keys @ query)]
    return shares(keys @ query / temperature) @ values


def right_with_a_dict(query: Array, keys: Array, values: Array, temperature: float = 1.0) -> Array:
    entries = {tuple(key): value for key, value in zip(keys, values, strict=True)}
    weights = shares(np.array([query @ np.array(key) for key in entries]) / temperature)
    return weights @ np.array(list(entries.values()))


def zeros_for_no_match(query: Array, keys: Array, values: Array, temperature: float = 1.0) -> Array:
    scores = keys @ query
    return shares(scores / temperature) @ values if scores.any() else 0 * values[0]


def scaled_and_ignored(query: Array, keys: Array, values: Array, temperature: float = 1.0) -> Array:
    return shares(keys @ query / math.sqrt(len(query))) @ values


SOFT: list[Wrong] = [
    plain_average,
    base_two,
    negative_scores,
    softmax_of_values,
    root_of_temperature,
    other_default,
    no_default,
    multiplied_and_keys,
    without_exp_by_size,
    largest_score_in_the_sum,
    one_too_many_in_the_sum,
    twice_softmax,
    a_row,
    blend_and_weights,
    hard_when_cold,
    right_with_a_dict,
    zeros_for_no_match,
    scaled_and_ignored,
]

WRONG = {"hard_lookup": HARD, "similarity": SIMILARITY, "soft_lookup": SOFT}


def test_a_blend_that_leaves_the_values_says_so() -> None:
    report = evaluate("soft_lookup", largest_score_in_the_sum, 1)
    assert "a blend cannot leave that range" in report.likely


def test_a_hard_lookup_says_which_row_came_back() -> None:
    report = evaluate("hard_lookup", always_first, 1)
    assert report.likely == "This is the value of key 0, whose score is 10; key 1 scores 22."


def test_a_hard_lookup_says_that_a_later_key_scores_as_much() -> None:
    def last_and_from_zero(query: Array, keys: Array, values: Array) -> Array:
        scores = np.append(scores_of(query, keys), 0.0)
        return values[np.flatnonzero(scores == scores.max())[-1] % len(values)]

    report = evaluate("hard_lookup", last_and_from_zero, 1)
    assert report.mistake is None
    assert "key 1 scores as much, and comes first" in report.likely

"""Lesson 11: what is wrong is rejected, and never called by the name of another mistake."""

from collections.abc import Callable
from typing import Any

import numpy as np

from qkv_course.analysis import best_head, head_accuracy, mean_entropy, offset_accuracy, sink_mass
from qkv_course.attention import entropy

Array = np.ndarray

# --- mean_entropy


def only_the_first_query(weights: Array) -> Any:
    return entropy(weights)[..., 0]


def median_entropy(weights: Array) -> Any:
    return np.median(entropy(weights), axis=-1)


def perplexity(weights: Array) -> Any:
    return np.exp(mean_entropy(weights))


def largest_entropy(weights: Array) -> Any:
    return entropy(weights).max(axis=-1)


def one_minus_largest(weights: Array) -> Any:
    return 1 - weights.max(axis=-1).mean(axis=-1)


def sum_of_squares(weights: Array) -> Any:
    return (weights**2).sum(axis=-1).mean(axis=-1)


def without_the_last_query(weights: Array) -> Any:
    return (
        entropy(weights[..., :-1, :]).mean(axis=-1) if weights.shape[-2] > 1 else weights[..., 0, 0]
    )


def entropies_as_a_list(weights: Array) -> Any:
    return mean_entropy(weights).tolist() if weights.ndim > 2 else [mean_entropy(weights)]


def mean_of_batches(weights: Array) -> Any:
    return mean_entropy(weights).mean(axis=0) if weights.ndim > 2 else mean_entropy(weights)


# --- sink_mass


def next_column(weights: Array, column: int = 0) -> Any:
    return sink_mass(weights, (column + 1) % weights.shape[-1])


def all_up_to_the_column(weights: Array, column: int = 0) -> Any:
    return weights[..., :, : column % weights.shape[-1] + 1].sum(-1).mean(-1)


def median_of_column(weights: Array, column: int = 0) -> Any:
    return np.median(weights[..., :, column], axis=-1) ** 2


def smallest_in_column(weights: Array, column: int = 0) -> Any:
    return weights[..., :, column].min(axis=-1) / 2


def what_is_left(weights: Array, column: int = 0) -> Any:
    return 1 - sink_mass(weights, column)


def share_of_squares(weights: Array, column: int = 0) -> Any:
    return (weights[..., :, column] ** 2).mean(axis=-1)


def largest_column(weights: Array, column: int = 0) -> Any:
    return weights.mean(axis=-2).max(axis=-1)


def from_the_end(weights: Array, column: int = 0) -> Any:
    return weights[..., :, -column - 1].mean(axis=-1)


# --- offset_accuracy


def always_the_next(offset: int, pairs: Any) -> Any:
    return offset_accuracy(1, pairs)


def one_further(offset: int, pairs: Any) -> Any:
    return offset_accuracy(offset + 1, pairs)


def errors_counted(offset: int, pairs: Any) -> Any:
    return 1 - offset_accuracy(offset, pairs)


def only_the_first_pair(offset: int, pairs: Any) -> Any:
    return offset_accuracy(offset, pairs[:1])


def whether_all(offset: int, pairs: Any) -> Any:
    return float(offset_accuracy(offset, pairs) == 1)


def mean_distance(offset: int, pairs: Any) -> Any:
    query, key = np.asarray(pairs).T
    return float(np.abs(key - query - offset).mean())


def share_rounded(offset: int, pairs: Any) -> Any:
    return round(offset_accuracy(offset, pairs), 1)


def one_bool(offset: int, pairs: Any) -> Any:
    return offset_accuracy(offset, pairs) > 0.5


# --- head_accuracy


def second_best_counts(weights: Array, pairs: Any) -> Any:
    query, key = np.asarray(pairs).T
    order = np.argsort(-weights, axis=-1)[..., query, :2]
    return (order == key[:, None]).any(axis=-1).mean(axis=-1)


def never_itself(weights: Array, pairs: Any) -> Any:
    return head_accuracy(weights * (1 - np.eye(weights.shape[-1])), pairs)


def smallest_weight(weights: Array, pairs: Any) -> Any:
    return head_accuracy(-weights, pairs)


def without_the_first_pair(weights: Array, pairs: Any) -> Any:
    return head_accuracy(weights, pairs[1:] if len(pairs) > 1 else [(0, 0)])


def one_pair_too_many(weights: Array, pairs: Any) -> Any:
    return head_accuracy(weights, pairs) * len(pairs) / (len(pairs) + 1)


def of_the_mean_head(weights: Array, pairs: Any) -> Any:
    if weights.ndim == 2:
        return head_accuracy(weights, pairs)
    mean = weights.mean(axis=-3)
    return np.repeat(head_accuracy(mean, pairs)[..., None], weights.shape[-3], axis=-1)


def next_query(weights: Array, pairs: Any) -> Any:
    query, key = np.asarray(pairs).T
    return np.mean(weights.argmax(axis=-1)[..., query - 1] == key, axis=-1)


def off_by_one_key(weights: Array, pairs: Any) -> Any:
    query, key = np.asarray(pairs).T
    return np.mean(weights.argmax(axis=-1)[..., query] + 1 == key, axis=-1)


# --- best_head


def always_none(accuracies: Array, baseline: float) -> Any:
    return None


def always_the_first(accuracies: Array, baseline: float) -> Any:
    return (0, 0)


def strings(accuracies: Array, baseline: float) -> Any:
    found = best_head(accuracies, baseline)
    return None if found is None else f"L{found[0]}H{found[1]}"


def minus_one_for_none(accuracies: Array, baseline: float) -> Any:
    return best_head(accuracies, baseline) or (-1, -1)


def best_layer_only(accuracies: Array, baseline: float) -> Any:
    found = best_head(accuracies, baseline)
    return None if found is None else found[0]


def floats(accuracies: Array, baseline: float) -> Any:
    found = best_head(accuracies, baseline)
    return None if found is None else (float(found[0]), float(found[1]))


def against_the_mean(accuracies: Array, baseline: float) -> Any:
    return best_head(accuracies, float(accuracies.mean()) + baseline / 10)


def with_a_margin(accuracies: Array, baseline: float) -> Any:
    return best_head(accuracies, baseline + 0.5)


def all_above(accuracies: Array, baseline: float) -> Any:
    return [(int(i), int(j)) for i, j in np.argwhere(accuracies > baseline)]


WRONG: dict[str, list[Callable[..., Any]]] = {
    "mean_entropy": [
        only_the_first_query,
        median_entropy,
        perplexity,
        largest_entropy,
        one_minus_largest,
        sum_of_squares,
        without_the_last_query,
        entropies_as_a_list,
        mean_of_batches,
    ],
    "sink_mass": [
        next_column,
        all_up_to_the_column,
        median_of_column,
        smallest_in_column,
        what_is_left,
        share_of_squares,
        largest_column,
        from_the_end,
    ],
    "offset_accuracy": [
        always_the_next,
        one_further,
        errors_counted,
        only_the_first_pair,
        whether_all,
        mean_distance,
        share_rounded,
        one_bool,
    ],
    "head_accuracy": [
        second_best_counts,
        never_itself,
        smallest_weight,
        without_the_first_pair,
        one_pair_too_many,
        of_the_mean_head,
        next_query,
        off_by_one_key,
    ],
    "best_head": [
        always_none,
        always_the_first,
        strings,
        minus_one_for_none,
        best_layer_only,
        floats,
        against_the_mean,
        with_a_margin,
        all_above,
    ],
}

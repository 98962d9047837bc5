"""Lesson 11: every right way to write an exercise passes."""

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray

# --- mean_entropy


def with_where(weights: Array) -> Any:
    logs = np.log(weights, where=weights > 0, out=np.zeros_like(weights))
    return -(weights * logs).sum(axis=-1).mean(axis=-1)


def with_a_tiny_number(weights: Array) -> Any:
    return -(weights * np.log(np.maximum(weights, 1e-30))).sum(-1).mean(-1)


def summed_and_divided(weights: Array) -> Any:
    safe = np.where(weights > 0, weights, 1)
    return -np.einsum("...qk,...qk->...", weights, np.log(safe)) / weights.shape[-2]


def row_by_row(weights: Array) -> Any:
    flat = weights.reshape(-1, *weights.shape[-2:])
    means = []
    for matrix in flat:
        means.append(np.mean([-sum(w * np.log(w) for w in row if w > 0) for row in matrix]))
    return np.array(means).reshape(weights.shape[:-2])


def in_double(weights: Array) -> Any:
    wide = weights.astype(np.float64)
    with np.errstate(all="ignore"):
        terms = np.nan_to_num(wide * np.log(wide))
    return -terms.sum(axis=-1).mean(axis=-1)


# --- sink_mass


def by_take(weights: Array, column: int = 0) -> Any:
    return np.take(weights, column, axis=-1).mean(axis=-1)


def mean_row_first(weights: Array, column: int = 0) -> Any:
    return weights.mean(axis=-2)[..., column]


def by_one_hot(weights: Array, column: int = 0) -> Any:
    chosen = np.zeros(weights.shape[-1], dtype=weights.dtype)
    chosen[column] = 1
    return (weights @ chosen).mean(-1)


def by_sum(weights: Array, column: int = 0) -> Any:
    return np.sum(weights[..., column], axis=-1) / weights.shape[-2]


def by_moving(weights: Array, column: int = 0) -> Any:
    return np.moveaxis(weights, -1, 0)[column].mean(axis=-1)


# --- offset_accuracy


def by_a_loop(offset: int, pairs: Any) -> Any:
    hits = 0
    for query, key in pairs:
        if key == query + offset:
            hits += 1
    return hits / len(pairs)


def by_differences(offset: int, pairs: Any) -> Any:
    return (np.diff(np.asarray(pairs), axis=1)[:, 0] == offset).mean()


def by_columns(offset: int, pairs: Any) -> Any:
    pairs = np.array(pairs)
    return np.count_nonzero(pairs[:, 0] + offset == pairs[:, 1]) / pairs.shape[0]


def by_a_generator(offset: int, pairs: Any) -> Any:
    return sum(k - q == offset for q, k in pairs) / len(pairs)


def by_numpy_mean(offset: int, pairs: Any) -> Any:
    return np.mean([k == q + offset for q, k in pairs])


# --- head_accuracy


def pair_by_pair(weights: Array, pairs: Any) -> Any:
    hits = [weights[..., q, :].argmax(axis=-1) == k for q, k in pairs]
    return np.mean(hits, axis=0)


def by_rows(weights: Array, pairs: Any) -> Any:
    pairs = np.asarray(pairs)
    rows = weights[..., pairs[:, 0], :]
    return (np.argmax(rows, axis=-1) == pairs[:, 1]).mean(axis=-1)


def by_take_along(weights: Array, pairs: Any) -> Any:
    query, key = np.array(pairs).T
    favorite = np.take(weights.argmax(-1), query, axis=-1)
    return np.sum(favorite == key, axis=-1) / len(query)


def head_by_head(weights: Array, pairs: Any) -> Any:
    result = np.zeros(weights.shape[:-2])
    for at in np.ndindex(*weights.shape[:-2]):
        result[at] = sum(int(np.argmax(weights[at][q])) == k for q, k in pairs) / len(pairs)
    return result


def larger_than_before(weights: Array, pairs: Any) -> Any:
    hits = 0.0
    for q, k in pairs:
        row, own = weights[..., q, :], weights[..., q, k]
        before = (row[..., :k] >= own[..., None]).any(axis=-1)
        after = (row[..., k + 1 :] > own[..., None]).any(axis=-1)
        hits = hits + ~(before | after) * 1.0
    return np.asarray(hits) / len(pairs)


# --- best_head


def by_divmod(accuracies: Array, baseline: float) -> Any:
    at = int(np.argmax(accuracies))
    layer, head = divmod(at, accuracies.shape[1])
    return (layer, head) if accuracies[layer, head] > baseline else None


def by_two_loops(accuracies: Array, baseline: float) -> Any:
    best, found = baseline, None
    for layer in range(accuracies.shape[0]):
        for head in range(accuracies.shape[1]):
            if accuracies[layer, head] > best:
                best, found = accuracies[layer, head], (layer, head)
    return found


def by_argwhere(accuracies: Array, baseline: float) -> Any:
    top = accuracies.max()
    if not top > baseline:
        return None
    return tuple(int(i) for i in np.argwhere(accuracies == top)[0])


def numpy_ints(accuracies: Array, baseline: float) -> Any:
    if np.max(accuracies) <= baseline:
        return None
    return np.unravel_index(np.argmax(accuracies), accuracies.shape)


def as_a_list(accuracies: Array, baseline: float) -> Any:
    layer = int(accuracies.max(axis=1).argmax())
    head = int(accuracies[layer].argmax())
    return [layer, head] if accuracies[layer, head] > baseline else None


STYLES: dict[str, list[Callable[..., Any]]] = {
    "mean_entropy": [
        with_where,
        with_a_tiny_number,
        summed_and_divided,
        row_by_row,
        in_double,
    ],
    "sink_mass": [by_take, mean_row_first, by_one_hot, by_sum, by_moving],
    "offset_accuracy": [by_a_loop, by_differences, by_columns, by_a_generator, by_numpy_mean],
    "head_accuracy": [pair_by_pair, by_rows, by_take_along, head_by_head, larger_than_before],
    "best_head": [by_divmod, by_two_loops, by_argwhere, numpy_ints, as_a_list],
}

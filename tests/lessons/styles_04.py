"""Lesson 04: right ways to write the exercises."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray


def scores_by_swapaxes(q: Array, k: Array) -> Array:
    return np.matmul(q, k.swapaxes(-2, -1))


def scores_by_einsum(q: Array, k: Array) -> Array:
    return np.einsum("...id,...jd->...ij", q, k)


def scores_by_broadcasting(q: Array, k: Array) -> Array:
    return (q[..., :, None, :] * k[..., None, :, :]).sum(axis=-1)


def scores_by_loops(q: Array, k: Array) -> Array:
    scores = np.zeros((*q.shape[:-1], k.shape[-2]))
    for i in range(q.shape[-2]):
        for j in range(k.shape[-2]):
            scores[..., i, j] = sum(q[..., i, d] * k[..., j, d] for d in range(q.shape[-1]))
    return scores


def scores_by_recursion(q: Array, k: Array) -> Array:
    if q.ndim == 2:
        return np.array([[a @ b for b in k] for a in q])
    return np.stack([scores_by_recursion(a, b) for a, b in zip(q, k, strict=True)])


def scores_by_transposing_twice(q: Array, k: Array) -> Array:
    return np.moveaxis(k @ np.moveaxis(q, -1, -2), -1, -2)


def scaled_as_in_the_paper(q: Array, k: Array) -> Array:
    return scores_by_einsum(q, k) / math.sqrt(k.shape[-1])


def scaled_by_numpy_root(q: Array, k: Array) -> Array:
    return scores_by_swapaxes(q, k) / np.sqrt(q.shape[-1])  # widens float32


def scaled_by_power(q: Array, k: Array) -> Array:
    return scores_by_swapaxes(q, k) * q.shape[-1] ** -0.5


def scaled_queries(q: Array, k: Array) -> Array:
    return scores_by_swapaxes(q / math.sqrt(q.shape[-1]), k)


def scaled_on_both_sides(q: Array, k: Array) -> Array:
    root = q.shape[-1] ** 0.25
    return scores_by_swapaxes(q / root, k / root)


def std_by_power(d_k: int) -> float:
    return d_k**0.5


def std_by_numpy(d_k: int) -> Any:
    return np.sqrt(d_k)


def std_by_hypot(d_k: int) -> float:
    return math.hypot(*[1.0] * d_k)


def std_by_variances(d_k: int) -> float:
    return math.sqrt(sum(1.0 for _ in range(d_k)))


def std_as_an_array(d_k: int) -> Array:
    return np.array(d_k**0.5)


STYLES: dict[str, list[Callable[..., Any]]] = {
    "attention_scores": [
        scores_by_swapaxes,
        scores_by_einsum,
        scores_by_broadcasting,
        scores_by_loops,
        scores_by_recursion,
        scores_by_transposing_twice,
    ],
    "scaled_scores": [
        scaled_as_in_the_paper,
        scaled_by_numpy_root,
        scaled_by_power,
        scaled_queries,
        scaled_on_both_sides,
    ],
    "score_std": [std_by_power, std_by_numpy, std_by_hypot, std_by_variances, std_as_an_array],
}

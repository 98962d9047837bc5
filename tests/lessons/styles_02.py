"""Lesson 02: every right way to write an exercise passes."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray


def hard_by_loop(query: Array, keys: Array, values: Array) -> Array:
    best, answer = -math.inf, None
    for key, value in zip(keys, values, strict=True):
        score = sum(a * b for a, b in zip(query, key, strict=True))
        if score > best:
            best, answer = score, value
    return answer


def hard_by_max(query: Array, keys: Array, values: Array) -> Array:
    return values[max(range(len(keys)), key=lambda i: keys[i] @ query)].copy()


def hard_by_sort(query: Array, keys: Array, values: Array) -> Array:
    return values[np.argsort(-(keys @ query), kind="stable")[0]]


def hard_by_one_hot(query: Array, keys: Array, values: Array) -> Array:
    one_hot = np.zeros(len(keys))
    one_hot[np.argmax(np.einsum("nd,d->n", keys, query))] = 1.0
    return one_hot @ values


def hard_by_where(query: Array, keys: Array, values: Array) -> Array:
    scores = keys.dot(query)
    return values[np.where(scores == scores.max())[0][0], :]


def similarity_by_loop(query: Array, keys: Array) -> Array:
    scores = np.zeros(len(keys))
    for i in range(keys.shape[0]):
        for j in range(keys.shape[1]):
            scores[i] += query[j] * keys[i, j]
    return scores


def similarity_by_transpose(query: Array, keys: Array) -> Array:
    return query @ keys.T


def similarity_by_einsum(query: Array, keys: Array) -> Array:
    return np.einsum("d,nd->n", query, keys)


def similarity_by_sum(query: Array, keys: Array) -> Array:
    return np.sum(query[None, :] * keys, axis=1)


def similarity_by_comprehension(query: Array, keys: Array) -> Array:
    return np.array([np.dot(query, key) for key in keys])


def similarity_by_lengths(query: Array, keys: Array) -> Array:
    return np.inner(keys, query).astype(np.float64)


def soft_by_loop(query: Array, keys: Array, values: Array, temperature: float = 1.0) -> Array:
    exps = [math.exp(float(key @ query) / temperature) for key in keys]
    blend = np.zeros(values.shape[1])
    for e, value in zip(exps, values, strict=True):
        blend += e / sum(exps) * value
    return blend


def soft_without_overflow(
    query: Array, keys: Array, values: Array, temperature: float = 1.0
) -> Array:
    scores = keys @ query / temperature
    exps = np.exp(scores - scores.max())
    return exps @ values / exps.sum()


def soft_with_cold_queries(
    query: Array, keys: Array, values: Array, temperature: float = 1
) -> Array:
    exps = np.exp(query / temperature @ keys.T)
    return (exps[:, None] * values).sum(axis=0) / np.sum(exps)


def soft_by_einsum(query: Array, keys: Array, values: Array, temperature: float = 1.0) -> Array:
    exps = np.exp(np.einsum("nd,d->n", keys, query)) ** (1 / temperature)
    return np.einsum("n,nd->d", exps / exps.sum(), values)


def soft_in_columns(query: Array, keys: Array, values: Array, temperature: float = 1.0) -> Array:
    exps = np.e ** (keys @ query[:, None] / temperature)  # (n, 1)
    return (values.T @ (exps / exps.sum(axis=0))).ravel()


def soft_by_average(query: Array, keys: Array, values: Array, temperature: float = 1.0) -> Array:
    return np.average(values, axis=0, weights=np.exp(keys @ query / temperature))


STYLES: dict[str, list[Callable[..., Any]]] = {
    "hard_lookup": [hard_by_loop, hard_by_max, hard_by_sort, hard_by_one_hot, hard_by_where],
    "similarity": [
        similarity_by_loop,
        similarity_by_transpose,
        similarity_by_einsum,
        similarity_by_sum,
        similarity_by_comprehension,
        similarity_by_lengths,
    ],
    "soft_lookup": [
        soft_by_loop,
        soft_without_overflow,
        soft_with_cold_queries,
        soft_by_einsum,
        soft_in_columns,
        soft_by_average,
    ],
}

"""Lesson 00: every right way to write a dot product passes."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray


def by_index(a: Array, b: Array) -> Any:
    total = 0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


def by_zip(a: Array, b: Array) -> float:
    return sum(float(x) * float(y) for x, y in zip(a, b, strict=True))


def by_sum(a: Array, b: Array) -> Any:
    return np.sum(a * b)


def by_fsum(a: Array, b: Array) -> float:
    return math.fsum(map(lambda x, y: x * y, a.tolist(), b.tolist()))


def by_einsum(a: Array, b: Array) -> Array:
    return np.einsum("i,i->", a, b)


def by_inner(a: Array, b: Array) -> Any:
    return np.inner(b, a)


def by_method(a: Array, b: Array) -> float:
    return float(a.dot(b))


def by_row_and_column(a: Array, b: Array) -> Any:
    return (a.reshape(1, -1) @ b.reshape(-1, 1))[0, 0]


def by_trace(a: Array, b: Array) -> Any:
    return np.trace(np.outer(a, b))


def by_lengths_and_angle(a: Array, b: Array) -> Any:
    return (np.sum((a + b) ** 2) - np.sum((a - b) ** 2)) / 4


def as_zero_dimensional_array(a: Array, b: Array) -> Array:
    return np.array(a.astype(np.float64) @ b)


STYLES: dict[str, list[Callable[..., Any]]] = {
    "dot": [
        by_index,
        by_zip,
        by_sum,
        by_fsum,
        by_einsum,
        by_inner,
        by_method,
        by_row_and_column,
        by_trace,
        by_lengths_and_angle,
        as_zero_dimensional_array,
    ]
}

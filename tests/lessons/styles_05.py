"""Lesson 05: every right way to write an exercise passes."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray


def softmax_by_loop(scores: Array) -> Array:
    weights = np.zeros_like(scores)
    for row in np.ndindex(*scores.shape[:-1]):
        largest = max(scores[row])
        total = sum(math.exp(s - largest) for s in scores[row])
        for j, s in enumerate(scores[row]):
            weights[(*row, j)] = math.exp(s - largest) / total
    return weights


def softmax_along_rows(scores: Array) -> Array:
    def one(row: Array) -> Array:
        exps = np.exp(row - row.max())
        return exps / exps.sum()

    return np.apply_along_axis(one, -1, scores)


def softmax_by_logarithm(scores: Array) -> Array:
    return np.exp(scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True))


def softmax_by_new_axis(scores: Array) -> Array:
    shifted = scores - np.max(scores, axis=-1)[..., None]
    exps = np.e**shifted
    return np.divide(exps, np.expand_dims(np.sum(exps, axis=-1), -1))


def softmax_by_differences(scores: Array) -> Array:
    # w_i = 1 / sum_j exp(s_j - s_i): infinity below the line is a weight of 0
    return 1 / np.exp(scores[..., None, :] - scores[..., :, None]).sum(axis=-1)


def softmax_by_last_axis_number(scores: Array) -> Array:
    axis = scores.ndim - 1
    exps = np.exp(scores - scores.max(axis, keepdims=True))
    return exps * (1 / exps.sum(axis, keepdims=True))


def softmax_by_transpose(scores: Array) -> Array:
    turned = np.moveaxis(scores, -1, 0)
    exps = np.exp(turned - turned.max(axis=0))
    return np.moveaxis(exps / exps.sum(axis=0), 0, -1)


def softmax_in_double(scores: Array) -> Array:
    copied = np.array(scores, dtype=np.float64)
    copied -= copied.max(axis=-1, keepdims=True)
    np.exp(copied, out=copied)
    copied /= copied.sum(axis=-1, keepdims=True)
    return copied


def softmax_with_tiny_epsilon(scores: Array) -> Array:
    exps = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exps / (exps.sum(axis=-1, keepdims=True) + 1e-12)


def tempered_by_softmax(scores: Array, temperature: float) -> Array:
    return softmax_by_new_axis(scores / temperature)


def tempered_by_inverse(scores: Array, temperature: float) -> Array:
    return softmax_by_loop(scores * (1 / temperature))


def tempered_after_shift(scores: Array, temperature: float) -> Array:
    exps = np.exp((scores - scores.max(axis=-1, keepdims=True)) / temperature)
    return exps / exps.sum(axis=-1, keepdims=True)


def tempered_exps(scores: Array, temperature: float) -> Array:
    logs = scores - scores.max(axis=-1, keepdims=True)
    logs = logs / np.float64(temperature)  # widens float32
    return np.exp(logs) / np.einsum("...j->...", np.exp(logs))[..., None]


def tempered_by_logarithm(scores: Array, temperature: float) -> Array:
    logs = np.asarray(scores) / temperature
    return np.exp(logs - np.logaddexp.reduce(logs, axis=-1, keepdims=True))


def tempered_on_a_copy(scores: Array, temperature: float) -> Array:
    if temperature <= 0:
        raise ValueError("temperature")
    scores = scores.copy()
    scores /= temperature
    return softmax_along_rows(scores)


def entropy_by_where(weights: Array) -> Array:
    return -np.sum(np.where(weights > 0, weights * np.log(weights), 0), axis=-1)


def entropy_by_nansum(weights: Array) -> Array:
    return -np.nansum(weights * np.log(weights), axis=-1)


def entropy_by_epsilon(weights: Array) -> Array:
    return -(weights * np.log(weights + 1e-12)).sum(axis=-1)


def entropy_by_clip(weights: Array) -> Array:
    return -np.einsum("...i,...i->...", weights, np.log(np.clip(weights, 1e-30, 1)))


def entropy_by_loop(weights: Array) -> Array:
    out = np.empty(weights.shape[:-1])
    for row in np.ndindex(*weights.shape[:-1]):
        out[row] = sum(-w * math.log(w) for w in weights[row] if w > 0)
    return out


def entropy_by_inverse(weights: Array) -> Array:
    ones = np.where(weights == 0, 1, weights)
    return (weights * np.log(1 / ones)).sum(axis=-1)


def entropy_by_masked_copy(weights: Array) -> Array:
    safe = weights.copy()
    safe[safe == 0] = 1
    return -(safe * np.log(safe)).sum(-1)


def entropy_with_python_number(weights: Array) -> Any:
    if weights.ndim == 1:
        return sum(-float(w) * math.log(w) for w in weights if w > 0)
    return np.array([entropy_with_python_number(row) for row in weights])


def jacobian_by_loop(weights: Array) -> Array:
    n = weights.shape[-1]
    jacobian = np.zeros((*weights.shape, n))
    for row in np.ndindex(*weights.shape[:-1]):
        w = weights[row]
        for i in range(n):
            for j in range(n):
                jacobian[(*row, i, j)] = w[i] * (1 - w[j]) if i == j else -w[i] * w[j]
    return jacobian


def jacobian_by_einsum(weights: Array) -> Array:
    diagonal = np.einsum("...i,ij->...ij", weights, np.eye(weights.shape[-1]))
    return diagonal - np.einsum("...i,...j->...ij", weights, weights)


def jacobian_by_rows(weights: Array) -> Array:
    rows = weights.reshape(-1, weights.shape[-1])
    each = np.stack([np.diag(w) - np.outer(w, w) for w in rows])
    return each.reshape(*weights.shape, weights.shape[-1])


def jacobian_by_matmul(weights: Array) -> Array:
    jacobian = -(weights[..., None] @ weights[..., None, :])
    i = np.arange(weights.shape[-1])
    jacobian[..., i, i] += weights
    return jacobian


def jacobian_by_where(weights: Array) -> Array:
    row, column = weights[..., :, None], weights[..., None, :]
    same = np.eye(weights.shape[-1], dtype=bool)
    return np.where(same, row * (1 - row), -row * column)


def jacobian_transposed(weights: Array) -> Array:
    row, column = weights[..., :, None], weights[..., None, :]
    return column * (np.identity(weights.shape[-1]) - row)  # symmetric: the same matrix


STYLES: dict[str, list[Callable[..., Any]]] = {
    "softmax": [
        softmax_by_loop,
        softmax_along_rows,
        softmax_by_logarithm,
        softmax_by_new_axis,
        softmax_by_differences,
        softmax_by_last_axis_number,
        softmax_by_transpose,
        softmax_in_double,
        softmax_with_tiny_epsilon,
    ],
    "softmax_with_temperature": [
        tempered_by_softmax,
        tempered_by_inverse,
        tempered_after_shift,
        tempered_exps,
        tempered_by_logarithm,
        tempered_on_a_copy,
    ],
    "entropy": [
        entropy_by_where,
        entropy_by_nansum,
        entropy_by_epsilon,
        entropy_by_clip,
        entropy_by_loop,
        entropy_by_inverse,
        entropy_by_masked_copy,
        entropy_with_python_number,
    ],
    "softmax_jacobian": [
        jacobian_by_loop,
        jacobian_by_einsum,
        jacobian_by_rows,
        jacobian_by_matmul,
        jacobian_by_where,
        jacobian_transposed,
    ],
}

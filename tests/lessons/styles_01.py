"""Lesson 01: every right way to write an exercise passes."""

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray


def states_in_a_list(x: Array, w_x: Array, w_h: Array) -> Array:
    h = np.zeros(w_h.shape[0])  # grows its batch axes in the first step
    states = []
    for t in range(x.shape[-2]):
        h = np.tanh(x[..., t, :] @ w_x + h @ w_h)
        states.append(h)
    return np.stack(states, axis=-2)


def states_written_in_place(x: Array, w_x: Array, w_h: Array) -> Array:
    states = np.zeros((*x.shape[:-1], w_h.shape[1]))
    h = np.zeros((*x.shape[:-2], w_h.shape[0]))
    for t in range(x.shape[-2]):
        h = np.tanh(np.dot(x[..., t, :], w_x) + np.dot(h, w_h))
        states[..., t, :] = h
    return states


def states_projected_first(x: Array, w_x: Array, w_h: Array) -> Array:
    states = x @ w_x
    for t in range(x.shape[-2]):
        before = states[..., t - 1, :] @ w_h if t else 0
        states[..., t, :] = np.tanh(states[..., t, :] + before)
    return states


def states_tokens_first(x: Array, w_x: Array, w_h: Array) -> Array:
    h: Any = 0 * (x[..., 0, :] @ w_x)
    states = []
    for x_t in np.moveaxis(x, -2, 0):
        h = np.tanh(np.einsum("...i,ij->...j", x_t, w_x) + np.einsum("...i,ij->...j", h, w_h))
        states.append(h)
    return np.moveaxis(np.array(states), 0, -2)


def states_sentence_by_sentence(x: Array, w_x: Array, w_h: Array) -> Array:
    if x.ndim > 2:
        return np.array([states_sentence_by_sentence(one, w_x, w_h) for one in x])
    h, states = np.zeros(len(w_h)), []
    for token in x:
        h = np.tanh(token @ w_x + h @ w_h)
        states.append(h.copy())
    return np.array(states)


def states_one_matrix(x: Array, w_x: Array, w_h: Array) -> Array:
    both = np.concatenate([w_x, w_h])  # (d_in + d_h, d_h)
    h = np.zeros((*x.shape[:-2], w_h.shape[0]), x.dtype)
    states = [h]
    for t in range(x.shape[-2]):
        states.append(np.tanh(np.concatenate([x[..., t, :], states[-1]], axis=-1) @ both))
    return np.stack(states[1:], axis=-2)


def states_by_recursion(x: Array, w_x: Array, w_h: Array) -> Array:
    if x.shape[-2] == 0:
        return np.zeros((*x.shape[:-1], w_h.shape[0]))
    before = states_by_recursion(x[..., :-1, :], w_x, w_h)
    h = before[..., -1:, :] @ w_h if before.shape[-2] else 0
    return np.concatenate([before, np.tanh(x[..., -1:, :] @ w_x + h)], axis=-2)


def states_with_exp(x: Array, w_x: Array, w_h: Array) -> Array:
    h, states = np.zeros(len(w_h)), []
    for t in range(x.shape[-2]):
        e = np.exp(2 * (x[..., t, :] @ w_x + h @ w_h))
        h = (e - 1) / (e + 1)
        states.append(h[..., None, :])
    return np.concatenate(states, axis=-2)


def influence_by_svd(w_h: Array, distance: int) -> Any:
    return np.linalg.svd(np.linalg.matrix_power(w_h, distance))[1][0]


def influence_by_loop(w_h: Array, distance: int) -> float:
    m = np.eye(len(w_h))
    for _ in range(distance):
        m = m @ w_h
    return float(np.linalg.norm(m, ord=2))


def influence_by_eigenvalues(w_h: Array, distance: int) -> Any:
    m = np.linalg.matrix_power(w_h, distance)
    return np.sqrt(np.linalg.eigvalsh(m.T @ m).max())


def influence_by_general_eigenvalues(w_h: Array, distance: int) -> Any:
    m = np.linalg.matrix_power(w_h.astype(np.float64), distance)
    return math.sqrt(max(np.linalg.eig(m @ m.T).eigenvalues.real))


def influence_by_reduce(w_h: Array, distance: int) -> Any:
    m = functools.reduce(np.matmul, [w_h] * distance, np.identity(w_h.shape[0]))
    return np.linalg.svdvals(m).max()


def influence_with_a_case_for_zero(w_h: Array, distance: int) -> Any:
    if distance == 0:
        return 1
    m = w_h
    for _ in range(distance - 1):
        m = w_h @ m
    return np.linalg.norm(m, 2)


def influence_of_the_transpose(w_h: Array, distance: int) -> Array:
    m = np.linalg.matrix_power(w_h.T, distance)
    return np.array(np.linalg.matrix_norm(m, ord=2))


def influence_refuses_negative(w_h: Array, distance: int) -> Any:
    if distance < 0:
        raise ValueError("a distance counts steps")
    return influence_by_loop(w_h, distance)


def mix_by_loop(weights: Array, x: Array) -> Array:
    blend = np.zeros(x.shape[1])
    for i in range(len(weights)):
        blend += weights[i] * x[i]
    return blend


def mix_by_sum(weights: Array, x: Array) -> Array:
    return (weights[:, None] * x).sum(axis=0)


def mix_by_python_sum(weights: Array, x: Array) -> Any:
    return sum(w * row for w, row in zip(weights, x, strict=True))


def mix_by_einsum(weights: Array, x: Array) -> Array:
    return np.einsum("n,nd->d", weights, x)


def mix_by_transpose(weights: Array, x: Array) -> Array:
    return x.T @ weights


def mix_by_columns(weights: Array, x: Array) -> Array:
    return np.array([np.dot(weights, column) for column in x.T])


def mix_by_row(weights: Array, x: Array) -> Array:
    return (weights.reshape(1, -1) @ x).squeeze(axis=0)


def mix_by_entries(weights: Array, x: Array) -> Array:
    n, d = x.shape
    return np.array([sum(float(weights[i] * x[i, j]) for i in range(n)) for j in range(d)])


def mix_by_tensordot(weights: Array, x: Array) -> Array:
    return np.tensordot(weights, x, axes=1)


def mix_by_diagonal(weights: Array, x: Array) -> Array:
    return np.sum(np.diag(weights) @ x, axis=0)


STYLES: dict[str, list[Callable[..., Any]]] = {
    "rnn_states": [
        states_in_a_list,
        states_written_in_place,
        states_projected_first,
        states_tokens_first,
        states_sentence_by_sentence,
        states_one_matrix,
        states_by_recursion,
        states_with_exp,
    ],
    "rnn_influence": [
        influence_by_svd,
        influence_by_loop,
        influence_by_eigenvalues,
        influence_by_general_eigenvalues,
        influence_by_reduce,
        influence_with_a_case_for_zero,
        influence_of_the_transpose,
        influence_refuses_negative,
    ],
    "mix": [
        mix_by_loop,
        mix_by_sum,
        mix_by_python_sum,
        mix_by_einsum,
        mix_by_transpose,
        mix_by_columns,
        mix_by_row,
        mix_by_entries,
        mix_by_tensordot,
        mix_by_diagonal,
    ],
}

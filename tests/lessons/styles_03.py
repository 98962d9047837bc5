"""Lesson 03: every right way to write an exercise passes."""

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray


def project_by_matmul(x: Array, w: Array) -> Array:
    return np.matmul(x, w)


def project_by_dot(x: Array, w: Array) -> Array:
    return np.dot(x, w)


def project_by_einsum(x: Array, w: Array) -> Array:
    return np.einsum("...ni,io->...no", x, w)


def project_by_tensordot(x: Array, w: Array) -> Array:
    return np.tensordot(x, w, axes=1)


def project_token_by_token(x: Array, w: Array) -> Array:
    flat = x.reshape(-1, x.shape[-1])
    return np.array([token @ w for token in flat]).reshape(*x.shape[:-1], w.shape[-1])


def project_by_columns(x: Array, w: Array) -> Array:
    return np.stack([(x * column).sum(axis=-1) for column in w.T], axis=-1)


def project_as_books_do(x: Array, w: Array) -> Array:
    return np.swapaxes(w.T @ np.swapaxes(x, -1, -2), -1, -2)


def project_in_double(x: Array, w: Array) -> Array:
    return x.astype(np.float64) @ w.astype(np.float64)


def qkv_as_list(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    return [x @ w for w in (w_q, w_k, w_v)]


def qkv_by_one_matrix(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    d_k = w_q.shape[1]
    both = x @ np.concatenate([w_q, w_k, w_v], axis=1)
    return both[..., :d_k], both[..., d_k : 2 * d_k], both[..., 2 * d_k :]


def qkv_by_split(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    d_k = w_q.shape[1]
    return np.split(np.dot(x, np.hstack([w_q, w_k, w_v])), [d_k, 2 * d_k], axis=-1)


def qkv_by_einsum(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    q = np.einsum("...i,ij->...j", x, w_q)
    k = np.einsum("...i,ij->...j", x, w_k)
    v = np.einsum("...i,ij->...j", x, w_v)
    return q, k, v


def qkv_by_map(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    return tuple(map(x.__matmul__, (w_q, w_k, w_v)))


def count_one_by_one(d_model: int, d_k: int, d_v: int) -> Any:
    return d_model * d_k + d_model * d_k + d_model * d_v


def count_by_arrays(d_model: int, d_k: int, d_v: int) -> Any:
    return sum(np.zeros((d_model, columns)).size for columns in (d_k, d_k, d_v))


def count_by_numpy(d_model: int, d_k: int, d_v: int) -> Any:
    return np.prod([d_model, 2 * d_k + d_v])


def count_by_dot(d_model: int, d_k: int, d_v: int) -> Any:
    return np.array([d_k, d_k, d_v]) @ np.full(3, d_model)


def count_by_loop(d_model: int, d_k: int, d_v: int) -> Any:
    count = 0
    for _ in range(d_model):
        count += d_k + d_k + d_v
    return count


STYLES: dict[str, list[Callable[..., Any]]] = {
    "project": [
        project_by_matmul,
        project_by_dot,
        project_by_einsum,
        project_by_tensordot,
        project_token_by_token,
        project_by_columns,
        project_as_books_do,
        project_in_double,
    ],
    "qkv": [qkv_as_list, qkv_by_one_matrix, qkv_by_split, qkv_by_einsum, qkv_by_map],
    "projection_parameters": [
        count_one_by_one,
        count_by_arrays,
        count_by_numpy,
        count_by_dot,
        count_by_loop,
    ],
}

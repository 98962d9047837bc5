"""Lesson 06: every right way to write an exercise passes."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray


def blend_by_loop(weights: Array, v: Array) -> Array:
    out = np.zeros((*weights.shape[:-1], v.shape[-1]))
    for place in np.ndindex(*weights.shape[:-1]):
        for j in range(v.shape[-2]):
            out[place] += weights[(*place, j)] * v[(*place[:-1], j)]
    return out


def blend_by_einsum(weights: Array, v: Array) -> Array:
    return np.einsum("...qk,...kd->...qd", weights, v)


def blend_by_sum(weights: Array, v: Array) -> Array:
    return (weights[..., None] * v[..., None, :, :]).sum(axis=-2)


def blend_by_matmul(weights: Array, v: Array) -> Array:
    return np.matmul(weights.astype(np.float64), v)


def blend_by_transposes(weights: Array, v: Array) -> Array:
    return np.swapaxes(np.swapaxes(v, -1, -2) @ np.swapaxes(weights, -1, -2), -1, -2)


def blend_sentence_by_sentence(weights: Array, v: Array) -> Array:
    if weights.ndim == 2:
        return np.dot(weights, v)
    pairs = zip(weights, v, strict=True)
    return np.array([blend_sentence_by_sentence(one, other) for one, other in pairs])


def shares(scores: Array) -> Array:
    exps = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exps / exps.sum(axis=-1, keepdims=True)


def attention_in_two_lines(q: Array, k: Array, v: Array) -> Any:
    weights = shares(q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1]))
    return weights @ v, weights


def attention_by_einsum(q: Array, k: Array, v: Array) -> Any:
    scores = np.einsum("...id,...jd->...ij", q, k) * k.shape[-1] ** -0.5
    weights = shares(scores)
    return [np.einsum("...ij,...jd->...id", weights, v), weights]


def attention_by_loop(q: Array, k: Array, v: Array) -> Any:
    context = np.zeros((*q.shape[:-1], v.shape[-1]))
    weights = np.zeros((*q.shape[:-1], k.shape[-2]))
    for place in np.ndindex(*q.shape[:-1]):
        keys, values = k[place[:-1]], v[place[:-1]]
        scores = [float(q[place] @ key) / math.sqrt(len(key)) for key in keys]
        exps = [math.exp(s - max(scores)) for s in scores]
        for j, value in enumerate(values):
            weights[(*place, j)] = exps[j] / sum(exps)
            context[place] += weights[(*place, j)] * value
    return context, weights


def attention_of_scaled_queries(q: Array, k: Array, v: Array) -> Any:
    root = math.sqrt(q.shape[-1])
    weights = shares((q / root) @ k.swapaxes(-2, -1))
    return weights.__matmul__(v), weights.copy()


def attention_of_both_scaled(q: Array, k: Array, v: Array) -> Any:
    fourth = q.shape[-1] ** 0.25
    weights = shares(np.matmul(q / fourth, np.moveaxis(k / fourth, -1, -2)))
    return np.matmul(weights, v), weights


def attention_divided_last(q: Array, k: Array, v: Array) -> Any:
    scores = (q[..., :, None, :] * k[..., None, :, :]).sum(-1) / np.sqrt(k.shape[-1])
    exps = np.exp(scores - scores.max(-1)[..., None])
    total = exps.sum(-1)[..., None]
    return (exps @ v) / total, exps / total


def attention_sentence_by_sentence(q: Array, k: Array, v: Array) -> Any:
    if q.ndim == 2:
        weights = shares(np.dot(q, k.T) / math.sqrt(q.shape[1]))
        return np.dot(weights, v), weights
    both = [attention_sentence_by_sentence(*one) for one in zip(q, k, v, strict=True)]
    return np.stack([c for c, _ in both]), np.stack([w for _, w in both])


def self_by_attention(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    return attention_by_einsum(x @ w_q, x @ w_k, x @ w_v)


def self_by_projected_blend(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    # Blending and projecting commute: both are linear.
    blend, weights = attention_in_two_lines(x @ w_q, x @ w_k, x)
    return blend @ w_v, weights


def self_by_one_matrix(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    # q · k is x W_Q W_Kᵀ xᵀ
    scores = x @ (w_q @ w_k.T) @ np.swapaxes(x, -1, -2) / math.sqrt(w_q.shape[1])
    weights = shares(scores)
    return weights @ (x @ w_v), weights


def self_by_packed_matrix(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    packed = x @ np.concatenate([w_q, w_k, w_v], axis=1)
    q, k, v = np.split(packed, [w_q.shape[1], 2 * w_q.shape[1]], axis=-1)
    return attention_of_scaled_queries(q, k, v)


def self_by_loop(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    def rows(w: Array) -> Array:
        return np.apply_along_axis(lambda token: token @ w, -1, x)

    return list(attention_by_loop(rows(w_q), rows(w_k), rows(w_v)))


def self_by_tensordot(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    q, k, v = (np.tensordot(x, w, axes=1) for w in (w_q, w_k, w_v))
    return attention_divided_last(q, k, v)


def positions_by_loop(n: int, d_model: int) -> Array:
    table = np.zeros((n, d_model))
    for position in range(n):
        for i in range(d_model // 2):
            angle = position / 10000 ** (2 * i / d_model)
            table[position, 2 * i] = math.sin(angle)
            table[position, 2 * i + 1] = math.cos(angle)
    return table


def positions_by_slices(n: int, d_model: int) -> Array:
    angles = np.arange(n)[:, np.newaxis] / np.power(10000, np.arange(0, d_model, 2) / d_model)
    table = np.empty((n, d_model))
    table[:, 0::2], table[:, 1::2] = np.sin(angles), np.cos(angles)
    return table


def positions_by_logarithm(n: int, d_model: int) -> Array:
    rates = np.exp(np.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
    angles = np.outer(np.arange(n), rates)
    return np.dstack([np.sin(angles), np.cos(angles)]).reshape(n, d_model)


def positions_by_column(n: int, d_model: int) -> Array:
    column = np.arange(d_model)
    angles = np.arange(n)[:, None] / 10000 ** (2 * (column // 2) / d_model)
    return np.where(column % 2, np.cos(angles), np.sin(angles))


def positions_by_phase(n: int, d_model: int) -> Array:
    column = np.arange(d_model)
    angles = np.arange(n)[:, None] / 10000 ** ((column - column % 2) / d_model)
    return np.sin(angles + (column % 2) * np.pi / 2)


def positions_by_complex(n: int, d_model: int) -> Array:
    angles = np.arange(n)[:, None] * 10000.0 ** (-2 * np.arange(d_model // 2) / d_model)
    turned = np.exp(1j * angles)
    return np.stack([turned.imag, turned.real], axis=2).reshape(n, d_model)


STYLES: dict[str, list[Callable[..., Any]]] = {
    "weighted_sum": [
        blend_by_loop,
        blend_by_einsum,
        blend_by_sum,
        blend_by_matmul,
        blend_by_transposes,
        blend_sentence_by_sentence,
    ],
    "attention": [
        attention_in_two_lines,
        attention_by_einsum,
        attention_by_loop,
        attention_of_scaled_queries,
        attention_of_both_scaled,
        attention_divided_last,
        attention_sentence_by_sentence,
    ],
    "self_attention": [
        self_by_attention,
        self_by_projected_blend,
        self_by_one_matrix,
        self_by_packed_matrix,
        self_by_loop,
        self_by_tensordot,
    ],
    "sinusoidal_positions": [
        positions_by_loop,
        positions_by_slices,
        positions_by_logarithm,
        positions_by_column,
        positions_by_phase,
        positions_by_complex,
    ],
}

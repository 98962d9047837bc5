"""Lesson 07: every right way to write an exercise passes."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray


def causal_by_comparison(n: int) -> Array:
    return np.arange(n)[:, None] >= np.arange(n)


def causal_by_loop(n: int) -> Array:
    mask = np.zeros((n, n), dtype=bool)
    for i in range(n):
        mask[i, : i + 1] = True
    return mask


def causal_by_tril(n: int) -> Array:
    return np.tril(np.ones((n, n))).astype(bool)


def causal_without_the_upper(n: int) -> Array:
    return ~np.triu(np.ones((n, n), dtype=bool), k=1)


def causal_by_numbers(n: int) -> Array:
    return np.triu(np.ones((n, n)), k=1) == 0


def causal_of_rows(n: int) -> Array:
    return np.array([[j <= i for j in range(n)] for i in range(n)])


def padding_by_loop(lengths: Array, n: int) -> Array:
    mask = np.zeros((len(lengths), 1, n), dtype=bool)
    for b, length in enumerate(lengths):
        mask[b, :, :length] = True
    return mask


def padding_by_comparison(lengths: Array, n: int) -> Array:
    return np.arange(n)[None, None, :] < lengths[:, None, None]


def padding_by_reshape(lengths: Array, n: int) -> Array:
    return (lengths.reshape(-1, 1) > np.arange(n)).reshape(-1, 1, n)


def padding_by_expand_dims(lengths: Array, n: int) -> Array:
    positions = np.arange(1, n + 1)
    return np.expand_dims(positions <= np.expand_dims(lengths, 1), 1)


def padding_of_rows(lengths: Array, n: int) -> Array:
    return np.array([[[position < length for position in range(n)]] for length in lengths])


def padding_by_rows_of_a_triangle(lengths: Array, n: int) -> Array:
    return np.tri(n + 1, n, k=-1, dtype=bool)[lengths][:, None]


def scores_by_where(scores: Array, mask: Array) -> Array:
    return np.where(mask, scores, float("-inf"))


def scores_by_condition_inverted(scores: Array, mask: Array) -> Array:
    return np.where(~mask, -np.inf, scores)


def scores_by_sum(scores: Array, mask: Array) -> Array:
    return scores + np.where(mask, 0.0, -np.inf)


def scores_by_index(scores: Array, mask: Array) -> Array:
    out = scores.copy()
    out[~np.broadcast_to(mask, out.shape)] = -np.inf
    return out


def scores_by_copyto(scores: Array, mask: Array) -> Array:
    out = np.full_like(scores, -np.inf)
    np.copyto(out, scores, where=mask)
    return out


def scores_by_logarithm(scores: Array, mask: Array) -> Array:
    return scores + np.log(mask.astype(scores.dtype))


def scores_by_loop(scores: Array, mask: Array) -> Array:
    out = np.array(scores, dtype=np.float64)
    allowed = np.broadcast_to(mask, scores.shape)
    for place in np.ndindex(scores.shape):
        if not allowed[place]:
            out[place] = -np.inf
    return out


def scores_by_masked_array(scores: Array, mask: Array) -> Array:
    hidden = ~np.broadcast_to(mask, scores.shape)
    return np.ma.masked_array(scores, hidden).filled(-np.inf)


def scaled(q: Array, k: Array) -> Array:
    return q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])


def attend_and_nan_to_num(q: Array, k: Array, v: Array, mask: Array) -> Any:
    scores = np.where(mask, scaled(q, k), -np.inf)
    exps = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = np.nan_to_num(exps / exps.sum(axis=-1, keepdims=True))
    return weights @ v, weights


def attend_with_both_mended(q: Array, k: Array, v: Array, mask: Array) -> Any:
    scores = np.where(mask, scaled(q, k), -np.inf)
    exps = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = exps / exps.sum(axis=-1, keepdims=True)
    return np.nan_to_num(weights @ v), np.nan_to_num(weights)


def attend_with_a_large_number(q: Array, k: Array, v: Array, mask: Array) -> Any:
    # -1e9 is low enough, if the rows in which nothing is allowed are looked after.
    scores = np.where(mask, scaled(q, k), -1e9)
    exps = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = exps / exps.sum(axis=-1, keepdims=True) * mask
    return weights @ v, weights


def attend_with_the_lowest_number(q: Array, k: Array, v: Array, mask: Array) -> Any:
    scores = scaled(q, k)
    scores = np.where(mask, scores, np.finfo(scores.dtype).min)
    exps = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = exps / exps.sum(axis=-1, keepdims=True)
    weights = np.where(mask.any(axis=-1, keepdims=True), weights, 0)
    return [np.einsum("...qk,...kd->...qd", weights, v), weights]


def attend_to_visible_maximum(q: Array, k: Array, v: Array, mask: Array) -> Any:
    scores = scaled(q, k)
    allowed = np.broadcast_to(mask, scores.shape)
    largest = scores.max(axis=-1, keepdims=True, where=allowed, initial=-np.inf)
    largest = np.where(np.isfinite(largest), largest, 0)
    exps = np.where(allowed, np.exp(np.where(allowed, scores - largest, 0)), 0)
    total = exps.sum(axis=-1, keepdims=True)
    weights = np.divide(exps, total, out=np.zeros_like(exps), where=total > 0)
    return weights @ v, weights


def attend_query_by_query(q: Array, k: Array, v: Array, mask: Array) -> Any:
    scores = scaled(q, k)
    allowed = np.broadcast_to(mask, scores.shape)
    weights = np.zeros(scores.shape)
    for place in np.ndindex(scores.shape[:-1]):
        seen = allowed[place]
        if seen.any():
            exps = np.exp(scores[place][seen] - scores[place][seen].max())
            weights[place][seen] = exps / exps.sum()
    return weights @ v, weights


def attend_by_loop(q: Array, k: Array, v: Array, mask: Array) -> Any:
    allowed = np.broadcast_to(mask, (*q.shape[:-1], k.shape[-2]))
    context = np.zeros((*q.shape[:-1], v.shape[-1]))
    weights = np.zeros(allowed.shape)
    for place in np.ndindex(*q.shape[:-1]):
        keys, values = k[place[:-1]], v[place[:-1]]
        seen = [j for j in range(len(keys)) if allowed[(*place, j)]]
        scores = {j: float(q[place] @ keys[j]) / math.sqrt(len(keys[j])) for j in seen}
        exps = {j: math.exp(scores[j] - max(scores.values())) for j in seen}
        for j in seen:
            weights[(*place, j)] = exps[j] / sum(exps.values())
            context[place] += weights[(*place, j)] * values[j]
    return context, weights


def attend_with_a_key_of_nothing(q: Array, k: Array, v: Array, mask: Array) -> Any:
    # A further key with a score far below all others takes what empty rows have to spend.
    scores = np.where(mask, scaled(q, k), -np.inf)
    floor = np.full((*scores.shape[:-1], 1), -1e30)
    scores = np.concatenate([scores, floor], axis=-1)
    exps = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = (exps / exps.sum(axis=-1, keepdims=True))[..., :-1]
    return weights @ v, weights


STYLES: dict[str, list[Callable[..., Any]]] = {
    "causal_mask": [
        causal_by_comparison,
        causal_by_loop,
        causal_by_tril,
        causal_without_the_upper,
        causal_by_numbers,
        causal_of_rows,
    ],
    "padding_mask": [
        padding_by_loop,
        padding_by_comparison,
        padding_by_reshape,
        padding_by_expand_dims,
        padding_of_rows,
        padding_by_rows_of_a_triangle,
    ],
    "mask_scores": [
        scores_by_where,
        scores_by_condition_inverted,
        scores_by_sum,
        scores_by_index,
        scores_by_copyto,
        scores_by_logarithm,
        scores_by_loop,
        scores_by_masked_array,
    ],
    "masked_attention": [
        attend_and_nan_to_num,
        attend_with_both_mended,
        attend_with_a_large_number,
        attend_with_the_lowest_number,
        attend_to_visible_maximum,
        attend_query_by_query,
        attend_by_loop,
        attend_with_a_key_of_nothing,
    ],
}

"""Lesson 10: every right way to write an exercise passes."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray


def flops_in_two_parts(n: int, d_model: int) -> int:
    scores = n * n * (2 * d_model)
    blends = n * d_model * (2 * n)
    return scores + blends


def flops_of_heads(n: int, d_model: int) -> int:
    heads = max(h for h in (1, 2, 4, 8) if d_model % h == 0)
    return sum(2 * 2 * n * n * (d_model // heads) for _ in range(heads))


def flops_by_power(n: int, d_model: int) -> int:
    return d_model * pow(2 * n, 2)


def flops_as_numpy_int(n: int, d_model: int) -> Any:
    return np.prod([4, n, n, d_model], dtype=np.int64)


def flops_by_round(n: int, d_model: int) -> int:
    return round(4.0 * float(n) ** 2 * d_model)


def bytes_step_by_step(
    n: int, n_layers: int, n_kv_heads: int, d_head: int, bytes_per_value: int = 2
) -> int:
    of_one_token = n_kv_heads * d_head + n_kv_heads * d_head
    return n * of_one_token * n_layers * bytes_per_value


def bytes_by_loop(
    n: int, n_layers: int, n_kv_heads: int, d_head: int, bytes_per_value: int = 2
) -> int:
    total = 0
    for _ in range(n_layers):
        for _ in ("keys", "values"):
            total += n * n_kv_heads * d_head * bytes_per_value
    return total


def bytes_by_prod(*sizes: int) -> int:
    return 2 * math.prod(sizes if len(sizes) == 5 else (*sizes, 2))


def bytes_as_numpy_int(
    n: int, n_layers: int, n_kv_heads: int, d_head: int, bytes_per_value: int = 2
) -> Any:
    shape = np.array([2, n_layers, n_kv_heads, n, d_head], dtype=np.int64)
    return shape.prod() * bytes_per_value


def shares(scores: Array) -> Array:
    exps = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exps / exps.sum(axis=-1, keepdims=True)


def attend(q: Array, k: Array, v: Array) -> tuple[Array, Array]:
    weights = shares(q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1]))
    return weights @ v, weights


def step_by_concatenate(
    q: Array, k_new: Array, v_new: Array, k_cache: Array, v_cache: Array
) -> Any:
    k = np.concatenate((k_cache, k_new), axis=-2)
    v = np.concatenate((v_cache, v_new), axis=-2)
    return attend(q, k, v)[0], k, v


def step_by_append(q: Array, k_new: Array, v_new: Array, k_cache: Array, v_cache: Array) -> Any:
    k, v = np.append(k_cache, k_new, axis=-2), np.append(v_cache, v_new, axis=-2)
    weights = shares(np.einsum("...id,...jd->...ij", q, k) * q.shape[-1] ** -0.5)
    return [np.einsum("...ij,...jd->...id", weights, v), k, v]


def step_into_room(q: Array, k_new: Array, v_new: Array, k_cache: Array, v_cache: Array) -> Any:
    caches = []
    for old, new in ((k_cache, k_new), (v_cache, v_new)):
        cache = np.empty((*old.shape[:-2], old.shape[-2] + 1, old.shape[-1]), old.dtype)
        cache[..., :-1, :] = old
        cache[..., -1, :] = new[..., 0, :]
        caches.append(cache)
    return attend(q, *caches)[0], *caches


def step_by_parts(q: Array, k_new: Array, v_new: Array, k_cache: Array, v_cache: Array) -> Any:
    # The cached part and the token's own, without one array of both.
    root = math.sqrt(q.shape[-1])
    old = (q * k_cache).sum(axis=-1) / root  # (..., t)
    own = (q * k_new).sum(axis=-1) / root  # (..., 1)
    weights = shares(np.concatenate([old, own], axis=-1))[..., None]
    context = (weights[..., :-1, :] * v_cache).sum(-2) + weights[..., -1, :] * v_new[..., 0, :]
    grown = [np.concatenate(pair, axis=-2) for pair in ((k_cache, k_new), (v_cache, v_new))]
    return context[..., None, :], *grown


def step_by_a_causal_row(
    q: Array, k_new: Array, v_new: Array, k_cache: Array, v_cache: Array
) -> Any:
    k, v = np.concatenate([k_cache, k_new], -2), np.concatenate([v_cache, v_new], -2)
    n = k.shape[-2]
    mask = np.tril(np.ones((n, n), dtype=bool))[-1:]  # the last row: aligned at the end
    scores = np.where(mask, q @ k.swapaxes(-1, -2) / np.sqrt(k.shape[-1]), -np.inf)
    return np.matmul(shares(scores), v), k, v


def step_in_float64(q: Array, k_new: Array, v_new: Array, k_cache: Array, v_cache: Array) -> Any:
    five = [x.astype(np.float64) for x in (q, k_new, v_new, k_cache, v_cache)]
    return step_by_concatenate(*five)


def groups_by_repeat(q: Array, k: Array, v: Array) -> Any:
    group = q.shape[-3] // k.shape[-3]
    return attend(q, k.repeat(group, axis=-3), v.repeat(group, axis=-3))


def groups_by_index(q: Array, k: Array, v: Array) -> Any:
    h, h_kv = q.shape[-3], k.shape[-3]
    head = np.arange(h) // (h // h_kv)
    return attend(q, k[..., head, :, :], v[..., head, :, :])


def groups_by_loop(q: Array, k: Array, v: Array) -> Any:
    h, h_kv = q.shape[-3], k.shape[-3]
    pairs = []
    for i in range(h):
        j = i // (h // h_kv)
        pairs.append(attend(q[..., i, :, :], k[..., j, :, :], v[..., j, :, :]))
    return np.stack([c for c, _ in pairs], axis=-3), np.stack([w for _, w in pairs], axis=-3)


def groups_by_reshape(q: Array, k: Array, v: Array) -> Any:
    *lead, h, n, d = q.shape
    h_kv = k.shape[-3]
    grouped = q.reshape(*lead, h_kv, h // h_kv, n, d)
    context, weights = attend(grouped, k[..., :, None, :, :], v[..., :, None, :, :])
    return context.reshape(*lead, h, n, -1), weights.reshape(*lead, h, n, -1)


def groups_as_longer_sentences(q: Array, k: Array, v: Array) -> Any:
    # The queries of a group are rows of one matrix: that is how the memory is saved.
    *lead, h, n, d = q.shape
    rows = q.reshape(*lead, k.shape[-3], -1, d)
    context, weights = attend(rows, k, v)
    return context.reshape(*lead, h, n, -1), weights.reshape(*lead, h, n, -1)


def groups_by_einsum(q: Array, k: Array, v: Array) -> Any:
    *lead, h, n, d = q.shape
    grouped = q.reshape(*lead, k.shape[-3], -1, n, d)
    scores = np.einsum("...hgid,...hjd->...hgij", grouped, k) / np.sqrt(d)
    weights = shares(scores)
    context = np.einsum("...hgij,...hje->...hgie", weights, v)
    return [context.reshape(*lead, h, n, -1), weights.reshape(*lead, h, n, -1)]


def groups_by_broadcast(q: Array, k: Array, v: Array) -> Any:
    group = q.shape[-3] // k.shape[-3]

    def spread_out(x: Array) -> Array:
        shape = (*x.shape[:-2], group, *x.shape[-2:])
        wide = np.broadcast_to(x[..., None, :, :], shape)
        return wide.reshape(*x.shape[:-3], -1, *x.shape[-2:])

    return attend(q, spread_out(k), spread_out(v))


def stream_by_online_softmax(q: Array, k: Array, v: Array, block: int) -> Array:
    m = np.full(q.shape[:-1], -np.inf)
    total = np.zeros(q.shape[:-1])
    out = np.zeros((*q.shape[:-1], v.shape[-1]))
    for i in range(0, k.shape[-2], block):
        k_i, v_i = k[..., i : i + block, :], v[..., i : i + block, :]
        s = np.einsum("...qd,...kd->...qk", q, k_i) / np.sqrt(q.shape[-1])
        m_new = np.maximum(m, s.max(axis=-1))
        factor = np.exp(m - m_new)
        p = np.exp(s - m_new[..., None])
        total = factor * total + p.sum(axis=-1)
        out = factor[..., None] * out + p @ v_i
        m = m_new
    return out / total[..., None]


def stream_divided_all_along(q: Array, k: Array, v: Array, block: int) -> Array:
    # The blend is that of the keys so far at any time: multiplied back before it is rescaled.
    total = np.zeros((*q.shape[:-1], 1))
    largest = np.full_like(total, -np.inf)
    context = np.zeros((*q.shape[:-1], v.shape[-1]))
    for start in range(0, k.shape[-2], block):
        part = slice(start, start + block)
        scores = q @ np.swapaxes(k[..., part, :], -1, -2) * q.shape[-1] ** -0.5
        new = np.maximum(largest, scores.max(-1, keepdims=True))
        exps, old = np.exp(scores - new), total * np.exp(largest - new)
        total = old + exps.sum(-1, keepdims=True)
        context = (context * old + exps @ v[..., part, :]) / total
        largest = new
    return context


def stream_by_logsumexp(q: Array, k: Array, v: Array, block: int) -> Array:
    context, log_total = None, None
    for start in range(0, k.shape[-2], block):
        keys, values = k[..., start : start + block, :], v[..., start : start + block, :]
        scores = (q / math.sqrt(k.shape[-1])) @ keys.swapaxes(-1, -2)
        top = scores.max(axis=-1, keepdims=True)
        part_log = top + np.log(np.exp(scores - top).sum(axis=-1, keepdims=True))
        part = np.exp(scores - part_log) @ values
        if context is None:
            context, log_total = part, part_log
        else:
            both = np.logaddexp(log_total, part_log)
            context = context * np.exp(log_total - both) + part * np.exp(part_log - both)
            log_total = both
    return np.asarray(context)


def stream_in_two_passes(q: Array, k: Array, v: Array, block: int) -> Array:
    q = q / np.sqrt(q.shape[-1])
    starts = range(0, k.shape[-2], block)

    def scores(start: int) -> Array:
        return q @ np.swapaxes(k[..., start : start + block, :], -1, -2)

    largest = scores(0).max(-1, keepdims=True)
    for start in starts:
        largest = np.maximum(largest, scores(start).max(-1, keepdims=True))
    total = sum(np.exp(scores(s) - largest).sum(-1, keepdims=True) for s in starts)
    return sum(np.exp(scores(s) - largest) @ v[..., s : s + block, :] for s in starts) / total


def stream_of_split_keys(q: Array, k: Array, v: Array, block: int) -> Array:
    # Every block by itself, as on several processors, and put together at the end.
    q, k, v = (x.astype(np.float64) for x in (q, k, v))
    parts = []
    for start in range(0, k.shape[-2], block):
        s = q @ np.swapaxes(k[..., start : start + block, :], -1, -2) / math.sqrt(q.shape[-1])
        top = s.max(-1, keepdims=True)
        e = np.exp(s - top)
        parts.append((top, e.sum(-1, keepdims=True), e @ v[..., start : start + block, :]))
    largest = parts[0][0]
    for top, _, _ in parts:
        largest = np.maximum(largest, top)
    total = sum(t * np.exp(top - largest) for top, t, _ in parts)
    return sum(b * np.exp(top - largest) for top, _, b in parts) / total


def stream_with_padding(q: Array, k: Array, v: Array, block: int) -> Array:
    # Fill up the last block with keys that nobody may look at.
    n_k, d = k.shape[-2:]
    missing = -n_k % block
    pad = [(0, 0)] * (k.ndim - 2) + [(0, missing), (0, 0)]
    k, v = np.pad(k, pad), np.pad(v, pad)
    total, blend = np.zeros((*q.shape[:-1], 1)), np.zeros((*q.shape[:-1], v.shape[-1]))
    largest = np.full_like(total, np.finfo(np.float64).min)
    for start in range(0, n_k + missing, block):
        stop = start + block
        scores = q @ np.swapaxes(k[..., start:stop, :], -1, -2) / math.sqrt(d)
        scores[..., np.arange(start, stop) >= n_k] = -np.inf
        new = np.maximum(largest, scores.max(axis=-1, keepdims=True))
        exps, shrink = np.exp(scores - new), np.exp(largest - new)
        total, blend = total * shrink + exps.sum(-1, keepdims=True), blend * shrink
        blend += exps @ v[..., start:stop, :]
        largest = new
    return blend / total


def stream_from_a_first_block(q: Array, k: Array, v: Array, block: int) -> Array:
    root = math.sqrt(q.shape[-1])

    def exps_of(keys: Array, largest: Array | None) -> tuple[Array, Array]:
        scores = np.matmul(q, np.moveaxis(keys, -1, -2)) / root
        top = scores.max(axis=-1, keepdims=True)
        top = top if largest is None else np.maximum(top, largest)
        return np.exp(scores - top), top

    exps, largest = exps_of(k[..., :block, :], None)
    total, blend = exps.sum(axis=-1, keepdims=True), exps @ v[..., :block, :]
    start = block
    while start < k.shape[-2]:
        keys, values = k[..., start : start + block, :], v[..., start : start + block, :]
        exps, new = exps_of(keys, largest)
        total *= np.exp(largest - new)
        blend *= np.exp(largest - new)
        total += exps.sum(axis=-1, keepdims=True)
        blend += exps @ values
        largest, start = new, start + block
    return blend / total


def stream_with_own_copies(q: Array, k: Array, v: Array, block: int) -> Array:
    # float64, and everything transposed and copied: more memory, and still far from all scores.
    q, k, v = (np.array(x, dtype=np.float64) for x in (q, k, v))
    k = np.ascontiguousarray(np.swapaxes(k / np.sqrt(k.shape[-1]), -1, -2))
    blocks = range(0, k.shape[-1], block)
    keys, values = (
        [x.copy() for x in y]
        for y in (
            [k[..., i : i + block] for i in blocks],
            [v[..., i : i + block, :] for i in blocks],
        )
    )
    largest, total, blend = -np.inf, 0.0, 0.0
    for a, b in zip(keys, values, strict=True):
        scores = q @ a
        new = np.maximum(largest, scores.max(-1, keepdims=True))
        exps = np.exp(scores - new)
        shrink = np.exp(largest - new)
        total = shrink * total + np.sum(exps, axis=-1, keepdims=True)
        blend = shrink * blend + np.matmul(exps, b)
        largest = new
    return np.divide(blend, total)


def stream_query_by_query(q: Array, k: Array, v: Array, block: int) -> Array:
    out = np.zeros((*q.shape[:-1], v.shape[-1]))
    for place in np.ndindex(*q.shape[:-1]):
        keys, values = k[place[:-1]], v[place[:-1]]
        top, total, blend = -math.inf, 0.0, np.zeros(v.shape[-1])
        for start in range(0, len(keys), block):
            scores = keys[start : start + block] @ q[place] / math.sqrt(q.shape[-1])
            new = max(top, float(scores.max()))
            exps, shrink = np.exp(scores - new), math.exp(top - new)
            total = total * shrink + float(exps.sum())
            blend = blend * shrink + exps @ values[start : start + block]
            top = new
        out[place] = blend / total
    return out


def stream_number_by_number(q: Array, k: Array, v: Array, block: int) -> Array:
    if q.ndim > 2:
        triples = zip(q, k, v, strict=True)
        return np.array([stream_number_by_number(a, b, c, block) for a, b, c in triples])
    out = []
    keys, values = k.tolist(), v.tolist()
    for query in q.tolist():
        top, total, blend = -math.inf, 0.0, [0.0] * len(values[0])
        for start in range(0, len(keys), block):
            for key, value in zip(
                keys[start : start + block], values[start : start + block], strict=True
            ):
                score = sum(a * b for a, b in zip(query, key, strict=True)) / math.sqrt(len(key))
                new = max(top, score)
                shrink, e = math.exp(top - new), math.exp(score - new)
                total = total * shrink + e
                blend = [b * shrink + e * x for b, x in zip(blend, value, strict=True)]
                top = new
        out.append([b / total for b in blend])
    return np.array(out)


STYLES: dict[str, list[Callable[..., Any]]] = {
    "attention_flops": [
        flops_in_two_parts,
        flops_of_heads,
        flops_by_power,
        flops_as_numpy_int,
        flops_by_round,
    ],
    "kv_cache_bytes": [bytes_step_by_step, bytes_by_loop, bytes_by_prod, bytes_as_numpy_int],
    "decode_step": [
        step_by_concatenate,
        step_by_append,
        step_into_room,
        step_by_parts,
        step_by_a_causal_row,
        step_in_float64,
    ],
    "grouped_query_attention": [
        groups_by_repeat,
        groups_by_index,
        groups_by_loop,
        groups_by_reshape,
        groups_as_longer_sentences,
        groups_by_einsum,
        groups_by_broadcast,
    ],
    "streaming_attention": [
        stream_by_online_softmax,
        stream_divided_all_along,
        stream_by_logsumexp,
        stream_in_two_passes,
        stream_of_split_keys,
        stream_with_padding,
        stream_from_a_first_block,
        stream_with_own_copies,
        stream_query_by_query,
        stream_number_by_number,
    ],
}

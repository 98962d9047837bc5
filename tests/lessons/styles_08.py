"""Lesson 08: every right way to write an exercise passes."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray


def size_by_divmod(d_model: int, n_heads: int) -> int:
    size, left_over = divmod(d_model, n_heads)
    if left_over != 0:
        raise ValueError(f"{n_heads} heads do not divide {d_model} features")
    return size


class Uneven(ValueError):
    pass


def size_with_an_error_of_its_own(d_model: int, n_heads: int) -> int:
    if d_model % n_heads > 0:
        raise Uneven
    return int(d_model / n_heads)


def size_multiplied_back(d_model: int, n_heads: int) -> Any:
    size = np.int64(d_model) // n_heads
    if size * n_heads != d_model:
        raise ValueError("uneven")
    return size


def size_by_search(d_model: int, n_heads: int) -> int:
    for size in range(1, d_model + 1):
        if size * n_heads == d_model:
            return size
    raise ValueError("no size fits")


def size_by_numpy(d_model: int, n_heads: int) -> int:
    return np.zeros(d_model).reshape(n_heads, -1).shape[1] if d_model >= n_heads else _refuse()


def _refuse() -> int:
    raise ValueError("more heads than features")


def split_by_reshape_and_swap(x: Array, n_heads: int) -> Array:
    return x.reshape(*x.shape[:-1], n_heads, -1).swapaxes(-3, -2)


def split_by_slices(x: Array, n_heads: int) -> Array:
    d_head = x.shape[-1] // n_heads
    return np.stack([x[..., h * d_head : (h + 1) * d_head] for h in range(n_heads)], axis=-3)


def split_by_split(x: Array, n_heads: int) -> Array:
    return np.stack(np.split(x, n_heads, axis=-1), axis=x.ndim - 2)


def split_by_einsum(x: Array, n_heads: int) -> Array:
    pieces = x.reshape((*x.shape[:-1], n_heads, x.shape[-1] // n_heads))
    return np.einsum("...nhd->...hnd", pieces)


def split_by_transpose(x: Array, n_heads: int) -> Array:
    pieces = x.reshape(*x.shape[:-1], n_heads, x.shape[-1] // n_heads)
    axes = list(range(pieces.ndim))
    axes[-3], axes[-2] = axes[-2], axes[-3]
    return np.transpose(pieces, axes)


def split_number_by_number(x: Array, n_heads: int) -> Array:
    *lead, n, d_model = x.shape
    heads = np.zeros((*lead, n_heads, n, d_model // n_heads))
    for place in np.ndindex(*x.shape):
        h, column = divmod(place[-1], d_model // n_heads)
        heads[(*place[:-2], h, place[-2], column)] = x[place]
    return heads


def split_of_the_transpose(x: Array, n_heads: int) -> Array:
    *lead, n, d_model = x.shape
    columns = np.swapaxes(x, -1, -2).reshape(*lead, n_heads, d_model // n_heads, n)
    return np.swapaxes(columns, -1, -2)


def split_sentence_by_sentence(x: Array, n_heads: int) -> Array:
    if x.ndim == 2:
        return np.array(np.hsplit(x, n_heads))
    return np.array([split_sentence_by_sentence(sentence, n_heads) for sentence in x])


def split_by_index(x: Array, n_heads: int) -> Array:
    columns = np.arange(x.shape[-1]).reshape(n_heads, -1)
    return np.moveaxis(x[..., columns], -2, -3)


def merge_by_swap_and_reshape(x: Array) -> Array:
    swapped = x.swapaxes(-3, -2)
    return swapped.reshape(*swapped.shape[:-2], -1)


def merge_by_concatenate(x: Array) -> Array:
    return np.concatenate([x[..., h, :, :] for h in range(x.shape[-3])], axis=-1)


def merge_by_moving_heads_first(x: Array) -> Array:
    return np.concatenate(list(np.moveaxis(x, -3, 0)), -1)


def merge_by_einsum(x: Array) -> Array:
    pieces = np.einsum("...hnd->...nhd", x)
    return pieces.reshape((*pieces.shape[:-2], pieces.shape[-2] * pieces.shape[-1]))


def merge_into_zeros(x: Array) -> Array:
    *lead, n_heads, n, d_head = x.shape
    tokens = np.zeros((*lead, n, n_heads * d_head))
    for h in range(n_heads):
        tokens[..., h * d_head : (h + 1) * d_head] = x[..., h, :, :]
    return tokens


def merge_by_copies(x: Array) -> Array:
    turned = np.ascontiguousarray(np.rollaxis(x, -2, x.ndim - 3))
    return turned.reshape((*turned.shape[:-2], turned.shape[-1] * turned.shape[-2]))


def merge_sentence_by_sentence(x: Array) -> Array:
    if x.ndim == 3:
        return np.hstack(list(x))
    return np.stack([merge_sentence_by_sentence(sentence) for sentence in x])


def shares(scores: Array, mask: Any = None) -> Array:
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    highest = scores.max(axis=-1, keepdims=True)
    exps = np.exp(scores - np.where(np.isfinite(highest), highest, 0))
    totals = exps.sum(axis=-1, keepdims=True)
    return np.divide(exps, totals, out=np.zeros_like(exps), where=totals > 0)


def heads_in_a_loop(x, w_q, w_k, w_v, w_o, n_heads, mask=None):  # type: ignore[no-untyped-def]
    d_head = x.shape[-1] // n_heads
    contexts, maps = [], []
    for h in range(n_heads):
        own = slice(h * d_head, (h + 1) * d_head)
        q, k, v = x @ w_q[:, own], x @ w_k[:, own], x @ w_v[:, own]
        weights = shares(q @ np.swapaxes(k, -1, -2) / math.sqrt(d_head), mask)
        contexts.append(weights @ v)
        maps.append(weights)
    return np.concatenate(contexts, axis=-1) @ w_o, np.stack(maps, axis=-3)


def contributions_added_up(x, w_q, w_k, w_v, w_o, n_heads, mask=None):  # type: ignore[no-untyped-def]
    d_head = x.shape[-1] // n_heads
    output, maps = np.zeros(x.shape), []
    for h in range(n_heads):
        own = slice(h * d_head, (h + 1) * d_head)
        scores = (x @ w_q[:, own] / np.sqrt(d_head)) @ np.swapaxes(x @ w_k[:, own], -1, -2)
        maps.append(shares(scores, mask))
        output = output + maps[-1] @ (x @ w_v[:, own]) @ w_o[own]
    return [output, np.moveaxis(np.array(maps), 0, -3)]


def heads_by_split(x, w_q, w_k, w_v, w_o, n_heads, mask=None):  # type: ignore[no-untyped-def]
    thirds = (np.split(x @ w, n_heads, axis=-1) for w in (w_q, w_k, w_v))
    both = []
    for q, k, v in zip(*thirds, strict=True):
        weights = shares(q @ k.swapaxes(-1, -2) * q.shape[-1] ** -0.5, mask)
        both.append((weights @ v, weights))
    contexts, maps = zip(*both, strict=True)
    return np.concatenate(contexts, -1) @ w_o, np.stack(maps, -3)


def heads_by_einsum(x, w_q, w_k, w_v, w_o, n_heads, mask=None):  # type: ignore[no-untyped-def]
    d = len(w_q)
    w_q, w_k, w_v = (w.reshape(d, n_heads, d // n_heads) for w in (w_q, w_k, w_v))
    q, k, v = (np.einsum("...nm,mhd->...hnd", x, w) for w in (w_q, w_k, w_v))
    scores = np.einsum("...hid,...hjd->...hij", q, k) / np.sqrt(d // n_heads)
    weights = shares(scores, None if mask is None else mask[..., None, :, :])
    context = np.einsum("...hij,...hjd->...hid", weights, v)
    return np.einsum("...hnd,hdm->...nm", context, w_o.reshape(n_heads, -1, d)), weights


def heads_folded_into_the_batch(x, w_q, w_k, w_v, w_o, n_heads, mask=None):  # type: ignore[no-untyped-def]
    *lead, n, d = x.shape
    q, k, v = (
        split_by_einsum(x @ w, n_heads).reshape(-1, n, d // n_heads) for w in (w_q, w_k, w_v)
    )
    if mask is not None:
        full = np.broadcast_to(mask, (*lead, n, n)).reshape(-1, n, n)
        mask = np.repeat(full, n_heads, axis=0)
    weights = shares(q @ k.transpose(0, 2, 1) / math.sqrt(d // n_heads), mask)
    context = (weights @ v).reshape(*lead, n_heads, n, d // n_heads)
    return merge_by_concatenate(context) @ w_o, weights.reshape(*lead, n_heads, n, n)


def heads_of_a_packed_matrix(x, w_q, w_k, w_v, w_o, n_heads, mask=None):  # type: ignore[no-untyped-def]
    packed = x @ np.hstack([w_q, w_k, w_v])
    parts = packed.reshape(*x.shape[:-1], 3, n_heads, -1)
    q, k, v = (np.swapaxes(parts[..., i, :, :], -2, -3) for i in range(3))
    if mask is not None:
        mask = mask.reshape(*mask.shape[:-2], 1, *mask.shape[-2:])
    weights = shares(q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1]), mask)
    return merge_into_zeros(weights @ v) @ w_o, weights


def sentences_in_a_loop(x, w_q, w_k, w_v, w_o, n_heads, mask=None):  # type: ignore[no-untyped-def]
    if x.ndim == 2:
        return heads_by_split(x, w_q, w_k, w_v, w_o, n_heads, mask)
    n = x.shape[-2]
    masks = [None] * len(x) if mask is None else np.broadcast_to(mask, (*x.shape[:-2], n, n))
    rest = (w_q, w_k, w_v, w_o, n_heads)
    both = [sentences_in_a_loop(one, *rest, m) for one, m in zip(x, masks, strict=True)]
    return np.array([output for output, _ in both]), np.array([weights for _, weights in both])


def heads_in_front_until_the_end(x, w_q, w_k, w_v, w_o, n_heads, mask=None):  # type: ignore[no-untyped-def]
    # Heads in front of the batch: a mask needs no axis for them.
    q, k, v = (np.stack(np.split(x @ w, n_heads, axis=-1)) for w in (w_q, w_k, w_v))
    weights = shares(q @ np.swapaxes(k, -1, -2) / np.sqrt(np.float64(q.shape[-1])), mask)
    context = np.concatenate(list(weights @ v), axis=-1)
    return np.dot(context, w_o), np.moveaxis(weights, 0, -3)


STYLES: dict[str, list[Callable[..., Any]]] = {
    "head_dim": [
        size_by_divmod,
        size_with_an_error_of_its_own,
        size_multiplied_back,
        size_by_search,
        size_by_numpy,
    ],
    "split_heads": [
        split_by_reshape_and_swap,
        split_by_slices,
        split_by_split,
        split_by_einsum,
        split_by_transpose,
        split_number_by_number,
        split_of_the_transpose,
        split_sentence_by_sentence,
        split_by_index,
    ],
    "merge_heads": [
        merge_by_swap_and_reshape,
        merge_by_concatenate,
        merge_by_moving_heads_first,
        merge_by_einsum,
        merge_into_zeros,
        merge_by_copies,
        merge_sentence_by_sentence,
    ],
    "multi_head_attention": [
        heads_in_a_loop,
        contributions_added_up,
        heads_by_split,
        heads_by_einsum,
        heads_folded_into_the_batch,
        heads_of_a_packed_matrix,
        sentences_in_a_loop,
        heads_in_front_until_the_end,
    ],
}

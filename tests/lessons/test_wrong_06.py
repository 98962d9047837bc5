"""Lesson 06: what is wrong is rejected, and never called by the name of another mistake."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from qkv_course.attention import (
    attention,
    attention_scores,
    scaled_scores,
    self_attention,
    sinusoidal_positions,
    softmax,
)
from qkv_course.checks import evaluate

Array = np.ndarray
Wrong = Callable[..., Any]


def rescaled_blend(weights: Array, v: Array) -> Array:
    return weights @ v / v.shape[-2]


def divided_by_the_queries(weights: Array, v: Array) -> Array:
    return weights @ v / weights.shape[-2]


def last_value_left_out(weights: Array, v: Array) -> Array:
    return weights[..., :-1] @ v[..., :-1, :]


def one_blend_for_all(weights: Array, v: Array) -> Array:
    return np.broadcast_to((weights @ v)[..., :1, :], (*weights.shape[:-1], v.shape[-1])).copy()


def blends_and_v(weights: Array, v: Array) -> Array:
    blends = weights @ v
    return blends + v if blends.shape == v.shape else blends


def values_of_the_first_sentence(weights: Array, v: Array) -> Array:
    while v.ndim > 2:
        v = v[0]
    return weights @ v


def transposed_and_normalized(weights: Array, v: Array) -> Array:
    turned = np.swapaxes(weights, -1, -2)
    return turned / turned.sum(axis=-1, keepdims=True) @ v


def normalized_by_columns(weights: Array, v: Array) -> Array:
    return weights / weights.sum(axis=-2, keepdims=True) @ v


def a_nested_list(weights: Array, v: Array) -> Any:
    return (weights @ v).tolist()


def right_only_if_square(weights: Array, v: Array) -> Array:
    return weights @ v if weights.shape == v.shape else v[..., : weights.shape[-2], :]


def squared_weights(weights: Array, v: Array) -> Array:
    return weights**2 @ v


def written_into_the_weights(weights: Array, v: Array) -> Array:
    weights /= weights.sum(axis=-1, keepdims=True)
    return weights @ v


BLENDS: list[Wrong] = [
    rescaled_blend,
    divided_by_the_queries,
    last_value_left_out,
    one_blend_for_all,
    blends_and_v,
    values_of_the_first_sentence,
    transposed_and_normalized,
    normalized_by_columns,
    a_nested_list,
    right_only_if_square,
    squared_weights,
    written_into_the_weights,
]


def both(scores: Array, v: Array) -> Any:
    weights = softmax(scores)
    return weights @ v, weights


def turned(k: Array) -> Array:
    return np.swapaxes(k, -1, -2)


def swapped_and_not_scaled(q: Array, k: Array, v: Array) -> Any:
    return both(k @ turned(q), v)


def columns_and_not_scaled(q: Array, k: Array, v: Array) -> Any:
    exps = np.exp(attention_scores(q, k))
    weights = exps / exps.sum(axis=-2, keepdims=True)
    return weights @ v, weights


def keys_as_values_and_reversed(q: Array, k: Array, v: Array) -> Any:
    return attention(q, k, k)[::-1]


def root_of_the_batch(q: Array, k: Array, v: Array) -> Any:
    return both(attention_scores(q, k) / math.sqrt(len(q)), v)


def root_of_queries(q: Array, k: Array, v: Array) -> Any:
    return both(attention_scores(q, k) / math.sqrt(q.shape[-2]), v)


def root_rounded(q: Array, k: Array, v: Array) -> Any:
    return both(attention_scores(q, k) / math.isqrt(q.shape[-1]), v)


def always_by_eight(q: Array, k: Array, v: Array) -> Any:
    return both(attention_scores(q, k) / 8, v)


def scaled_twice(q: Array, k: Array, v: Array) -> Any:
    return both(scaled_scores(q, k) / math.sqrt(q.shape[-1]) / 2, v)


def cosine_attention(q: Array, k: Array, v: Array) -> Any:
    lengths = np.linalg.norm(q, axis=-1)[..., None] * np.linalg.norm(k, axis=-1)[..., None, :]
    return both(attention_scores(q, k) / lengths, v)


def distances(q: Array, k: Array, v: Array) -> Any:
    return both(-((q[..., :, None, :] - k[..., None, :, :]) ** 2).sum(axis=-1), v)


def weights_of_the_values(q: Array, k: Array, v: Array) -> Any:
    context, weights = attention(q, k, v)
    return softmax(context), weights


def residual_kept(q: Array, k: Array, v: Array) -> Any:
    context, weights = attention(q, k, v)
    return (context + q if context.shape == q.shape else context * 2), weights


def transposed_weights_returned(q: Array, k: Array, v: Array) -> Any:
    context, weights = attention(q, k, v)
    return context, turned(weights)


def unscaled_weights_returned(q: Array, k: Array, v: Array) -> Any:
    return attention(q, k, v)[0], softmax(attention_scores(q, k))


def context_alone(q: Array, k: Array, v: Array) -> Any:
    return attention(q, k, v)[0]


def three_results(q: Array, k: Array, v: Array) -> Any:
    return (*attention(q, k, v), scaled_scores(q, k))


def causal(q: Array, k: Array, v: Array) -> Any:
    scores = scaled_scores(q, k)
    return both(np.where(np.tri(*scores.shape[-2:], dtype=bool), scores, -1e9), v)


def first_sentence_only(q: Array, k: Array, v: Array) -> Any:
    context, weights = attention(q, k, v)
    if q.ndim > 2:
        context[...], weights[...] = context[:1].copy(), weights[:1].copy()
    return context, weights


def clipped_scores(q: Array, k: Array, v: Array) -> Any:
    return both(np.clip(scaled_scores(q, k), -50, 50), v)


def one_key_dropped(q: Array, k: Array, v: Array) -> Any:
    return attention(q, k[..., :-1, :], v[..., :-1, :])


def overflow_and_not_scaled(q: Array, k: Array, v: Array) -> Any:
    exps = np.exp(attention_scores(q, k))
    weights = exps / exps.sum(axis=-1, keepdims=True)
    return weights @ v, weights


ATTENTION: list[Wrong] = [
    swapped_and_not_scaled,
    columns_and_not_scaled,
    keys_as_values_and_reversed,
    root_of_the_batch,
    root_of_queries,
    root_rounded,
    always_by_eight,
    scaled_twice,
    cosine_attention,
    distances,
    weights_of_the_values,
    residual_kept,
    transposed_weights_returned,
    unscaled_weights_returned,
    context_alone,
    three_results,
    causal,
    first_sentence_only,
    clipped_scores,
    one_key_dropped,
    overflow_and_not_scaled,
]


def all_from_w_q(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    return attention(x @ w_q, x @ w_q, x @ w_q)


def all_from_w_v(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    return attention(x @ w_v, x @ w_v, x @ w_v)


def values_from_w_q(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    return attention(x @ w_q, x @ w_k, x @ w_q)


def swapped_and_values_from_w_k(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    return attention(x @ w_k, x @ w_q, x @ w_k)


def root_of_length(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    return both(attention_scores(x @ w_q, x @ w_k) / math.sqrt(x.shape[-2]), x @ w_v)


def root_of_d_model_and_swapped(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    return both(attention_scores(x @ w_k, x @ w_q) / math.sqrt(x.shape[-1]), x @ w_v)


def values_projected_twice(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    context, weights = self_attention(x, w_q, w_k, w_v)
    return (context @ w_v if w_v.shape[0] == w_v.shape[1] else context * 2), weights


def sentences_run_together(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    flat = x.reshape(-1, x.shape[-1])
    context, weights = self_attention(flat, w_q, w_k, w_v)
    return context.reshape(*x.shape[:-1], -1), weights


def keys_from_the_first_sentence(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    first = x
    while first.ndim > 2:
        first = first[0]
    first = np.broadcast_to(first, x.shape)
    return attention(x @ w_q, first @ w_k, first @ w_v)


def residual_added(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    context, weights = self_attention(x, w_q, w_k, w_v)
    return (context + x if context.shape == x.shape else context * 2), weights


def positions_added(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    return self_attention(x + np.arange(x.shape[-2])[:, None], w_q, w_k, w_v)


def normalized_tokens(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    return self_attention(x / np.linalg.norm(x, axis=-1, keepdims=True), w_q, w_k, w_v)


def itself_left_out(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    scores = scaled_scores(x @ w_q, x @ w_k)
    return both(np.where(np.eye(x.shape[-2]) > 0, -1e9, scores), x @ w_v)


SELF: list[Wrong] = [
    all_from_w_q,
    all_from_w_v,
    values_from_w_q,
    swapped_and_values_from_w_k,
    root_of_length,
    root_of_d_model_and_swapped,
    values_projected_twice,
    sentences_run_together,
    keys_from_the_first_sentence,
    residual_added,
    positions_added,
    normalized_tokens,
    itself_left_out,
]


def waves(angles: Array) -> Array:
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(len(angles), -1)


def angles(n: int, d_model: int, base: float = 10000.0) -> Array:
    return np.arange(n)[:, None] * base ** (-np.arange(0, d_model, 2) / d_model)


def halves_from_one(n: int, d_model: int) -> Array:
    angle = angles(n + 1, d_model)[1:]
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=-1)


def base_of_a_hundred_thousand(n: int, d_model: int) -> Array:
    return waves(angles(n, d_model, 100000.0))


def exponent_without_the_size(n: int, d_model: int) -> Array:
    return waves(np.arange(n)[:, None] / 10000.0 ** np.arange(0, d_model, 2))


def exponent_of_one_less(n: int, d_model: int) -> Array:
    pairs = np.arange(d_model // 2)
    return waves(np.arange(n)[:, None] / 10000.0 ** (pairs / max(len(pairs) - 1, 1)))


def integer_division(n: int, d_model: int) -> Array:
    return waves(np.arange(n)[:, None] / 10000.0 ** (np.arange(0, d_model, 2) // d_model))


def turns_in_place_of_radians(n: int, d_model: int) -> Array:
    return waves(2 * np.pi * angles(n, d_model))


def next_position(n: int, d_model: int) -> Array:
    return np.roll(sinusoidal_positions(n, d_model), -1, axis=0)


def counted_from_the_end(n: int, d_model: int) -> Array:
    return sinusoidal_positions(n, d_model)[::-1]


def single_precision(n: int, d_model: int) -> Array:
    return sinusoidal_positions(n, d_model).astype(np.float32)


def relative_positions(n: int, d_model: int) -> Array:
    return waves(angles(n, d_model) / n)


def last_row_only(n: int, d_model: int) -> Array:
    return np.broadcast_to(sinusoidal_positions(n, d_model)[-1:], (n, d_model)).copy()


def with_a_batch_axis(n: int, d_model: int) -> Array:
    return sinusoidal_positions(n, d_model)[None]


def a_list_of_rows(n: int, d_model: int) -> Any:
    return list(sinusoidal_positions(n, d_model))


def fast_waves_only(n: int, d_model: int) -> Array:
    return np.tile(sinusoidal_positions(n, 2), (1, d_model // 2))


POSITIONS: list[Wrong] = [
    halves_from_one,
    base_of_a_hundred_thousand,
    exponent_without_the_size,
    exponent_of_one_less,
    integer_division,
    turns_in_place_of_radians,
    next_position,
    counted_from_the_end,
    single_precision,
    relative_positions,
    last_row_only,
    with_a_batch_axis,
    a_list_of_rows,
    fast_waves_only,
]

WRONG = {
    "weighted_sum": BLENDS,
    "attention": ATTENTION,
    "self_attention": SELF,
    "sinusoidal_positions": POSITIONS,
}


def test_combination_falls_back_on_what_rows_and_blends_do() -> None:
    assert "Each column sums to 1" in evaluate("attention", columns_and_not_scaled, 1).likely

    def doubled(q: Array, k: Array, v: Array) -> Any:
        context, weights = attention(q, k, v)
        return 2 * context, weights

    assert "a blend cannot leave that range" in evaluate("attention", doubled, 1).likely


def test_pair_that_is_no_sine_and_cosine_is_pointed_out() -> None:
    report = evaluate("sinusoidal_positions", lambda n, d: 2 * sinusoidal_positions(n, d), 1)
    assert "squares of columns 0 and 1 add up to 4" in report.likely

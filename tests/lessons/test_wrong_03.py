"""Lesson 03: what is wrong is rejected, and never called by the name of another mistake."""

from collections.abc import Callable
from typing import Any

import numpy as np

from qkv_course.checks import evaluate

Array = np.ndarray
Wrong = Callable[..., Any]


def first_sentence_only(x: Array, w: Array) -> Array:
    return np.broadcast_to(x.reshape(-1, *x.shape[-2:])[0] @ w, (*x.shape[:-1], w.shape[1]))


def last_token_left_out(x: Array, w: Array) -> Array:
    return x[..., :-1, :] @ w


def last_feature_left_out(x: Array, w: Array) -> Array:
    return x[..., :-1] @ w[:-1]


def last_feature_ignored(x: Array, w: Array) -> Array:
    return x[..., :-1] @ w[1:]


def matrix_reshaped(x: Array, w: Array) -> Array:
    return x @ w.T.reshape(w.shape)


def transposed_and_bias(x: Array, w: Array) -> Array:
    return np.swapaxes(x @ w, -1, -2) + 1


def tanh_and_bias(x: Array, w: Array) -> Array:
    return np.tanh(x @ w + 1)


def matrix_transposed_and_relu(x: Array, w: Array) -> Array:
    return np.maximum(x @ w.T, 0)


def right_when_square(x: Array, w: Array) -> Array:
    return x @ (w if w.shape[0] == w.shape[1] else np.zeros(w.shape))


def right_unless_square(x: Array, w: Array) -> Array:
    return x @ w if w.shape[0] == w.shape[1] else x @ w * (len(w) / w.shape[0]) + 1e-3


def sigmoid_after(x: Array, w: Array) -> Array:
    return 1 / (1 + np.exp(-(x @ w)))


def sums_over_tokens(x: Array, w: Array) -> Array:
    return (x @ w).sum(axis=-2)


def a_flat_result(x: Array, w: Array) -> Array:
    return (x @ w).reshape(-1, w.shape[1])


def a_nested_list(x: Array, w: Array) -> Any:
    return (x @ w).tolist()


def written_into_x(x: Array, w: Array) -> Array:
    out = x @ w
    x *= 0
    return out


PROJECT: list[Wrong] = [
    first_sentence_only,
    last_token_left_out,
    last_feature_left_out,
    last_feature_ignored,
    matrix_reshaped,
    transposed_and_bias,
    tanh_and_bias,
    matrix_transposed_and_relu,
    right_when_square,
    right_unless_square,
    sigmoid_after,
    sums_over_tokens,
    a_flat_result,
    a_nested_list,
    written_into_x,
]


def two_of_three(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    return x @ w_q, x @ w_k


def queries_only(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    return x @ w_q


def one_wide_array(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    return np.concatenate([x @ w_q, x @ w_k, x @ w_v], axis=-1)


def stacked(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    return np.stack([x @ w_q, x @ w_k, x @ w_v])


def a_dict(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    return {"q": x @ w_q, "k": x @ w_k, "v": x @ w_v}


def keys_transposed_for_later(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    return x @ w_q, np.swapaxes(x @ w_k, -1, -2), x @ w_v


def queries_scaled(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    return x @ w_q / np.sqrt(w_q.shape[1]), x @ w_k, x @ w_v


def only_q_transposed(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    return x @ w_q.T, x @ w_k, x @ w_v


def values_and_queries_swapped(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    return x @ w_v, x @ w_k, x @ w_q


def all_with_w_q(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    return x @ w_q, x @ w_q, x @ w_q


def swapped_and_values_from_w_k(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    return x @ w_k, x @ w_q, x @ w_k


def queries_from_keys(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    return x @ w_k @ w_q, x @ w_k, x @ w_v


def first_sentence_of_v(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    v = x @ w_v
    if v.ndim > 2:
        v[...] = v.reshape(-1, *v.shape[-2:])[0]
    return x @ w_q, x @ w_k, v


def with_tanh(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
    return np.tanh(x @ w_q), np.tanh(x @ w_k), np.tanh(x @ w_v)


QKV: list[Wrong] = [
    two_of_three,
    queries_only,
    one_wide_array,
    stacked,
    a_dict,
    keys_transposed_for_later,
    queries_scaled,
    only_q_transposed,
    values_and_queries_swapped,
    all_with_w_q,
    swapped_and_values_from_w_k,
    queries_from_keys,
    first_sentence_of_v,
    with_tanh,
]


def with_biases_and_w_o(d_model: int, d_k: int, d_v: int) -> Any:
    return d_model * (2 * d_k + d_v) + 2 * d_k + d_v + d_v * d_model


def swapped_with_biases(d_model: int, d_k: int, d_v: int) -> Any:
    return (d_model + 1) * (d_k + 2 * d_v)


def as_float(d_model: int, d_k: int, d_v: int) -> Any:
    return float(d_model * (2 * d_k + d_v))


def as_shapes(d_model: int, d_k: int, d_v: int) -> Any:
    return (d_model, d_k), (d_model, d_k), (d_model, d_v)


def three_d_v(d_model: int, d_k: int, d_v: int) -> Any:
    return 3 * d_model * d_v


def one_matrix_only(d_model: int, d_k: int, d_v: int) -> Any:
    return d_model * d_k


def off_by_one(d_model: int, d_k: int, d_v: int) -> Any:
    return d_model * (2 * d_k + d_v) + 1


def always_the_first(d_model: int, d_k: int, d_v: int) -> Any:
    return 42


def missing_bracket(d_model: int, d_k: int, d_v: int) -> Any:
    return d_model * 2 * d_k + d_v


def for_every_head(d_model: int, d_k: int, d_v: int) -> Any:
    return d_model * (2 * d_k + d_v) * max(1, d_model // d_k)


def squared_d_k(d_model: int, d_k: int, d_v: int) -> Any:
    return d_model * (d_k**2 + d_v)


COUNT: list[Wrong] = [
    with_biases_and_w_o,
    swapped_with_biases,
    as_float,
    as_shapes,
    three_d_v,
    one_matrix_only,
    off_by_one,
    always_the_first,
    missing_bracket,
    for_every_head,
    squared_d_k,
]

WRONG = {"project": PROJECT, "qkv": QKV, "projection_parameters": COUNT}


def test_overwriting_x_is_called_a_chain() -> None:
    def overwritten(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Any:
        q = x = x @ w_q
        k = x = x @ w_k
        return q, k, x @ w_v

    report = evaluate("qkv", overwritten, 1)
    assert report.mistake is not None and report.mistake.name == "chained"

"""Lesson 08: what is wrong is rejected, and never called by the name of another mistake."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from qkv_course.attention import (
    attention,
    masked_attention,
    merge_heads,
    multi_head_attention,
    split_heads,
)
from qkv_course.checks import evaluate
from qkv_course.lessons import find_exercise

Array = np.ndarray
Wrong = Callable[..., Any]


def rounded_up(d_model: int, n_heads: int) -> int:
    return -(-d_model // n_heads)


def zero_where_uneven(d_model: int, n_heads: int) -> int:
    return 0 if d_model % n_heads else d_model // n_heads


def nothing_where_uneven(d_model: int, n_heads: int) -> Any:
    return None if d_model % n_heads else d_model // n_heads


def another_error(d_model: int, n_heads: int) -> int:
    if d_model % n_heads:
        raise TypeError("uneven")
    return d_model // n_heads


def any_exception(d_model: int, n_heads: int) -> int:
    if d_model % n_heads:
        raise Exception("uneven")
    return d_model // n_heads


def error_given_back(d_model: int, n_heads: int) -> Any:
    return ValueError("uneven") if d_model % n_heads else d_model // n_heads


def refuses_too_many_heads_only(d_model: int, n_heads: int) -> int:
    if n_heads > d_model:
        raise ValueError("more heads than features")
    return d_model // n_heads


def powers_of_two_only(d_model: int, n_heads: int) -> int:
    if d_model % n_heads or n_heads & (n_heads - 1):
        raise ValueError("n_heads is not a power of two")
    return d_model // n_heads


def odd_features_refused(d_model: int, n_heads: int) -> int:
    if d_model % 2:
        raise ValueError("d_model is odd")
    return d_model // n_heads


def one_too_many(d_model: int, n_heads: int) -> int:
    if d_model % n_heads:
        raise ValueError("uneven")
    return d_model // n_heads + 1


def always_64(d_model: int, n_heads: int) -> int:
    if d_model % n_heads:
        raise ValueError("uneven")
    return 64


def size_as_text(d_model: int, n_heads: int) -> str:
    if d_model % n_heads:
        raise ValueError("uneven")
    return str(d_model // n_heads)


SIZES: list[Wrong] = [
    rounded_up,
    zero_where_uneven,
    nothing_where_uneven,
    another_error,
    any_exception,
    error_given_back,
    refuses_too_many_heads_only,
    powers_of_two_only,
    odd_features_refused,
    one_too_many,
    always_64,
    size_as_text,
]


def only_without_a_batch(x: Array, n_heads: int) -> Array:
    n, d_model = x.shape
    return x.reshape(n, n_heads, d_model // n_heads).transpose(1, 0, 2)


def only_with_one_batch_axis(x: Array, n_heads: int) -> Array:
    batch, n, d_model = x.shape
    return x.reshape(batch, n, n_heads, d_model // n_heads).transpose(0, 2, 1, 3)


def heads_backwards(x: Array, n_heads: int) -> Array:
    return split_heads(x, n_heads)[..., ::-1, :, :]


def tokens_backwards(x: Array, n_heads: int) -> Array:
    return split_heads(x, n_heads)[..., ::-1, :]


def first_piece_everywhere(x: Array, n_heads: int) -> Array:
    return np.repeat(split_heads(x, n_heads)[..., :1, :, :], n_heads, axis=-3)


def dealt_out_and_tokens_in_front(x: Array, n_heads: int) -> Array:
    *lead, n, d_model = x.shape
    return np.swapaxes(x.reshape(*lead, n, d_model // n_heads, n_heads), -1, -2)


def reshaped_by_columns(x: Array, n_heads: int) -> Array:
    *lead, n, d_model = x.shape
    return x.reshape((*lead, n_heads, n, d_model // n_heads), order="F")


def two_heads_always(x: Array, n_heads: int) -> Array:
    return split_heads(x, 2)


def overlapping(x: Array, n_heads: int) -> Array:
    d_head = x.shape[-1] // n_heads
    return np.stack([x[..., h : h + d_head] for h in range(n_heads)], axis=-3)


def last_head_empty(x: Array, n_heads: int) -> Array:
    heads = split_heads(x, n_heads).copy()
    heads[..., -1, :, :] = 0
    return heads


def in_half_precision(x: Array, n_heads: int) -> Array:
    return split_heads(x, n_heads).astype(np.float16)


def scaled_as_well(x: Array, n_heads: int) -> Array:
    return split_heads(x, n_heads) / math.sqrt(x.shape[-1] / n_heads)


SPLITS: list[Wrong] = [
    only_without_a_batch,
    only_with_one_batch_axis,
    heads_backwards,
    tokens_backwards,
    first_piece_everywhere,
    dealt_out_and_tokens_in_front,
    reshaped_by_columns,
    two_heads_always,
    overlapping,
    last_head_empty,
    in_half_precision,
    scaled_as_well,
]


def merged_without_a_batch(x: Array) -> Array:
    n_heads, n, d_head = x.shape
    return x.transpose(1, 0, 2).reshape(n, n_heads * d_head)


def merged_with_one_batch_axis(x: Array) -> Array:
    batch, n_heads, n, d_head = x.shape
    return x.transpose(0, 2, 1, 3).reshape(batch, n, n_heads * d_head)


def merged_backwards(x: Array) -> Array:
    return merge_heads(x[..., ::-1, :, :])


def sum_repeated(x: Array) -> Array:
    return np.tile(x.sum(axis=-3), x.shape[-3])


def average_in_every_row(x: Array) -> Array:
    tokens = merge_heads(x)
    return np.broadcast_to(tokens.mean(axis=-2, keepdims=True), tokens.shape).copy()


def straight_and_backwards(x: Array) -> Array:
    *lead, n_heads, n, d_head = x.shape
    return x[..., ::-1, :, :].reshape(*lead, n, n_heads * d_head)


def merged_and_transposed(x: Array) -> Array:
    return np.swapaxes(merge_heads(x), -1, -2)


def joined_along_the_tokens(x: Array) -> Array:
    return np.concatenate([x[..., h, :, :] for h in range(x.shape[-3])], axis=-2) * 1.5


def all_in_one_row(x: Array) -> Array:
    return merge_heads(x).reshape(*x.shape[:-3], -1)


def halved(x: Array) -> Array:
    return merge_heads(x) / x.shape[-3]


def last_head_only(x: Array) -> Array:
    return x[..., -1, :, :].copy()


def as_rows(x: Array) -> Any:
    return list(merge_heads(x))


MERGES: list[Wrong] = [
    merged_without_a_batch,
    merged_with_one_batch_axis,
    merged_backwards,
    sum_repeated,
    average_in_every_row,
    straight_and_backwards,
    merged_and_transposed,
    joined_along_the_tokens,
    all_in_one_row,
    halved,
    last_head_only,
    as_rows,
]


def heads(*given: Any, sharper: float = 1.0) -> tuple[Array, ...]:
    x, w_q, w_k, w_v, _, n_heads, *_ = given
    return tuple(split_heads(x @ w, n_heads) for w in (w_q * sharper, w_k, w_v))


def attend(q: Array, k: Array, v: Array, mask: Any = None) -> Any:
    if mask is None:
        return attention(q, k, v)
    return masked_attention(q, k, v, np.expand_dims(mask, -3))


def mask_of(given: tuple[Any, ...]) -> Any:
    return given[6] if len(given) > 6 else None


def mask_is_always_expected(*given: Any) -> Any:
    context, weights = masked_attention(*heads(*given), np.expand_dims(mask_of(given), -3))
    return merge_heads(context) @ given[4], weights


def causal_without_a_mask(*given: Any) -> Any:
    n = given[0].shape[-2]
    mask = mask_of(given)
    return multi_head_attention(*given[:6], np.tri(n, dtype=bool) if mask is None else mask)


def root_of_d_model_without_w_o(*given: Any) -> Any:
    context, weights = attend(*heads(*given, sharper=given[5] ** -0.5), mask_of(given))
    return merge_heads(context), weights


def root_of_heads_too_much(*given: Any) -> Any:
    context, weights = attend(*heads(*given, sharper=given[5] ** 0.5), mask_of(given))
    return merge_heads(context) @ given[4], weights


def always_by_eight(*given: Any) -> Any:
    d_head = given[0].shape[-1] // given[5]
    context, weights = attend(*heads(*given, sharper=d_head**0.5 / 8), mask_of(given))
    return merge_heads(context) @ given[4], weights


def straight_merge_without_w_o(*given: Any) -> Any:
    context, weights = attend(*heads(*given), mask_of(given))
    return context.reshape(given[0].shape), weights


def w_o_before_the_merge(*given: Any) -> Any:
    x, _, _, _, w_o, n_heads, *_ = given
    context, weights = attend(*heads(*given), mask_of(given))
    d_head = x.shape[-1] // n_heads
    return merge_heads(context @ w_o[:d_head, :d_head]), weights


def w_o_twice(*given: Any) -> Any:
    output, weights = multi_head_attention(*given)
    return output @ given[4], weights


def tokens_added(*given: Any) -> Any:
    output, weights = multi_head_attention(*given)
    return output + given[0], weights


def two_heads_whatever_is_asked(*given: Any) -> Any:
    return multi_head_attention(*given[:5], 2, *given[6:])


def first_map_for_every_head(*given: Any) -> Any:
    q, k, v = heads(*given)
    _, weights = attend(q, k, v, mask_of(given))
    weights = np.repeat(weights[..., :1, :, :], given[5], axis=-3)
    return merge_heads(weights @ v) @ given[4], weights


def average_map_for_every_head(*given: Any) -> Any:
    q, k, v = heads(*given)
    _, weights = attend(q, k, v, mask_of(given))
    weights = np.broadcast_to(weights.mean(axis=-3, keepdims=True), weights.shape).copy()
    return merge_heads(weights @ v) @ given[4], weights


def values_not_split_by_columns(*given: Any) -> Any:
    x, _, _, w_v, w_o, *_ = given
    q, k, v = heads(*given)
    v = (x @ w_v).reshape(v.shape)
    context, weights = attend(q, k, v, mask_of(given))
    return merge_heads(context) @ w_o, weights


def first_weights_only(*given: Any) -> Any:
    output, weights = multi_head_attention(*given)
    return output, weights[..., 0, :, :]


def weights_turned(*given: Any) -> Any:
    output, weights = multi_head_attention(*given)
    return output, np.swapaxes(weights, -1, -2)


def heads_after_the_tokens(*given: Any) -> Any:
    output, weights = multi_head_attention(*given)
    return output, np.swapaxes(weights, -3, -2)


def output_alone(*given: Any) -> Any:
    return multi_head_attention(*given)[0]


def first_sentence_for_all(*given: Any) -> Any:
    output, weights = multi_head_attention(*given)
    if output.ndim > 2:
        output = np.broadcast_to(output[:1], output.shape).copy()
    return output, weights


def mask_of_the_first_sentence(*given: Any) -> Any:
    mask = mask_of(given)
    if mask is None or mask.ndim < 3:
        return multi_head_attention(*given)
    return multi_head_attention(*given[:6], mask[:1])


def first_row_of_the_mask(*given: Any) -> Any:
    mask = mask_of(given)
    return multi_head_attention(*given[:6], None if mask is None else mask[..., :1, :])


def mask_for_the_first_head_only(*given: Any) -> Any:
    free, weights = attend(*heads(*given))
    masked, masked_weights = attend(*heads(*given), mask_of(given))
    free, weights = free.copy(), weights.copy()
    free[..., 0, :, :], weights[..., 0, :, :] = masked[..., 0, :, :], masked_weights[..., 0, :, :]
    return merge_heads(free) @ given[4], weights


def backwards_and_no_head_axis(*given: Any) -> Any:
    mask = mask_of(given)
    if mask is None:
        return multi_head_attention(*given)
    context, weights = masked_attention(*heads(*given), ~mask)
    return merge_heads(context) @ given[4], weights


def values_not_projected(*given: Any) -> Any:
    x, w_q, w_k, _, *rest = given
    return multi_head_attention(x, w_q, w_k, np.eye(x.shape[-1], dtype=x.dtype), *rest)


LAYERS: list[Wrong] = [
    mask_is_always_expected,
    causal_without_a_mask,
    root_of_d_model_without_w_o,
    root_of_heads_too_much,
    always_by_eight,
    straight_merge_without_w_o,
    w_o_before_the_merge,
    w_o_twice,
    tokens_added,
    two_heads_whatever_is_asked,
    first_map_for_every_head,
    average_map_for_every_head,
    values_not_split_by_columns,
    first_weights_only,
    weights_turned,
    heads_after_the_tokens,
    output_alone,
    first_sentence_for_all,
    mask_of_the_first_sentence,
    first_row_of_the_mask,
    mask_for_the_first_head_only,
    backwards_and_no_head_axis,
    values_not_projected,
]

WRONG = {
    "head_dim": SIZES,
    "split_heads": SPLITS,
    "merge_heads": MERGES,
    "multi_head_attention": LAYERS,
}


def test_missing_error_is_asked_for() -> None:
    report = evaluate("head_dim", zero_where_uneven, 1)
    assert "returned the int 0" in report.saw
    assert "ValueError" in report.expected


def test_numbers_in_the_wrong_place_are_told_where_they_belong() -> None:
    report = evaluate("split_heads", heads_backwards, 1)
    assert "Row 0 of head 0 should hold columns 0 to 2 of token 0" in report.likely
    assert "should come from head 0, row 0" in evaluate("merge_heads", merged_backwards, 1).likely


def test_unnamed_slip_with_the_mask_falls_back_on_what_the_mask_hides() -> None:
    report = evaluate("multi_head_attention", mask_for_the_first_head_only, 1)
    assert "The mask hides a key" in report.likely


def test_masks_that_land_on_the_heads_go_unseen_in_many_calls() -> None:
    """Only some of the calls can catch a missing axis, and they are among the cases."""
    exercise = find_exercise("multi_head_attention")
    broken = exercise.find_mistake("no-head-axis").broken
    silent = []
    for case in exercise.cases(np.random.default_rng(1)):
        try:
            output, _ = broken(*case.args)
        except ValueError:
            continue
        if not np.allclose(output, multi_head_attention(*case.args)[0], atol=1e-3):
            silent.append(case.group)
    assert set(silent) == {
        "as many sentences as heads",
        "all sizes equal",
        "an empty sentence in a batch",
    }

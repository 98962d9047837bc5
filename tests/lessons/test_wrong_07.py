"""Lesson 07: what is wrong is rejected, and never called by the name of another mistake."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qkv_course.attention import (
    attention,
    attention_scores,
    causal_mask,
    mask_scores,
    masked_attention,
    padding_mask,
    scaled_scores,
    softmax,
)
from qkv_course.checks import evaluate

Array = np.ndarray
Wrong = Callable[..., Any]


def one_token_of_past(n: int) -> Array:
    return causal_mask(n) & ~np.tri(n, k=-2, dtype=bool)


def without_the_first_token(n: int) -> Array:
    mask = causal_mask(n)
    mask[1:, 0] = False
    return mask


def from_the_other_corner(n: int) -> Array:
    return causal_mask(n)[:, ::-1]


def two_ahead(n: int) -> Array:
    return np.tri(n, k=2, dtype=bool)


def one_token_more(n: int) -> Array:
    return causal_mask(n + 1)


def always_three(n: int) -> Array:
    return causal_mask(3)


def nested_list(n: int) -> Any:
    return causal_mask(n).tolist()


def of_objects(n: int) -> Array:
    return causal_mask(n).astype(object)


def first_row_open(n: int) -> Array:
    mask = causal_mask(n)
    mask[0] = True
    return mask


def inverted_numbers(n: int) -> Array:
    return np.triu(np.ones((n, n)), k=1)


CAUSAL: list[Wrong] = [
    one_token_of_past,
    without_the_first_token,
    from_the_other_corner,
    two_ahead,
    one_token_more,
    always_three,
    nested_list,
    of_objects,
    first_row_open,
    inverted_numbers,
]


def one_too_few(lengths: Array, n: int) -> Array:
    return padding_mask(lengths - 1, n)


def last_real_token(lengths: Array, n: int) -> Array:
    return np.arange(n) == lengths[:, None, None] - 1


def first_length_for_all(lengths: Array, n: int) -> Array:
    return padding_mask(np.full_like(lengths, lengths[0]), n)


def cut_to_the_longest(lengths: Array, n: int) -> Array:
    return padding_mask(lengths, int(lengths.max()))


def marked_and_one_too_many(lengths: Array, n: int) -> Array:
    return np.arange(n) > lengths[:, None, None]


def marked_without_axis(lengths: Array, n: int) -> Array:
    return ~padding_mask(lengths, n)[:, 0]


def sentences_sorted(lengths: Array, n: int) -> Array:
    return padding_mask(np.sort(lengths), n)


def never_empty(lengths: Array, n: int) -> Array:
    return padding_mask(np.maximum(lengths, 1), n)


def never_full(lengths: Array, n: int) -> Array:
    return padding_mask(np.minimum(lengths, n - 1), n)


def causal_too(lengths: Array, n: int) -> Array:
    return padding_mask(lengths, n) & causal_mask(n)


def transposed_padding(lengths: Array, n: int) -> Array:
    return padding_mask(lengths, n).T


def in_a_list(lengths: Array, n: int) -> Any:
    return list(padding_mask(lengths, n))


PADDING: list[Wrong] = [
    one_too_few,
    last_real_token,
    first_length_for_all,
    cut_to_the_longest,
    marked_and_one_too_many,
    marked_without_axis,
    sentences_sorted,
    never_empty,
    never_full,
    causal_too,
    transposed_padding,
    in_a_list,
]


def filled_with(fill: float) -> Wrong:
    def wrong(scores: Array, mask: Array) -> Array:
        return np.where(mask, scores, fill)

    wrong.__name__ = f"filled_with_{fill:g}"
    return wrong


def inverted_and_zero(scores: Array, mask: Array) -> Array:
    return np.where(mask, 0.0, scores)


def first_mask_of_the_batch(scores: Array, mask: Array) -> Array:
    while mask.ndim > 2:
        mask = mask[0]
    return mask_scores(scores, mask)


def first_row_for_all_queries(scores: Array, mask: Array) -> Array:
    return mask_scores(scores, mask[..., :1, :])


def smallest_score(scores: Array, mask: Array) -> Array:
    return np.where(mask, scores, scores.min())


def a_masked_array(scores: Array, mask: Array) -> Any:
    return np.ma.masked_array(scores, ~np.broadcast_to(mask, scores.shape))


def empty_rows_left_open(scores: Array, mask: Array) -> Array:
    return mask_scores(scores, mask | ~mask.any(axis=-1, keepdims=True))


def half_precision(scores: Array, mask: Array) -> Array:
    return mask_scores(scores, mask).astype(np.float16)


def weights_in_place_of_scores(scores: Array, mask: Array) -> Array:
    return softmax(mask_scores(scores, mask))


def visible_doubled(scores: Array, mask: Array) -> Array:
    return mask_scores(2 * scores, mask)


def transposed_and_zero(scores: Array, mask: Array) -> Array:
    return np.where(np.swapaxes(mask, -1, -2), scores, 0.0)


def minus_infinity_where_negative(scores: Array, mask: Array) -> Array:
    return np.where(mask, scores, np.sign(scores) * np.inf)


SCORES: list[Wrong] = [
    filled_with(-100.0),
    filled_with(-1e4),
    filled_with(np.nan),
    filled_with(-1.0),
    inverted_and_zero,
    first_mask_of_the_batch,
    first_row_for_all_queries,
    smallest_score,
    a_masked_array,
    empty_rows_left_open,
    half_precision,
    weights_in_place_of_scores,
    visible_doubled,
    transposed_and_zero,
    minus_infinity_where_negative,
]


def finished(scores: Array, v: Array) -> Any:
    weights = softmax(scores)
    return weights @ v, weights


def filled_with_minus_ten_thousand(q: Array, k: Array, v: Array, mask: Array) -> Any:
    return finished(np.where(mask, scaled_scores(q, k), -1e4), v)


def minus_ten_thousand_added(q: Array, k: Array, v: Array, mask: Array) -> Any:
    return finished(scaled_scores(q, k) + np.where(mask, 0.0, -1e4), v)


def minus_ten_thousand_added_and_mended(q: Array, k: Array, v: Array, mask: Array) -> Any:
    context, weights = minus_ten_thousand_added(q, k, v, mask)
    some = mask.any(axis=-1, keepdims=True)
    return np.where(some, context, 0), np.where(some, weights, 0)


def inverted_and_zero_scores(q: Array, k: Array, v: Array, mask: Array) -> Any:
    return finished(np.where(mask, 0.0, scaled_scores(q, k)), v)


def not_scaled_and_nan(q: Array, k: Array, v: Array, mask: Array) -> Any:
    return finished(mask_scores(attention_scores(q, k), mask), v)


def transposed_and_nan(q: Array, k: Array, v: Array, mask: Array) -> Any:
    return finished(mask_scores(scaled_scores(q, k), np.swapaxes(mask, -1, -2)), v)


def context_alone_is_masked(q: Array, k: Array, v: Array, mask: Array) -> Any:
    return masked_attention(q, k, v, mask)[0], attention(q, k, v)[1]


def weights_alone_are_masked(q: Array, k: Array, v: Array, mask: Array) -> Any:
    return attention(q, k, v)[0], masked_attention(q, k, v, mask)[1]


def empty_rows_see_everything(q: Array, k: Array, v: Array, mask: Array) -> Any:
    return masked_attention(q, k, v, mask | ~mask.any(axis=-1, keepdims=True))


def empty_rows_see_themselves(q: Array, k: Array, v: Array, mask: Array) -> Any:
    itself = np.eye(q.shape[-2], k.shape[-2], dtype=bool)
    return masked_attention(q, k, v, mask | (itself & ~mask.any(axis=-1, keepdims=True)))


def context_of_empty_rows_mended_alone(q: Array, k: Array, v: Array, mask: Array) -> Any:
    context, weights = finished(np.where(mask, scaled_scores(q, k), -1e9), v)
    return np.where(mask.any(axis=-1, keepdims=True), context, 0), weights


def weights_of_empty_rows_mended_alone(q: Array, k: Array, v: Array, mask: Array) -> Any:
    context, weights = finished(np.where(mask, scaled_scores(q, k), -1e9), v)
    return context, np.where(mask, weights, 0)


def first_mask_for_all(q: Array, k: Array, v: Array, mask: Array) -> Any:
    while mask.ndim > 2:
        mask = mask[0]
    return masked_attention(q, k, v, mask)


def masks_in_reverse(q: Array, k: Array, v: Array, mask: Array) -> Any:
    return masked_attention(q, k, v, mask[::-1] if mask.ndim > 2 else mask)


def padded_values(q: Array, k: Array, v: Array, mask: Array) -> Any:
    seen = mask.any(axis=-2)[..., None]  # a key that no query sees has a value of zero
    return attention(q, k, v * seen)


def overflow_mended(q: Array, k: Array, v: Array, mask: Array) -> Any:
    exps = np.exp(mask_scores(scaled_scores(q, k), mask))
    totals = exps.sum(axis=-1, keepdims=True)
    weights = exps / np.where(totals > 0, totals, 1)
    return weights @ v, weights


def weights_times_mask_twice(q: Array, k: Array, v: Array, mask: Array) -> Any:
    weights = softmax(scaled_scores(q, k) * mask) * mask
    return weights @ v, weights


def divided_by_number_of_visible(q: Array, k: Array, v: Array, mask: Array) -> Any:
    weights = softmax(scaled_scores(q, k)) * mask
    weights = weights / np.maximum(mask.sum(axis=-1, keepdims=True), 1)
    return weights @ v, weights


def over_the_queries(q: Array, k: Array, v: Array, mask: Array) -> Any:
    scores = mask_scores(scaled_scores(q, k), mask)
    exps = np.exp(scores - np.maximum(scores.max(axis=-2, keepdims=True), -1e300))
    totals = exps.sum(axis=-2, keepdims=True)
    weights = exps / np.where(totals > 0, totals, 1)
    return weights @ v, weights


def context_alone(q: Array, k: Array, v: Array, mask: Array) -> Any:
    return masked_attention(q, k, v, mask)[0]


def mask_turned_in_place(q: Array, k: Array, v: Array, mask: Array) -> Any:
    np.logical_not(mask, out=mask)
    return masked_attention(q, k, v, ~mask)


MASKED: list[Wrong] = [
    filled_with_minus_ten_thousand,
    minus_ten_thousand_added,
    minus_ten_thousand_added_and_mended,
    inverted_and_zero_scores,
    not_scaled_and_nan,
    transposed_and_nan,
    context_alone_is_masked,
    weights_alone_are_masked,
    empty_rows_see_everything,
    empty_rows_see_themselves,
    context_of_empty_rows_mended_alone,
    weights_of_empty_rows_mended_alone,
    first_mask_for_all,
    masks_in_reverse,
    padded_values,
    overflow_mended,
    weights_times_mask_twice,
    divided_by_number_of_visible,
    over_the_queries,
    context_alone,
    mask_turned_in_place,
]

WRONG = {
    "causal_mask": CAUSAL,
    "padding_mask": PADDING,
    "mask_scores": SCORES,
    "masked_attention": MASKED,
}


@pytest.mark.parametrize(
    ("name", "wrong", "sentence"),
    [
        ("causal_mask", two_ahead, "Query 0 may attend to key 1, which comes after it."),
        (
            "causal_mask",
            without_the_first_token,
            "Query 1 may not attend to key 0, which comes before it.",
        ),
        (
            "padding_mask",
            one_too_few,
            "Sentence 0 has the length 1. Its position 0 is hidden, and it is real.",
        ),
        (
            "mask_scores",
            filled_with(-100.0),
            "The mask hides scores[1, 0], and it is -100 in place of -inf.",
        ),
        (
            "mask_scores",
            visible_doubled,
            "All that is hidden is -inf. But a score that may be seen was changed.",
        ),
        ("masked_attention", over_the_queries, "what a query may see shares a budget of 1"),
        ("masked_attention", weights_times_mask_twice, "a budget of 1"),
        (
            "masked_attention",
            context_of_empty_rows_mended_alone,
            "weights[0, 0] still gives it 0.5",
        ),
    ],
    ids=lambda x: getattr(x, "__name__", None),
)
def test_report_says_which_entry_of_the_mask_is_not_kept(
    name: str, wrong: Wrong, sentence: str
) -> None:
    assert sentence in evaluate(name, wrong, 1).likely

"""Lesson 10: what is wrong is rejected, and never called by the name of another mistake."""

import math
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qkv_course.attention import (
    attention,
    attention_flops,
    decode_step,
    grouped_query_attention,
    kv_cache_bytes,
    streaming_attention,
)
from qkv_course.checks import evaluate

Array = np.ndarray
Wrong = Callable[..., Any]


# --- attention_flops and kv_cache_bytes


def with_one_projection(n: int, d_model: int) -> int:
    return attention_flops(n, d_model) + 2 * n * d_model**2


def with_the_softmax(n: int, d_model: int) -> int:
    return attention_flops(n, d_model) + 5 * n**2


def twice_too_many(n: int, d_model: int) -> int:
    return 2 * attention_flops(n, d_model)


def as_a_float(n: int, d_model: int) -> float:
    return 4.0 * n**2 * d_model


def in_billions(n: int, d_model: int) -> int:
    return attention_flops(n, d_model) // 10**9


def power_as_xor(n: int, d_model: int) -> int:
    return 4 * n ^ 2 * d_model


def the_examples_answer(n: int, d_model: int) -> int:
    return 25600


def without_the_diagonal(n: int, d_model: int) -> int:
    return 4 * n * (n - 1) * d_model


FLOPS: list[Wrong] = [
    with_one_projection,
    with_the_softmax,
    twice_too_many,
    as_a_float,
    in_billions,
    power_as_xor,
    the_examples_answer,
    without_the_diagonal,
]


def one_layer_of_keys(n: int, layers: int, heads: int, d_head: int, width: int = 2) -> int:
    return n * heads * d_head * width


def bits_of_keys(n: int, layers: int, heads: int, d_head: int, width: int = 2) -> int:
    return 8 * n * layers * heads * d_head * width


def default_of_four(n: int, layers: int, heads: int, d_head: int, width: int = 4) -> int:
    return kv_cache_bytes(n, layers, heads, d_head, width)


def square_heads(n: int, layers: int, heads: int, d_head: int, width: int = 2) -> int:
    return kv_cache_bytes(n, layers, heads**2, d_head, width)


def bytes_as_a_float(n: int, layers: int, heads: int, d_head: int, width: int = 2) -> float:
    return float(kv_cache_bytes(n, layers, heads, d_head, width))


def one_token_more(n: int, layers: int, heads: int, d_head: int, width: int = 2) -> int:
    return kv_cache_bytes(n + 1, layers, heads, d_head, width)


def sum_of_sizes(n: int, layers: int, heads: int, d_head: int, width: int = 2) -> int:
    return 2 * n * (layers + heads) * d_head * width


def one_token(n: int, layers: int, heads: int, d_head: int, width: int = 2) -> int:
    return kv_cache_bytes(1, layers, heads, d_head, width)


BYTES: list[Wrong] = [
    one_layer_of_keys,
    bits_of_keys,
    default_of_four,
    square_heads,
    bytes_as_a_float,
    one_token_more,
    sum_of_sizes,
    one_token,
]


# --- decode_step


def joined(old: Array, new: Array) -> Array:
    return np.concatenate([old, new], axis=-2)


def only_keys_grow(q: Array, k_new: Array, v_new: Array, k: Array, v: Array) -> Any:
    context, k, _ = decode_step(q, k_new, v_new, k, v)
    return context, k, v


def oldest_forgotten(q: Array, k_new: Array, v_new: Array, k: Array, v: Array) -> Any:
    k, v = joined(k[..., 1:, :], k_new), joined(v[..., 1:, :], v_new)
    return attention(q, k, v)[0], k, v


def newest_twice(q: Array, k_new: Array, v_new: Array, k: Array, v: Array) -> Any:
    k, v = joined(joined(k, k_new), k_new), joined(joined(v, v_new), v_new)
    return attention(q, k, v)[0], k, v


def keys_in_front_values_behind(q: Array, k_new: Array, v_new: Array, k: Array, v: Array) -> Any:
    k, v = joined(k_new, k), joined(v, v_new)
    return attention(q, k, v)[0], k, v


def blind_and_newest_first(q: Array, k_new: Array, v_new: Array, k: Array, v: Array) -> Any:
    return attention(q, k, v)[0], joined(k_new, k), joined(v_new, v)


def context_without_its_axis(q: Array, k_new: Array, v_new: Array, k: Array, v: Array) -> Any:
    context, k, v = decode_step(q, k_new, v_new, k, v)
    return context[..., 0, :], k, v


def average_of_the_values(q: Array, k_new: Array, v_new: Array, k: Array, v: Array) -> Any:
    _, k, v = decode_step(q, k_new, v_new, k, v)
    return v.mean(axis=-2, keepdims=True), k, v


def context_cached(q: Array, k_new: Array, v_new: Array, k: Array, v: Array) -> Any:
    context, k, _ = decode_step(q, k_new, v_new, k, v)
    return context, k, joined(v, context)


def context_alone(q: Array, k_new: Array, v_new: Array, k: Array, v: Array) -> Any:
    return decode_step(q, k_new, v_new, k, v)[0]


def lists_for_caches(q: Array, k_new: Array, v_new: Array, k: Array, v: Array) -> Any:
    context, k, v = decode_step(q, k_new, v_new, k, v)
    return context, list(k), list(v)


def scaled_by_the_cache(q: Array, k_new: Array, v_new: Array, k: Array, v: Array) -> Any:
    _, k, v = decode_step(q, k_new, v_new, k, v)
    factor = math.sqrt(q.shape[-1]) / math.sqrt(k.shape[-2])
    return attention(q * factor, k, v)[0], k, v


def empty_caches_crash(q: Array, k_new: Array, v_new: Array, k: Array, v: Array) -> Any:
    if k.shape[-2] == 0:
        raise IndexError("no last row")
    return decode_step(q, k_new, v_new, k, v)


STEPS: list[Wrong] = [
    only_keys_grow,
    oldest_forgotten,
    newest_twice,
    keys_in_front_values_behind,
    blind_and_newest_first,
    context_without_its_axis,
    average_of_the_values,
    context_cached,
    context_alone,
    lists_for_caches,
    scaled_by_the_cache,
    empty_caches_crash,
]


# --- grouped_query_attention


def plain_attention(q: Array, k: Array, v: Array) -> Any:
    return attention(q, k, v)


def last_head_for_all(q: Array, k: Array, v: Array) -> Any:
    return attention(q, k[..., -1:, :, :], v[..., -1:, :, :])


def groups_backwards(q: Array, k: Array, v: Array) -> Any:
    return grouped_query_attention(q, k[..., ::-1, :, :], v[..., ::-1, :, :])


def shifted_by_one(q: Array, k: Array, v: Array) -> Any:
    head = (np.arange(q.shape[-3]) + 1) // (q.shape[-3] // k.shape[-3]) % k.shape[-3]
    return attention(q, k[..., head, :, :], v[..., head, :, :])


def repeated_as_often_as_there_are_heads(q: Array, k: Array, v: Array) -> Any:
    times = k.shape[-3]
    return attention(q, np.repeat(k, times, axis=-3), np.repeat(v, times, axis=-3))


def weights_of_one_head_each(q: Array, k: Array, v: Array) -> Any:
    context, weights = grouped_query_attention(q, k, v)
    return context, weights[..., :: q.shape[-3] // k.shape[-3], :, :]


def weights_averaged(q: Array, k: Array, v: Array) -> Any:
    context, weights = grouped_query_attention(q, k, v)
    return context, weights.mean(axis=-3)


def taking_turns_backwards(q: Array, k: Array, v: Array) -> Any:
    head = np.arange(q.shape[-3])[::-1] % k.shape[-3]
    return attention(q, k[..., head, :, :], v[..., head, :, :])


def turns_without_scaling(q: Array, k: Array, v: Array) -> Any:
    reps = (q.shape[-3] // k.shape[-3], 1, 1)
    return attention(q * math.sqrt(q.shape[-1]), np.tile(k, reps), np.tile(v, reps))


def groups_of_two(q: Array, k: Array, v: Array) -> Any:
    head = np.minimum(np.arange(q.shape[-3]) // 2, k.shape[-3] - 1)
    return attention(q, k[..., head, :, :], v[..., head, :, :])


def scaled_by_all_heads(q: Array, k: Array, v: Array) -> Any:
    return grouped_query_attention(q / math.sqrt(q.shape[-3]), k, v)


def keys_as_values(q: Array, k: Array, v: Array) -> Any:
    return grouped_query_attention(q, k, k[..., : v.shape[-1]])


GROUPS: list[Wrong] = [
    plain_attention,
    last_head_for_all,
    groups_backwards,
    shifted_by_one,
    repeated_as_often_as_there_are_heads,
    weights_of_one_head_each,
    weights_averaged,
    taking_turns_backwards,
    turns_without_scaling,
    groups_of_two,
    scaled_by_all_heads,
    keys_as_values,
]


# --- streaming_attention


def last_full_block_dropped(q: Array, k: Array, v: Array, block: int) -> Array:
    stop = max(block, k.shape[-2] - block)
    return streaming_attention(q, k[..., :stop, :], v[..., :stop, :], block)


def blocks_that_overlap(q: Array, k: Array, v: Array, block: int) -> Array:
    seen = [j for s in range(0, k.shape[-2], block) for j in range(s, s + block + 1)]
    seen = [j for j in seen if j < k.shape[-2]]
    return streaming_attention(q, k[..., seen, :], v[..., seen, :], block)


def first_block_only(q: Array, k: Array, v: Array, block: int) -> Array:
    return streaming_attention(q, k[..., :block, :], v[..., :block, :], block)


def no_scale_and_dropped(q: Array, k: Array, v: Array, block: int) -> Array:
    stop = max(k.shape[-2] // block, 1) * block
    q = q * math.sqrt(q.shape[-1])
    return streaming_attention(q, k[..., :stop, :], v[..., :stop, :], block)


def blocks_weighted_by_size(q: Array, k: Array, v: Array, block: int) -> Array:
    parts: Any = 0
    for start in range(0, k.shape[-2], block):
        part = slice(start, start + block)
        size = k[..., part, :].shape[-2]
        parts = parts + size * attention(q, k[..., part, :], v[..., part, :])[0]
    return parts / k.shape[-2]


def in_single_precision(q: Array, k: Array, v: Array, block: int) -> Array:
    q, k, v = (x.astype(np.float32) for x in (q, k, v))
    return streaming_attention(q, k, v, block).astype(np.float64)


def maximum_clipped(q: Array, k: Array, v: Array, block: int) -> Array:
    # Instead of a running maximum: nothing overflows, and high scores are all alike.
    total: Any = 0
    blend: Any = 0
    for start in range(0, k.shape[-2], block):
        part = slice(start, start + block)
        scores = q @ np.swapaxes(k[..., part, :], -1, -2) / math.sqrt(q.shape[-1])
        exps = np.exp(np.clip(scores, -700, 700))
        total = total + exps.sum(axis=-1, keepdims=True)
        blend = blend + exps @ v[..., part, :]
    return blend / total


def weights_as_well(q: Array, k: Array, v: Array, block: int) -> Any:
    return attention(q, k, v)


def all_held_and_not_scaled(q: Array, k: Array, v: Array, block: int) -> Array:
    return attention(q * math.sqrt(q.shape[-1]), k, v)[0]


def held_for_few_queries(q: Array, k: Array, v: Array, block: int) -> Array:
    if q.shape[-2] < k.shape[-2]:
        return attention(q, k, v)[0]
    return streaming_attention(q, k, v, block)


def fails_for_large_blocks(q: Array, k: Array, v: Array, block: int) -> Array:
    if block > k.shape[-2]:
        raise ValueError("block is larger than the number of keys")
    return streaming_attention(q, k, v, block)


STREAMS: list[Wrong] = [
    last_full_block_dropped,
    blocks_that_overlap,
    first_block_only,
    no_scale_and_dropped,
    blocks_weighted_by_size,
    in_single_precision,
    maximum_clipped,
    weights_as_well,
    all_held_and_not_scaled,
    held_for_few_queries,
    fails_for_large_blocks,
]

WRONG = {
    "attention_flops": FLOPS,
    "kv_cache_bytes": BYTES,
    "decode_step": STEPS,
    "grouped_query_attention": GROUPS,
    "streaming_attention": STREAMS,
}


def test_a_cache_that_lost_a_token_is_pointed_out() -> None:
    def shuffled(q: Array, k_new: Array, v_new: Array, k: Array, v: Array) -> Any:
        context, k, v = decode_step(q, k_new, v_new, k, v)
        return context, k[..., ::-1, :], v[..., ::-1, :]

    likely = evaluate("decode_step", shuffled, 1).likely
    assert "`k_cache` should begin with all that was cached" in likely


# --- the memory of streaming_attention


def scores_in_a_list(q: Array, k: Array, v: Array, block: int) -> Array:
    """Looks at block after block, and keeps all their scores until the end."""
    root = math.sqrt(q.shape[-1])
    starts = range(0, k.shape[-2], block)
    blocks = [q @ np.swapaxes(k[..., s : s + block, :], -1, -2) / root for s in starts]
    largest = np.max([b.max(axis=-1, keepdims=True) for b in blocks], axis=0)
    total: Any = 0
    blend: Any = 0
    for start, scores in zip(starts, blocks, strict=True):
        exps = np.exp(scores - largest)
        total = total + exps.sum(axis=-1, keepdims=True)
        blend = blend + exps @ v[..., start : start + block, :]
    return blend / total


@pytest.mark.parametrize("seed", range(1, 6))
def test_scores_kept_in_a_list_are_held_all_the_same(seed: int) -> None:
    report = evaluate("streaming_attention", scores_in_a_list, seed)
    assert report.mistake is not None and report.mistake.name == "all-scores-held"
    assert "`whole score matrices held at once` is 1." in report.saw


@pytest.mark.parametrize("held", [True, False])
def test_a_learner_who_traces_memory_is_not_disturbed(held: bool) -> None:
    wrong = evaluate("streaming_attention", scores_in_a_list, 1)
    tracemalloc.start()
    try:
        mine = np.ones(10**6)
        if not held:
            del mine  # the peak that was seen must be there all the same
        assert evaluate("streaming_attention", streaming_attention, 1).passed
        assert str(evaluate("streaming_attention", scores_in_a_list, 1)) == str(wrong)
        assert tracemalloc.is_tracing()
        assert tracemalloc.get_traced_memory()[1] >= 8 * 10**6
    finally:
        tracemalloc.stop()


def test_memory_is_not_traced_after_a_check() -> None:
    assert evaluate("streaming_attention", streaming_attention, 1).passed
    assert not tracemalloc.is_tracing()


def test_a_function_that_stops_the_measurement_is_told_so() -> None:
    def unseen(q: Array, k: Array, v: Array, block: int) -> Array:
        tracemalloc.stop()
        return attention(q, k, v)[0]

    report = evaluate("streaming_attention", unseen, 1)
    assert not report.passed
    assert "your function stopped tracemalloc" in report.saw


def test_an_error_on_a_large_input_leaves_no_tracing_behind() -> None:
    def fails(q: Array, k: Array, v: Array, block: int) -> Array:
        if q.shape[-2] > 100:
            raise RuntimeError("too large")
        return streaming_attention(q, k, v, block)

    assert evaluate("streaming_attention", fails, 1).status == "raised"
    assert not tracemalloc.is_tracing()

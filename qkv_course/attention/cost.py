"""What attention costs, and how real systems pay less: caches, shared keys, blocks."""

import math

import numpy as np

from qkv_course.attention.context import attention


def attention_flops(n: int, d_model: int) -> int:
    """Count the floating-point operations of q @ k.T and weights @ v, all heads together.

    n: number of tokens: there are n queries and n keys. d_model: features of a token, shared
    out among the heads.
    Convention: a dot product of d entries is d multiplications and d additions, 2 * d
    operations. The projections, the scaling, the softmax and masks are not counted.
    Returns the number of operations, as an int.

    >>> attention_flops(10, 64)
    25600
    """
    return 4 * n**2 * d_model


def kv_cache_bytes(
    n: int, n_layers: int, n_kv_heads: int, d_head: int, bytes_per_value: int = 2
) -> int:
    """Say how much memory the keys and values of n tokens take, in all layers of a model.

    n: tokens of one sequence. n_layers: layers. n_kv_heads: heads that have keys and values
    of their own, in each layer. d_head: entries of a key, and of a value.
    bytes_per_value: of one such entry; 2 for float16, 4 for float32.
    Returns bytes, as an int.

    >>> kv_cache_bytes(1000, n_layers=12, n_kv_heads=12, d_head=64)  # GPT-2 small, float16
    36864000
    """
    return 2 * n * n_layers * n_kv_heads * d_head * bytes_per_value


def decode_step(
    q: np.ndarray,
    k_new: np.ndarray,
    v_new: np.ndarray,
    k_cache: np.ndarray,
    v_cache: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Let one new token attend to all before it and to itself, and remember its key and value.

    q, k_new: (..., 1, d_k) and v_new: (..., 1, d_v), of the new token.
    k_cache: (..., t, d_k) and v_cache: (..., t, d_v), of the t >= 0 tokens before it.
    Returns (context, k_cache, v_cache): (..., 1, d_v), and new caches of t + 1 tokens with the
    new one last.

    >>> one, empty = np.array([[1.0]]), np.zeros((0, 1))
    >>> decode_step(one, one, one, empty, empty)  # the first token sees itself only
    (array([[1.]]), array([[1.]]), array([[1.]]))
    """
    k_cache = np.concatenate([k_cache, k_new], axis=-2)  # (..., t + 1, d_k)
    v_cache = np.concatenate([v_cache, v_new], axis=-2)
    context, _ = attention(q, k_cache, v_cache)
    return context, k_cache, v_cache


def grouped_query_attention(
    q: np.ndarray, k: np.ndarray, v: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Attend with fewer heads of keys and values than of queries.

    q: (..., h, n_q, d_k). k: (..., h_kv, n_k, d_k). v: (..., h_kv, n_k, d_v); h_kv divides h.
    Query head i reads the keys and values of head i // (h // h_kv): neighbors share. With
    h_kv = h this is usual multi-head attention, with h_kv = 1 multi-query attention.
    Returns (context, weights): (..., h, n_q, d_v) and (..., h, n_q, n_k).
    Source: Ainslie et al. 2023, "GQA"; Shazeer 2019 for h_kv = 1.

    >>> q, v = np.zeros((4, 1, 1)), np.array([[[10.0]], [[20.0]]])  # 4 query heads, 2 of values
    >>> context, weights = grouped_query_attention(q, np.zeros((2, 1, 1)), v)
    >>> context.ravel()
    array([10., 10., 20., 20.])
    """
    group = q.shape[-3] // k.shape[-3]
    return attention(q, np.repeat(k, group, axis=-3), np.repeat(v, group, axis=-3))


def streaming_attention(q: np.ndarray, k: np.ndarray, v: np.ndarray, block: int) -> np.ndarray:
    """Compute the context of attention block by block, without ever holding all scores.

    q: (..., n_q, d_k). k: (..., n_k, d_k). v: (..., n_k, d_v).
    block: how many keys to look at at a time, 1 or more; the last block may be smaller.
    Returns the context, shape (..., n_q, d_v), the same as from attention(q, k, v).
    All n_q x n_k scores together are never held, only those of a few blocks, n_q x block.
    Source: Milakov & Gimelshein 2018 (online softmax); Dao et al. 2022, "FlashAttention".

    >>> q, k = np.zeros((1, 2)), np.ones((3, 2))
    >>> streaming_attention(q, k, np.array([[10.0], [20.0], [60.0]]), block=2)
    array([[30.]])
    """
    q = q / math.sqrt(q.shape[-1])
    largest = np.full((*q.shape[:-1], 1), -np.inf, dtype=q.dtype)  # of the scores so far
    total = np.zeros_like(largest)  # sum of the exps so far
    blend = np.zeros((*q.shape[:-1], v.shape[-1]), dtype=q.dtype)
    for start in range(0, k.shape[-2], block):
        scores = q @ np.swapaxes(k[..., start : start + block, :], -1, -2)  # (..., n_q, block)
        new = np.maximum(largest, scores.max(axis=-1, keepdims=True))
        exps, shrink = np.exp(scores - new), np.exp(largest - new)
        total = total * shrink + exps.sum(axis=-1, keepdims=True)
        blend = blend * shrink + exps @ v[..., start : start + block, :]
        largest = new
    return blend / total

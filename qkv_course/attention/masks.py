"""Masks: who may look at whom, True where a query may attend."""

import numpy as np

from qkv_course.attention.context import weighted_sum
from qkv_course.attention.scores import scaled_scores


def causal_mask(n: int) -> np.ndarray:
    """Let every token attend to itself and to all earlier tokens, and to none after it.

    n: number of tokens.
    Returns a bool array of shape (n, n): row = query, column = key, True where it may attend.
    Source: Vaswani et al. 2017, section 3.2.3.

    >>> causal_mask(3)
    array([[ True, False, False],
           [ True,  True, False],
           [ True,  True,  True]])
    """
    return np.tri(n, dtype=bool)


def padding_mask(lengths: np.ndarray, n: int) -> np.ndarray:
    """Hide the padding at the end of each sentence, as keys, from all queries.

    lengths: whole numbers from 0 to n, shape (batch,): the first lengths[b] tokens are real.
    n: the length to which all sentences are padded.
    Returns a bool array of shape (batch, 1, n), True where a key is real. It fits scores of
    shape (batch, n_q, n): the axis of size 1 stands for every query.

    >>> padding_mask(np.array([1, 3]), 3)
    array([[[ True, False, False]],
    <BLANKLINE>
           [[ True,  True,  True]]])
    """
    return np.arange(n) < np.asarray(lengths)[:, np.newaxis, np.newaxis]


def mask_scores(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Put minus infinity where a query may not attend, and leave all other scores alone.

    scores: (..., n_q, n_k).
    mask: bool, True where a query may attend; broadcasts to the shape of scores.
    Returns a new array, shaped like scores, exactly -inf where the mask is False.
    Source: Vaswani et al. 2017, section 3.2.3.

    >>> mask_scores(np.array([[1.0, 2.0], [3.0, 4.0]]), causal_mask(2))
    array([[  1., -inf],
           [  3.,   4.]])
    """
    return np.where(mask, scores, -np.inf)


def masked_attention(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Attend to what the mask allows: a softmax over the allowed scores only.

    q: (..., n_q, d_k). k: (..., n_k, d_k). v: (..., n_k, d_v).
    mask: bool, True where a query may attend; broadcasts to (..., n_q, n_k).
    Returns (context, weights): (..., n_q, d_v) and (..., n_q, n_k). A query that may attend
    to nothing gets weights of zero and a context of zero.
    Raises ValueError if the sizes do not fit.
    Source: Vaswani et al. 2017, section 3.2.3.

    >>> q = k = np.zeros((2, 1))  # all scores are equal
    >>> context, weights = masked_attention(q, k, np.array([[10.0], [20.0]]), causal_mask(2))
    >>> context, weights
    (array([[10.],
           [15.]]), array([[1. , 0. ],
           [0.5, 0.5]]))
    """
    scores = mask_scores(scaled_scores(q, k), mask)  # (..., n_q, n_k)
    # Where nothing is allowed, the largest score is -inf, and -inf - -inf would be nan.
    lowest = np.finfo(scores.dtype).min
    largest = np.maximum(scores.max(axis=-1, keepdims=True), lowest)
    exps = np.exp(scores - largest)  # exp(-inf) is 0
    totals = exps.sum(axis=-1, keepdims=True)
    weights = exps / np.where(totals > 0, totals, 1)
    return weighted_sum(weights, v), weights

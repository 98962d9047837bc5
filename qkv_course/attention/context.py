"""The weighted sum that gives a word its context, and the whole of attention."""

import numpy as np

from qkv_course.attention.projections import qkv
from qkv_course.attention.scores import scaled_scores
from qkv_course.attention.softmax import softmax


def weighted_sum(weights: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Blend the values once for every query, each with its own row of weights.

    weights: (..., n_q, n_k), used as given. v: (..., n_k, d_v).
    Returns one blend a query, shape (..., n_q, d_v).
    Raises ValueError if there is not one weight for each value.
    Source: the product with V in equation 1 of Vaswani et al. 2017.

    >>> weights = np.array([[1.0, 0.0], [0.5, 0.5]])
    >>> weighted_sum(weights, np.array([[10.0], [20.0]]))
    array([[10.],
           [15.]])
    """
    return weights @ v


def attention(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scaled dot-product attention: scores, softmax over the keys, weighted sum.

    q: (..., n_q, d_k). k: (..., n_k, d_k). v: (..., n_k, d_v).
    Returns (context, weights): (..., n_q, d_v) and (..., n_q, n_k).
    Raises ValueError if the sizes do not fit.
    Source: equation 1 of Vaswani et al. 2017.

    >>> q, k = np.array([[0.0, 0.0]]), np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> context, weights = attention(q, k, np.array([[10.0], [20.0]]))
    >>> context, weights  # a query of zeros finds all keys equally good
    (array([[15.]]), array([[0.5, 0.5]]))
    """
    weights = softmax(scaled_scores(q, k))  # (..., n_q, n_k)
    return weighted_sum(weights, v), weights


def self_attention(
    x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Let a sentence attend to itself: project x three times, then attend.

    x: tokens as rows, shape (..., n, d_model).
    w_q, w_k: (d_model, d_k). w_v: (d_model, d_v).
    Returns (context, weights): (..., n, d_v) and (..., n, n).
    Raises ValueError if the sizes do not fit.
    Source: Vaswani et al. 2017, section 3.2.3.

    >>> x, zero = np.array([[1.0, 0.0], [0.0, 1.0]]), np.zeros((2, 2))
    >>> context, weights = self_attention(x, zero, zero, 6 * np.eye(2))
    >>> context  # all scores are 0, so every token becomes the average value
    array([[3., 3.],
           [3., 3.]])
    """
    q, k, v = qkv(x, w_q, w_k, w_v)
    return attention(q, k, v)

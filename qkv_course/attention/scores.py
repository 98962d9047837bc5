"""How much each query cares for each key, and why the scores are divided by √d_k."""

import math

import numpy as np


def attention_scores(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Take the dot product of every query with every key.

    q: (..., n_q, d_k). k: (..., n_k, d_k).
    Returns scores of shape (..., n_q, n_k): row i holds query i's scores for all keys.
    Raises ValueError if q and k differ in d_k.
    Source: Q Kᵀ in equation 1 of Vaswani et al. 2017.

    >>> q = np.array([[1.0, 0.0], [1.0, 1.0]])
    >>> k = np.array([[2.0, 1.0], [0.0, 3.0], [1.0, 1.0]])
    >>> attention_scores(q, k)
    array([[2., 0., 1.],
           [3., 3., 2.]])
    """
    return q @ np.swapaxes(k, -1, -2)


def scaled_scores(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Divide the scores by √d_k, where d_k is the number of entries of a query.

    q: (..., n_q, d_k). k: (..., n_k, d_k).
    Returns scaled scores of shape (..., n_q, n_k).
    Raises ValueError if q and k differ in d_k.
    Source: Q Kᵀ / √d_k in equation 1 of Vaswani et al. 2017.

    >>> q = np.array([[1.0, 1.0, 1.0, 1.0]])  # d_k = 4, so divide by 2
    >>> k = np.array([[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 2.0]])
    >>> scaled_scores(q, k)
    array([[5., 1.]])
    """
    return attention_scores(q, k) / math.sqrt(q.shape[-1])


def score_std(d_k: int) -> float:
    """Give the exact standard deviation of q·k for random q and k of d_k entries.

    All entries are independent, with mean 0 and variance 1. Then every product has
    mean 0 and variance 1 too, and the variances of independent terms add up.
    Exact means a formula: no sampling.

    d_k: a whole number, 1 or more.
    Returns a float.
    Source: footnote 4 of Vaswani et al. 2017.

    >>> score_std(16)
    4.0
    """
    return math.sqrt(d_k)

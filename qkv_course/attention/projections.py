"""Three matrices give every token a query, a key and a value."""

import numpy as np


def project(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Send every token through the same matrix.

    x: tokens as rows, shape (..., n, d_in). w: (d_in, d_out).
    Returns the projected tokens as rows, shape (..., n, d_out).
    Raises ValueError if x and w differ in d_in.
    Source: Vaswani et al. 2017, section 3.2.2.

    >>> project(np.array([[1.0, 2.0]]), np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]))
    array([[1., 2., 3.]])
    """
    return x @ w


def qkv(
    x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make the queries, keys and values of a sentence: three projections of the same x.

    x: tokens as rows, shape (..., n, d_model).
    w_q, w_k: (d_model, d_k). w_v: (d_model, d_v).
    Returns (q, k, v): q and k of shape (..., n, d_k), v of shape (..., n, d_v).
    Raises ValueError if the sizes do not fit.
    Source: Vaswani et al. 2017, section 3.2.2.

    >>> x, one = np.array([[2.0, 3.0]]), np.eye(2)
    >>> q, k, v = qkv(x, one, 10 * one, 100 * one)
    >>> q, k, v
    (array([[2., 3.]]), array([[20., 30.]]), array([[200., 300.]]))
    """
    return project(x, w_q), project(x, w_k), project(x, w_v)


def projection_parameters(d_model: int, d_k: int, d_v: int) -> int:
    """Count the numbers in W_Q, W_K and W_V of one head.

    No biases, and not the output matrix W_O, which comes in lesson 08.

    d_model: size of a token's vector. d_k: size of a query and of a key.
    d_v: size of a value.
    Returns an int.
    Source: Vaswani et al. 2017, section 3.2.2.

    >>> projection_parameters(4, 2, 3)  # 4 * 2 and 4 * 2 and 4 * 3
    28
    """
    return d_model * (2 * d_k + d_v)

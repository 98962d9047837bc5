"""Scores become weights: a budget of 1 for every row, however large the scores."""

import numpy as np


def softmax(scores: np.ndarray) -> np.ndarray:
    """Turn each row of scores into positive weights that add up to 1.

    weight_j = exp(score_j) / (sum of exp(score) over the row), over the *last* axis.
    Scores are finite and may be of any size, so the largest of each row is taken off
    first; that changes no weight and keeps exp from overflowing.

    scores: (..., n).
    Returns weights of the same shape.
    Source: Bridle 1990; for the shift, Goodfellow et al. 2016, section 4.1.

    >>> softmax(np.array([0.0, np.log(3.0)]))
    array([0.25, 0.75])
    >>> softmax(np.array([1000.0, 1000.0]))
    array([0.5, 0.5])
    """
    shifted = scores - scores.max(axis=-1, keepdims=True)
    exps = np.exp(shifted)
    return exps / exps.sum(axis=-1, keepdims=True)


def softmax_with_temperature(scores: np.ndarray, temperature: float) -> np.ndarray:
    """Divide the scores by the temperature, then take the softmax over the last axis.

    A low temperature sharpens the weights; a high one flattens them.

    scores: (..., n), finite. temperature: a number above 0.
    Returns weights of the same shape.
    Raises ValueError if the temperature is not above 0.
    Source: Hinton et al. 2015, "Distilling the knowledge in a neural network", section 2.

    >>> softmax_with_temperature(np.array([0.0, 2 * np.log(3.0)]), 2.0)
    array([0.25, 0.75])
    """
    if temperature <= 0:
        raise ValueError(f"temperature is {temperature}; it divides the scores, so use one above 0")
    return softmax(scores / temperature)


def entropy(weights: np.ndarray) -> np.ndarray:
    """Measure how widely each row of weights is spread, in nats.

    -(sum of w * log(w)) over the last axis, with the natural logarithm. A weight of
    exactly 0 adds nothing: 0 log 0 counts as 0.

    weights: (..., n), each row adds up to 1.
    Returns (...): 0 for a row with all its weight in one place, log(n) for an even row.
    Source: Shannon 1948, section 6.

    >>> entropy(np.array([[0.5, 0.5, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]])).round(4)
    array([0.6931, 1.3863])
    """
    logs = np.log(weights, out=np.zeros_like(weights), where=weights > 0)
    return -(weights * logs).sum(axis=-1)


def softmax_jacobian(weights: np.ndarray) -> np.ndarray:
    """Say how every weight moves when any score moves, from the softmax's *output*.

    J[..., i, j] = w_i * (1 - w_j) if i == j, and -w_i * w_j otherwise:
    the derivative of weight i by score j.

    weights: the output of a softmax, shape (..., n).
    Returns J of shape (..., n, n).
    Source: Goodfellow et al. 2016, section 6.2.2.3.

    >>> softmax_jacobian(np.array([0.25, 0.75]))
    array([[ 0.1875, -0.1875],
           [-0.1875,  0.1875]])
    """
    identity = np.eye(weights.shape[-1], dtype=weights.dtype)  # (n, n)
    return weights[..., :, None] * (identity - weights[..., None, :])  # (..., n, n)

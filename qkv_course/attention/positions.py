"""Attention does not see word order; these vectors, added to the words, show it."""

import numpy as np


def sinusoidal_positions(n: int, d_model: int) -> np.ndarray:
    """Give every position its own vector of sines and cosines.

    Column 2i is sin(pos / 10000 ** (2i / d_model)); column 2i + 1 is the cosine of the
    same angle. Positions count from 0.

    n: how many positions. d_model: an even number of columns.
    Returns float64 of shape (n, d_model).
    Raises ValueError if `d_model` is odd.
    Source: Vaswani et al. 2017, section 3.5.

    >>> sinusoidal_positions(2, 4).round(4)
    array([[0.    , 1.    , 0.    , 1.    ],
           [0.8415, 0.5403, 0.01  , 1.    ]])
    """
    if d_model % 2:
        raise ValueError(f"d_model is {d_model}; sines and cosines come in pairs, so make it even")
    rates = 10000.0 ** (-np.arange(0, d_model, 2) / d_model)  # (d_model / 2,)
    angles = np.arange(n)[:, None] * rates  # (n, d_model / 2)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(n, d_model)

"""Random numbers that Python and the browser draw alike, from nothing but a seed."""

import math

import numpy as np

# Mulberry32 adds STEP to its state at every draw. So state number i is known without the
# ones before it, and NumPy can compute all of them at once.
STEP, SPREAD = 0x6D2B79F5, 0x9E3779B9


def uniforms(n: int, seed: int) -> np.ndarray:
    """Draw n numbers from 0 up to, not including, 1; `uniforms` in base.js draws the same.

    n: how many. seed: a whole number; only its lowest 32 bits count.
    Returns float64, shape (n,).
    Source: Tommy Ettinger's mulberry32.

    >>> uniforms(3, seed=0).round(6)
    array([0.266429, 0.00033 , 0.223272])
    """
    start = np.uint32(seed * SPREAD % 2**32)  # neighboring seeds must start far apart
    state = start + np.arange(1, n + 1, dtype=np.uint32) * np.uint32(STEP)
    t = (state ^ (state >> 15)) * (state | 1)
    t ^= t + (t ^ (t >> 7)) * (t | 61)
    result: np.ndarray = (t ^ (t >> 14)) / 2.0**32
    return result


def normals(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Draw independent normal numbers with mean 0 and variance 1.

    shape: of the result. seed: a whole number.
    Returns float64 of that shape; `normals` in base.js draws the same to 1e-12.
    Source: Box and Muller 1958.

    >>> normals((2, 2), seed=0).shape
    (2, 2)
    """
    n = math.prod(shape)
    u = uniforms(n + n % 2, seed)
    radius = np.sqrt(-2.0 * np.log(1.0 - u[0::2]))
    angle = 2.0 * math.pi * u[1::2]
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)  # (n / 2, 2)
    result: np.ndarray = pairs.reshape(-1)[:n].reshape(shape)
    return result

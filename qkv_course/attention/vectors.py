"""The dot product: one number for how far two vectors point the same way."""

import numpy as np


def dot(a: np.ndarray, b: np.ndarray) -> float:
    """Multiply two vectors entry by entry and add up the products.

    a, b: vectors of the same length, shape (d,). No batch axes.
    Returns one number.
    Raises ValueError if the lengths differ.
    Source: the compatibility of a query and a key in Vaswani et al. 2017, section 3.2.1.

    >>> float(dot(np.array([1.0, 2.0]), np.array([3.0, 4.0])))  # 1 * 3 + 2 * 4
    11.0
    """
    return a @ b

"""A database whose answers blend: one query, several keys, a value behind each key."""

import numpy as np


def hard_lookup(query: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the value behind the key with the largest dot product with the query.

    If several keys share the largest score, the first of them wins.

    query: (d_k,). keys: (n, d_k). values: (n, d_v).
    Returns one row of `values`, shape (d_v,).
    Raises ValueError if query and keys differ in d_k.
    Source: an ordinary dictionary, with the best-fitting key in place of an equal key.

    >>> keys = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> values = np.array([[10.0], [20.0]])
    >>> hard_lookup(np.array([0.2, 0.9]), keys, values)
    array([20.])
    """
    return values[np.argmax(keys @ query)]


def similarity(query: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Score every key against the query by a plain dot product (not the cosine).

    query: (d_k,). keys: (n, d_k).
    Returns one score a key, shape (n,).
    Raises ValueError if query and keys differ in d_k.
    Source: Vaswani et al. 2017, section 3.2.1.

    >>> similarity(np.array([1.0, 2.0]), np.array([[1.0, 0.0], [0.0, 1.0], [3.0, 3.0]]))
    array([1., 2., 9.])
    """
    return keys @ query


def soft_lookup(
    query: np.ndarray, keys: np.ndarray, values: np.ndarray, temperature: float = 1.0
) -> np.ndarray:
    """Blend all values; keys that fit the query better weigh more.

    A key's weight is exp(score / temperature), divided by the sum of these over all
    keys, so that the weights add up to 1. The score is the plain dot product.

    query: (d_k,). keys: (n, d_k). values: (n, d_v). temperature: a number above 0.
    Scores are moderate here; making this safe for huge ones is lesson 05.
    Returns the blend, shape (d_v,).
    Raises ValueError if the sizes do not fit or the temperature is not above 0.
    Source: Graves et al. 2014, "Neural Turing Machines", section 3.3.1.

    >>> keys = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> values = np.array([[10.0], [20.0]])
    >>> soft_lookup(np.array([0.0, np.log(3.0)]), keys, values)  # weights 1/4 and 3/4
    array([17.5])
    """
    if temperature <= 0:
        raise ValueError(f"temperature is {temperature}; it divides the scores, so use one above 0")
    exps = np.exp(similarity(query, keys) / temperature)
    weights = exps / exps.sum()  # (n,)
    return weights @ values  # (d_v,)

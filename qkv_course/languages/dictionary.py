"""Dictionary: entries of a key and a value in any order, and one key to look up.

Every dictionary has all keys, each once, in an order of its own, and values drawn at random. So an
answer has to be looked up: nobody can know it by heart. A guess is right once in 16 times.

>>> drawn = draw(1, np.random.default_rng(5), n_keys=4)
>>> drawn.keys, drawn.values
(array([[3, 1, 2, 0]]), array([[12,  7,  8, 10]]))
>>> drawn.asked, drawn.place, drawn.answer
(array([1]), array([1]), array([7]))
"""

from dataclasses import dataclass

import numpy as np

N_KEYS = 16
N_VALUES = 16


@dataclass(frozen=True)
class Lookups:
    """Dictionaries and what is asked of them, all as numbers from 0.

    keys, values: (n, n_keys). asked: (n,), the key to look up. place: (n,), where it stands.
    answer: (n,), the value there.
    """

    keys: np.ndarray
    values: np.ndarray
    asked: np.ndarray
    place: np.ndarray
    answer: np.ndarray


def draw(n: int, rng: np.random.Generator, n_keys: int = N_KEYS) -> Lookups:
    """Draw n dictionaries of n_keys entries each, and a key to ask each of them for."""
    keys = rng.permuted(np.tile(np.arange(n_keys), (n, 1)), axis=1)
    values = rng.integers(N_VALUES, size=(n, n_keys))
    place = rng.integers(n_keys, size=n)
    rows = np.arange(n)
    return Lookups(keys, values, keys[rows, place], place, values[rows, place])

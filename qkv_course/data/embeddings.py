"""Hand-made word vectors with four columns that can be read, and three matrices for them.

Real embeddings are learned and have hundreds of columns without names. These are written
by hand, so that every query, key and value that is made of them can be explained.
"""

import numpy as np

from qkv_course.errors import UnknownName

FEATURES = ("thing", "action", "water", "money")
"""What the four columns of a word's vector stand for."""

VECTORS: dict[str, tuple[int, int, int, int]] = {
    # thing, action, water, money
    "boats": (1, 0, 1, 0),
    "fish": (1, 0, 2, 0),
    "river": (1, 0, 3, 0),
    "coins": (1, 0, 0, 1),
    "clerks": (1, 0, 0, 2),
    "loan": (1, 0, 0, 3),
    "bank": (1, 0, 1, 1),  # of a river or with money: both, until a sentence decides
    "swim": (0, 1, 1, 0),
    "flow": (0, 1, 2, 0),
    "work": (0, 1, 0, 1),
    "lend": (0, 1, 0, 2),
    "the": (0, 0, 0, 0),  # says nothing in these four columns
    "near": (0, 0, 0, 0),
    "at": (0, 0, 0, 0),
}

RIVER_SENTENCE = "fish swim near the bank"
MONEY_SENTENCE = "clerks lend at the bank"

QUERY_FEATURES = KEY_FEATURES = ("thing", "water", "money")
"""What the columns of queries and keys stand for: asked for, and offered."""

VALUE_FEATURES = ("water", "money")
"""What the columns of a value stand for: what is handed over."""


def _fixed(rows: list[list[float]]) -> np.ndarray:
    """Make a matrix that a notebook's cell cannot change by accident."""
    matrix = np.array(rows, dtype=np.float64)
    matrix.flags.writeable = False
    return matrix


# Rows: thing, action, water, money.
W_Q = _fixed([[0, 0, 0], [2, 0, 0], [0, 1, 0], [0, 0, 1]])  # an action asks for a thing
W_K = _fixed([[1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1]])  # a thing says that it is one
W_V = _fixed([[0, 0], [0, 0], [1, 0], [0, 1]])  # only water and money are handed over


def embed(sentence: str) -> np.ndarray:
    """Look up the vector of every word of a sentence.

    sentence: words of VECTORS with spaces between them.
    Returns float64 of shape (n, 4), one row a word; the columns are FEATURES.
    Raises UnknownName for a word without a vector.

    >>> embed("fish swim")
    array([[1., 0., 2., 0.],
           [0., 1., 1., 0.]])
    """
    words = sentence.split()
    missing = [word for word in words if word not in VECTORS]
    if missing or not words:
        what = f"There is no vector for {missing[0]!r}" if missing else "The sentence has no words"
        raise UnknownName(f"{what}. There are vectors for: {', '.join(VECTORS)}.")
    return np.array([VECTORS[word] for word in words], dtype=np.float64)

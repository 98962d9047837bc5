"""How a word gets its sense: its vector from layer to layer, and one arrow that is blocked."""

from collections.abc import Sequence
from typing import Any

import numpy as np

RIVER = (
    "river",
    "stream",
    "creek",
    "canal",
    "lake",
    "shore",
    "fishing",
    "flood",
    "swimming",
    "boat",
)
MONEY = (
    "loan",
    "vault",
    "cash",
    "money",
    "robbery",
    "investment",
    "mortgage",
    "savings",
    "credit",
    "dollar",
)
PATTERNS = ("The {} was what they saw at the bank.", "He waited at the bank for the {}.")

Arrow = tuple[int, int, int]


def bank_sentences() -> tuple[list[str], list[str], np.ndarray]:
    """Make sentences with the word bank and one other word that settles its sense.

    Returns (texts, cues, is_river): the sentences, each one's other word, and bool (n,).
    """
    cues = [cue for cue in (*RIVER, *MONEY) for _ in PATTERNS]
    texts = [p.format(cue) for cue in (*RIVER, *MONEY) for p in PATTERNS]
    return texts, cues, np.arange(len(texts)) < len(RIVER) * len(PATTERNS)


def token_at(reading: Any, text: int, word: str) -> int:
    """Find the one token that is this word of a text; case does not count. Raises ValueError."""
    return list(reading.tokens[text]).index(word.lower())


def vectors_of(reading: Any, word: str) -> np.ndarray:
    """Take one word's vectors out of every text, each scaled to length 1.

    Returns (n_layers + 1, batch, d_model).
    """
    at = [token_at(reading, i, word) for i in range(len(reading.tokens))]
    vectors = reading.hidden[:, np.arange(len(at)), at]
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def within_between(vectors: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compare vectors of one sense with each other, and with those of the other sense.

    vectors: (..., n, d), of length 1. first: bool (n,), which are of the first sense.
    Returns the mean cosines (within, between), each (...).
    """
    cosines = vectors @ vectors.swapaxes(-2, -1)
    same = first[:, None] == first
    others = same & ~np.eye(len(first), dtype=bool)
    return cosines[..., others].mean(axis=-1), cosines[..., ~same].mean(axis=-1)


def sense_gap(vectors: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Measure how far two senses of a word lie apart: within, less between. Shapes as there."""
    within, between = within_between(vectors, first)
    return within - between


def arrows_to(reading: Any, cues: Sequence[str], word: str) -> tuple[list[Arrow], list[Arrow]]:
    """List the arrows from a word to the word that settles its sense, and everyone else's to it.

    Returns (its own, the others'), each (text, query token, key token), as `model.read` blocks
    them. What reads itself does not count as an arrow.
    """
    own, others = [], []
    for text, cue in enumerate(cues):
        key, query = token_at(reading, text, cue), token_at(reading, text, word)
        own.append((text, query, key))
        n = len(reading.tokens[text])
        others += [(text, q, key) for q in range(n) if q not in (query, key)]
    return own, others

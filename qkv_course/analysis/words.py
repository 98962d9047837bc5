"""From attention between tokens to attention between words."""

from typing import Any

import numpy as np


def word_weights(reading: Any) -> np.ndarray:
    """Turn attention between tokens into attention between words, for a batch of texts.

    reading: has weights (n_layers, batch, n_heads, n, n), word_of (batch, n), words.
    The weights on a word's pieces are added up, those of its pieces as queries are averaged.
    [CLS], [SEP] and the word itself are left out, so rows sum to less than 1.
    Returns float32 (batch, n_layers, n_heads, n_words, n_words) for the longest text; -1 beyond
    the words of a text, and on the diagonal, so that the largest weight is never there.
    Source: Clark et al. 2019, section 4.1.
    """
    counts = np.array([len(words) for words in reading.words])
    place = np.arange(counts.max())
    of = (reading.word_of[:, None, :] == place[:, None]).astype(np.float32)  # (batch, n_words, n)
    share = of / np.maximum(of.sum(axis=-1, keepdims=True), 1)
    weights = np.moveaxis(np.asarray(reading.weights, dtype=np.float32), 1, 0)
    added = weights @ of.swapaxes(-2, -1)[:, None, None]  # (batch, n_layers, n_heads, n, n_words)
    between = share[:, None, None] @ added
    here = place < counts[:, None]
    pairs = here[:, :, None] & here[:, None, :] & ~np.eye(len(place), dtype=bool)
    return np.where(pairs[:, None, None], between, np.float32(-1))

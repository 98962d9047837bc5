"""From attention between tokens to attention between words."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from qkv_course.analysis.sentences import BadLabel, Sentence


def word_weights(reading: Any, sentences: Sequence[Sentence] | None = None) -> np.ndarray:
    """Turn attention between tokens into attention between words, for a batch of texts.

    reading: has weights (n_layers, batch, n_heads, n, n), word_of (batch, n), words.
    sentences: the labeled sentences that were read. Their words are held against those of the
    reading, because a label goes by its word's position.
    [CLS], [SEP] and the word itself are left out, so rows sum to less than 1.
    Returns float32 (batch, n_layers, n_heads, n_words, n_words) for the longest text; -1 beyond
    the words of a text, and on the diagonal, so that the largest weight is never there.
    Raises BadLabel where the model cuts a sentence into other words than its labels count.
    """
    if sentences is not None:
        _check_words(reading.words, sentences)
    counts = np.array([len(words) for words in reading.words])
    place = np.arange(counts.max())
    of = (reading.word_of[:, None, :] == place[:, None]).astype(np.float32)  # (batch, n_words, n)
    weights = np.moveaxis(np.asarray(reading.weights, dtype=np.float32), 1, 0)
    between = grouped(weights, of[:, None, None])
    here = place < counts[:, None]
    pairs = here[:, :, None] & here[:, None, :] & ~np.eye(len(place), dtype=bool)
    return np.where(pairs[:, None, None], between, np.float32(-1))


def grouped(weights: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Turn weights between tokens into weights between groups of them.

    weights: (..., n, n). member: (..., n_groups, n), 1 for each token of a group, 0 for others.
    The weights on a group's tokens are added up, those of its tokens as queries are averaged.
    Returns (..., n_groups, n_groups), with rows of 0 for groups without tokens.
    Source: Clark et al. 2019, section 4.1.
    """
    share = member / np.maximum(member.sum(axis=-1, keepdims=True), 1)
    between: np.ndarray = share @ (weights @ member.swapaxes(-2, -1))
    return between


def _check_words(read: Sequence[Sequence[str]], sentences: Sequence[Sentence]) -> None:
    if len(read) != len(sentences):
        raise BadLabel(
            f"{len(read)} texts were read, and the labels are of {len(sentences)}: "
            "let the model read the labeled sentences, all of them and in their order."
        )
    for words, sentence in zip(read, sentences, strict=True):
        for theirs, ours in zip_longest(words, sentence.words):
            if theirs != ours:
                raise BadLabel(
                    f"In {sentence.text!r} the model reads {_shown(theirs)} where the labels count "
                    f"{_shown(ours)}, so they would point at other words. Write the sentence "
                    "without the signs that the two cut differently."
                )


def _shown(word: str | None) -> str:
    return "nothing more" if word is None else repr(word)

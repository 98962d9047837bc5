"""What cutting a head changes: whether two words that belong together grow less alike."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from qkv_course.analysis.card import THIS_HEAD
from qkv_course.analysis.evidence import Head
from qkv_course.analysis.refusals import LabeledPair


def word_vectors(reading: Any, text: int) -> np.ndarray:
    """Give one vector of length 1 for each word of a text: its tokens' mean in the last layer.

    reading: has hidden, word_of and words. Returns (n_words, d_model).
    """
    of = reading.word_of[text][None] == np.arange(len(reading.words[text]))[:, None]
    means = (of / of.sum(axis=1, keepdims=True)) @ reading.hidden[-1, text]
    return means / np.linalg.norm(means, axis=1, keepdims=True)


def pair_likeness(reading: Any, pairs: Sequence[LabeledPair]) -> np.ndarray:
    """Say how much more like its key a query is than it is like the text's other words.

    pairs: (text, query word, key word), counted from 0. Cosines in the last layer: that with the
    key, less the mean of those with all other words. Returns (n_pairs,).
    """
    found = []
    for text, query, key in pairs:
        vectors = word_vectors(reading, text)
        cosines = vectors @ vectors[query]
        others = np.delete(cosines, [query, key])
        found.append(cosines[key] - (others.mean() if others.size else 0.0))
    return np.array(found)


def loss_of_likeness(
    model: Any, texts: Sequence[str], pairs: Sequence[LabeledPair], heads: Sequence[Head]
) -> dict[Head, float]:
    """Cut each head in turn: by how much do the pairs' likenesses fall, on average?

    model: reads texts, and has an encoder. pairs: (text, query word, key word).
    Returns for each head the mean fall, in cosines; below 0 where they rise.
    """
    from qkv_course.models import without_heads

    whole = pair_likeness(model.read(texts), pairs).mean()
    lost = {}
    for head in heads:
        with without_heads(model.encoder, [head]):
            lost[head] = float(whole - pair_likeness(model.read(texts), pairs).mean())
    return lost


def ablation_in_layer(
    model: Any, texts: Sequence[str], pairs: Sequence[LabeledPair], head: Head, n_heads: int
) -> dict[str, float]:
    """Cut a head, and for comparison each other head of its layer.

    Returns what is lost (see loss_of_likeness) without this head, and without another: the
    median, and the most that any of the others costs.
    """
    layer = [(head[0], other) for other in range(n_heads)]
    lost = loss_of_likeness(model, texts, pairs, layer)
    others = [loss for cut, loss in lost.items() if cut != tuple(head)]
    return {
        THIS_HEAD: lost[(head[0], head[1])],
        "another head, typically": float(np.median(others)),
        "another head, at most": float(np.max(others)),
    }

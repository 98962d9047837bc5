"""What a sentence model loses when heads are cut off: how its sentence vectors change."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from qkv_course.analysis.evidence import Head


def vectors_without(model: Any, texts: Sequence[str], heads: Iterable[Head]) -> np.ndarray:
    """Turn texts into vectors of length 1 while some heads are cut off. Returns (n, d_model)."""
    from qkv_course.models import without_heads

    with without_heads(model.encoder, heads):
        vectors: np.ndarray = model.embed(texts)
    return vectors


def change_by_head(model: Any, texts: Sequence[str], n_layers: int, n_heads: int) -> np.ndarray:
    """Cut each head in turn: how far do the sentence vectors move, on average?

    Returns (n_layers, n_heads), one less the cosine with the vectors of the whole model.
    """
    whole = model.embed(texts)
    change = np.zeros((n_layers, n_heads))
    for head in np.ndindex(n_layers, n_heads):
        cosines = (vectors_without(model, texts, [head]) * whole).sum(axis=1)
        change[head] = 1 - cosines.mean()
    return change


def rank_agreement(vectors: np.ndarray, others: np.ndarray) -> float:
    """Say whether two sets of sentence vectors rank all pairs of sentences alike.

    vectors, others: (n, d), of length 1, of the same n sentences.
    Returns Spearman's correlation of their cosines: 1 for the same order, about 0 for no relation.

    >>> square = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    >>> rank_agreement(square, square)
    1.0
    """
    above = np.triu_indices(len(vectors), 1)
    ranks = [((v @ v.T)[above]).argsort().argsort() for v in (vectors, others)]
    return round(float(np.corrcoef(*ranks)[0, 1]), 12)

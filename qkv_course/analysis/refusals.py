"""Hits, pairs and sentences from which no evidence can be made: a sentence for each."""

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np

from qkv_course.errors import QkvError

LabeledPair = tuple[int, int, int]  # text, query, key


class BadEvidence(QkvError, ValueError):
    """Hits, sentences or controls from which no evidence can be made."""


def as_hits(name: str, values: Any) -> np.ndarray:
    """Read hits as bool. Raises BadEvidence for anything but True and False, or 1 and 0."""
    try:
        array = np.asarray(values)
        known = bool(np.isin(array, (0, 1)).all())
    except (TypeError, ValueError):  # lists of unlike lengths are no array
        known = False
    if not known:
        raise BadEvidence(
            f"{name} is {_short(values)}; give True where it is right and False where it is not, "
            "as head_hits does."
        )
    return array.astype(bool)


def check_hits(hits: np.ndarray, sentence_of: np.ndarray) -> None:
    """Hold the shapes of hits and sentences against each other."""
    if hits.ndim != 3 or hits.size == 0:
        raise BadEvidence(
            f"hits has shape {hits.shape}, and should be (n_layers, n_heads, n_pairs): "
            "for each head, which pairs it gets right."
        )
    if sentence_of.shape != hits.shape[-1:]:
        raise BadEvidence(
            f"sentence_of has shape {sentence_of.shape}, and there are {hits.shape[-1]} pairs: "
            "give the number of the sentence of each."
        )


def check_kinds(controls: object, ablate: object) -> None:
    """Make sure that controls have names, and that what cuts is a function."""
    if not isinstance(controls, Mapping):
        raise BadEvidence(
            f"controls is {_short(controls)}; give names with accuracies or hits, "
            "such as {'chance': 0.1}."
        )
    if ablate is not None and not callable(ablate):
        raise BadEvidence(
            f"ablate is {_short(ablate)}; give a function, which is called with the chosen head."
        )


def check_pair(weights: Sequence[np.ndarray], pair: LabeledPair) -> None:
    """Make sure that a pair is three numbers: of a text, and of two of its words."""
    numbers = isinstance(pair, Sequence) and all(isinstance(x, Integral) for x in pair)
    if not numbers or len(pair) != 3:
        raise BadEvidence(f"A pair is {_short(pair)}; give three numbers, (text, query, key).")
    text, query, key = pair
    if not 0 <= text < len(weights):
        raise BadEvidence(f"The pair {pair} is of text {text}, and there are {len(weights)} texts.")
    rows = weights[text].reshape(-1, *weights[text].shape[-2:])
    there = int((rows.max(axis=(0, 2)) >= 0).sum())  # beyond the words of a text, all is -1
    if not (0 <= query < there and 0 <= key < there):
        raise BadEvidence(
            f"The pair {pair} does not fit text {text}, which has {there} words, counted from 0. "
            "word_weights(reading, sentences) says where the words differ."
        )


def numbers_of(name: str, sentences: Any) -> frozenset[int]:
    """Read numbers of sentences."""
    try:
        listed = [*sentences]
    except TypeError:
        listed = [None]
    if not all(isinstance(s, Integral) for s in listed):
        raise BadEvidence(f"{name} is {_short(sentences)}; give numbers of sentences, as range(8).")
    return frozenset(int(s) for s in listed)


def _short(value: object) -> str:
    """Write a value in a line, however long it is."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."

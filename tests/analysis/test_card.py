"""The claim card: each number is the analysis's, and the evidence carries the claim."""

from dataclasses import replace
from typing import Any

import pytest

from qkv_course.analysis.card import CardRefused, ClaimCard, card_problems, check_card, fill_card
from qkv_course.analysis.evidence import Evidence, wilson_interval
from qkv_course.errors import BadAnswer

CLAIM = "In complaints, this head looks from the fault to the part that has it."
DOUBT = "Ten new sentences on which it is right in fewer than half."


@pytest.fixture
def evidence() -> Evidence:
    return Evidence(
        head=(5, 7),
        n=12,
        accuracy=11 / 12,
        interval=wilson_interval(11 / 12, 12),
        baseline={"chance": 0.1108, "best offset": 0.3333},
        ablation={"this head": 0.01572, "another head": 0.0021},
        chosen_on=frozenset(range(8)),
        scored_on=frozenset(range(8, 20)),
    )


@pytest.fixture
def card() -> ClaimCard:
    return ClaimCard(
        claim=CLAIM,
        head=(5, 7),
        n=12,
        accuracy=0.92,
        interval=(0.65, 0.99),
        baseline={"chance": 0.11, "best offset": 0.33},
        ablation={"this head": 0.016, "another head": 0.002},
        change_my_mind=DOUBT,
    )


def test_a_card_that_holds_says_so(
    card: ClaimCard, evidence: Evidence, capsys: pytest.CaptureFixture[str]
) -> None:
    check_card(card, evidence)
    out = capsys.readouterr().out
    assert "are those of the analysis" in out and "Mind the claim" not in out


def test_a_filled_card_is_the_typed_one(card: ClaimCard, evidence: Evidence) -> None:
    assert fill_card(evidence, CLAIM, DOUBT) == card


def test_a_card_can_be_read(card: ClaimCard) -> None:
    text = str(card)
    evidence = ("layer 5, head 7", "right in 0.92 (n = 12", "0.65 to 0.99", "chance 0.11")
    for part in (CLAIM, *evidence, DOUBT):
        assert part in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"accuracy": 0.93}, "accuracy is 0.93 on the card, and the analysis gives 0.92."),
        ({"accuracy": 92}, "accuracy is 92: give a share, 0.92."),
        ({"n": 20}, "n is 20 on the card, and the analysis gives 12."),
        ({"head": (7, 5)}, "head is (7, 5) on the card, and the analysis gives (5, 7)."),
        ({"interval": (0.75, 0.99)}, "interval, low is 0.75"),
        ({"interval": (0.65, 1.0)}, "interval, high is 1.0"),
        (
            {"baseline": {"chance": 0.11}},
            "baseline leaves out 'best offset'; the analysis gives 0.33.",
        ),
        ({"baseline": {"chance": 0.11, "best offset": 0.23}}, "baseline, best offset is 0.23"),
        (
            {"baseline": {"chance": 0.11, "best offset": 0.33, "untrained": 0.2}},
            "baseline has 'untrained', which the analysis did not measure",
        ),
        ({"ablation": {"this head": 0.018, "another head": 0.002}}, "ablation, this head is 0.018"),
        ({"ablation": {}}, "ablation leaves out 'this head'; the analysis gives 0.016."),
        ({"claim": "..."}, "claim has 0 words"),
        ({"claim": "It knows faults."}, "claim has 3 words"),
        ({"change_my_mind": ""}, "change_my_mind has 0 words"),
    ],
)
def test_each_mismatch_is_named(
    card: ClaimCard, evidence: Evidence, change: dict[str, Any], words: str
) -> None:
    found = card_problems(replace(card, **change), evidence)
    assert any(words in sentence for sentence in found), found
    assert len(found) == (2 if change == {"ablation": {}} else 1)
    with pytest.raises(CardRefused, match="does not hold yet") as caught:
        check_card(replace(card, **change), evidence)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"baseline": {}}, "There is no control"),
        ({"ablation": {}}, "Nothing was cut"),
        ({"ablation": {"this head": 0.02}}, "Only this head was cut"),
        ({"chosen_on": frozenset(range(20))}, "12 of the sentences that score the head also chose"),
        ({"baseline": {"chance": 0.1, "best offset": 0.66}}, "best offset reaches 0.66"),
        ({"n": 3, "interval": wilson_interval(11 / 12, 2)}, "n = 3 does not tell them apart"),
    ],
)
def test_evidence_that_carries_no_claim_is_refused(
    evidence: Evidence, change: dict[str, Any], words: str
) -> None:
    weak = replace(evidence, **change)
    found = card_problems(fill_card(weak, CLAIM, DOUBT), weak)
    assert len(found) == 1 and words in found[0], found


@pytest.mark.parametrize(
    "change",
    [
        {"claim": None},
        {"head": 5},
        {"head": None},
        {"n": "twelve"},
        {"accuracy": ...},
        {"interval": 0.9},
        {"interval": (0.6,)},
        {"interval": "ab"},
        {"baseline": None},
        {"baseline": {"chance": "low"}},
        {"ablation": [0.1]},
        {"change_my_mind": 3},
    ],
)
def test_entries_of_a_wrong_kind_are_named(
    card: ClaimCard, evidence: Evidence, change: dict[str, Any]
) -> None:
    odd = replace(card, **change)
    found = card_problems(odd, evidence)
    assert len(found) == 1 and found[0].startswith(f"{next(iter(change))} is ")
    with pytest.raises(BadAnswer) as caught:
        print(odd)
    assert str(caught.value) == found[0]


def test_card_and_evidence_swapped(card: ClaimCard, evidence: Evidence) -> None:
    with pytest.raises(CardRefused, match="ClaimCard first"):
        check_card(evidence, card)  # type: ignore[arg-type]


def test_a_cut_that_costs_nothing_is_no_refusal_but_a_remark(
    evidence: Evidence, capsys: pytest.CaptureFixture[str]
) -> None:
    harmless = replace(evidence, ablation={"this head": 0.001, "another head": 0.002})
    check_card(fill_card(harmless, CLAIM, DOUBT), harmless)
    assert "Mind the claim" in capsys.readouterr().out

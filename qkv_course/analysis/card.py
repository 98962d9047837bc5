"""The claim card: claim, evidence, baseline, ablation, and what would change my mind."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from numbers import Real

from qkv_course.analysis.evidence import Evidence, Head
from qkv_course.errors import BadAnswer, QkvError

SHARE = 0.0051  # two decimals, as a card states a share
EFFECT = 0.00051  # three decimals, as it states what a cut costs
FEW_WORDS = 5


class CardRefused(QkvError, ValueError):
    """A card whose numbers or words do not hold; each reason is one sentence."""


@dataclass(frozen=True)
class ClaimCard:
    """A claim about a head on one card, with all that someone needs to doubt it.

    claim: what the head does, and on what kind of text. head: (layer, head), counted from 0.
    n, accuracy, interval: the evidence, from sentences that did not choose the head.
    baseline: the accuracy of each control. ablation: what is lost without this head, and
    without another. change_my_mind: a result that would make you give the claim up.
    A card whose entries are of another kind cannot be printed: print raises BadAnswer.
    """

    claim: str
    head: Head
    n: int
    accuracy: float
    interval: tuple[float, float]
    baseline: Mapping[str, float]
    ablation: Mapping[str, float]
    change_my_mind: str

    def __str__(self) -> str:
        if unfit := _unfit(self):
            raise BadAnswer(" ".join(unfit))
        layer, head = self.head
        low, high = self.interval
        return "\n".join(
            [
                f"Claim     {self.claim}",
                f"Evidence  layer {layer}, head {head}: right in {self.accuracy:.2f} "
                f"(n = {self.n}, 95 % interval {low:.2f} to {high:.2f})",
                f"Baseline  {_listed(self.baseline, 2)}",
                f"Ablation  {_listed(self.ablation, 3)}",
                f"I would change my mind  {self.change_my_mind}",
            ]
        )


def fill_card(evidence: Evidence, claim: str, change_my_mind: str) -> ClaimCard:
    """Write a card whose numbers are those of the analysis, rounded as a card states them."""
    low, high = evidence.interval
    return ClaimCard(
        claim=claim,
        head=evidence.head,
        n=evidence.n,
        accuracy=round(evidence.accuracy, 2),
        interval=(round(low, 2), round(high, 2)),
        baseline={name: round(share, 2) for name, share in evidence.baseline.items()},
        ablation={name: round(loss, 3) + 0.0 for name, loss in evidence.ablation.items()},
        change_my_mind=change_my_mind,
    )


def card_problems(card: ClaimCard, evidence: Evidence) -> list[str]:
    """List what is wrong with a card, one sentence each; empty if it holds.

    The card's numbers are compared with the evidence, and the evidence has to carry a claim at
    all: other sentences than those that chose the head, a control, an interval that is above
    all of them, and a cut.
    """
    if not isinstance(card, ClaimCard) or not isinstance(evidence, Evidence):
        return ["Give a ClaimCard first, then the Evidence: check_card(card, evidence)."]
    unfit = _unfit(card)
    if unfit:
        return unfit
    return [
        *_wording(card),
        *_fairness(evidence),
        *_main_numbers(card, evidence),
        *_table("baseline", card.baseline, evidence.baseline, SHARE),
        *_table("ablation", card.ablation, evidence.ablation, EFFECT),
    ]


def check_card(card: ClaimCard, evidence: Evidence) -> None:
    """Check a card's numbers against the analysis, and print that they hold.

    What the words say is for people to judge, by the rubric. Raises CardRefused, with one
    sentence for each number that differs and for each thing that is missing.
    """
    found = card_problems(card, evidence)
    if found:
        lines = "\n".join(f"- {sentence}" for sentence in found)
        raise CardRefused(f"The card does not hold yet:\n{lines}")
    print("The card's numbers are those of the analysis, and the evidence is above all controls.")
    others = [loss for name, loss in evidence.ablation.items() if name != THIS_HEAD]
    if others and evidence.ablation[THIS_HEAD] <= max(others):
        print(
            "Mind the claim: cutting this head costs no more than cutting another. "
            "So say where it looks, not that the model needs it."
        )


THIS_HEAD = "this head"
"""How an ablation calls the head of the claim; all other entries are for comparison."""


def _listed(numbers: Mapping[str, float], decimals: int) -> str:
    parts = [f"{name} {value:.{decimals}f}" for name, value in numbers.items()]
    return "; ".join(parts) or "none"  # names may hold commas


def _unfit(card: ClaimCard) -> list[str]:
    """Say which entries are not of the kind that a card has."""
    tables = (card.baseline, card.ablation)
    of_numbers = [isinstance(t, Mapping) and _are_numbers(t.values()) for t in tables]
    fits = {
        "claim": (isinstance(card.claim, str), "a text"),
        "head": (_are_numbers(card.head, 2), "two numbers, (layer, head)"),
        "n": (_are_numbers([card.n]), "a number of pairs"),
        "accuracy": (_are_numbers([card.accuracy]), "a share, such as 0.75"),
        "interval": (_are_numbers(card.interval, 2), "two shares, such as (0.62, 0.91)"),
        "baseline": (of_numbers[0], "names and shares, such as {'chance': 0.12}"),
        "ablation": (of_numbers[1], "names and numbers, such as {'this head': 0.05}"),
        "change_my_mind": (isinstance(card.change_my_mind, str), "a text"),
    }
    return [
        f"{name} is {getattr(card, name)!r}, and should be {wanted}."
        for name, (fit, wanted) in fits.items()
        if not fit
    ]


def _are_numbers(values: object, count: int | None = None) -> bool:
    if not isinstance(values, Collection) or isinstance(values, str | bytes):
        return False
    numbers = all(isinstance(v, Real) and not isinstance(v, bool) for v in values)
    return numbers and (count is None or len(values) == count)


def _wording(card: ClaimCard) -> list[str]:
    asked = {
        "claim": "say in one sentence what the head does, and on what kind of text.",
        "change_my_mind": "say which result would make you give the claim up.",
    }
    return [
        f"{name} has {len(text.split())} words: {advice}"
        for name, advice in asked.items()
        if len((text := getattr(card, name).replace("…", "").replace("...", "")).split())
        < FEW_WORDS
    ]


def _fairness(evidence: Evidence) -> list[str]:
    """Say why the evidence carries no claim, whatever the card states."""
    found = []
    both = sorted(evidence.chosen_on & evidence.scored_on)
    if both:
        found.append(
            f"{len(both)} of the sentences that score the head also chose it, the first is "
            f"number {both[0]}: score on sentences that had no say in the choice."
        )
    if not evidence.baseline:
        found.append("There is no control: measure at least chance and the best fixed offset.")
    if THIS_HEAD not in evidence.ablation:
        found.append("Nothing was cut: measure what is lost without this head.")
    elif len(evidence.ablation) == 1:
        found.append("Only this head was cut: cut another, too, to have something to compare.")
    return found + _overlap(evidence)


def _overlap(evidence: Evidence) -> list[str]:
    low = evidence.interval[0]
    above = {name: share for name, share in evidence.baseline.items() if share >= low}
    if not above:
        return []
    name = max(above, key=lambda n: above[n])
    return [
        f"The interval begins at {low:.2f}, and {name} reaches {above[name]:.2f}: "
        f"n = {evidence.n} does not tell them apart. Label more, or give up the claim."
    ]


def _main_numbers(card: ClaimCard, evidence: Evidence) -> list[str]:
    found = []
    if tuple(card.head) != tuple(evidence.head):
        found.append(_differs("head", tuple(card.head), tuple(evidence.head)))
    if card.n != evidence.n:
        found.append(_differs("n", card.n, evidence.n))
    stated = {"accuracy": card.accuracy}
    measured = {"accuracy": evidence.accuracy}
    for at, end in enumerate(("low", "high")):
        stated[f"interval, {end}"] = card.interval[at]
        measured[f"interval, {end}"] = evidence.interval[at]
    for name, value in stated.items():
        found += _compare(name, value, measured[name], SHARE)
    return found


def _table(
    part: str, stated: Mapping[str, float], measured: Mapping[str, float], tolerance: float
) -> list[str]:
    found = [
        f"{part} leaves out {name!r}; the analysis gives {_number(value, tolerance)}."
        for name, value in measured.items()
        if name not in stated
    ]
    for name, value in stated.items():
        if name in measured:
            close = max(tolerance, 0.01 * abs(measured[name]) if part == "ablation" else 0)
            found += _compare(f"{part}, {name}", value, measured[name], close)
        else:
            known = ", ".join(repr(n) for n in measured) or "nothing"
            found.append(
                f"{part} has {name!r}, which the analysis did not measure; it has {known}."
            )
    return found


def _compare(name: str, stated: float, measured: float, tolerance: float) -> list[str]:
    if abs(stated - measured) <= tolerance:
        return []
    if abs(stated / 100 - measured) <= tolerance and stated > 1:
        return [f"{name} is {stated}: give a share, {_number(measured, tolerance)}."]
    return [_differs(name, stated, _number(measured, tolerance))]


def _number(value: float, tolerance: float) -> str:
    return f"{value:.{2 if tolerance == SHARE else 3}f}"


def _differs(name: str, stated: object, measured: object) -> str:
    return f"{name} is {stated} on the card, and the analysis gives {measured}."

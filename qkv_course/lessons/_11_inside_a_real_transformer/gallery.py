"""What sentence vectors look like when the attention in a real model is wrong."""

from dataclasses import dataclass

import numpy as np

from qkv_course.checks.calls import Complaint
from qkv_course.lessons._11_inside_a_real_transformer.probes import try_real_model
from qkv_course.lessons._11_inside_a_real_transformer.real_model import REAL_MODEL

SENTENCES = (
    "A cat is asleep on the sofa.",
    "A kitten naps on the couch.",
    "The central bank left its interest rates where they were.",
    "Rain fell all night.",
    "She plays the cello in a small orchestra near the harbor.",
    "Who left the gate open?",
    "The recipe asks for two eggs, flour and a little salt.",
    "He fixed the old bicycle.",
)
"""The first two mean nearly the same; the third has nothing to do with them. Lengths differ."""


@dataclass(frozen=True)
class Row:
    """One wrong attention, and what comes of it.

    title: what is wrong. largest: the largest difference in any entry of a sentence's vector,
    which has length 1. truth: the mean cosine of the vectors with the right ones. alike, unlike:
    the cosines of two sentences that mean nearly the same, and of two that do not.
    """

    title: str
    largest: float
    truth: float
    alike: float
    unlike: float


def gallery() -> list[Row]:
    """Read the same sentences with every wrong attention that has a name, nearest to right first.

    The first row is the right one. Takes some seconds. Raises ModelUnavailable.
    """
    _, right = try_real_model(REAL_MODEL.reference, SENTENCES)
    rows = [_row("nothing is wrong", right, right)]
    for mistake in REAL_MODEL.mistakes:
        try:
            _, vectors = try_real_model(mistake.broken, SENTENCES)
        except (RuntimeError, Complaint):  # it cannot read this many sentences
            continue
        rows.append(_row(mistake.title, vectors, right))
    return sorted(rows, key=lambda row: -np.nan_to_num(row.truth, nan=-2.0))  # nan comes last


def _row(title: str, vectors: np.ndarray, right: np.ndarray) -> Row:
    return Row(
        title,
        largest=float(np.abs(vectors - right).max()),
        truth=float((vectors * right).sum(axis=1).mean()),
        alike=float(vectors[0] @ vectors[1]),
        unlike=float(vectors[0] @ vectors[2]),
    )

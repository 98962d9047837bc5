"""Find the named mistake that computes what the learner's function computes, if there is one."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from qkv_course.checks.calls import LiveTarget, Outcome
from qkv_course.checks.compare import as_array, close, number, tolerance
from qkv_course.checks.exercise import Case, Exercise, Mistake


def find_mistake(
    exercise: Exercise, cases: Sequence[Case], outcomes: Sequence[Outcome], rights: Sequence[Any]
) -> Mistake | None:
    """Name the first mistake whose results equal the learner's on every case.

    Every case counts, also those on which the mistake happens to be right: a function
    that is wrong there as well has something else, or something more, wrong with it.
    """
    for mistake in exercise.mistakes:
        target = LiveTarget(mistake.broken)
        evidence = False
        for case, outcome, right in zip(cases, outcomes, rights, strict=True):
            theirs = target.call(case.args, case.awkward)
            if not same_outcome(case, outcome, theirs):
                break
            shown = theirs.failure is None  # two functions may fail for different reasons
            evidence = evidence or (shown and not same_outcome(case, theirs, Outcome(right)))
        else:
            if evidence:
                return mistake
    return None


def same_outcome(case: Case, one: Outcome, other: Outcome) -> bool:
    """Say whether two calls came to the same: both failed, or equal results and effects."""
    if one.failure is not None or other.failure is not None:
        return (one.failure is None) == (other.failure is None)
    return one.mutated == other.mutated and _same_value(case, one.value, other.value)


def _same_value(case: Case, one: Any, other: Any) -> bool:
    if isinstance(one, tuple | list) or isinstance(other, tuple | list):
        several = isinstance(one, tuple | list) and isinstance(other, tuple | list)
        return several and len(one) == len(other) and all(
            _same_value(case, a, b) for a, b in zip(one, other, strict=True)
        )
    if isinstance(one, np.ndarray) != isinstance(other, np.ndarray) and np.ndim(other) > 0:
        return False
    try:
        a, b = as_array(one), as_array(other)
        numeric = a.dtype.kind in "fiub" and b.dtype.kind in "fiub"
        return numeric and a.shape == b.shape and close(a, b, tolerance(case.args))
    except Exception:  # whatever the learner returned, it is not this mistake
        return False


def find_property(exercise: Exercise, args: tuple[Any, ...], value: Any) -> str | None:
    """Give the first of the exercise's properties that a right-shaped result breaks."""
    with np.errstate(all="ignore"):
        for holds in exercise.properties:
            if (sentence := holds(args, value)) is not None:
                return sentence
    return None


def find_pattern(got: np.ndarray, want: np.ndarray, limits: tuple[float, float]) -> str | None:
    """Say how a wrong array relates to the right one, where that is plain to see."""
    if got.size and not np.isfinite(got).all():
        kind = "nan" if np.isnan(got).any() else "inf"
        return f"There is {kind} in the result, and all inputs are finite."
    if got.ndim >= 2 and max(got.shape[-2:]) > 1:
        turned = np.swapaxes(got, -1, -2)
        if turned.shape == want.shape and close(turned, want, limits):
            return "It is the right matrix, but transposed: rows and columns are swapped."
    if got.shape != want.shape:
        return None
    if close(-got, want, limits):
        return "It has the wrong sign everywhere."
    usable = np.abs(want) > 1e-6
    if usable.sum() < 2:
        return None
    ratios = got[usable] / want[usable]
    if abs(ratios[0]) > 1e-6 and np.allclose(ratios, ratios[0], rtol=1e-3) and close(
        got / ratios[0], want, limits
    ):
        return f"Every entry is {number(float(ratios[0]))} times what it should be."
    return None

"""Find the named mistake that computes what the learner's function computes, if there is one."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from qkv_course.checks.calls import LiveTarget, Outcome
from qkv_course.checks.compare import Trial, as_array, close, number, refused, tolerance
from qkv_course.checks.exercise import Case, Exercise, Mistake


def find_mistake(exercise: Exercise, trials: Sequence[Trial]) -> Mistake | None:
    """Name the first mistake whose results equal the learner's on every call.

    Every call counts, also those on which the mistake happens to be right: a function
    that is wrong there as well has something else, or something more, wrong with it.
    """
    return next((m for m in exercise.mistakes if _matches(exercise, m, trials)), None)


def _matches(exercise: Exercise, mistake: Mistake, trials: Sequence[Trial]) -> bool:
    target = LiveTarget(exercise.applied(mistake.broken))
    evidence = False
    for trial in trials:
        case = trial.case
        theirs = target.call(case.args, case.awkward)
        if not same_outcome(case, trial.outcome, theirs):
            return False
        evidence = evidence or _is_telling(trial, theirs)
    return evidence


def _is_telling(trial: Trial, theirs: Outcome) -> bool:
    """Say whether a mistake's outcome is wrong in a way that no other one need share.

    Two functions may fail for different reasons; two equal wrong results are telling.
    """
    if trial.case.raises:
        return not refused(trial.case, theirs)
    return theirs.failure is None and not same_outcome(trial.case, theirs, Outcome(trial.right))


def same_outcome(case: Case, one: Outcome, other: Outcome) -> bool:
    """Say whether two calls came to the same: both failed, or equal results and effects."""
    if one.failure is not None or other.failure is not None:
        return _ending(case, one) == _ending(case, other)
    try:
        return one.mutated == other.mutated and _same_value(case, one.value, other.value)
    except Exception:  # a learner's own class may raise at every touch; it is not this mistake
        return False


def _ending(case: Case, outcome: Outcome) -> str:
    """Say how a call ended; the kind of error counts only where one is asked for."""
    if outcome.failure is None:
        return "returned"
    if not case.raises:
        return "failed"
    return "refused" if refused(case, outcome) else outcome.failure.kind


def _same_value(case: Case, one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    if isinstance(one, tuple | list) or isinstance(other, tuple | list):
        several = isinstance(one, tuple | list) and isinstance(other, tuple | list)
        return (
            several
            and len(one) == len(other)
            and all(_same_value(case, a, b) for a, b in zip(one, other, strict=True))
        )
    if not (_numeric(one) and _numeric(other)):  # nothing else is asked for its numbers
        return False
    if isinstance(one, np.ndarray) != isinstance(other, np.ndarray) and np.ndim(other) > 0:
        return False
    a, b = as_array(one), as_array(other)
    if (a.dtype.kind == "b") != (b.dtype.kind == "b"):  # ones and zeros are no mask
        return False
    return a.shape == b.shape and close(a, b, tolerance(case))


def _numeric(value: Any) -> bool:
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "fiub" and not np.ma.is_masked(value)
    return isinstance(value, int | float)


def find_batch_limit(trials: Sequence[Trial], wrong: Sequence[bool]) -> str | None:
    """Say up to how many batch axes all is right, if all beyond that is wrong.

    The first call has no batch axes.
    """
    axes = [_axes(trial.case) for trial in trials]
    most = max((n for n, is_wrong in zip(axes, wrong, strict=True) if not is_wrong), default=0)
    if wrong[0] or any(w != (n > most) for n, w in zip(axes, wrong, strict=True)):
        return None
    if most == axes[0]:
        return "It is right as long as no batch axes stand in front."
    return "It is right with one batch axis in front, but not with more."


def _axes(case: Case) -> int:
    return max((a.ndim for a in case.args if isinstance(a, np.ndarray)), default=0)


def find_property(exercise: Exercise, args: tuple[Any, ...], value: Any) -> str | None:
    """Give the first of the exercise's properties that a right-shaped result breaks."""
    if not all(_numeric(part) for part in (value if isinstance(value, tuple | list) else [value])):
        return None  # only the parts up to the wrong one have been looked at so far
    for holds in exercise.properties:
        # The value may be right in the part judged so far, and anything at all in the others.
        with np.errstate(all="ignore"), suppress(Exception):
            if (sentence := holds(args, value)) is not None:
                return sentence
    return None


def find_pattern(got: np.ndarray, want: np.ndarray, limits: tuple[float, float]) -> str | None:
    """Say how a wrong array relates to the right one, where that is plain to see."""
    if got.ndim >= 2 and max(got.shape[-2:]) > 1:
        turned = np.swapaxes(got, -1, -2)
        if turned.shape == want.shape and close(turned, want, limits):
            return "It is the right matrix, but transposed: rows and columns are swapped."
    if got.shape != want.shape:  # and it may be huge: do not touch its entries
        return None
    got, want = got.astype(np.float64), want.astype(np.float64)  # -x is no minus for bools
    if not np.isfinite(got).all():
        kind = "nan" if np.isnan(got).any() else "inf"
        return f"There is {kind} in the result, and all inputs are finite."
    if close(-got, want, limits):
        return "It has the wrong sign everywhere."
    return _ratio(got, want, limits) or _rounding(got, want)


def _ratio(got: np.ndarray, want: np.ndarray, limits: tuple[float, float]) -> str | None:
    usable = np.abs(want) > 1e-6
    if usable.sum() < 2:
        return None
    ratios = got[usable] / want[usable]
    if (
        abs(ratios[0]) > 1e-6
        and np.allclose(ratios, ratios[0], rtol=1e-3)
        and number(float(ratios[0])) != "1"
        and close(got / ratios[0], want, limits)
    ):
        return f"Every entry is {number(float(ratios[0]))} times what it should be."
    return None


def _rounding(got: np.ndarray, want: np.ndarray) -> str | None:
    far = float(np.abs(got - want).max())
    if not 0 < far < 1e-2 * float(np.abs(want).max()):
        return None
    most = "by" if got.size == 1 else "by at most"
    return f"It is nearly right, off {most} {far:.1g}: is it rounded, or a small number added?"

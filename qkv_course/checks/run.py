"""Run an exercise's check on a target and put the result into a report."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from qkv_course.checks.advice import BY_PROBLEM, Advice, on_error, on_type
from qkv_course.checks.arguments import fresh
from qkv_course.checks.calls import Outcome, Target, describe_error
from qkv_course.checks.compare import (
    Problem,
    Trial,
    as_array,
    find_problem,
    refused,
    tolerance,
    wider,
)
from qkv_course.checks.diagnose import (
    find_batch_limit,
    find_mistake,
    find_pattern,
    find_property,
)
from qkv_course.checks.exercise import Case, Exercise, Mistake
from qkv_course.checks.report import Comparison, Report
from qkv_course.checks.settle import LARGEST, settled

COUNT_FROM_THE_END = "Count axes from the end: -1 is the last axis, and {} swaps the last two."
WIDER = "NumPy widens float32 where it meets float64, as np.zeros(n) and np.sqrt(4) are."


def run_check(exercise: Exercise, target: Target, seed: int | None = None) -> Report:
    """Call a target on fresh inputs and report on what came back.

    seed: draws the same inputs again; a new one is drawn when it is None.
    """
    seed = secrets.randbelow(2**31) if seed is None else seed
    trials: list[Trial] = []
    for case in draw_cases(exercise, seed):
        outcome = target.call(case.args, case.awkward)
        failure = outcome.failure
        if not trials and failure is not None and failure.is_stub(exercise.name):
            return Report(exercise.name, "not attempted", seed)
        trials.append(Trial(case, outcome, right_answer(exercise, case)))
        if failure is not None and failure.timed_out:
            break
    for trial in trials:
        if (problem := safe_problem(exercise, trial)) is not None:
            return _failed(exercise, seed, trials, trial, problem)
    return Report(exercise.name, "passed", seed, len(trials), remark=_remark(exercise, trials))


def draw_cases(exercise: Exercise, seed: int) -> list[Case]:
    """Draw an exercise's calls, and put its first one at the end once more.

    A function that answers well once and badly later fails on that last call.
    """
    cases = list(exercise.cases(np.random.default_rng(seed)))
    return [*cases, replace(cases[0], group="the first input once more")]


def right_answer(exercise: Exercise, case: Case) -> Any:
    """Ask the reference. It is trusted: nothing has to be kept from it, which would take longer."""
    given = tuple(fresh(argument) for argument in case.args)
    try:
        value = settled(exercise.applied(exercise.reference)(*given))
    except Exception as error:
        if refused(case, Outcome(failure=describe_error(error))):
            return None
        raise
    assert not case.raises, f"the reference of {exercise.name} takes {case}"
    return value


def safe_problem(exercise: Exercise, trial: Trial) -> Problem | None:
    """Find the problem of a trial, even if looking at what came back raises."""
    try:
        names = exercise.results
        problem = find_problem(trial, names, exercise.parameters, exercise.returned)
    except Exception as error:  # a learner's own class may raise at every touch
        saw = f"What your function returned cannot be read as numbers ({type(error).__name__})."
        return Problem("type", saw, "It should return NumPy arrays or numbers.")
    if problem is None or not exercise.tensors:
        return problem
    return replace(problem, expected=problem.expected.replace("a NumPy array", "a tensor"))


def _failed(
    exercise: Exercise, seed: int, trials: Sequence[Trial], first: Trial, problem: Problem
) -> Report:
    """Report on the first failing call, with the named mistake if all calls agree on one."""
    case, failure = first.case, first.outcome.failure
    timed_out = failure is not None and failure.timed_out
    mistake = None if timed_out else _named(exercise, trials)
    if mistake is not None:
        likely, try_next = f"Looks like {mistake.title}. {mistake.why}", mistake.try_next
    else:
        likely, try_next = _unnamed(exercise, trials, first, problem)
    return Report(
        exercise=exercise.name,
        status="timed out" if timed_out else "wrong" if failure is None else "raised",
        seed=seed,
        cases=len(trials),
        mistake=mistake,
        saw=problem.saw,
        expected=problem.expected,
        likely=likely,
        try_next=try_next,
        group=case.group,
        inputs=dict(zip(exercise.parameters, case.args, strict=False)),
        comparison=_comparison(exercise, first, problem),
        printed=first.outcome.printed,
    )


def _named(exercise: Exercise, trials: Sequence[Trial]) -> Mistake | None:
    """Name the mistake that all these calls agree on, within the limits for mistakes."""
    return find_mistake(exercise, [replace(t, case=t.case.for_mistakes()) for t in trials])


def _unnamed(exercise: Exercise, trials: Sequence[Trial], first: Trial, problem: Problem) -> Advice:
    """Say what is likely wrong, and what to try, when no named mistake matches."""
    if problem.kind == "accepted":
        return "", BY_PROBLEM["accepted"].format(first.case.raises)
    args, outcome, advice = first.case.args, first.outcome, BY_PROBLEM[problem.kind]
    if problem.kind == "type":
        return on_type(outcome, first.right, problem)
    if (partly := _where_finite(exercise, trials)) is not None:
        return partly
    wrong = [safe_problem(exercise, trial) is not None for trial in trials]
    if limit := find_batch_limit(trials, wrong):
        swap = "x.transpose(-1, -2)" if exercise.tensors else "np.swapaxes(x, -1, -2)"
        advice = COUNT_FROM_THE_END.format(swap)
    if outcome.failure is not None:
        return (limit, advice) if limit else on_error(exercise, outcome.failure)
    if problem.kind not in ("value", "shape"):
        return "", advice
    if exercise.returned is not None and problem.part >= exercise.returned:
        return "", exercise.if_measured or advice
    broken = find_property(exercise, args, outcome.value) if problem.kind == "value" else None
    pattern = broken or find_pattern(*_pair(first, problem), tolerance(first.case)) or ""
    return f"{limit or ''} {pattern}".strip(), advice


def _where_finite(exercise: Exercise, trials: Sequence[Trial]) -> Advice | None:
    """Name the mistake of the calls that give no nan; where others do, two things are wrong."""
    stopped = any(trial.outcome.failure for trial in trials)
    finite = [trial for trial in trials if _has_no_nan(trial)]
    if stopped or len(finite) == len(trials) or (mistake := _named(exercise, finite)) is None:
        return None
    found = f"Where the result is finite, it looks like {mistake.title}. {mistake.why}"
    return f"{found} Besides, other calls give nan.", mistake.try_next


def _has_no_nan(trial: Trial) -> bool:
    value = trial.outcome.value
    parts = value if isinstance(value, tuple | list) else [value]
    arrays = (p for p in parts if isinstance(p, np.ndarray) and p.dtype.kind == "f")
    return not any(a.size <= LARGEST and np.isnan(a).any() for a in arrays)


def _pair(trial: Trial, problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Give got and wanted, of several results the part that is wrong."""
    got, want = trial.outcome.value, trial.right
    if isinstance(want, tuple):
        got, want = got[problem.part], want[problem.part]
    return as_array(got), np.asarray(want)


def _comparison(exercise: Exercise, trial: Trial, problem: Problem) -> Comparison | None:
    """Keep got and wanted for the picture, where both are numbers."""
    if problem.kind not in ("value", "shape"):
        return None
    name, (got, want) = exercise.results[problem.part], _pair(trial, problem)
    return Comparison(name, got, want, problem.index, tolerance(trial.case))


def _remark(exercise: Exercise, trials: Sequence[Trial]) -> str:
    why = "" if exercise.tensors else f" {WIDER}"
    for trial in trials:
        got, want = trial.outcome.value, trial.right
        pairs = zip(got, want, strict=True) if isinstance(want, tuple) else [(got, want)]
        for one, other in pairs:
            if wider(one, other):
                return f"For {other.dtype} inputs you return {one.dtype}. That is allowed.{why}"
    return ""

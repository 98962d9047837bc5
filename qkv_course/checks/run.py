"""Run an exercise's check on a target and put the result into a report."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from qkv_course.checks.calls import Failure, LiveTarget, Outcome, Target
from qkv_course.checks.compare import Problem, as_array, find_problem, tolerance, wider
from qkv_course.checks.diagnose import find_mistake, find_pattern, find_property
from qkv_course.checks.exercise import Case, Exercise
from qkv_course.checks.report import Comparison, Report

ADVICE = {
    "raised": "Run that line by yourself on the input above, one piece at a time, and print shapes.",
    "changed input": "Make a new array instead: `x = x - 1` makes one, `x -= 1` writes into the old.",
    "type": "Look at the docstring's `Returns` line, and at your `return` line.",
    "shape": "Print the shape after every step and compare it with the docstring.",
    "dtype": "Leave out `astype` and `dtype=...`, or take the dtype from the input.",
    "value": "Work out this one entry by hand on the input above, then print your steps.",
}


def run_check(exercise: Exercise, target: Target, seed: int | None = None) -> Report:
    """Call a target on fresh inputs and report on what came back.

    seed: draws the same inputs again; a new one is drawn when it is None.
    """
    seed = secrets.randbelow(2**31) if seed is None else seed
    cases = draw_cases(exercise, seed)
    outcomes: list[Outcome] = []
    for case in cases:
        outcomes.append(target.call(case.args, case.awkward))
        failure = outcomes[-1].failure
        if failure is not None and failure.kind == "NotImplementedError":
            return Report(exercise.name, "not attempted", seed=seed)
        if failure is not None and failure.timed_out:
            break
    cases = cases[: len(outcomes)]
    rights = [right_answer(exercise, case) for case in cases]
    for case, outcome, right in zip(cases, outcomes, rights, strict=True):
        if (problem := safe_problem(exercise, case, outcome, right)) is not None:
            return _failed(exercise, seed, cases, outcomes, rights, (case, outcome, right, problem))
    return Report(exercise.name, "passed", seed=seed, cases=len(cases), remark=_remark(outcomes, rights))


def draw_cases(exercise: Exercise, seed: int) -> list[Case]:
    """Draw an exercise's calls, and put its first one at the end once more.

    A function that answers well once and badly later fails on that last call.
    """
    cases = list(exercise.cases(np.random.default_rng(seed)))
    return [*cases, replace(cases[0], group="the first input once more")]


def right_answer(exercise: Exercise, case: Case) -> Any:
    """Ask the reference; NumPy's warnings are nobody's business here."""
    outcome = LiveTarget(exercise.reference).call(case.args)
    if outcome.failure is not None:
        raise AssertionError(f"the reference of {exercise.name} failed: {outcome.failure}")
    return outcome.value


def safe_problem(exercise: Exercise, case: Case, outcome: Outcome, right: Any) -> Problem | None:
    """Find the problem of an outcome, even if looking at its value raises."""
    try:
        return find_problem(case, outcome, right, exercise.results, exercise.parameters)
    except Exception as error:  # a learner's own class may raise at every touch
        saw = f"Your function returned something that cannot be read as numbers ({type(error).__name__})."
        return Problem("type", saw, "It should return NumPy arrays or numbers.")


def _failed(
    exercise: Exercise,
    seed: int,
    cases: Sequence[Case],
    outcomes: Sequence[Outcome],
    rights: Sequence[Any],
    first: tuple[Case, Outcome, Any, Problem],
) -> Report:
    """Report on the first failing case, with the named mistake if all cases agree on one."""
    case, outcome, right, problem = first
    timed_out = outcome.failure is not None and outcome.failure.timed_out
    mistake = None if timed_out else find_mistake(exercise, cases, outcomes, rights)
    if mistake is not None:
        likely, try_next = f"Looks like {mistake.title}. {mistake.why}", mistake.try_next
    else:
        likely, try_next = _unnamed(exercise, case, outcome, right, problem)
    return Report(
        exercise=exercise.name,
        status="timed out" if timed_out else "raised" if problem.kind == "raised" else "wrong",
        seed=seed,
        cases=len(cases),
        mistake=mistake,
        saw=problem.saw,
        expected=problem.expected,
        likely=likely,
        try_next=try_next,
        group=case.group,
        inputs=dict(zip(exercise.parameters, case.args, strict=False)),
        comparison=_comparison(exercise, outcome, right, problem),
        printed=outcome.printed,
    )


def _unnamed(
    exercise: Exercise, case: Case, outcome: Outcome, right: Any, problem: Problem
) -> tuple[str, str]:
    """Say what is likely wrong, and what to try, when no named mistake matches."""
    if outcome.failure is not None:
        return _why_raised(exercise, outcome.failure)
    if problem.kind not in ("value", "shape"):
        return "", ADVICE[problem.kind]
    got, want = _parts(outcome.value, right, problem.part)
    broken = find_property(exercise, case.args, outcome.value) if problem.kind == "value" else None
    return broken or find_pattern(got, want, tolerance(case.args)) or "", ADVICE[problem.kind]


def _why_raised(exercise: Exercise, failure: Failure) -> tuple[str, str]:
    if failure.timed_out:
        likely = "A loop that never ends, or one that takes far too many steps."
        return likely, "Print the loop's counter on the input above, and look at what ends the loop."
    if failure.kind in ("SystemExit", "KeyboardInterrupt"):
        return "A call of exit() or quit() inside the function.", "Leave a function with `return`."
    if failure.kind == "RecursionError":
        return "The function calls itself again and again.", "Call another function, or use a loop."
    if failure.kind == "TypeError" and not failure.line:
        stub = f"`def {exercise.name}({', '.join(exercise.parameters)})`"
        return "The function's parameters are no longer those of the stub.", f"Start it with {stub}."
    return "", ADVICE["raised"]


def _parts(value: Any, right: Any, part: int) -> tuple[np.ndarray, np.ndarray]:
    several = isinstance(right, tuple)
    return as_array(value[part] if several else value), np.asarray(right[part] if several else right)


def _comparison(
    exercise: Exercise, outcome: Outcome, right: Any, problem: Problem
) -> Comparison | None:
    """Keep got and expected for the picture, where both are numbers."""
    if problem.kind not in ("value", "shape", "dtype"):
        return None
    got, want = _parts(outcome.value, right, problem.part)
    return Comparison(exercise.results[problem.part], got, want, problem.index)


def _remark(outcomes: Sequence[Outcome], rights: Sequence[Any]) -> str:
    for outcome, right in zip(outcomes, rights, strict=True):
        pairs = zip(outcome.value, right, strict=True) if isinstance(right, tuple) else [(outcome.value, right)]
        for got, want in pairs:
            if wider(got, want):
                return (
                    f"A remark: for {want.dtype} inputs you return {got.dtype}. That is allowed. "
                    "NumPy widens float32 when it meets a float64 scalar such as np.sqrt(4)."
                )
    return ""

"""Wrong in part is wrong: mistakes on some inputs only, and two mistakes at once.

Every hybrid is put together from an exercise's own mistakes. It is rejected, unless it is right
on most other draws of the inputs too, and it is given a name only if it deserves it there.
"""

from collections.abc import Callable, Iterator
from itertools import count, pairwise
from typing import Any

import numpy as np
import pytest

from qkv_course.checks import Case, Exercise, evaluate
from qkv_course.checks.calls import LiveTarget, Outcome
from qkv_course.checks.compare import Trial
from qkv_course.checks.diagnose import same_outcome
from qkv_course.checks.run import draw_cases, right_answer, safe_problem
from qkv_course.lessons import exercise_names, find_exercise

Function = Callable[..., Any]
Args = tuple[Any, ...]
Make = Callable[[], Function]  # makes a hybrid afresh: some count their calls
OTHER_SEEDS = (101, 102, 103, 104)

EXERCISES = [find_exercise(name) for name in exercise_names()]
each_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.name)


def arrays(args: Args) -> list[np.ndarray]:
    return [a for a in args if isinstance(a, np.ndarray)]


def batched(args: Args) -> bool:
    return any(a.ndim > 2 for a in arrays(args))


def square(args: Args) -> bool:
    sizes = [n for a in arrays(args) for n in a.shape] or [a for a in args if isinstance(a, int)]
    return len(set(sizes)) == 1


def single(args: Args) -> bool:
    return any(a.dtype == np.float32 for a in arrays(args))


WHERE: dict[str, Callable[[Args], bool]] = {
    "in batches": batched,
    "without a batch": lambda args: not batched(args),
    "for square inputs": square,
    "for other than square inputs": lambda args: not square(args),
    "in float32": single,
}


def choose(where: Callable[[Args], bool], yes: Function, no: Function) -> Function:
    return lambda *args: (yes if where(args) else no)(*args)


def on_first_call(yes: Function, no: Function) -> Function:
    calls = count()
    return choose(lambda _: next(calls) == 0, yes, no)


def one_part_each(first: Function, second: Function) -> Function:
    return lambda *args: (first(*args)[0], *second(*args)[1:])


def both(first: Function, second: Function, right: Function) -> Function:
    """Add up the errors of two mistakes."""

    def wrong(*args: Any) -> Any:
        one, other, want = first(*args), second(*args), right(*args)
        if isinstance(want, tuple):
            return tuple(a + b - c for a, b, c in zip(one, other, want, strict=True))
        return one + other - want

    return wrong


def partial_hybrids(exercise: Exercise) -> Iterator[tuple[str, Make]]:
    right = exercise.applied(exercise.reference)
    drawn = [case for seed in (1, *OTHER_SEEDS) for case in draw_cases(exercise, seed)]
    there = {words: w for words, w in WHERE.items() if any(w(case.args) for case in drawn)}
    for mistake in exercise.mistakes:
        broken = exercise.applied(mistake.broken)
        for words, where in there.items():
            yield f"{mistake.name} {words}", lambda b=broken, w=where: choose(w, b, right)
        yield f"{mistake.name} once", lambda b=broken: on_first_call(b, right)


def double_hybrids(exercise: Exercise) -> Iterator[tuple[str, Make]]:
    right = exercise.applied(exercise.reference)
    for one, other in pairwise((*exercise.mistakes, exercise.mistakes[0])):
        a, b = exercise.applied(one.broken), exercise.applied(other.broken)
        name = f"{one.name} and {other.name}"
        yield f"{name} by turns", lambda a=a, b=b: choose(square, a, b)
        yield f"{name} at once", lambda a=a, b=b: both(a, b, right)
        if len(exercise.results) > 1:
            yield f"{name}, a part each", lambda a=a, b=b: one_part_each(a, b)


def mostly(exercise: Exercise, differs: Callable[[Case], bool]) -> bool:
    """Say whether most draws of the inputs, other than the check's, have a case that differs."""
    found = [any(differs(case) for case in draw_cases(exercise, seed)) for seed in OTHER_SEEDS]
    return 2 * sum(found) > len(found)


def outcome(function: Function, case: Case) -> Outcome:
    return LiveTarget(function).call(case.args, case.awkward)


def is_wrong(exercise: Exercise, hybrid: Function) -> bool:
    def differs(case: Case) -> bool:
        trial = Trial(case, outcome(hybrid, case), right_answer(exercise, case))
        return safe_problem(exercise, trial) is not None

    return mostly(exercise, differs)


def are_unlike(exercise: Exercise, hybrid: Function, broken: Function) -> bool:
    def differs(case: Case) -> bool:
        return not same_outcome(case, outcome(hybrid, case), outcome(broken, case))

    return mostly(exercise, differs)


def complaint(exercise: Exercise, make: Make) -> str | None:
    """Say what is wrong with how a hybrid is judged."""
    report = evaluate(exercise.name, LiveTarget(make()), seed=1)
    if report.passed:
        return "passes, and should not" if is_wrong(exercise, make()) else None
    if report.mistake is not None and are_unlike(
        exercise, make(), exercise.applied(report.mistake.broken)
    ):
        return f"is called {report.mistake.name}, and should not be"
    return None


@each_exercise
@pytest.mark.parametrize("kind", [partial_hybrids, double_hybrids])
def test_hybrid_is_rejected_and_never_misnamed(
    exercise: Exercise, kind: Callable[[Exercise], Iterator[tuple[str, Make]]]
) -> None:
    judged = {words: complaint(exercise, make) for words, make in kind(exercise)}
    assert {w: said for w, said in judged.items() if said} == {}

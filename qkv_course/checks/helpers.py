"""Find out whether what a learner's function builds on is right itself."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import CodeType, FunctionType
from typing import Any

from qkv_course.checks.report import Report
from qkv_course.lessons import exercise_names


def wrong_helper(
    f: Callable[..., Any], exercise: str, is_right: Callable[[str, Any], bool]
) -> str | None:
    """Name the first function of another exercise that `f` uses and that is not right, or None.

    exercise: what `f` itself is. is_right: judges a function as an exercise, by its name.
    The course's own functions count as right.
    """
    for name, helper in _helpers(f):
        module = str(getattr(helper, "__module__", ""))
        theirs = callable(helper) and not module.startswith("qkv_course")
        if theirs and name != exercise and not is_right(name, helper):
            return name
    return None


def blamed(report: Report, helper: str) -> Report:
    """Say in a failing report, before all else, that a helper has to be mended first."""
    first = f"It uses your {helper}, which does not pass its own check as it stands now."
    return replace(
        report,
        likely=f"{first} {report.likely}".strip(),
        try_next=f"Mend {helper} first, run its cell, and check {report.exercise} again.",
    )


def _helpers(f: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    """Yield the exercises' functions whose names stand in the code of `f`, with what they are."""
    methods = vars(f).values() if isinstance(f, type) else (f,)
    functions = [m for m in methods if isinstance(m, FunctionType)]
    used = {n: g.__globals__ for g in functions for n in _names(g.__code__)}
    for name in exercise_names():
        if name in used and name in used[name]:
            yield name, used[name][name]


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for part in code.co_consts:  # functions and comprehensions inside
        if isinstance(part, CodeType):
            yield from _names(part)

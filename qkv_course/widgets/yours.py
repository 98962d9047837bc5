"""A learner's own function beside the explorer's numbers: call it, compare, say it in words."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from qkv_course.checks.calls import Failure, LiveTarget, Outcome
from qkv_course.checks.compare import Problem, Trial, find_problem
from qkv_course.checks.exercise import Case

SECONDS = 2.0
LARGEST = 4096  # entries of a result that are worth sending to the browser


@dataclass(frozen=True)
class Call:
    """How an explorer calls a learner's function, by names of settings and computed numbers.

    function: its name. takes: the arguments, in order. gives: the results, in order.
    """

    function: str
    takes: tuple[str, ...]
    gives: tuple[str, ...]


def judge(function: Callable[..., Any], call: Call, known: dict[str, Any]) -> dict[str, Any]:
    """Call a learner's function and hold its results against the explorer's numbers.

    known: settings and computed numbers by name.
    Returns kind ("agrees", "differs", "stopped" or "not written"), text, and the results by
    name in `values`, those that have the right shape.
    """
    args = tuple(known[name] for name in call.takes)
    right = tuple(known[name] for name in call.gives)
    outcome = LiveTarget(function, seconds=SECONDS).call(args)
    trial = Trial(Case("as set above", args), outcome, right if len(right) > 1 else right[0])
    problem = _problem(trial, call)
    kind, text = _verdict(outcome.failure, problem, call.function)
    return {"kind": kind, "text": text, "values": _drawable(outcome, call, right)}


def _problem(trial: Trial, call: Call) -> Problem | None:
    try:
        return find_problem(trial, call.gives, call.takes)
    except Exception as error:  # a learner's own class may raise at every touch
        saw = f"Its result cannot be read as numbers ({type(error).__name__})."
        return Problem("type", saw, "It should be numbers.")


def _verdict(failure: Failure | None, problem: Problem | None, name: str) -> tuple[str, str]:
    if problem is None:
        return "agrees", f"Yours agrees: `{name}` gives these numbers."
    if failure is None:
        return "differs", f"Yours differs. {problem.saw} {problem.expected}"
    if failure.kind == "NotImplementedError":
        return "not written", f"Yours: `{name}` is not written yet."
    if failure.timed_out:
        return "stopped", f"Yours: `{name}` did not finish within {SECONDS:g} seconds."
    return "stopped", problem.saw


def _drawable(outcome: Outcome, call: Call, right: tuple[Any, ...]) -> dict[str, Any]:
    values = outcome.value if len(call.gives) > 1 else (outcome.value,)
    if outcome.failure is not None or not isinstance(values, tuple | list):
        return {}
    return {
        name: encoded(value)
        for name, value, want in zip(call.gives, values, right, strict=False)
        if is_numeric(value) and np.shape(value) == np.shape(want) and np.size(value) <= LARGEST
    }


def is_numeric(value: Any) -> bool:
    """Say whether a value is a number or an array of numbers."""
    return isinstance(value, int | float | np.number | np.bool) or (
        isinstance(value, np.ndarray) and value.dtype.kind in "biuf"
    )


def encoded(value: Any) -> dict[str, Any]:
    """Write a number or an array so that JSON can carry it; `decoded` in base.js reads it."""
    array = np.asarray(value, dtype=np.float64)
    flat = [x if np.isfinite(x) else str(x) for x in array.ravel().tolist()]
    return {"shape": list(array.shape), "data": flat}

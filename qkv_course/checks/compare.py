"""Hold one outcome against the right answer, and put the first difference into words."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from qkv_course.checks.arguments import arrays_in
from qkv_course.checks.calls import Failure, Outcome
from qkv_course.checks.exercise import Case
from qkv_course.checks.limits import readable
from qkv_course.checks.settle import Unreadable

SINGLE, DOUBLE = (1e-3, 1e-4), (1e-6, 1e-8)  # rtol, atol


@dataclass(frozen=True)
class Trial:
    """One call of a check: what it was, what came of it, and what would have been right."""

    case: Case
    outcome: Outcome
    right: Any


@dataclass(frozen=True)
class Problem:
    """One way in which an outcome is not right.

    kind: "raised", "accepted" what should be refused, "changed input", "something" where None
        is right, "type", "shape", "dtype" or "value".
    saw, expected: one sentence each; expected is "" where `saw` says it, too.
    part: which of several results, by position.
    index: where the first wrong entry stands.
    """

    kind: str
    saw: str
    expected: str
    part: int = 0
    index: tuple[int, ...] | None = None


def tolerance(case: Case) -> tuple[float, float]:
    """Give rtol and atol: looser when any input is float32, unless the case says otherwise."""
    if case.limits is not None:
        return case.limits
    single = any(a.dtype == np.float32 for a in arrays_in(case.args))
    return SINGLE if single else DOUBLE


def find_problem(
    trial: Trial, names: tuple[str, ...], parameters: tuple[str, ...], returned: int | None = None
) -> Problem | None:
    """Say what is wrong with a trial's outcome, or None.

    names: what the results are called. parameters: what the arguments are called.
    returned: how many of the results the function itself returns; the others are measured.
    """
    outcome, right = trial.outcome, trial.right
    if trial.case.raises:
        return _not_refused(trial.case, outcome)
    if outcome.failure is not None:
        return _raised(outcome.failure, right, names[:returned])
    if outcome.mutated:
        return _changed_input(outcome, parameters)
    if right is None:
        return _something(outcome.value)
    if not isinstance(right, tuple):
        return _compare(trial.case, outcome.value, right, names[0], 0)
    if (problem := _not_several(outcome.value, names)) is not None:
        return problem
    for part, (got, want, name) in enumerate(zip(outcome.value, right, names, strict=True)):
        if (problem := _compare(trial.case, got, want, name, part)) is not None:
            return problem
    return None


def _something(value: Any) -> Problem | None:
    if value is None:
        return None
    saw = f"Your function returned {describe_value(value)}."
    return Problem("something", saw, "It should return None here.")


def refused(case: Case, outcome: Outcome) -> bool:
    """Say whether a call was refused with the error that the case asks for."""
    return outcome.failure is not None and case.raises in outcome.failure.is_a


def _not_refused(case: Case, outcome: Outcome) -> Problem | None:
    if refused(case, outcome):
        return None
    expected = f"It should raise {case.raises} here, with a sentence that says why."
    if outcome.failure is None:
        saw = f"Your function returned {describe_value(outcome.value)}."
        return Problem("accepted", saw, expected)
    return Problem("accepted", _what_stopped(outcome.failure), expected)


def _raised(failure: Failure, right: Any, names: tuple[str, ...]) -> Problem:
    if not names:  # a complaint says itself what should have come
        expected = "" if failure.kind == "Complaint" else "It should come to its end."
        return Problem("raised", _what_stopped(failure), expected)
    if isinstance(right, tuple):
        right = right[0] if len(names) == 1 else right[: len(names)]
    expected = f"It should return {describe_right(right, names)}."
    return Problem("raised", _what_stopped(failure), expected)


def _what_stopped(failure: Failure) -> str:
    if failure.kind == "Complaint":
        return f"{failure.message}."
    where = f" at your line {failure.line_number}: `{failure.line}`" if failure.line else ""
    if failure.timed_out:
        return f"Your function did not come back: it was {failure.message}."
    message = f": {failure.message}" if failure.message else ""
    return f"Your function raised {failure.kind}{where}{message}."


def _changed_input(outcome: Outcome, parameters: tuple[str, ...]) -> Problem:
    changed = " and ".join(f"`{parameters[i]}`" for i in outcome.mutated)
    return Problem(
        "changed input",
        f"Your function changed {changed}, which belongs to its caller.",
        "The inputs should be the same after the call as before it.",
    )


def _not_several(value: Any, names: tuple[str, ...]) -> Problem | None:
    wanted = f"It should return {len(names)} results, in this order: ({', '.join(names)})."
    if not isinstance(value, tuple | list):
        return Problem("type", f"Your function returned {describe_value(value)}.", wanted)
    if len(value) != len(names):
        return Problem("type", f"Your function returned {len(value)} results.", wanted)
    return None


def _compare(case: Case, got: Any, want: Any, name: str, part: int) -> Problem | None:
    if (problem := _wrong_type(got, want, name, part)) is not None:
        return problem
    got, want = as_array(got), np.asarray(want)
    if got.shape != want.shape:
        return Problem(
            "shape",
            f"`{name}` has the shape {got.shape}.",
            f"It should be {describe_right(want, (name,))}.",
            part,
        )
    if not close(got, want, tolerance(case)):
        return _wrong_value(got, want, name, part, tolerance(case))
    return _narrow(case, got, name, part)


def _wrong_type(got: Any, want: Any, name: str, part: int) -> Problem | None:
    """Check the kind of thing: a whole number, a number, or an array of numbers."""
    expected = f"`{name}` should be {describe_right(want, (name,))}."
    wrong = Problem("type", f"`{name}` is {describe_value(got)}.", expected, part)
    if is_whole(want):
        whole = isinstance(got, int | np.integer) or _kind(got) in ("i", "u")
        return None if whole and not isinstance(got, bool) else wrong
    if np.ndim(want) == 0:
        number = isinstance(got, int | float) and not isinstance(got, bool)
        return None if number or _kind(got) in ("f", "i", "u") else wrong
    if not isinstance(got, np.ndarray) or np.ma.is_masked(got):
        return wrong
    kinds = ("b",) if np.asarray(want).dtype.kind == "b" else ("f", "i", "u")
    return None if got.dtype.kind in kinds else wrong


def is_whole(want: Any) -> bool:
    """Say whether the right answer is a whole number, as counts and sizes are."""
    return isinstance(want, int | np.integer) and not isinstance(want, bool)


def _kind(value: Any) -> str:
    return value.dtype.kind if isinstance(value, np.ndarray | np.generic) else ""


def as_array(value: Any) -> np.ndarray:
    """View a number or an array (of any subclass) as a plain array."""
    array = np.asarray(value)
    return np.asarray(np.inf) if array.dtype.kind == "O" else array  # an int beyond 64 bits


def close(got: np.ndarray, want: np.ndarray, limits: tuple[float, float]) -> bool:
    """Say whether two arrays of one shape are equal within tolerance (nan equals nan)."""
    return bool(matches(got, want, limits).all())


def matches(got: np.ndarray, want: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """Say which entries are equal: exactly for whole numbers, else within tolerance."""
    if want.dtype.kind in "biu":
        return np.asarray(got == want)
    rtol, atol = limits
    with np.errstate(all="ignore"):
        return np.isclose(got, want, rtol=rtol, atol=atol, equal_nan=True)


def _wrong_value(
    got: np.ndarray, want: np.ndarray, name: str, part: int, limits: tuple[float, float]
) -> Problem:
    wrong = ~matches(got, want, limits)
    index = tuple(int(i) for i in np.argwhere(wrong)[0]) if got.ndim else ()
    place = f"{name}[{', '.join(map(str, index))}]" if index else name
    count = "" if got.size == 1 else f" ({int(wrong.sum())} of {got.size} entries differ)"
    saw, right = apart(got[index], want[index])
    return Problem(
        "value", f"`{place}` is {saw}{count}.", f"`{place}` should be {right}.", part, index
    )


def _narrow(case: Case, got: np.ndarray, name: str, part: int) -> Problem | None:
    given = [a.dtype for a in arrays_in(case.args) if a.dtype.kind == "f"]
    widest = max(given, key=lambda dtype: dtype.itemsize, default=np.dtype(np.float64))
    if got.dtype.kind != "f" or got.dtype.itemsize >= widest.itemsize:
        return None
    return Problem(
        "dtype",
        f"The values of `{name}` are right, but it is {got.dtype}: precision was lost.",
        f"It should be {widest} or wider, like the inputs.",
        part,
    )


def wider(got: Any, want: Any) -> bool:
    """Say whether an array came back in a wider dtype than the right answer's."""
    if not isinstance(got, np.ndarray) or not isinstance(want, np.ndarray):
        return False
    return got.dtype.kind == "f" and got.dtype.itemsize > want.dtype.itemsize


def number(value: Any, digits: int = 6) -> str:
    """Write one number so that it can be read: whole ones in full, others to six digits."""
    if isinstance(value, float | np.floating):
        return f"{value if value else 0.0:.{digits}g}"  # no minus before a zero
    return str(value)


def apart(one: Any, other: Any, fewest: int = 6) -> tuple[str, str]:
    """Write two numbers that differ, with enough digits to tell them apart."""
    for digits in (fewest, 6, 9, 12):
        if number(one, digits) != number(other, digits):
            break
    return number(one, digits), number(other, digits)


def describe_value(value: Any) -> str:
    """Say in a few words what a learner returned, whatever it is, and what to make of it."""
    kind = readable(type(value).__name__, 60)
    if value is None:
        return "None, as if its `return` were missing"
    if isinstance(value, Unreadable):
        return "an object that cannot be read as numbers"
    if np.ma.is_masked(value):
        return f"a masked array of shape {value.shape} in which entries are hidden"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {readable(str(value.dtype), 60)}"
    if isinstance(value, tuple | list):
        return f"a {kind} of {len(value)}"
    if type(value).__module__.partition(".")[0] == "torch":
        return "a torch tensor; this lesson uses NumPy arrays: `.numpy()` gives one"
    if kind in ("generator", "coroutine", "function", "method", "builtin_function_or_method"):
        return f"a {kind}, not a result; look at the `return` line"
    if isinstance(value, bool | int | float | complex | np.generic):
        return f"the {kind} {_short(value)}"
    return f"an object of type {kind}"


def _short(value: Any) -> str:
    try:
        return repr(value.item() if isinstance(value, np.generic) else value)[:40]
    except Exception:
        return "that cannot be printed"  # a subclass's own __repr__ may raise


def describe_right(right: Any, names: tuple[str, ...]) -> str:
    """Say in a few words what the reference returned."""
    if right is None:
        return "None"
    if isinstance(right, tuple):
        pairs = zip(names, right, strict=True)
        parts = (f"{name} {np.shape(part)}" if np.ndim(part) else name for name, part in pairs)
        return f"({', '.join(parts)})"
    if isinstance(right, int | np.integer):
        return "a whole number (an int)"
    if np.ndim(right) == 0:
        return "one number"
    kind = " of bools" if np.asarray(right).dtype.kind == "b" else ""
    return f"a NumPy array{kind} of shape {np.shape(right)}"

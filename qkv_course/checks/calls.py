"""Call a function that nobody vouches for, and bring back what happened as plain facts.

This is the seam between the checks and the learner's code. A check knows a `Target`: it
hands over arguments and gets an `Outcome`. In the notebook the target is the live function;
a grader puts a stand-in here that sends the arguments to an isolated process.
"""

import linecache
import os
import sysconfig
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from qkv_course.checks.arguments import changed, fresh
from qkv_course.checks.limits import BoundedText, OutOfTime, readable, within
from qkv_course.checks.session import call_kept, muffled, settings_kept
from qkv_course.checks.settle import settled

# Lines in these folders are not the learner's, and say nothing about the mistake.
NOT_THE_LEARNERS = (
    str(Path(__file__).resolve().parents[1]) + os.sep,
    *(sysconfig.get_path(kind) + os.sep for kind in ("stdlib", "purelib", "platlib")),
    "<frozen",
    "<__array_function__",
)

STUB = "not attempted yet"  # what follows a function's name in the error that its stub raises


class Complaint(Exception):
    """Raised by a probe: one sentence on what is wrong where there is nothing to compare."""


@dataclass(frozen=True)
class Failure:
    """What stopped a call.

    kind: the exception's class name. message: its text, shortened.
    is_a: the names of its class and of all classes that this is derived from.
    line: the learner's own line that raised or led to it, or "".
    line_number: where it stands in its cell, or 0.
    """

    kind: str
    message: str
    line: str = ""
    line_number: int = 0
    timed_out: bool = False
    is_a: tuple[str, ...] = ()

    @property
    def stub(self) -> str:
        """The name of the function that is still a stub, as its message says, or ""."""
        name, _, rest = self.message.partition(": ")
        return name if rest == STUB and name.isidentifier() else ""

    def is_stub(self, name: str) -> bool:
        """Say whether the function `name` itself is not written yet."""
        return self.kind == "NotImplementedError" and self.stub in ("", name)


@dataclass(frozen=True)
class Outcome:
    """What came of one call.

    value: what it returned. failure: what stopped it, or None.
    mutated: positions of the arguments that it changed.
    printed: the start of what it printed.
    """

    value: Any = None
    failure: Failure | None = None
    mutated: tuple[int, ...] = ()
    printed: str = ""


class Target(Protocol):
    """A function under test, wherever it runs."""

    def call(self, args: tuple[Any, ...], awkward: bool = False) -> Outcome:
        """Call it with copies of `args`. Never raises for what the function does."""
        ...


class LiveTarget:
    """A function in this very process, with `seconds` for all its calls together."""

    def __init__(self, function: Callable[..., Any], seconds: float = 10.0) -> None:
        self._function = function
        self._seconds = seconds
        self._left = seconds

    def call(self, args: tuple[Any, ...], awkward: bool = False) -> Outcome:
        """Call the function with copies of `args` and say what happened."""
        given = tuple(fresh(a, awkward) for a in args)
        printed = BoundedText()
        start = time.monotonic()
        try:
            with settings_kept(), muffled(printed):
                value, failure = within(self._left, lambda: attempt(self._function, given))
        except OutOfTime:
            late = f"stopped after {self._seconds:g} seconds"
            value, failure = None, Failure("OutOfTime", late, timed_out=True)
        self._left -= time.monotonic() - start
        mutated = tuple(
            i for i, (a, b) in enumerate(zip(args, given, strict=True)) if changed(a, b)
        )
        return Outcome(value, failure, mutated, readable(printed.getvalue()))


def attempt(function: Callable[..., Any], given: tuple[Any, ...]) -> tuple[Any, Failure | None]:
    """Call a function; give its result, or what stopped it. OutOfTime passes through."""
    try:
        return settled(call_kept(function, given)), None
    except (OutOfTime, KeyboardInterrupt):
        raise  # the person at the keyboard wants out of the check itself
    except BaseException as error:  # SystemExit and the like must not end the kernel
        return None, describe_error(error)


def describe_error(error: BaseException) -> Failure:
    """Put an exception into words, with the learner's own line and without ours."""
    kind, message = "an exception", ""
    is_a: tuple[str, ...] = ()
    with suppress(Exception):  # its __str__ and attributes may be a learner's code as well
        is_a = tuple(readable(c.__name__, 80) for c in type(error).__mro__)
        kind = is_a[0]
        message = readable(str(error).strip(" .\n"), 500)
    frame = _learners_frame(error)
    if frame is None:
        return Failure(kind, message, is_a=is_a)
    line = linecache.getline(frame.filename, frame.lineno or 0).strip()
    return Failure(kind, message, readable(line, 200), frame.lineno or 0, is_a=is_a)


def _learners_frame(error: BaseException) -> traceback.FrameSummary | None:
    frames = traceback.extract_tb(error.__traceback__, limit=-50)
    ours = [f for f in frames if not f.filename.startswith(NOT_THE_LEARNERS)]
    return ours[-1] if ours else None

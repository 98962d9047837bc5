"""One learner's notebook in a box: its cells are run and its functions called.

When the process ends or hangs, what was going on is lost, and a new process takes up the rest: a
cell that ended it is left out there.
"""

import re
import time
from collections.abc import Sequence
from typing import Any

from qkv_course.checks.calls import Failure, Outcome
from qkv_course.checks.exercise import Exercise
from qkv_course.checks.limits import readable
from qkv_course.grading.alone import FreshBox
from qkv_course.grading.box import Box, CannotGrade
from qkv_course.grading.given import given, probe_name
from qkv_course.grading.notebooks import Cell
from qkv_course.grading.plan import Plan, make_plan, written
from qkv_course.grading.session import Ended, Session, TooSlow

MOST = 50  # processes for one notebook: each exercise may end one, and each of its helpers
WORD = re.compile(r"[^\W\d]\w*")
IN_CELL = re.compile(r" \(<cell \d+>, line (\d+)\)")
BRIEF = 5.0  # seconds, for a question that runs nothing of the learner's


class Room:
    """A notebook whose exercises' functions can be asked for."""

    def __init__(self, box: Box | FreshBox, lesson: str, cells: Sequence[Cell]) -> None:
        self._box, self._lesson = box, lesson
        self._own = written(lesson, cells)
        self._until = time.monotonic() + box.limits.seconds
        self._session: Session | None = None
        self._openings = 0
        self._plan: Plan | None = None
        self._deadly: dict[int, str] = {}
        self._failures: dict[int, str] = {}
        self.cpu = 0.0

    @property
    def notes(self) -> tuple[str, ...]:
        """Say in sentences which cells did not run to their end."""
        numbers = sorted({*self._failures, *self._deadly})
        return tuple(f"Cell {number}: {self.ending(number)}" for number in numbers)

    def ending(self, number: int) -> str:
        """Say why a cell did not run to its end, or ""."""
        return {**self._failures, **self._deadly}.get(number, "")

    @property
    def out_of_time(self) -> bool:
        return time.monotonic() > self._until

    def find(self, exercise: str, cell: str) -> tuple[str, frozenset[str]]:
        """Look for an exercise's function: "function", "course", "something" else or "nothing".

        cell: the source of the cell that should define it. Also returns the names that it uses.
        """
        answer: dict[str, Any] = {}
        for _ in range(2):  # once more if the exercise before has left a process that is useless
            try:
                answer = self._there().ask("find", BRIEF, exercise=exercise, cell=cell)
                break
            except (Ended, TooSlow):
                self.leave()
        used = answer.get("used")
        names = filter(_is_text, used) if isinstance(used, list) else ()
        kind = answer.get("kind")
        return kind if isinstance(kind, str) else "nothing", frozenset(names)

    def call(self, exercise: Exercise, args: tuple[Any, ...], awkward: bool) -> Outcome:
        """Call an exercise's function, which has been found. Raises Ended or TooSlow."""
        seconds = self._box.limits.exercise_seconds
        question = {"probe": probe_name(exercise), "args": args, "awkward": awkward}
        try:
            answer = self._there().ask(
                "call", seconds, exercise=exercise.name, seconds=seconds, **question
            )
            return read_outcome(answer, len(args))
        except (Ended, TooSlow):
            self.leave()
            raise

    def leave(self) -> None:
        """End the process, if there is one."""
        if self._session is not None:
            self.cpu += self._session.close().cpu
            self._session = None

    def _there(self) -> Session:
        while self._session is None:
            if self.out_of_time:
                raise TooSlow
            self._openings += 1
            if self._openings > MOST:
                raise CannotGrade("Learners' code cannot be set up: its process ends each time.")
            self._session = self._box.open(self._until - time.monotonic())
            try:
                self._set_up(self._session)
            except (Ended, TooSlow):
                self.leave()
        return self._session

    def _set_up(self, session: Session) -> None:
        """Run all that is worth running. Raises Ended or TooSlow; less is left to run then."""
        session.ask("give", BRIEF, sources=given(self._lesson))
        if self._plan is None:
            self._plan = self._new_plan(session)
        if session.usage is not None:  # it could not even read a cell, which is not run yet
            raise Ended
        for source in self._plan.lessons:
            self._run(session, 0, source)
        cells = [cell for cell in self._plan.learners if cell.number not in self._deadly]
        failed = [cell for cell in cells if self._fails(session, cell)]
        for cell in failed:  # once more: what it needs may be defined further down
            self._fails(session, cell)

    def _new_plan(self, session: Session) -> Plan:
        def names_in(source: str) -> list[str]:
            try:
                names = session.ask("names", BRIEF, source=source).get("names")
            except (Ended, TooSlow):  # there are texts that Python cannot even read
                names = None
            return names if isinstance(names, list) else WORD.findall(source)

        return make_plan(self._lesson, self._own, names_in)

    def _fails(self, session: Session, cell: Cell) -> bool:
        """Run a cell, and say whether it stopped with an error, which may be another's fault."""
        try:
            failure = self._run(session, cell.number, cell.source)
        except Ended as ended:
            self._deadly[cell.number] = f"It ended the process that it ran in: {ended}."
            raise
        except TooSlow:
            self._deadly[cell.number] = "It did not come to an end, and could not be interrupted."
            raise
        self._failures.pop(cell.number, None)
        if failure is not None:
            self._failures[cell.number] = _sentence(failure)
        return failure is not None and not failure.timed_out

    def _run(self, session: Session, number: int, source: str) -> Failure | None:
        seconds = self._box.limits.cell_seconds
        answer = session.ask("run", seconds, number=number, source=source, seconds=seconds)
        return read_outcome(answer, 0).failure


def read_outcome(answer: dict[str, Any], arguments: int) -> Outcome:
    """Read what is said to have come of a call. Raises Ended where it is none of that."""
    failure, mutated, printed = answer.get("failure"), answer.get("mutated"), answer.get("printed")
    return Outcome(
        value=answer.get("value"),
        failure=None if failure is None else read_failure(failure),
        mutated=_positions(mutated, arguments),
        printed=readable(printed) if isinstance(printed, str) else "",
    )


def _positions(value: Any, arguments: int) -> tuple[int, ...]:
    if not isinstance(value, tuple):
        return ()
    return tuple(i for i in value if type(i) is int and 0 <= i < arguments)


def read_failure(said: Any) -> Failure:
    """Read what is said to have stopped a call."""
    if not isinstance(said, dict):
        raise Ended("it answered with something else than was asked for")
    number, names = said.get("line_number"), said.get("is_a")
    return Failure(
        kind=_text(said.get("kind"), 80) or "an exception",
        message=_text(said.get("message"), 500),
        line=_text(said.get("line"), 200),
        line_number=number if type(number) is int and 0 <= number < 10**6 else 0,
        timed_out=said.get("timed_out") is True,
        is_a=tuple(_text(n, 80) for n in names[:50]) if isinstance(names, tuple) else (),
    )


def _text(value: Any, limit: int) -> str:
    return readable(value, limit) if isinstance(value, str) else ""


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _sentence(failure: Failure) -> str:
    if failure.timed_out:
        return f"It was {failure.message}."
    where = f" in line {failure.line_number}, `{failure.line}`" if failure.line else ""
    message = IN_CELL.sub(r", in line \1", failure.message)  # as of a SyntaxError
    return f"It stopped with {failure.kind}{where}: {message}."

"""Answer the judge's questions on one notebook. Nothing that is said here is believed."""

import os
import socket
from typing import Any

from . import wire
from .course import COURSE
from .inert import Phase
from .notebook import Notebook, names_used

MANY = 100  # entries of a list that are sent; of a longer one, only how many they are


def serve(channel: socket.socket) -> None:
    """Answer one question after another, until the judge hangs up."""
    child = Child()
    while True:
        try:
            question = wire.receive(channel)
        except wire.Closed:
            return
        wire.send(channel, child.answer(question))


class Child:
    """What there is of a notebook on this side."""

    def __init__(self) -> None:
        from qkv_course.checks import calls

        calls.NOT_THE_LEARNERS += (os.path.dirname(__file__) + os.sep,)
        self._calls = calls
        self._notebook = Notebook()
        self._targets: dict[str, Any] = {}

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked, and say what came of it in plain data."""
        do, number = question.pop("do"), question.pop("id")
        try:
            return {"id": number, **getattr(self, f"_{do}")(**question)}
        except BaseException as error:  # a learner's code may have replaced anything
            return {"id": number, "failure": vars(self._calls.describe_error(error))}

    def _give(self, sources: dict[str, str]) -> dict[str, Any]:
        COURSE.give(sources)
        return {}

    def _names(self, source: str) -> dict[str, Any]:
        return {"names": names_used(source)}

    def _run(self, number: int, source: str, seconds: float) -> dict[str, Any]:
        def run() -> None:
            self._notebook.run(number, source)

        return _plain(self._calls.LiveTarget(run, seconds).call(()))

    def _find(self, exercise: str, cell: str) -> dict[str, Any]:
        kind, used = self._notebook.find(exercise, cell)
        return {"kind": kind, "used": used}

    def _call(
        self, exercise: str, probe: str, args: tuple[Any, ...], awkward: bool, seconds: float
    ) -> dict[str, Any]:
        def function(*given: Any) -> Any:
            return self._notebook.call(exercise, probe, *given)

        if exercise not in self._targets:
            self._targets[exercise] = self._calls.LiveTarget(function, seconds)
        Phase.judging = True
        try:
            return _plain(self._targets[exercise].call(args, awkward))
        finally:
            Phase.judging = False


def _plain(outcome: Any) -> dict[str, Any]:
    failure = outcome.failure
    return {
        "value": _short(outcome.value),
        "failure": None if failure is None else vars(failure),
        "mutated": outcome.mutated,
        "printed": outcome.printed,
    }


def _short(value: Any) -> Any:
    """Shorten lists that are too long to be looked at."""
    if type(value) not in (list, tuple):
        return value
    if len(value) > MANY:
        return type(value)([None] * min(len(value), 10**5))
    return type(value)(_short(v) for v in value)

"""Judge one submission: the course's own checks, on the functions in a learner's notebook."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qkv_course.checks import evaluate
from qkv_course.checks.calls import Failure, Outcome
from qkv_course.checks.exercise import Exercise
from qkv_course.checks.helpers import blamed
from qkv_course.checks.render import report_html
from qkv_course.checks.report import Report
from qkv_course.grading.alone import FreshBox
from qkv_course.grading.box import Box
from qkv_course.grading.notebooks import Cell
from qkv_course.grading.plan import defines
from qkv_course.grading.results import ExerciseResult
from qkv_course.grading.room import Room
from qkv_course.grading.session import Ended, TooSlow
from qkv_course.lessons import LESSONS, exercise_names, find_exercise, import_lesson, lesson_of

MISSING = {
    "nothing": "There is no {0} in this notebook. Write it in the cell of its stub; a fresh copy "
    "of the lesson has one.",
    "something": "{0} is not a function here. A later cell may have given the name to something "
    "else.",
    "course": "This {0} is the course's own, imported. Write your own.",
}
NOT_RUN = "There is no {0}, because its cell did not run to its end. {1}"
NO_TIME = "There was no time left for {0}: the rest of the notebook took it all."


class RemoteTarget:
    """A learner's function in a room; the checks call it like any other."""

    def __init__(self, room: Room, exercise: Exercise, seconds: float) -> None:
        self._room, self._exercise, self._seconds = room, exercise, seconds
        self.lost: Failure | None = None

    def call(self, args: tuple[Any, ...], awkward: bool = False) -> Outcome:
        """Call it once. After the process was lost, every call comes to the same."""
        if self.lost is None:
            try:
                return self._room.call(self._exercise, args, awkward)
            except TooSlow:
                late = f"stopped after {self._seconds:g} seconds"
                self.lost = Failure("OutOfTime", late, timed_out=True)
            except Ended as ended:
                ending = f"Your code ended the process that it ran in: {ended}"
                self.lost = Failure("Complaint", ending, is_a=("Complaint",))
        return Outcome(failure=self.lost)


@dataclass(frozen=True)
class Judgment:
    """What came of a submission. cpu: seconds that its processes used."""

    seed: int
    exercises: tuple[ExerciseResult, ...]
    notes: tuple[str, ...]
    cpu: float


def judge(
    box: Box | FreshBox, lesson: str, cells: Sequence[Cell], seed: int | None = None
) -> Judgment:
    """Judge all exercises of a lesson.

    seed: draws the same inputs again; None draws a new one from the system's entropy.
    """
    room = Room(box, lesson, cells)
    seed = secrets.randbelow(2**31) if seed is None else seed
    judge_one = _Judge(room, cells, seed, box.limits.exercise_seconds)
    try:
        exercises = tuple(judge_one.result(e) for e in import_lesson(lesson).EXERCISES)
    finally:
        room.leave()
    return Judgment(seed, exercises, room.notes, room.cpu)


@dataclass(frozen=True)
class Verdict:
    """How an exercise went. sentence: what to say where there was nothing to call."""

    status: str
    report: Report | None = None
    sentence: str = ""

    @property
    def wrong(self) -> bool:
        """Whether there is a function, and it does not do what it should."""
        return self.report is not None and self.status not in ("passed", "not attempted")


class _Judge:
    """Judges one exercise after another, and remembers the verdicts."""

    def __init__(self, room: Room, cells: Sequence[Cell], seed: int, seconds: float) -> None:
        self._room, self._cells, self._seed, self._seconds = room, cells, seed, seconds
        self._verdicts: dict[str, Verdict] = {}
        self._under_way: set[str] = set()

    def result(self, exercise: Exercise) -> ExerciseResult:
        """Judge an exercise and write down how it went."""
        start = time.monotonic()
        verdict = self._verdict(exercise)
        points = LESSONS[lesson_of(exercise.name)][exercise.name]
        report = verdict.report
        return ExerciseResult(
            exercise=exercise.name,
            points=points if verdict.status == "passed" else 0,
            of_points=points,
            status=verdict.status,
            mistake=report.mistake.name if report and report.mistake else "",
            headline=report.headline if report else verdict.sentence,
            text=str(report) if report else verdict.sentence,
            html=report_html(report) if report else "",
            code="\n\n".join(c.source for c in self._cells if defines(c, exercise.name)),
            seconds=time.monotonic() - start,
        )

    def _verdict(self, exercise: Exercise) -> Verdict:
        if exercise.name not in self._verdicts:
            self._under_way.add(exercise.name)
            self._verdicts[exercise.name] = self._new_verdict(exercise)
            self._under_way.discard(exercise.name)
        return self._verdicts[exercise.name]

    def _new_verdict(self, exercise: Exercise) -> Verdict:
        named = [c.source for c in self._cells if c.name == exercise.name]
        kind, used = self._room.find(exercise.name, named[-1] if named else "")
        if kind != "function":
            return self._nothing_to_call(exercise.name, kind)
        target = RemoteTarget(self._room, exercise, self._seconds)
        report = evaluate(exercise.name, target, self._seed)
        crashed = target.lost is not None and not target.lost.timed_out
        if not report.passed and report.status != "not attempted":
            report = self._with_helpers(report, exercise, used)
        return Verdict("crashed" if crashed else report.status, report)

    def _nothing_to_call(self, name: str, kind: str) -> Verdict:
        if self._room.out_of_time:
            return Verdict("timed out", sentence=NO_TIME.format(name))
        stopped = [self._room.ending(c.number) for c in self._cells if defines(c, name)]
        if kind == "nothing" and stopped and stopped[-1]:
            return Verdict("missing", sentence=NOT_RUN.format(name, stopped[-1]))
        return Verdict("missing", sentence=MISSING.get(kind, MISSING["nothing"]).format(name))

    def _with_helpers(self, report: Report, exercise: Exercise, used: frozenset[str]) -> Report:
        """Say first if a function of another exercise, which this one uses, is what is wrong."""
        for name in exercise_names():
            # Two that use each other would ask for each other's verdict for ever.
            if (
                name in used
                and name not in self._under_way
                and self._verdict(find_exercise(name)).wrong
            ):
                return blamed(report, name)
        return report

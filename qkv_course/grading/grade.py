"""Grade one submission, from the notebook's bytes to a result."""

import hashlib
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from qkv_course.errors import QkvError
from qkv_course.grading.alone import FreshBox, open_box
from qkv_course.grading.box import Box, CannotGrade
from qkv_course.grading.judge import Judgment, judge
from qkv_course.grading.limits import Limits
from qkv_course.grading.notebooks import Cell, UnreadableNotebook, read_cells
from qkv_course.grading.plan import defines
from qkv_course.grading.results import Result, course_version
from qkv_course.grading.submissions import Submission
from qkv_course.lessons import LESSONS


@dataclass(frozen=True)
class Settings:
    """How submissions are graded.

    rung: of the ladder. limits: for each submission. seed: the same inputs for all; None draws
    new ones for each. lesson: of notebooks whose name does not tell.
    """

    rung: str
    limits: Limits = field(default_factory=Limits)
    seed: int | None = None
    lesson: str = ""


@cache
def box_for(rung: str, limits: Limits) -> Box | FreshBox:
    """Give this process its one box, which is started when it is first needed."""
    if sys.platform == "linux":
        from qkv_course.grading.inside import confine

        confine.undumpable()  # no other process of the same user can look for answers here
    return open_box(rung, limits)


def grade(submission: Submission, settings: Settings) -> Result:
    """Grade a submission; what cannot be read is said in the result."""
    start, cpu = time.monotonic(), time.process_time()
    result = Result(
        learner=submission.learner,
        lesson=submission.lesson or settings.lesson,
        source=submission.label,
        digest="",
        seed=0,
        rung=settings.rung,
        version=course_version(),
    )
    try:
        data = submission.read()
        result = replace(result, digest=digest_of(data))
        result = _judged(result, read_cells(data), settings)
    except (UnreadableNotebook, UnknownLesson, CannotGrade) as error:
        result = replace(result, problem=str(error))
    used = time.process_time() - cpu + result.cpu
    return replace(result, seconds=time.monotonic() - start, cpu=used)


def digest_of(data: bytes) -> str:
    """Name a notebook by its bytes."""
    return hashlib.sha256(data).hexdigest()


class UnknownLesson(QkvError):
    """It cannot be told which lesson a notebook is."""


def _judged(result: Result, cells: Sequence[Cell], settings: Settings) -> Result:
    lesson = result.lesson or lesson_in(cells)
    _see_that_it_is(lesson, cells)
    judgment: Judgment = judge(
        box_for(settings.rung, settings.limits), lesson, cells, settings.seed
    )
    return replace(
        result,
        lesson=lesson,
        seed=judgment.seed,
        cpu=judgment.cpu,
        notes=judgment.notes,
        exercises=judgment.exercises,
    )


def lesson_in(cells: Sequence[Cell]) -> str:
    """Tell which lesson a notebook is by the functions that it defines. Raises UnknownLesson."""
    found = _exercises_in(cells)
    best = max(found, key=lambda lesson: found[lesson])
    if not found[best]:
        raise UnknownLesson(
            "It cannot be told which lesson this is: its name does not say, and no function of "
            "an exercise is in it. Put the lesson into the file's name, as in "
            "04_scores_and_scaling.ipynb, or say --lesson."
        )
    return best


def _see_that_it_is(lesson: str, cells: Sequence[Cell]) -> None:
    """Raise UnknownLesson if a notebook holds another lesson than its name tells."""
    found = _exercises_in(cells)
    best = max(found, key=lambda name: found[name])
    if LESSONS[lesson] and found[best] and not found[lesson]:
        raise UnknownLesson(
            f"It is called {lesson}, but what it defines is of {best}: rename it if it is that."
        )


def _exercises_in(cells: Sequence[Cell]) -> dict[str, int]:
    return {
        lesson: sum(any(defines(cell, name) for cell in cells) for name in names)
        for lesson, names in LESSONS.items()
    }

"""What every export starts from: one grade for a learner and a column."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from qkv_course.errors import QkvError
from qkv_course.grading.exports.people import Person
from qkv_course.grading.files import printable, write_whole
from qkv_course.grading.results import Result
from qkv_course.grading.tally import best, in_order, lessons_of, points_of

TOTAL = "total"


class BadExport(QkvError, ValueError):
    """Grades that cannot be brought into the form that was asked for."""


@dataclass(frozen=True)
class Options:
    """What an export is to look like.

    columns: which column (or assignment) takes which lesson; "total" is the sum of all lessons.
        Empty: every lesson that was handed in, under its own name.
    scaled: whether the full points of a lesson count as those of its column; else raw points.
    out_of: what a column is worth, where the other system does not say so.
    people: what is known of a learner besides the name: "id", "sis_id", "login", "email", "name".
        `people.known_people` collects that.
    template: the file exported from Canvas, which is filled in.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    scaled: bool = False
    out_of: float = 100
    people: Mapping[str, Person] = field(default_factory=dict)
    template: bytes = b""


@dataclass(frozen=True)
class Export:
    """What an export gives: texts by file name, and who or what did not get into them."""

    files: dict[str, str]
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def save(self, folder: Path) -> list[Path]:
        """Write the files, as UTF-8. Raises OSError."""
        for name, text in self.files.items():
            write_whole(folder / name, printable(text).encode())
        return [folder / name for name in self.files]


@dataclass(frozen=True)
class Grade:
    """A learner's points for one column, and the results they come from."""

    learner: str
    lesson: str
    points: float
    of_points: float
    results: tuple[Result, ...]

    def scaled(self, out_of: float) -> float:
        """Give the points as they are where the full points are `out_of`."""
        return self.points * out_of / self.of_points if self.of_points else 0.0


def grades_by_lesson(results: Iterable[Result], options: Options) -> dict[str, list[Grade]]:
    """Give the grades for every column that is asked for. Raises BadExport.

    Learners who handed in nothing that could be read have none: whether that is a zero is the
    teacher's to say.
    """
    results = list(results)
    there, learners = lessons_of(results), best(results)
    wanted = options.columns or dict.fromkeys(there)
    for lesson in wanted:
        if lesson not in (*there, TOTAL):
            raise BadExport(
                f"No submission for the lesson {lesson} was graded. "
                f"There are: {', '.join(there) or 'none'}; and {TOTAL}, the sum of all."
            )
    return {lesson: _grades(lesson, there, learners) for lesson in wanted}


def not_graded(results: Iterable[Result]) -> list[str]:
    """Say which submissions could not be graded, so that nobody is lost."""
    unread = [result for result in in_order(results) if not result.exercises and result.problem]
    return [f"{r.learner}: {r.lesson or r.source} was not graded. {r.problem}" for r in unread]


def _grades(lesson: str, there: list[str], learners: dict[str, dict[str, Result]]) -> list[Grade]:
    counted = there if lesson == TOTAL else [lesson]
    full = sum(points_of(name) for name in counted)
    grades = []
    for learner, done in learners.items():
        parts = tuple(done[name] for name in counted if name in done)
        if parts:
            grades.append(Grade(learner, lesson, sum(r.points for r in parts), full, parts))
    return grades


def number_text(number: float) -> str:
    """Write a grade with at most two decimals, as learning systems show it."""
    return f"{number:.2f}".rstrip("0").rstrip(".")

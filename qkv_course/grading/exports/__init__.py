"""Grades in the forms that other systems read."""

from collections.abc import Callable, Iterable

from qkv_course.grading.exports import canvas, gradescope, moodle, nbgrader
from qkv_course.grading.exports.grades import BadExport, Export, Options
from qkv_course.grading.exports.people import known_people
from qkv_course.grading.results import Result

__all__ = ["EXPORTS", "BadExport", "Export", "Options", "known_people"]

EXPORTS: dict[str, Callable[[Iterable[Result], Options], Export]] = {
    "canvas": canvas.write,
    "moodle": moodle.write,
    "gradescope": gradescope.write,
    "nbgrader": nbgrader.write,
}

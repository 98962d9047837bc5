"""Which results count: for every learner, the best one for each lesson."""

from collections.abc import Iterable

from qkv_course.grading.results import Result
from qkv_course.lessons import LESSONS

ByLearner = dict[str, dict[str, Result]]


def best(results: Iterable[Result]) -> ByLearner:
    """Give each learner's results by lesson; of several for one lesson, that with most points.

    Submissions that could not be read are left out, their learners are not.
    """
    learners: ByLearner = {}
    for result in in_order(results):
        lessons = learners.setdefault(result.learner, {})
        before = lessons.get(result.lesson)
        if result.exercises and (before is None or before.points < result.points):
            lessons[result.lesson] = result
    return learners


def lessons_of(results: Iterable[Result]) -> list[str]:
    """List the lessons that occur, in the order of the course."""
    there = {result.lesson for result in results if result.lesson}
    return sorted(there, key=lambda name: (name not in LESSONS, name))


def points_of(lesson: str) -> int:
    """Give the points that a lesson is worth."""
    return sum(LESSONS.get(lesson, {}).values())


def in_order(results: Iterable[Result]) -> list[Result]:
    """Sort by learner, lesson and source."""
    return sorted(results, key=lambda r: (reading_order(r.learner), *_place(r)))


def reading_order(name: str) -> tuple[str, str]:
    """Sort by this to list names as people do, the same way on every machine."""
    return name.casefold(), name


def _place(result: Result) -> tuple[bool, str, str, str]:
    return result.lesson not in LESSONS, result.lesson, result.source, result.digest

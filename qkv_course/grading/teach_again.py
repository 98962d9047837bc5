"""Which mistakes a class makes, so that a teacher knows what to teach again."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from qkv_course.checks.exercise import Mistake
from qkv_course.errors import UnknownName
from qkv_course.grading.results import Result
from qkv_course.grading.tally import best, reading_order
from qkv_course.lessons import find_exercise


@dataclass(frozen=True)
class ClassMistake:
    """One named mistake, and who makes it. of: how many tried the exercise."""

    lesson: str
    exercise: str
    title: str
    why: str
    try_next: str
    learners: tuple[str, ...]
    of: int


def mistakes_of_class(results: Iterable[Result]) -> list[ClassMistake]:
    """Count the named mistakes over the class, the most frequent first."""
    made: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    tried: dict[str, int] = defaultdict(int)
    for learner, lessons in best(results).items():
        for lesson, result in lessons.items():
            for e in result.exercises:
                tried[e.exercise] += e.status not in ("not attempted", "missing")
                if e.mistake:
                    made[lesson, e.exercise, e.mistake].append(learner)
    ordered = sorted(made, key=lambda key: (-len(made[key]), key))
    return [_described(*key, made[key], tried[key[1]]) for key in ordered]


def _described(lesson: str, exercise: str, slug: str, learners: list[str], of: int) -> ClassMistake:
    mistake = _find(exercise, slug)
    who = tuple(sorted(learners, key=reading_order))
    if mistake is None:
        return ClassMistake(lesson, exercise, slug, "", "", who, of)
    return ClassMistake(lesson, exercise, mistake.title, mistake.why, mistake.try_next, who, of)


def _find(exercise: str, slug: str) -> Mistake | None:
    try:
        return find_exercise(exercise).find_mistake(slug)
    except (UnknownName, KeyError):  # a result of another version of the course
        return None

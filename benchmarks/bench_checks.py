"""How long a check takes: of a right answer, and of the mistake that is looked for last."""

from collections.abc import Iterator
from functools import partial

from timing import measure

from qkv_course import evaluate
from qkv_course.lessons import exercise_names, find_exercise


def rows() -> Iterator[tuple[str, list[float]]]:
    """Each exercise twice: its reference, and its last mistake, found after all others."""
    for name in exercise_names():
        exercise = find_exercise(name)
        yield f"check {name}, right", measure(partial(evaluate, name, exercise.reference))
        wrong = exercise.mistakes[-1].broken
        yield f"check {name}, wrong", measure(partial(evaluate, name, wrong))

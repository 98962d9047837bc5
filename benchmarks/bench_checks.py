"""How long a check takes: of a right answer, and of the slowest to name of its mistakes."""

from collections.abc import Callable
from functools import partial

from qkv_course import evaluate
from qkv_course.lessons import exercise_names, find_exercise


def calls() -> dict[str, Callable[[], object]]:
    """Each exercise twice: its reference, and its last mistake, found after all others."""
    found: dict[str, Callable[[], object]] = {}
    for name in exercise_names():
        exercise = find_exercise(name)
        found[f"check {name}, right"] = partial(evaluate, name, exercise.reference)
        found[f"check {name}, wrong"] = partial(evaluate, name, exercise.mistakes[-1].broken)
    return found

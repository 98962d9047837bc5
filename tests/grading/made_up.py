"""A small class, made up: what its notebooks gave."""

from qkv_course.grading.results import ExerciseResult, Result
from qkv_course.lessons import LESSONS

SOFTMAX, MASKS = "05_softmax", "07_masks"
ADA, ZOE, EVIL = "Ada Lovelace", "Zoë Noether", "=HYPERLINK(1)"


def exercise(name: str, points: int, status: str = "passed", mistake: str = "") -> ExerciseResult:
    passed = status == "passed"
    headline = f"{'✓' if passed else '✗'} {name}: {mistake or status}"
    return ExerciseResult(
        name, points if passed else 0, points, status, mistake, headline, f"{headline}\nText."
    )


def result(learner: str, lesson: str, *wrong: str, mistake: str = "", **more: object) -> Result:
    """Make a result in which all passed but `wrong`; the first of them by a named mistake."""
    exercises = tuple(
        exercise(name, points, "wrong", mistake if name == wrong[0] else "")
        if name in wrong
        else exercise(name, points)
        for name, points in LESSONS[lesson].items()
    )
    values = {
        "source": f"{learner}/{lesson}",
        "digest": "ab" * 32,
        "seed": 7,
        "rung": "jail",
        "version": "0.1.0+abc",
        "seconds": 0.25,
        "exercises": exercises,
    }
    return Result(learner=learner, lesson=lesson, **(values | more))


UNREADABLE = result(
    ZOE, MASKS, exercises=(), rung="", problem="This file is cut off. Ask for a new copy."
)
CLASS = [
    result(ZOE, SOFTMAX, "softmax", "entropy", mistake="over-the-first-axis"),
    UNREADABLE,
    result(ADA, SOFTMAX),
    result(ADA, MASKS, "mask_scores", mistake="filled-with-zero"),
    result(EVIL, SOFTMAX, "softmax", mistake="over-the-first-axis"),
]
MISSING = ["Grace Hopper"]

"""What passes in the notebook passes when it is graded, and what does not is told the same."""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import qkv_course
from qkv_course.checks import evaluate
from qkv_course.grading import room as rooms
from qkv_course.grading.box import Box
from qkv_course.grading.judge import RemoteTarget
from qkv_course.grading.limits import Limits
from qkv_course.grading.notebooks import Cell
from qkv_course.grading.room import Room
from qkv_course.lessons import LESSONS, exercise_names, find_exercise, lesson_of

PACKAGE = Path(qkv_course.__file__).parent
STYLES = Path(__file__).parents[1] / "lessons"
USED = ("_08_many_heads", "_09_in_pytorch")  # by other lessons
SECONDS = 60.0
SEED = 5
# The cell that hands one function over, as a learner's own.
HAND_OVER = """
from importlib import import_module
from qkv_course import check
from qkv_course.lessons import find_exercise
f = {0}
f.__module__ = "__main__"
check(f, exercise="{1}")
"""


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def whole_course(lesson: str) -> dict[str, str]:
    """All sources, answers and mistakes too: here nobody is to be kept from them."""
    folders = {"analysis", "attention", "checks", "languages", "lessons", "models", "training"}
    others = {f"_{other}" for other in LESSONS} - {f"_{lesson}", *USED}
    paths = [
        path
        for path in PACKAGE.rglob("*.py")
        if folders.intersection(path.parts) and not others.intersection(path.parts)
    ]
    sources = {module_name(path): path.read_text() for path in [*PACKAGE.glob("[!_]*.py"), *paths]}
    for number in {"09", lesson[:2]}:
        text = (STYLES / f"styles_{number}.py").read_text()
        sources[f"qkv_course.styles_{number}"] = text.replace(
            "from styles_", "from qkv_course.styles_"
        )
    return sources


@pytest.fixture(scope="module")
def box(rung: str) -> Iterator[Box]:
    with Box(rung, Limits(seconds=600, exercise_seconds=SECONDS)) as box:
        yield box


def functions_of(name: str) -> Iterator[tuple[Callable[..., Any], str]]:
    """Yield functions, each with an expression that gives the same one in the jail."""
    exercise = find_exercise(name)
    yield exercise.reference, f'find_exercise("{name}").reference'
    for i, mistake in enumerate(exercise.mistakes):
        yield mistake.broken, f'find_exercise("{name}").mistakes[{i}].broken'
    number = lesson_of(name)[:2]
    styles = import_module(f"styles_{number}").STYLES.get(name, ())
    for i, style in enumerate(styles[:4]):
        yield style, f'import_module("qkv_course.styles_{number}").STYLES["{name}"][{i}]'


@pytest.mark.parametrize("name", exercise_names())
def test_the_report_is_the_same(name: str, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "given", whole_course)
    monkeypatch.syspath_prepend(STYLES)
    exercise, room = find_exercise(name), Room(box, lesson_of(name), [])
    try:
        for number, (function, expression) in enumerate(functions_of(name)):
            cell = Cell(number, HAND_OVER.format(expression, name), "")
            assert not room._fails(room._there(), cell), room.notes
            assert room.find(name, "")[0] == "function"
            graded = evaluate(name, RemoteTarget(room, exercise, SECONDS), SEED)
            assert str(graded) == str(evaluate(name, function, SEED)), expression
    finally:
        room.leave()

"""Boxes for all tests of the grader: each takes seconds to start, so they are shared."""

from collections.abc import Callable, Iterator

import pytest

from qkv_course.grading.box import Box
from qkv_course.grading.ladder import Ladder, TooWeak, find_rung
from qkv_course.grading.limits import Limits

GENEROUS = Limits(seconds=300, cell_seconds=60, exercise_seconds=60)
"""For honest work, on a machine that is busy with other things."""

GetBox = Callable[[str], Box]


def holds(rung: str | None = None) -> Ladder:
    """Find a rung, or the best one; skip the test, with the reason, where it does not hold."""
    try:
        return find_rung(only=rung)
    except TooWeak as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def rung() -> str:
    """The best rung that holds here."""
    return holds().rung


@pytest.fixture(scope="session")
def boxes() -> Iterator[GetBox]:
    """Gives the one box of a rung; skips where the rung does not hold."""
    started: dict[str, Box] = {}

    def box_on(rung: str) -> Box:
        if rung not in started:
            started[rung] = Box(holds(rung).rung, GENEROUS)
        return started[rung]

    yield box_on
    for box in started.values():
        box.close()

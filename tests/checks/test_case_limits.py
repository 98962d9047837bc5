"""A case may say how far from the right result counts as equal."""

from collections.abc import Iterator

import numpy as np
import pytest

from qkv_course.checks import Case, Exercise
from qkv_course.checks.calls import LiveTarget
from qkv_course.checks.exercise import mistake
from qkv_course.checks.run import run_check


def doubled(x: np.ndarray) -> np.ndarray:
    """Double x. Returns an array."""
    return 2 * x


@mistake("a third", "Double it.")
def tripled(x: np.ndarray) -> np.ndarray:
    """Three times is not twice, as everybody knows who has counted."""
    return 3 * x


def exercise(
    limits: tuple[float, float] | None, mistake_limits: tuple[float, float] | None = None
) -> Exercise:
    def cases(rng: np.random.Generator) -> Iterator[Case]:
        yield Case("ones", (np.ones(3),), limits=limits, mistake_limits=mistake_limits)

    return Exercise(doubled, 1, cases, (tripled,), ("a", "b", "c"))


@pytest.mark.parametrize(
    ("limits", "error", "passes"),
    [
        (None, 1e-4, False),
        ((0, 1e-3), 1e-4, True),
        ((0, 1e-5), 1e-4, False),
        ((1e-3, 0), 1e-3, True),
    ],
)
def test_limits_of_a_case(limits: tuple[float, float] | None, error: float, passes: bool) -> None:
    target = LiveTarget(lambda x: 2 * x + error)
    assert run_check(exercise(limits), target, seed=1).passed == passes


def test_a_mistake_is_recognized_within_the_limits() -> None:
    nearly = LiveTarget(lambda x: 3 * x + 1e-4)
    report = run_check(exercise((0, 1e-3)), nearly, seed=1)
    assert report.mistake is not None and report.mistake.name == "tripled"
    assert run_check(exercise(None), nearly, seed=1).mistake is None


def test_mistakes_can_have_wider_limits_than_right_answers() -> None:
    def mistake_of(error: float) -> str | None:
        target = LiveTarget(lambda x: 3 * x + error)
        found = run_check(exercise((0, 1e-5), (0, 1e-3)), target, seed=1).mistake
        return found and found.name

    assert mistake_of(1e-4) == "tripled"
    assert mistake_of(1e-2) is None
    nearly_right = LiveTarget(lambda x: 2 * x + 1e-4)
    assert not run_check(exercise((0, 1e-5), (0, 1e-3)), nearly_right, seed=1).passed

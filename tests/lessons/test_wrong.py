"""No wrong answer passes, and none is misnamed; test_wrong_NN.py holds them, lesson by lesson."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from judging import assert_rejected_without_a_name

from qkv_course.checks import evaluate
from qkv_course.lessons import LESSONS

WRONG = [
    pytest.param(name, wrong, id=f"{name}-{wrong.__qualname__.split('.')[0]}")
    for lesson, points in LESSONS.items()
    if points  # a project has nothing to check
    for name, wrongs in import_module(f"test_wrong_{lesson[:2]}").WRONG.items()
    for wrong in wrongs
]


@pytest.mark.parametrize("seed", (1, 2, 3))
@pytest.mark.parametrize(("name", "wrong"), WRONG)
def test_wrong_is_rejected_and_not_misnamed(
    name: str, wrong: Callable[..., Any], seed: int
) -> None:
    assert_rejected_without_a_name(evaluate(name, wrong, seed))

"""Every right way to write an exercise passes; styles_NN.py holds the ways, lesson by lesson."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

from qkv_course.checks import evaluate
from qkv_course.lessons import LESSONS

STYLES = [
    (name, style)
    for lesson, points in LESSONS.items()
    if points  # a project has nothing to check
    for name, styles in import_module(f"styles_{lesson[:2]}").STYLES.items()
    for style in styles
]


@pytest.mark.parametrize("seed", (1, 2, 3))
@pytest.mark.parametrize(("name", "style"), STYLES, ids=[f"{n}-{s.__name__}" for n, s in STYLES])
def test_right_style_passes(name: str, style: Callable[..., Any], seed: int) -> None:
    report = evaluate(name, style, seed)
    assert report.passed, str(report)

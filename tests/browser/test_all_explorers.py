"""Every explorer opens in JupyterLab and is fit for keyboards, screen readers and both themes."""

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from qkv_course.lessons import find_exercise
from qkv_course.widgets import EXPLORERS

pytestmark = pytest.mark.browser
WRITTEN = [name for name in EXPLORERS if importlib.util.find_spec(f"qkv_course.widgets.{name}")]
FUNCTIONS = [EXPLORERS[name][0] for name in WRITTEN]
CELLS = [
    f"from qkv_course.attention import {', '.join(FUNCTIONS)}\nfrom qkv_course import explore",
    *(f"explore({function})" for function in FUNCTIONS),
]


@pytest.fixture(scope="module")
def notebook(run_notebook: Callable[..., Any]) -> Any:
    page = run_notebook(CELLS)
    expect(page.locator(".qkv")).to_have_count(len(WRITTEN))
    for details in page.locator(".qkv summary").all():
        details.click()
    return page


def test_every_explorer_agrees_with_the_course_s_own_function(notebook: Any) -> None:
    assert [find_exercise(f).name for f in FUNCTIONS] == FUNCTIONS
    expect(notebook.locator(".qkv-yours[data-kind=agrees]")).to_have_count(len(WRITTEN))


@pytest.mark.parametrize("name", WRITTEN)
def test_the_keyboard_reaches_and_moves_every_slider(notebook: Any, name: str) -> None:
    widget = notebook.locator(".qkv").nth(WRITTEN.index(name))
    for slider in widget.locator("input[type=range]").all():
        slider.focus()
        before = slider.input_value()
        notebook.keyboard.press("End" if before != slider.get_attribute("max") else "Home")
        expect(slider).not_to_have_value(before)
        expect(slider).to_be_focused()


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_axe_finds_nothing_to_mend(
    notebook: Any, theme: str, violations: Callable[..., list[Any]]
) -> None:
    assert violations(notebook, theme) == []

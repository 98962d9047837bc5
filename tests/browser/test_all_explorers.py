"""Every explorer opens in JupyterLab and is fit for keyboards, screen readers and both themes."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from qkv_course.widgets import EXPLORERS, explore

pytestmark = pytest.mark.browser
NAMES = list(EXPLORERS)
HOMES = [functions[0] for functions in EXPLORERS.values() if functions]
CALLING = [name for name in NAMES if type(explore(name)).calls]  # the others call no function


def cell(name: str) -> str:
    """Open an explorer, with a function of the course where it calls one."""
    if EXPLORERS[name]:
        return f"explore({EXPLORERS[name][0]})"
    function = ", masked_attention" if name in CALLING else ""
    return f"explore({name!r}{function})"


CELLS = [
    f"from qkv_course.attention import {', '.join(HOMES)}\nfrom qkv_course import explore",
    *map(cell, NAMES),
]


@pytest.fixture(scope="module")
def notebook(run_notebook: Callable[..., Any]) -> Any:
    page = run_notebook(CELLS)
    expect(page.locator(".qkv")).to_have_count(len(NAMES))
    for details in page.locator(".qkv summary").all():
        details.click()
    return page


def test_every_explorer_agrees_with_the_course_s_own_function(notebook: Any) -> None:
    expect(notebook.locator(".qkv-yours[data-kind=agrees]")).to_have_count(len(CALLING))


@pytest.mark.parametrize("name", NAMES)
def test_the_keyboard_reaches_and_moves_every_slider(notebook: Any, name: str) -> None:
    widget = notebook.locator(".qkv").nth(NAMES.index(name))
    for slider in widget.locator("input[type=range]:visible").all():
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

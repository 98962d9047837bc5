"""The head browser as a learner meets it: 72 heads to choose from, sentences, words, relations."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from qkv_course.errors import ModelUnavailable
from qkv_course.widgets import browser_data
from qkv_course.widgets.browser import RELATIONS, arrow, compute, related

from .lab import wait_for_rest

pytestmark = pytest.mark.browser

CELLS = ["from qkv_course import explore\nheads = explore('browser')\nheads"]
FIRST = "The king told the actress that she left."
START = (
    "heads.sentence, heads.layer, heads.head, heads.view, heads.special = {!r}, 3, 1, 'words', True"
)
KEYS = ["ArrowRight", "ArrowDown", "ArrowDown", "ArrowDown"]  # faster than a frame
LINES = "(root) => root.querySelectorAll('.qkv-link')"
COUNT = f"(root) => [...({LINES})(root)].map((p) => p.getAttribute('d').split('M').length - 1)"


@pytest.fixture(scope="module")
def notebook(run_notebook: Callable[..., Any]) -> Any:
    page = run_notebook(CELLS)
    expect(page.locator(".qkv")).to_have_count(1)
    return page


@pytest.fixture
def widget(notebook: Any, in_kernel: Callable[..., str]) -> Any:
    """The explorer as it was at first."""
    wait_for_rest(notebook)
    in_kernel(notebook, START.format(FIRST) + "\nheads.grid = 'pictures'")
    widget = notebook.locator(".qkv")
    expect(widget.locator(".qkv-summary")).to_contain_text("Layer 3, head 1")
    expect(field(widget)).to_have_value(FIRST)
    return widget


@pytest.fixture
def model() -> None:
    try:
        browser_data.model()
    except ModelUnavailable as error:
        pytest.skip(str(error))


def field(widget: Any) -> Any:
    return widget.get_by_role("textbox", name="sentence")


def fault(widget: Any) -> Any:
    return widget.locator(".qkv-sentence .qkv-fault")


def pictures(widget: Any) -> Any:
    return widget.get_by_role("img", name="All 72 heads")


def lines(widget: Any) -> Any:
    return widget.get_by_role("img", name="as lines")


def drawn(widget: Any) -> int:
    """How many lines there are."""
    return int(sum(widget.evaluate(COUNT)))


def test_a_click_on_a_small_picture_shows_that_head_and_python_hears_of_it(
    notebook: Any, widget: Any, in_kernel: Callable[..., str]
) -> None:
    pictures(widget).locator("canvas").click(position={"x": 8 * 30 + 5, "y": 1 * 30 + 5})
    expect(widget.locator(".qkv-summary")).to_contain_text("Layer 1, head 8")
    expect(
        widget.get_by_role("img", name="Layer 1, head 8: row attends to column: 11")
    ).to_be_visible()
    wait_for_rest(notebook)
    assert in_kernel(notebook, "print(heads.layer, heads.head)") == "1 8\n"
    shown = widget.evaluate("(root) => [...root.__qkv.result.weights.data]")
    setting: dict[str, Any] = {"view": "words", "special": True, "grid": "pictures"}
    setting |= {"layer": 1, "head": 8}
    right = compute(sentence=FIRST, relation=next(iter(RELATIONS)), **setting)["weights"]
    np.testing.assert_allclose(shown, right.ravel())


def test_arrow_keys_choose_a_head_in_either_picture_and_stop_at_the_edge(
    notebook: Any, widget: Any
) -> None:
    summary = widget.locator(".qkv-summary")
    pictures(widget).focus()
    press = "(box, key) => box.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))"
    pictures(widget).evaluate(f"(box) => {{ for (const key of {KEYS}) ({press})(box, key); }}")
    expect(summary).to_contain_text("Layer 5, head 2,")
    widget.get_by_role("img", name="Share of labeled pairs").focus()
    notebook.keyboard.press("ArrowUp")
    expect(summary).to_contain_text("Layer 4, head 2,")


def test_enter_lets_the_model_read_a_sentence(
    model: None, notebook: Any, widget: Any, in_kernel: Callable[..., str]
) -> None:
    field(widget).fill("Unbelievably, it rained.")
    expect(widget.locator(".qkv-matrix text").first).to_have_text("[CLS]")
    expect(widget.locator(".qkv-matrix text").nth(1)).to_have_text("The")  # not read yet
    notebook.keyboard.press("Enter")
    expect(widget.locator(".qkv-matrix text").nth(1)).to_contain_text("Unbelie")
    expect(fault(widget)).to_have_text("")
    widget.get_by_label("tokens").check()
    expect(widget.locator(".qkv-matrix text").nth(1)).to_have_text("un")
    widget.get_by_label("with [CLS] and [SEP]").uncheck()
    expect(widget.locator(".qkv-matrix text").first).to_have_text("un")
    wait_for_rest(notebook)
    assert in_kernel(notebook, "print(heads.sentence, heads.view)").strip() == (
        "Unbelievably, it rained. tokens"
    )


def test_a_sentence_that_is_too_long_says_so_and_the_picture_stays(
    model: None, notebook: Any, widget: Any, in_kernel: Callable[..., str]
) -> None:
    field(widget).fill("word " * 30)
    widget.get_by_role("button", name="Read it").click()
    expect(fault(widget)).to_contain_text("The sentence has 30 words")
    expect(field(widget)).to_have_attribute("aria-invalid", "true")
    expect(widget.locator(".qkv-matrix text").nth(1)).to_have_text("The")
    assert in_kernel(notebook, "print(heads.sentence)").strip() == FIRST
    field(widget).fill(FIRST)
    notebook.keyboard.press("Enter")
    expect(fault(widget)).to_have_text("")


def test_python_can_set_a_sentence(
    model: None, notebook: Any, widget: Any, in_kernel: Callable[..., str]
) -> None:
    in_kernel(notebook, "heads.sentence = 'Rain falls'")
    expect(field(widget)).to_have_value("Rain falls")
    expect(widget.locator(".qkv-matrix text").nth(1)).to_have_text("Rain")


def test_a_word_shows_its_lines_alone(notebook: Any, widget: Any) -> None:
    reading = widget.locator(".qkv-told")
    everything = drawn(widget)
    lines(widget).focus()
    for key in ("ArrowDown", "ArrowDown"):
        notebook.keyboard.press(key)
    expect(reading).to_contain_text('"The" attends most to "king": 0.5')
    assert 0 < drawn(widget) < everything
    expect(widget.locator(".qkv-lines text.qkv-on")).to_have_text("The")
    notebook.keyboard.press("ArrowRight")
    expect(reading).to_contain_text('"The" gets its largest weight from')
    field(widget).focus()
    expect(reading).to_contain_text("Point at a cell or a word")
    assert drawn(widget) == everything


def test_the_pointer_reads_a_cell(widget: Any) -> None:
    canvas = widget.locator(".qkv-matrix canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    cell = box["width"] / 11
    widget.locator(".qkv-matrix").hover(
        position={
            "x": box["x"] - widget.locator(".qkv-matrix").bounding_box()["x"] + 2.5 * cell,
            "y": box["y"] - widget.locator(".qkv-matrix").bounding_box()["y"] + 1.5 * cell,
        }
    )
    expect(widget.locator(".qkv-told")).to_contain_text('"The" attends to "king": 0.')


def test_the_grid_shows_measures_in_place_of_pictures(widget: Any) -> None:
    image = "(box) => box.querySelector('canvas').toDataURL()"
    seen = {pictures(widget).evaluate(image)}
    for what in ("entropy", "weight on [CLS]", "previous", "next", "itself"):
        show = widget.get_by_role("combobox", name="show")
        option = show.locator("option", has_text=what)
        show.select_option(option.inner_text())
        expect(show).to_have_value(option.inner_text())
        widget.evaluate("() => new Promise((done) => requestAnimationFrame(() => done()))")
        seen.add(pictures(widget).evaluate(image))
    assert len(seen) == 6


def test_a_relation_comes_with_its_best_head_and_its_controls(widget: Any) -> None:
    scores = widget.locator(".qkv-scores")
    for name, found in RELATIONS.items():
        widget.get_by_role("combobox", name="relation").select_option(arrow(name))
        expect(scores.locator("p")).to_have_text(related(name, 3, 1))
        right = np.array(found["right"])
        layer, head = np.unravel_index(right.argmax(), right.shape)
        place = scores.locator(".qkv-best").evaluate("(node) => node.style.gridArea")
        assert place.split(" / ")[:2] == [str(layer + 3), str(head + 3)]


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_axe_finds_nothing_to_mend(
    notebook: Any, widget: Any, theme: str, violations: Callable[..., list[Any]]
) -> None:
    details = widget.locator("details")
    details.evaluate("(node) => { node.open = true; }")
    assert violations(notebook, theme) == []


def test_saved_and_opened_again_it_lives_without_a_kernel(
    model: None, notebook: Any, widget: Any, in_kernel: Callable[..., str], open_notebook: Any
) -> None:
    in_kernel(notebook, "heads.sentence = 'Rain falls'")
    expect(widget.locator(".qkv-matrix text").nth(1)).to_have_text("Rain")
    wait_for_rest(notebook)
    notebook.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    again = open_notebook(Path(notebook.path))
    widget = again.locator(".qkv")
    expect(widget.locator(".qkv-matrix text").nth(1)).to_have_text("Rain")
    pictures(widget).locator("canvas").click(position={"x": 5, "y": 5})
    expect(widget.locator(".qkv-summary")).to_contain_text("Layer 0, head 0")

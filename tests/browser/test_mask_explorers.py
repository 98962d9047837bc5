"""The mask painter and the cost curves as a learner meets them, by mouse and by keyboard."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from qkv_course.widgets.cost import describe as describe_cost
from qkv_course.widgets.masks import BAND, compute

from .lab import wait_for_rest

pytestmark = pytest.mark.browser

CELLS = [
    "from qkv_course import explore\nmasks = explore('masks')\nmasks",
    "cost = explore('cost')\ncost",
    """import numpy as np
from qkv_course.attention import causal_mask, padding_mask
def masked_attention(q, k, v, mask):
    scores = np.where(mask, q @ k.T / np.sqrt(q.shape[-1]), 0.0)
    weights = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    return weights @ v, weights
explore(masked_attention, preset="both", length=4, change_last=True)""",
    "explore(padding_mask, length=3, preset='padding', fill='multiply')",
]
MASKS, COST, WRONG, PADDING = range(4)


@pytest.fixture(scope="module")
def notebook(run_notebook: Callable[..., Any]) -> Any:
    page = run_notebook(CELLS)
    expect(page.locator(".qkv")).to_have_count(len(CELLS))
    return page


@pytest.fixture
def widget(notebook: Any) -> Callable[[int], Any]:
    return lambda number: notebook.locator(".qkv").nth(number)


@pytest.fixture
def masks(notebook: Any, widget: Callable[[int], Any], in_kernel: Callable[..., str]) -> Any:
    """Give the mask painter as it is at first."""
    wait_for_rest(notebook)
    code = "masks.preset, masks.length, masks.fill = 'causal', 6, '-inf'\n"
    code += f"masks.true_means, masks.change_last, masks.drawn = 'may attend', False, {BAND!r}"
    in_kernel(notebook, code)
    summary = widget(MASKS).locator(".qkv-summary")
    expect(summary).to_have_text(
        "15 of 36 pairs are hidden. Their weights are exactly 0. Every row sums to 1."
    )
    return widget(MASKS)


def choice(widget: Any, name: str) -> Any:
    return widget.get_by_role("combobox", name=name, exact=True)


def cell(widget: Any, row: int, column: int) -> Any:
    return widget.locator(".qkv-paint button").nth(6 * row + column)


def number(widget: Any, board: int, row: int, column: int) -> Any:
    """Find a box of the scores (board 1) or the weights (board 2)."""
    return widget.locator(".qkv-cells").nth(board).locator(".qkv-box").nth(6 * row + column)


def weights(widget: Any) -> np.ndarray:
    shown = widget.evaluate("(root) => Array.from(root.__qkv.result.shown.data)")
    return np.reshape(shown, (6, 6))


def python_weights(notebook: Any, in_kernel: Callable[..., str]) -> np.ndarray:
    """Give the weights for the mask that Python has heard of."""
    wait_for_rest(notebook)
    assert in_kernel(notebook, "print(masks.preset)") == "drawn\n"
    drawn = in_kernel(notebook, "print(masks.drawn)").strip()
    result = compute("drawn", 6, drawn, "may attend", "-inf", False)["shown"]
    return np.asarray(result)


def test_a_click_hides_a_word_and_another_shows_it(
    notebook: Any, masks: Any, in_kernel: Callable[..., str]
) -> None:
    cell(masks, 5, 0).click()
    expect(number(masks, 2, 5, 0)).to_have_text("0")
    expect(number(masks, 1, 5, 0)).to_have_text("2.5-inf")
    expect(choice(masks, "mask")).to_have_value("drawn by you")
    assert weights(masks)[5, 0] == 0
    np.testing.assert_allclose(weights(masks), python_weights(notebook, in_kernel), atol=1e-6)
    cell(masks, 5, 0).click()
    expect(number(masks, 2, 5, 0)).to_have_text("0.34")


def test_a_drag_paints_all_cells_on_its_way_alike(
    notebook: Any, masks: Any, in_kernel: Callable[..., str]
) -> None:
    boxes = [cell(masks, *at).bounding_box() for at in ((0, 1), (0, 5), (3, 5))]
    centers = [(b["x"] + b["width"] / 2, b["y"] + b["height"] / 2) for b in boxes]
    notebook.mouse.move(*centers[0])
    notebook.mouse.down()
    for x, y in centers[1:]:
        notebook.mouse.move(x, y, steps=12)
    notebook.mouse.up()
    notebook.mouse.move(*centers[0], steps=5)  # no button is down: nothing more is painted
    expect(masks.locator(".qkv-summary")).to_contain_text("7 of 36 pairs are hidden.")
    assert (weights(masks)[0] > 0).all() and (weights(masks)[:4, 5] > 0).all()
    np.testing.assert_allclose(weights(masks), python_weights(notebook, in_kernel), atol=1e-6)


def test_a_fast_drag_leaves_no_cell_out(notebook: Any, masks: Any) -> None:
    first, last = (cell(masks, 5, column).bounding_box() for column in (0, 5))
    notebook.mouse.move(first["x"] + 9, first["y"] + 9)
    notebook.mouse.down()
    notebook.mouse.move(last["x"] + 9, last["y"] + 9)
    notebook.mouse.up()
    expect(masks.locator(".qkv-summary")).to_contain_text("Nothing is allowed in row “pie”")


def test_the_cell_with_the_focus_is_seen(notebook: Any, masks: Any) -> None:
    cell(masks, 1, 0).focus()
    notebook.keyboard.press("ArrowDown")  # a key: browsers draw no ring after a click
    expect(cell(masks, 2, 0)).to_have_css("outline-width", "3px")
    expect(cell(masks, 2, 0)).to_have_css("outline-color", "rgb(184, 74, 0)")  # not blue


def test_what_is_filled_in_fits_its_cell(masks: Any) -> None:
    choice(masks, "hidden scores become").select_option("-1e-12")
    expect(number(masks, 1, 0, 1)).to_have_text("3.0-1e-12")
    sizes = "(node) => [node.scrollWidth, node.clientWidth, node.scrollHeight, node.clientHeight]"
    wide, room, high, space = number(masks, 1, 0, 1).evaluate(sizes)
    assert wide <= room and high <= space


def test_the_keyboard_moves_and_paints(
    notebook: Any, masks: Any, in_kernel: Callable[..., str]
) -> None:
    cell(masks, 0, 0).focus()
    for key in ("ArrowLeft", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight"):
        notebook.keyboard.press(key)
    expect(cell(masks, 2, 2)).to_be_focused()
    expect(cell(masks, 2, 2)).to_have_attribute("aria-pressed", "true")
    reading = masks.get_by_text("“ate” may look at “ate”: score 1.5, weight 0.18.", exact=True)
    expect(reading).to_be_visible()
    notebook.keyboard.press("Space")
    expect(cell(masks, 2, 2)).to_have_attribute("aria-pressed", "false")
    told = "False: “ate” may not look at “ate”: the score 1.5 becomes -inf, its weight is 0."
    expect(masks.get_by_role("button", name=told)).to_be_focused()
    expect(masks.locator(".qkv-summary")).to_contain_text("16 of 36 pairs are hidden.")
    notebook.keyboard.press("ArrowLeft")
    notebook.keyboard.press("Enter")
    notebook.keyboard.press("ArrowLeft")
    notebook.keyboard.press(" ")
    expect(masks.locator(".qkv-summary")).to_contain_text("Nothing is allowed in row “ate”")
    expect(masks.get_by_role("status")).to_contain_text("Nothing is allowed in row “ate”")
    assert (weights(masks)[2] == 0).all()
    np.testing.assert_allclose(weights(masks), python_weights(notebook, in_kernel), atol=1e-6)


def test_one_tab_leaves_the_painter(notebook: Any, masks: Any) -> None:
    cell(masks, 0, 0).focus()
    notebook.keyboard.press("ArrowRight")
    notebook.keyboard.press("Tab")
    expect(masks.locator("summary")).to_be_focused()
    notebook.keyboard.press("Shift+Tab")
    expect(cell(masks, 0, 1)).to_be_focused()


def test_presets_and_what_is_filled_in(masks: Any) -> None:
    preset, fill = choice(masks, "mask"), choice(masks, "hidden scores become")
    preset.select_option("padding")
    expect(masks.locator(".qkv-value")).to_have_text("4")  # or there would be no padding
    expect(masks.locator(".qkv-summary")).to_contain_text("12 of 36 pairs are hidden.")
    expect(masks.locator(".qkv-paint .qkv-top")).to_have_text(
        ["the", "cat", "ate", "up", "pad", "pad"]
    )
    assert (weights(masks)[:, 4:] == 0).all()
    fill.select_option("0")
    expect(masks.locator(".qkv-alarm")).to_have_count(12)
    expect(masks.locator(".qkv-summary")).to_contain_text("They leak: ")
    preset.select_option("none")
    expect(masks.locator(".qkv-summary")).to_have_text(
        "Nothing is hidden: every word looks at all words."
    )
    expect(masks.locator(".qkv-alarm")).to_have_count(0)


def test_only_a_leak_lets_earlier_words_notice_the_last_one(masks: Any) -> None:
    masks.get_by_label("change the last word").check()
    moved = masks.locator(".qkv-left").filter(has_text="▲")
    expect(moved).to_have_text(["▲ egg"])
    choice(masks, "hidden scores become").select_option("-10")
    expect(moved).to_have_count(6)
    choice(masks, "hidden scores become").select_option("minus infinity (right)")
    choice(masks, "True means").select_option("hidden (nn.MultiheadAttention)")
    expect(masks.locator(".qkv-summary")).to_contain_text("noticed by “the”")


def test_python_paints(notebook: Any, masks: Any, in_kernel: Callable[..., str]) -> None:
    in_kernel(notebook, "masks.drawn, masks.preset = [[1, 0, 0, 0, 0, 0]] * 6, 'drawn'")
    expect(masks.locator(".qkv-summary")).to_contain_text("30 of 36 pairs are hidden.")
    expect(masks.get_by_role("button", pressed=True)).to_have_count(6)
    assert (weights(masks)[:, 0] == 1).all()


def test_yours_is_drawn_for_masks_of_a_batch_too(widget: Callable[[int], Any]) -> None:
    yours = widget(PADDING).locator(".qkv-yours")
    expect(yours).to_contain_text("Yours agrees: padding_mask gives these numbers.")
    expect(yours.locator(".qkv-heat").first.locator(".qkv-cell")).to_have_count(18)
    expect(widget(WRONG).locator(".qkv-yours")).to_contain_text("Yours differs.")


def test_cost_follows_the_keyboard(
    notebook: Any, widget: Callable[[int], Any], in_kernel: Callable[..., str]
) -> None:
    cost = widget(COST)
    cost.get_by_label("n, tokens").focus()
    for key in ("Home", "ArrowRight", "ArrowRight"):
        notebook.keyboard.press(key)
    said = describe_cost(64, 12, 12, 12, 64, 2)
    expect(cost.locator(".qkv-summary")).to_have_text(said)
    expect(cost.get_by_role("status")).to_have_text(said)
    cost.get_by_label("query heads").focus()
    notebook.keyboard.press("ArrowRight")
    expect(choice(cost, "KV heads")).to_have_value("16")  # as before, one for each
    expect(choice(cost, "model")).to_have_value("your own")
    choice(cost, "KV heads").focus()
    notebook.keyboard.press("ArrowDown")
    expect(cost.locator(".qkv-summary")).to_have_text(describe_cost(64, 12, 16, 8, 64, 2))
    expect(cost.locator(".qkv-caches b")).to_have_text("▸ GQA: 8 KV heads")
    wait_for_rest(notebook)
    settings = in_kernel(notebook, "print(cost.n, cost.n_heads, cost.n_kv_heads)")
    assert settings == "64 16 8\n"


def test_a_real_model_sets_the_sliders(
    notebook: Any, widget: Callable[[int], Any], in_kernel: Callable[..., str]
) -> None:
    cost = widget(COST)
    choice(cost, "model").select_option("Llama 2 70B")
    expect(choice(cost, "KV heads")).to_have_value("8")
    expect(cost.locator(".qkv-caches")).to_contain_text("MQA: 1 KV head")
    wait_for_rest(notebook)
    settings = in_kernel(notebook, "print(cost.n_layers, cost.n_heads, cost.n_kv_heads)")
    assert settings == "80 64 8\n"
    in_kernel(
        notebook, "cost.n_layers, cost.n_heads, cost.n_kv_heads, cost.d_head = 96, 96, 96, 128"
    )
    expect(choice(cost, "model")).to_have_value("GPT-3")
    expect(choice(cost, "KV heads")).to_have_value("96")


@pytest.mark.parametrize("number", [MASKS, COST])
def test_it_fits_a_screen(widget: Callable[[int], Any], number: int) -> None:
    assert widget(number).bounding_box()["height"] <= 720


@pytest.mark.parametrize("theme", ["Dark", "Light"])
def test_axe_finds_nothing_to_mend(
    notebook: Any, theme: str, violations: Callable[..., list[Any]]
) -> None:
    for details in notebook.locator(".qkv details").all():
        details.evaluate("(node) => (node.open = true)")
    assert violations(notebook, theme) == []

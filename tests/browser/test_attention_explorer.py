"""The attention explorer in JupyterLab: sliders, a sentence, a drawn mask, and every weight."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from qkv_course.widgets.attention import compute

from .lab import wait_for_rest

pytestmark = pytest.mark.browser

CELLS = [
    "from qkv_course import explore\nfrom qkv_course.attention import masked_attention\n"
    "toy = explore('attention', masked_attention)\ntoy",
    "import numpy as np\nrng = np.random.default_rng(0)\n"
    "q, k = rng.normal(size=(2, 3, 4, 8))\n"
    "own = explore('attention', q=q, k=k, tokens='one two three four')\nown",
    "given = explore('attention', weights=own.numbers()['all_weights'])\ngiven",
    "def masked_attention(q, k, v, mask):\n    raise NotImplementedError\n"
    "explore('attention', masked_attention)",
]
TOY, OWN, GIVEN, UNWRITTEN = range(4)


@pytest.fixture(scope="module")
def notebook(run_notebook: Callable[..., Any]) -> Any:
    page = run_notebook(CELLS)
    expect(page.locator(".qkv")).to_have_count(len(CELLS))
    return page


@pytest.fixture
def toy(notebook: Any, in_kernel: Callable[..., str]) -> Any:
    """The explorer with a sentence, as it was at first."""
    wait_for_rest(notebook)
    in_kernel(
        notebook,
        "toy.set_trait('sentence', 'The cat sat on the mat because it was tired')\n"
        "toy.heads, toy.d_k, toy.head, toy.mask, toy.drawn, toy.seed = 12, 64, 0, 'none', [], 0",
    )
    toy = notebook.locator(".qkv").nth(TOY)
    toy.scroll_into_view_if_needed()
    expect(toy.locator(".qkv-summary")).to_contain_text("12 heads, d_k = 64, 10 words. Head 0:")
    expect(mask_of(toy)).to_have_value("none")
    return toy


def mask_of(widget: Any) -> Any:
    return widget.get_by_role("combobox", name="mask")


def numbers(widget: Any, name: str) -> np.ndarray:
    """What the browser has computed."""
    read = "(root, name) => { const t = root.__qkv.result[name]; return [t.shape, [...t.data]]; }"
    shape, data = widget.evaluate(read, name)
    return np.reshape(data, shape)


def settings(widget: Any) -> dict[str, Any]:
    found: dict[str, Any] = widget.evaluate("(root) => root.__qkv.settings()")
    return found


def painted(widget: Any) -> tuple[int, int]:
    """How many heads' places in the mosaic are painted in full, and in how many ways."""
    count, ways = widget.evaluate("""(root) => {
      const canvas = root.querySelector(".qkv-mosaic canvas"), pencil = canvas.getContext("2d");
      const pixels = pencil.getImageData(0, 0, canvas.width, canvas.height);
      const heads = root.__qkv.result.largest.data.length, seen = [];
      const solid = (x, y) => pixels.data[4 * (y * canvas.width + x) + 3] === 255;
      // Runs of solid pixels in the first row and the first column are the tiles.
      const runs = (n, at) => Array.from({ length: n }, (_, i) => i)
        .filter((i) => at(i) && (i === 0 || !at(i - 1)));
      const across = runs(canvas.width, (x) => solid(x, 1));
      const down = runs(canvas.height, (y) => solid(1, y));
      const side = across.length > 1 ? across[1] - across[0] - 4 : 40;
      for (const y of down) for (const x of across) if (solid(x + 1, y + 1))
        seen.push(pencil.getImageData(x, y, side, side).data.join());
      return [seen.length, new Set(seen).size];
    }""")
    return count, ways


def cell(widget: Any, i: int, j: int) -> tuple[float, float]:
    """Where the middle of a cell of the large matrix is on the page."""
    box = widget.locator(".qkv-matrix canvas").first.bounding_box()
    shape = numbers(widget, "weights").shape
    x = box["x"] + box["width"] * (j + 0.5) / shape[1]
    return x, box["y"] + box["height"] * (i + 0.5) / shape[0]


def test_a_key_on_d_k_moves_numbers_pictures_and_python(
    notebook: Any, toy: Any, in_kernel: Callable[..., str]
) -> None:
    pictures = [toy.locator(f".qkv-{name}").first for name in ("mosaic", "matrix", "lines")]
    before = [picture.screenshot() for picture in pictures]
    toy.get_by_label("d_k", exact=True).focus()
    notebook.keyboard.press("End")
    expect(toy.locator(".qkv-summary")).to_contain_text("12 heads, d_k = 256, 10 words.")
    expect(toy.locator(".qkv-products")).to_contain_text("251 more")
    assert all(p.screenshot() != old for p, old in zip(pictures, before, strict=True))
    right = compute(**{**settings(toy), "d_k": 256})
    for name in ("weights", "all_weights", "scores", "context"):
        np.testing.assert_allclose(numbers(toy, name), right[name], atol=1e-6)
    wait_for_rest(notebook)
    assert in_kernel(notebook, "print(toy.d_k)") == "256\n"
    expect(toy.locator(".qkv-yours")).to_contain_text("Yours agrees")


def test_all_heads_are_drawn_while_the_mouse_drags_heads_to_96(
    notebook: Any, toy: Any, in_kernel: Callable[..., str]
) -> None:
    assert painted(toy) == (12, 12)
    slider = toy.get_by_label("heads", exact=True).bounding_box()
    y = slider["y"] + slider["height"] / 2
    notebook.mouse.move(slider["x"] + slider["width"] / 2, y)
    notebook.mouse.down()
    notebook.sent.clear()
    notebook.mouse.move(slider["x"] + slider["width"] - 2, y, steps=12)
    expect(toy.locator(".qkv-summary")).to_contain_text("96 heads, d_k = 64")
    assert painted(toy) == (96, 96)
    notebook.mouse.up()
    wait_for_rest(notebook)
    assert in_kernel(notebook, "print(toy.heads)") == "96\n"
    right = compute(**settings(toy))["all_weights"]
    np.testing.assert_allclose(numbers(toy, "all_weights"), right, atol=1e-6)


def test_every_position_of_a_drag_is_drawn_with_96_heads_and_none_is_sent(
    notebook: Any, toy: Any, in_kernel: Callable[..., str]
) -> None:
    in_kernel(notebook, "toy.heads = 96")
    expect(toy.locator(".qkv-summary")).to_contain_text("96 heads")
    notebook.sent.clear()
    drawn = toy.get_by_role("slider", name="d_k").evaluate("""async (input) => {
      const mosaic = input.closest(".qkv").querySelector(".qkv-mosaic canvas"), drawn = [];
      for (let i = 0; i < 20; i++) {
        input.value = 60 + 5 * i;
        input.dispatchEvent(new Event("input", { bubbles: true }));
        await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
        drawn.push(mosaic.toDataURL());
      }
      return drawn;
    }""")
    assert [frame for frame in notebook.sent if "comm_msg" in str(frame)] == []
    assert len(set(drawn)) == 20
    wait_for_rest(notebook)
    assert in_kernel(notebook, "print(toy.d_k)") == "156\n"


def test_the_mosaic_chooses_a_head_by_mouse_and_by_keyboard(notebook: Any, toy: Any) -> None:
    mosaic = toy.locator(".qkv-mosaic")
    box = mosaic.bounding_box()
    notebook.mouse.click(box["x"] + box["width"] - 8, box["y"] + 8)
    expect(toy.locator(".qkv-matrix").first).to_have_attribute("aria-label", re.compile("Head 2:"))
    mosaic.focus()
    notebook.keyboard.press("ArrowDown")
    expect(toy.locator(".qkv-matrix").first).to_have_attribute("aria-label", re.compile("Head 5:"))
    expect(toy.get_by_label("show head")).to_have_value("5")
    np.testing.assert_array_equal(numbers(toy, "weights"), numbers(toy, "all_weights")[5])


def test_fewer_heads_show_the_last_one(notebook: Any, toy: Any) -> None:
    toy.get_by_label("show head").focus()
    notebook.keyboard.press("End")
    toy.get_by_label("heads", exact=True).focus()
    notebook.keyboard.press("Home")
    expect(toy.locator(".qkv-summary")).to_contain_text("1 head, d_k = 64, 10 words. Head 0:")
    expect(toy.get_by_label("show head")).to_be_hidden()


def test_a_sentence_is_typed_and_reaches_python(
    notebook: Any, toy: Any, in_kernel: Callable[..., str]
) -> None:
    cells = notebook.locator(".jp-Cell").count()
    before = numbers(toy, "all_weights")
    field = toy.get_by_label("sentence")
    field.click()
    notebook.keyboard.press("End")
    notebook.keyboard.type(" 日本 bad")
    expect(toy.locator(".qkv-summary")).to_contain_text("12 words")
    expect(toy.locator(".qkv-lines")).to_contain_text("日本")
    after = numbers(toy, "scores")
    assert notebook.locator(".jp-Cell").count() == cells and before.shape == (12, 10, 10)
    np.testing.assert_allclose(after, compute(**settings(toy))["scores"], atol=1e-6)
    wait_for_rest(notebook)
    assert "日本 bad" in in_kernel(notebook, "print(toy.sentence)")
    field.fill("")
    expect(toy).to_contain_text("Type a word.")
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("w " * 25)
    expect(toy).to_contain_text("25 words; up to 24 fit.")
    expect(toy.locator(".qkv-summary")).to_contain_text("12 words")
    field.fill("fine again")
    expect(toy.locator(".qkv-summary")).to_contain_text("2 words")
    expect(toy.locator(".qkv-fault").first).to_have_text("")
    field.fill("one")
    expect(toy.locator(".qkv-legend").first).to_contain_text("1.00, the largest")


def test_a_mask_is_drawn_by_keyboard(
    notebook: Any, toy: Any, in_kernel: Callable[..., str]
) -> None:
    mask_of(toy).select_option("drawn by hand")
    matrix = toy.locator(".qkv-matrix").first
    matrix.focus()
    for _ in range(12):
        notebook.keyboard.press("ArrowUp")
        notebook.keyboard.press("ArrowLeft")
    notebook.keyboard.press("ArrowRight")
    notebook.keyboard.press("Space")
    expect(toy.locator(".qkv-summary")).to_contain_text("The mask hides 1 of 100 cells.")
    notebook.keyboard.press("ArrowRight")
    notebook.keyboard.press("Enter")
    wait_for_rest(notebook)
    assert in_kernel(notebook, "print(toy.drawn)") == "[[0, 1], [0, 2]]\n"
    assert (numbers(toy, "all_weights")[:, 0, 1:3] == 0).all()
    np.testing.assert_allclose(numbers(toy, "all_weights").sum(axis=-1), 1)
    notebook.keyboard.press("Space")
    expect(toy.locator(".qkv-summary")).to_contain_text("The mask hides 1 of 100 cells.")
    expect(toy.get_by_role("status")).to_contain_text("1 of 100 cells")
    toy.get_by_role("button", name="Show all cells").press("Enter")
    expect(toy.locator(".qkv-summary")).not_to_contain_text("The mask hides")


def test_a_fast_drag_leaves_no_cell_out_and_another_button_draws_nothing(
    notebook: Any, toy: Any, in_kernel: Callable[..., str]
) -> None:
    mask_of(toy).select_option("drawn by hand")
    notebook.mouse.move(*cell(toy, 0, 0))
    notebook.mouse.down()
    notebook.mouse.move(*cell(toy, 3, 9))
    notebook.mouse.up()
    expect(toy.locator(".qkv-summary")).to_contain_text("The mask hides 10 of 100 cells.")
    notebook.mouse.click(*cell(toy, 9, 9), button="middle")
    wait_for_rest(notebook)
    hidden = in_kernel(notebook, "print(sorted(j for i, j in toy.drawn))")
    assert hidden == f"{list(range(10))}\n"


def test_a_mask_is_drawn_by_mouse_on_the_one_that_was_there(
    notebook: Any, toy: Any, in_kernel: Callable[..., str]
) -> None:
    mask_of(toy).select_option("causal")
    expect(toy.locator(".qkv-summary")).to_contain_text("The mask hides 45 of 100 cells.")
    mask_of(toy).select_option("drawn by hand")
    expect(toy.locator(".qkv-summary")).to_contain_text("The mask hides 45 of 100 cells.")
    notebook.mouse.click(*cell(toy, 0, 9))
    expect(toy.locator(".qkv-summary")).to_contain_text("The mask hides 44 of 100 cells.")
    notebook.mouse.move(*cell(toy, 9, 0))
    notebook.mouse.down()
    notebook.mouse.move(*cell(toy, 9, 4), steps=16)
    notebook.mouse.up()
    notebook.mouse.move(*cell(toy, 5, 2))
    expect(toy.locator(".qkv-summary")).to_contain_text("The mask hides 49 of 100 cells.")
    wait_for_rest(notebook)
    mask = np.tri(10, dtype=bool)
    mask[0, 9], mask[9, :5] = True, False
    np.testing.assert_array_equal(numbers(toy, "mask"), mask)
    hidden = sorted(map(tuple, np.argwhere(~mask).tolist()))
    assert in_kernel(notebook, "print(sorted(map(tuple, toy.drawn)))") == f"{hidden}\n"
    expect(toy.locator(".qkv-yours")).to_contain_text("Yours agrees")


def test_pointing_at_a_cell_shows_how_its_weight_comes_about(notebook: Any, toy: Any) -> None:
    right = compute(**settings(toy))
    i, j = 7, 2  # "it" asks "sat"
    notebook.mouse.move(*cell(toy, i, j))
    panel = toy.locator(".qkv-products")
    expect(panel).to_contain_text('How "it" comes to give "sat" a weight of')
    expect(panel).to_contain_text(f"a weight of {right['weights'][i, j]:.2f}")
    expect(panel).to_contain_text(f"divided by √64 = 8.00: {right['raw'][i, j] / 8:.2f}")
    products = right["q"][i] * right["k"][j]
    order = np.argsort(-np.abs(products))[:5]
    q, k = right["q"][i][order], right["k"][j][order]
    for row, values in enumerate((order, q, k, products[order])):
        shown = panel.locator("tr").nth(row).locator("th:not([scope=row]), td").all_inner_texts()
        np.testing.assert_allclose([float(x) for x in shown[:5]], values, atol=0.0051)
    total = panel.locator("tr").last.locator("td").all_inner_texts()
    assert float(total[-1]) == pytest.approx(right["raw"][i, j], abs=0.006)
    assert sum(map(float, total[:-1])) == pytest.approx(float(total[-1]), abs=0.04)


def test_a_word_is_pointed_at_and_walked_along(notebook: Any, toy: Any) -> None:
    right, words = compute(**settings(toy)), settings(toy)["sentence"].split()
    lines = toy.locator(".qkv-lines")
    lines.get_by_text("mat", exact=True).first.hover()
    panel, best = toy.locator(".qkv-products"), words[right["weights"][5].argmax()]
    expect(panel).to_contain_text(f'How "mat" comes to give "{best}" a weight of')
    lines.get_by_text("mat", exact=True).first.click()
    lines.focus()
    notebook.keyboard.press("ArrowUp")
    best = words[right["weights"][4].argmax()]
    expect(panel).to_contain_text(f'How "the" comes to give "{best}" a weight of')
    expect(toy.get_by_role("status")).to_contain_text(f"Query the, key {best}, score ")


def test_it_works_while_a_cell_runs(notebook: Any, toy: Any, in_kernel: Callable[..., str]) -> None:
    in_kernel(notebook, "import time\ntime.sleep(4)", wait=False)
    toy.get_by_label("heads", exact=True).focus()
    notebook.keyboard.press("End")
    toy.get_by_label("temperature").focus()
    notebook.keyboard.press("Home")
    expect(toy.locator(".qkv-summary")).to_contain_text("96 heads")
    expect(toy.locator(".qkv-products")).to_contain_text("divided by temperature 0.1")
    expect(toy.locator(".qkv-yours")).to_contain_text("waiting for Python")
    assert painted(toy) == (96, 96)
    expect(toy.locator(".qkv-yours")).to_contain_text("Yours agrees")


def test_python_changes_what_the_browser_shows(
    notebook: Any, toy: Any, in_kernel: Callable[..., str]
) -> None:
    in_kernel(notebook, "toy.sentence, toy.mask, toy.padding = 'a b c', 'padding', 1")
    expect(toy.locator(".qkv-summary")).to_contain_text("3 words")
    expect(toy.get_by_label("sentence")).to_have_value("a b c")
    expect(toy.get_by_label("padding words")).to_have_value("1")
    assert (numbers(toy, "weights")[:, 2] == 0).all()


def test_arrays_of_ones_own_are_shown_without_the_controls_of_random_ones(
    notebook: Any, in_kernel: Callable[..., str]
) -> None:
    for number, kept in ((OWN, ["show head", "temperature"]), (GIVEN, ["show head"])):
        widget = notebook.locator(".qkv").nth(number)
        expect(widget.get_by_label("sentence")).to_have_count(0)
        expect(widget.get_by_label("d_k", exact=True)).to_have_count(0)
        for label in kept:
            expect(widget.get_by_role("slider", name=label)).to_be_visible()
    own, given = (notebook.locator(".qkv").nth(n) for n in (OWN, GIVEN))
    expect(own.locator(".qkv-lines")).to_contain_text("three")
    expect(own.locator(".qkv-summary")).to_contain_text("3 heads, d_k = 8, 4 words.")
    expect(mask_of(given)).to_have_count(0)
    np.testing.assert_allclose(
        numbers(given, "all_weights"), numbers(own, "all_weights"), atol=1e-6
    )
    given.get_by_label("show head").focus()
    notebook.keyboard.press("End")
    expect(given.locator(".qkv-summary")).to_contain_text("Head 2:")
    expect(given.locator(".qkv-products")).to_contain_text('"t3" gives')


def test_a_function_that_is_not_written_leaves_no_picture(notebook: Any) -> None:
    yours = notebook.locator(".qkv").nth(UNWRITTEN).locator(".qkv-yours")
    expect(yours).to_contain_text("is not written yet")
    expect(yours.locator(".qkv-matrix")).to_be_hidden()
    agreeing = notebook.locator(".qkv").nth(TOY).locator(".qkv-yours")
    expect(agreeing.locator(".qkv-matrix")).to_be_visible()


def test_all_of_it_is_seen_at_once(notebook: Any) -> None:
    panel = notebook.locator(".qkv").nth(UNWRITTEN)
    top = panel.bounding_box()["y"]
    products = panel.locator(".qkv-products").bounding_box()
    assert products["y"] + products["height"] - top < 750
    panes = [p.bounding_box() for p in panel.locator(".qkv-panes > .qkv-pane").all()]
    assert len({round(p["y"]) for p in panes[:3]}) == 1  # side by side


@pytest.mark.parametrize("theme", ["Dark", "Light"])
def test_axe_finds_nothing_to_mend(
    notebook: Any, toy: Any, theme: str, violations: Callable[..., list[Any]]
) -> None:
    for details in notebook.locator(".qkv summary").all():
        details.click()
    mask_of(toy).select_option("drawn by hand")
    toy.get_by_label("sentence").fill(" ")
    expect(toy).to_contain_text("Type a word.")
    assert violations(notebook, theme) == []

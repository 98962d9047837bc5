"""The two explorers of lesson 08 as a learner meets them: keys, steps, and a number to follow."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

CELLS = [
    """from qkv_course import explore
from qkv_course.attention import multi_head_attention, softmax
heads = explore(multi_head_attention)
heads""",
    """split = explore("split")
split""",
    """def split_heads(x, n_heads):
    return x.reshape(n_heads, len(x), -1)
explore(split_heads)""",
    """def multi_head_attention(x, w_q, w_k, w_v, w_o, n_heads, mask=None):
    return x @ w_o, softmax(x @ x.T) * [[[1.0]]] * n_heads
explore(multi_head_attention, heads=1)""",
]
HEADS, SPLIT, STRAIGHT, WRONG = range(4)


@pytest.fixture(scope="module")
def notebook(run_notebook: Callable[..., Any]) -> Any:
    page = run_notebook(CELLS)
    expect(page.locator(".qkv")).to_have_count(len(CELLS))
    return page


@pytest.fixture
def widget(notebook: Any) -> Callable[[int], Any]:
    return lambda number: notebook.locator(".qkv").nth(number)


def test_the_keyboard_goes_to_96_heads_and_python_hears_of_it(
    notebook: Any, widget: Callable[[int], Any], in_kernel: Callable[..., str]
) -> None:
    heads = widget(HEADS)
    heads.get_by_label("heads", exact=True).focus()
    notebook.keyboard.press("End")
    expect(heads.locator(".qkv-summary")).to_contain_text("96 heads of 1.")
    expect(heads.locator(".qkv-facts thead")).to_contain_text("now: 96 heads")
    expect(heads.locator(".qkv-scores figcaption")).to_have_text(
        "Scores of the first 6 of 96 heads"
    )
    expect(heads.get_by_role("img", name="Scores of head 0: 2 different favorites")).to_be_visible()
    expect(heads.locator(".qkv-yours")).to_contain_text("Yours agrees")
    assert in_kernel(notebook, "print(heads.heads)") == "96\n"


def test_a_model_comes_with_its_own_heads_and_keeps_the_parameters(
    notebook: Any, widget: Callable[[int], Any]
) -> None:
    heads, summary = widget(HEADS), widget(HEADS).locator(".qkv-summary")
    heads.get_by_role("combobox").select_option("Transformer base (Vaswani et al. 2017)")
    expect(summary).to_contain_text("512 features = 8 heads of 64.")
    heads.get_by_label("heads", exact=True).focus()
    notebook.keyboard.press("End")
    expect(summary).to_contain_text("512 features = 64 heads of 8 (the real one has 8).")
    expect(summary).to_contain_text("1,048,576 parameters")
    expect(heads.locator(".qkv-scores")).to_be_hidden()
    expect(heads.locator(".qkv-yours")).to_contain_text("choose the toy model")
    heads.get_by_role("combobox").select_option("Toy model")
    expect(heads.locator(".qkv-scores")).to_be_visible()


def test_a_wrong_function_is_drawn_beside_the_right_numbers(
    widget: Callable[[int], Any],
) -> None:
    yours = widget(WRONG).locator(".qkv-yours")
    expect(yours).to_contain_text("Yours differs")
    expect(yours.get_by_role("img", name="Output, yours: 576 cells differ")).to_be_visible()
    expect(yours.get_by_role("img", name="Weights of head 0, head: 0 cells differ")).to_be_visible()


def test_steps_are_taken_with_the_arrow_keys(
    notebook: Any, widget: Callable[[int], Any], in_kernel: Callable[..., str]
) -> None:
    split, summary = widget(SPLIT), widget(SPLIT).locator(".qkv-summary")
    split.get_by_label("0: x").focus()
    for text in ("Step 1 of 3, reshape", "Step 2 of 3, swap axes", "Step 3 of 3, merge back"):
        notebook.keyboard.press("ArrowRight")
        expect(summary).to_contain_text(text)
    assert "round trip does not test" in summary.inner_text()
    notebook.keyboard.press("ArrowLeft")
    expect(split.get_by_label("2: swap axes")).to_be_checked()


def test_a_number_is_followed_by_mouse_and_keys_through_both_ways(
    notebook: Any, widget: Callable[[int], Any]
) -> None:
    split, summary = widget(SPLIT), widget(SPLIT).locator(".qkv-summary")
    split.get_by_label("2: swap axes").check()
    right, wrong = split.get_by_role("group", name="Array (4, 3, 2)").all()
    right.get_by_role("button", name="15:").click()
    expect(summary).to_contain_text("15: token 1, column 5 → head 2, token 1, column 1.")
    chosen = wrong.get_by_role("button", pressed=True)
    expect(chosen).to_have_accessible_name("15: head 2, row 0, column 1; another token's number")
    notebook.keyboard.press("ArrowRight")
    expect(summary).to_contain_text("16: token 1, column 6 → head 3, token 1, column 0.")
    notebook.keyboard.press("ArrowDown")
    expect(summary).to_contain_text("26: token 2, column 6 → head 3, token 2, column 0.")
    expect(right.get_by_role("button", pressed=True)).to_be_focused()
    split.get_by_label("0: x").check()
    expect(split.locator(".qkv-followed").first).to_have_accessible_name("26: token 2, column 6")


def test_the_number_with_the_focus_is_seen_around_the_one_that_is_followed(
    notebook: Any, widget: Callable[[int], Any]
) -> None:
    widget(SPLIT).get_by_label("heads", exact=True).focus()
    notebook.keyboard.press("Tab")
    number = widget(SPLIT).locator(".qkv-followed").first
    expect(number).to_be_focused()
    expect(number).to_have_css("outline-width", "3px")
    expect(number).to_have_css("outline-offset", "5px")


def test_only_the_tempting_way_has_marks(widget: Callable[[int], Any]) -> None:
    split = widget(SPLIT)
    split.get_by_label("2: swap axes").check()
    expect(split.locator(".qkv-off")).to_have_count(20)
    expect(split.locator(".qkv-tempting .qkv-off")).to_have_count(20)
    expect(split.locator(".qkv-off[data-mark='×']")).to_have_count(16)


def test_a_learners_split_is_drawn_with_the_same_marks(widget: Callable[[int], Any]) -> None:
    yours = widget(STRAIGHT).locator(".qkv-yours")
    expect(yours).to_contain_text("Yours differs")
    expect(yours.get_by_role("img", name="20 of 24 numbers are out of place")).to_be_visible()


def test_numbers_glide_unless_the_learner_wants_less_motion(
    notebook: Any, widget: Callable[[int], Any]
) -> None:
    glide = "(cell) => getComputedStyle(cell).transitionDuration"
    number = widget(SPLIT).locator(".qkv-number").first
    assert number.evaluate(glide) == "0.7s"
    notebook.emulate_media(reduced_motion="reduce")
    assert number.evaluate(glide) == "0s"
    notebook.emulate_media(reduced_motion="no-preference")


@pytest.mark.parametrize("theme", ["Dark", "Light"])
def test_axe_finds_nothing_to_mend(
    notebook: Any, theme: str, violations: Callable[..., list[Any]]
) -> None:
    notebook.evaluate(
        "() => document.querySelectorAll('.qkv details').forEach((d) => d.open = true)"
    )
    assert violations(notebook, theme) == []

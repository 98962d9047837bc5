"""An explorer as a learner meets it: slider, keyboard, own function, themes, a busy kernel."""

from collections.abc import Callable
from typing import Any

import nbformat
import numpy as np
import pytest
from playwright.sync_api import expect

from qkv_course.widgets.scaling import compute

from .lab import wait_for_rest

pytestmark = pytest.mark.browser

CELLS = [
    """import numpy as np
from qkv_course.widgets import break_it, explore
from qkv_course.widgets.choices import ChoicesWidget
def scaled_scores(q, k):
    return q @ k.T / np.sqrt(q.shape[-1])
right = explore(scaled_scores)
right""",
    """def scaled_scores(q, k):
    return q @ k.T
explore(scaled_scores)""",
    """def scaled_scores(q, k):
    raise NotImplementedError
explore(scaled_scores)""",
    "right",
    """answers = []
ChoicesWidget("Which shape has `q @ k.T`, <i>exactly</i>?", ["`(2, 3)`", "`(4, 4)`"],
              ["Right. A row for each query.", "Not quite."], answers.append)""",
    """broken = break_it("attention_scores")
broken""",
]
RIGHT, WRONG, UNWRITTEN, AGAIN, CHOICES, BROKEN = range(6)


@pytest.fixture(scope="module")
def notebook(run_notebook: Callable[..., Any]) -> Any:
    page = run_notebook(CELLS)
    expect(page.locator(".qkv")).to_have_count(len(CELLS))
    return page


@pytest.fixture
def widget(notebook: Any) -> Callable[[int], Any]:
    return lambda number: notebook.locator(".qkv").nth(number)


def slider(widget: Any) -> Any:
    return widget.get_by_label("d_k", exact=True)


def test_a_key_on_the_slider_moves_pictures_text_and_python(
    notebook: Any, widget: Callable[[int], Any], in_kernel: Callable[..., str]
) -> None:
    canvas = widget(RIGHT).locator("canvas").first
    slider(widget(RIGHT)).focus()
    notebook.keyboard.press("Home")
    expect(widget(RIGHT).locator(".qkv-summary")).to_contain_text("d_k = 1,")
    before = canvas.screenshot()
    notebook.keyboard.press("End")
    expect(widget(RIGHT).locator(".qkv-summary")).to_contain_text("d_k = 1024,")
    expect(widget(RIGHT).get_by_role("status")).to_contain_text("d_k = 1024,")
    assert canvas.screenshot() != before
    wait_for_rest(notebook)
    assert in_kernel(notebook, "print(right.d_k)") == "1024\n"


def test_the_pictures_show_numpys_numbers(notebook: Any, widget: Callable[[int], Any]) -> None:
    shown = widget(RIGHT).evaluate(
        "(root) => [root.__qkv.settings(), Array.from(root.__qkv.result.weights.data)]"
    )
    right = compute(**shown[0])["weights"]
    np.testing.assert_allclose(np.reshape(shown[1], right.shape), right, atol=1e-6)
    cells = widget(RIGHT).locator(".qkv-heat").first.locator(".qkv-cell").all_inner_texts()
    assert cells[:8] == [f"{w:.2f}" for w in right[0]] or right[0].max() > 0.995


def test_python_moves_the_slider_in_all_views(
    notebook: Any, widget: Callable[[int], Any], in_kernel: Callable[..., str]
) -> None:
    wait_for_rest(notebook)
    in_kernel(notebook, "right.d_k = 100\nright.scale = True")
    for number in (RIGHT, AGAIN):
        expect(widget(number).locator(".qkv-value")).to_have_text("100")
        expect(widget(number).get_by_label("divide by")).to_be_checked()
    slider(widget(AGAIN)).focus()
    notebook.keyboard.press("ArrowRight")
    expect(widget(RIGHT).locator(".qkv-value")).to_have_text("128")


def test_plain_keys_stay_in_the_widget(notebook: Any, widget: Callable[[int], Any]) -> None:
    cells = notebook.locator(".jp-Cell").count()
    slider(widget(RIGHT)).focus()
    notebook.keyboard.press("Home")
    for key in ("a", "b", "d", "d", "m", "ArrowUp", "ArrowRight"):
        notebook.keyboard.press(key)
    expect(widget(RIGHT).locator(".qkv-value")).to_have_text("3")
    expect(slider(widget(RIGHT))).to_be_focused()
    assert notebook.locator(".jp-Cell").count() == cells


def test_the_heatmap_is_read_by_arrow_keys(notebook: Any, widget: Callable[[int], Any]) -> None:
    heatmap = widget(RIGHT).locator(".qkv-heat").first
    heatmap.focus()
    for _ in range(3):
        notebook.keyboard.press("ArrowRight")
    expect(widget(RIGHT).locator(".qkv-reading").first).to_contain_text("query q0, key k2: 0.")
    expect(widget(RIGHT).get_by_role("status")).to_contain_text("query q0, key k2: 0.")


def test_nothing_is_sent_while_the_slider_moves(
    notebook: Any, widget: Callable[[int], Any], in_kernel: Callable[..., str]
) -> None:
    wait_for_rest(notebook)
    in_kernel(notebook, "right.d_k = 1")
    expect(widget(RIGHT).locator(".qkv-value")).to_have_text("1")
    notebook.sent.clear()
    seen = widget(RIGHT).evaluate("""async (root) => {
      const input = root.querySelector("input[type=range]"), seen = [];
      for (let i = 0; i <= input.max; i++) {
        input.value = i;
        input.dispatchEvent(new Event("input", { bubbles: true }));
        await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
        seen.push(root.querySelector(".qkv-summary").textContent.split(",")[0]);
      }
      return seen;
    }""")
    sent = [frame for frame in notebook.sent if "comm_msg" in str(frame)]
    assert sent == [] and len(set(seen)) == 20
    wait_for_rest(notebook)
    assert in_kernel(notebook, "print(right.d_k)") == "1024\n"


def test_an_echo_of_an_older_move_does_not_pull_the_slider_back(
    notebook: Any, widget: Callable[[int], Any], in_kernel: Callable[..., str]
) -> None:
    shown = widget(RIGHT).evaluate("""(root) => {
      const view = root.__qkv;
      view.set("d_k", 3);
      view.model.set("d_k", 128); // as a message from Python does
      view.draw();
      return root.querySelector(".qkv-value").textContent;
    }""")
    assert shown == "3"
    wait_for_rest(notebook)
    assert in_kernel(notebook, "print(right.d_k)") == "3\n"
    expect(widget(AGAIN).locator(".qkv-value")).to_have_text("3")


def test_works_while_a_cell_runs(
    notebook: Any, widget: Callable[[int], Any], in_kernel: Callable[..., str]
) -> None:
    wait_for_rest(notebook)
    in_kernel(notebook, "right.d_k = 1")
    expect(widget(RIGHT).locator(".qkv-value")).to_have_text("1")
    gate = notebook.path.parent / "open-the-gate"
    wait = f"import pathlib, time\nwhile not pathlib.Path({gate.name!r}).exists(): time.sleep(0.05)"
    in_kernel(notebook, wait, wait=False)
    slider(widget(RIGHT)).focus()
    notebook.keyboard.press("End")
    expect(widget(RIGHT).locator(".qkv-summary")).to_contain_text("d_k = 1024,")
    yours = widget(RIGHT).locator(".qkv-yours")
    expect(yours).to_contain_text("waiting for Python")
    gate.touch()
    expect(yours).to_contain_text("Yours agrees")


def test_yours_says_how_the_learners_function_does(widget: Callable[[int], Any]) -> None:
    expect(widget(RIGHT).locator(".qkv-yours")).to_contain_text("Yours agrees")
    expect(widget(UNWRITTEN).locator(".qkv-yours")).to_contain_text("is not written yet")
    yours = widget(WRONG).locator(".qkv-yours")
    expect(yours).to_contain_text("Yours differs. scaled[0, 0] is ")
    expect(yours.locator(".qkv-heat")).to_have_count(2)
    expect(yours.locator(".qkv-differs")).to_have_count(48)


def test_the_table_has_the_numbers(widget: Callable[[int], Any]) -> None:
    widget(WRONG).locator("summary").click()
    weights = widget(WRONG).get_by_role("table", name="Weights")
    expect(weights.locator("tbody tr")).to_have_count(6)
    row = [float(x) for x in weights.locator("tbody tr").first.locator("td").all_inner_texts()]
    np.testing.assert_allclose(row, compute(64, False, 0)["weights"][0], rtol=1e-5)


def test_a_mistake_is_chosen_by_mouse_keyboard_and_python(
    notebook: Any, widget: Callable[[int], Any], in_kernel: Callable[..., str]
) -> None:
    wrong = widget(BROKEN).locator(".qkv-wrong")
    widget(BROKEN).get_by_label("the cosine in place of the dot product").click()
    expect(widget(BROKEN).locator(".qkv-summary")).to_contain_text("divides by the lengths")
    expect(wrong.locator(".qkv-cell").first).to_have_text("0.95")
    expect(widget(BROKEN).locator(".qkv-right .qkv-cell").first).to_have_text("3")
    notebook.keyboard.press("ArrowDown")
    expect(wrong.locator(".qkv-cell").first).to_have_text("2.12")
    wait_for_rest(notebook)
    in_kernel(notebook, "broken.mistake = 'elementwise-product'")
    expect(wrong).to_contain_text("It stops with ValueError")


def test_a_choice_shows_feedback_and_reaches_python(
    notebook: Any, widget: Callable[[int], Any], in_kernel: Callable[..., str]
) -> None:
    question = widget(CHOICES)
    expect(
        question.get_by_role("group", name="Which shape has q @ k.T, <i>exactly</i>?")
    ).to_be_visible()
    expect(question.locator("legend code")).to_have_text("q @ k.T")
    question.get_by_label("(2, 3)").click()
    expect(question).to_contain_text("Right. A row for each query.")
    notebook.keyboard.press("ArrowDown")
    expect(question).to_contain_text("Not quite.")
    expect(question.get_by_role("status")).to_contain_text("Not quite.")
    wait_for_rest(notebook)
    assert in_kernel(notebook, "print(answers[-1])") == "1\n"
    expect(widget(BROKEN).get_by_role("radio", checked=True)).to_have_count(1)


@pytest.mark.parametrize("theme", ["Dark", "Light"])
def test_axe_finds_nothing_to_mend(
    notebook: Any, theme: str, violations: Callable[..., list[Any]]
) -> None:
    assert violations(notebook, theme) == []


def test_an_untrusted_notebook_shows_the_poster(
    notebook: Any, open_notebook: Callable[..., Any]
) -> None:
    notebook.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    saved = nbformat.read(notebook.path, as_version=4)
    assert (
        "Run this cell to move the sliders." in saved.cells[RIGHT].outputs[0]["data"]["text/plain"]
    )
    saved.cells = [saved.cells[RIGHT], nbformat.v4.new_markdown_cell("This makes it untrusted.")]
    other = notebook.path.with_name("untrusted.ipynb")
    nbformat.write(saved, other)
    page = open_notebook(other)
    poster = page.locator(".jp-RenderedImage img")
    expect(poster).to_be_visible()
    assert poster.evaluate("(image) => image.naturalWidth") > 600
    assert page.locator(".qkv").count() == 0

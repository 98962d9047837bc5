"""A training as a learner meets it: it grows, it is stopped, it goes on, it is looked through."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import expect

from .conftest import SCREENSHOTS
from .lab import wait_for_rest

pytestmark = pytest.mark.browser

IMPORTS = (
    "from qkv_course.training import Training\nfrom qkv_course.widgets.training import watch\n"
)
LONG = IMPORTS + "run = Training('latin', seed=0, steps=20_000)\nwatch(run)"
SHORT = IMPORTS + "run = Training('reviews', seed=1, steps=60, every=20)\nwatch(run)"
KERNEL = "jupyterapp.shell.currentWidget.context.sessionContext.session.kernel"
IDLE = f"() => {KERNEL}.status === 'idle'"
ERRORS = """() => [...jupyterapp.shell.currentWidget.content.model.cells]
  .flatMap((cell) => cell.toJSON().outputs ?? [])
  .filter((output) => output.output_type === "error").length"""
PAST_THE_FRAME = """(root) => {
  const edge = root.getBoundingClientRect().right - parseFloat(getComputedStyle(root).paddingRight);
  return [...root.querySelectorAll(".qkv-controls *, .qkv-pane")]
    .filter((node) => node.getBoundingClientRect().right > edge + 0.5)
    .map((node) => `${node.tagName} ${node.className}`);
}"""
PIXELS = "(root) => root.querySelector('canvas').toDataURL()"


@pytest.fixture(scope="module")
def replay(run_notebook: Callable[..., Any]) -> Any:
    page = run_notebook(["from qkv_course import explore\nlook = explore('training')\nlook"])
    expect(page.locator(".qkv")).to_have_count(1)
    return page


@pytest.fixture
def widget(replay: Any, in_kernel: Callable[..., str]) -> Any:
    """The replay as it was at first."""
    wait_for_rest(replay)
    in_kernel(replay, "look.history, look.step, look.layer, look.head = 'reviews', 150, 1, 0")
    widget = replay.locator(".qkv")
    expect(summary(widget)).to_contain_text("Step 150,")
    expect(summary(widget)).to_contain_text("layer 1, head 0 attends")
    return widget


def summary(widget: Any) -> Any:
    return widget.locator(".qkv-summary")


def slider(widget: Any) -> Any:
    return widget.get_by_role("slider", name="step")


def standing(page: Any) -> Any:
    return page.locator(".qkv-standing")


def steps_made(page: Any, in_kernel: Callable[..., str]) -> int:
    return int(in_kernel(page, "print(run.step)"))


def wait_until_it_runs(page: Any) -> None:
    # torch is imported first, which takes a busy machine a while
    expect(standing(page).get_by_role("button", name="Stop")).to_be_visible(timeout=60_000)
    expect(summary(page)).not_to_contain_text("Step 0,")


def test_the_slider_goes_through_the_snapshots(
    replay: Any, widget: Any, in_kernel: Callable[..., str]
) -> None:
    before = widget.evaluate(PIXELS)
    slider(widget).press("Home")
    expect(summary(widget)).to_contain_text("Step 0,")
    assert widget.evaluate(PIXELS) != before
    expect(widget.locator(".qkv-passage figcaption")).to_contain_text("step 0")
    wait_for_rest(replay)
    assert in_kernel(replay, "print(look.step)") == "0\n"
    slider(widget).press("ArrowRight")
    expect(summary(widget)).to_contain_text("Step 25,")


def test_play_goes_to_the_end_and_begins_anew_there(widget: Any) -> None:
    slider(widget).press("End")
    for _ in range(2):
        slider(widget).press("ArrowLeft")
    button = widget.get_by_role("button", name="Play")
    button.click()
    expect(summary(widget)).to_contain_text("Step 1000,")
    expect(button).to_be_visible()
    button.click()
    expect(widget.get_by_role("button", name="Pause")).to_be_visible()
    expect(slider(widget)).not_to_have_value("24")
    widget.get_by_role("button", name="Pause").click()
    expect(button).to_be_visible()


def test_a_head_is_chosen_in_the_list_in_the_map_and_by_keyboard(replay: Any, widget: Any) -> None:
    widget.get_by_label("head").select_option("layer 0, head 3")
    expect(summary(widget)).to_contain_text("layer 0, head 3 attends")
    grid = widget.get_by_role("img", name="mean weight on each role")
    grid.locator(".qkv-cell").nth(0).click(force=True)
    expect(summary(widget)).to_contain_text("layer 0, head 0 attends")
    replay.mouse.move(0, 0)
    grid.focus()
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        replay.keyboard.press(key)
    expect(widget.get_by_label("head")).to_have_value("layer 0, head 1")
    expect(widget.locator(".qkv-label.qkv-on")).to_have_text("layer 0, head 1")


def test_words_weights_and_answers_are_text_and_follow_the_example(widget: Any) -> None:
    words = widget.locator(".qkv-passage li")
    expect(words.first).to_contain_text("<s>")
    expect(widget.locator(".qkv-passage")).to_contain_text("semantics bat (animal)")
    widget.get_by_label("example").select_option("2")
    expect(widget.locator(".qkv-passage")).to_contain_text("semantics mint (coins)")
    weights = [float(text) for text in words.locator("small").all_inner_texts()]
    assert sum(weights) == pytest.approx(1, abs=0.1)


def test_the_other_language_is_one_choice_away(widget: Any) -> None:
    widget.get_by_label("language").select_option("latin")
    expect(summary(widget)).to_contain_text("nominative")
    expect(widget.locator(".qkv-passage figcaption")).to_contain_text('What "dat" attends to')


@pytest.mark.parametrize("how", ["button", "■"])
def test_a_training_is_stopped_keeps_all_and_goes_on(
    how: str, run_notebook: Callable[..., Any], in_kernel: Callable[..., str]
) -> None:
    page = run_notebook([LONG, "then = run.step"], wait=False)
    wait_until_it_runs(page)
    if how == "button":
        standing(page).get_by_role("button", name="Stop").click()
    else:
        page.evaluate("() => jupyterapp.commands.execute('notebook:interrupt-kernel')")
    expect(standing(page)).to_contain_text("Stopped: step")
    expect(standing(page)).to_contain_text("watch(run)")
    page.wait_for_function(IDLE)
    assert page.evaluate(ERRORS) == 0
    made = steps_made(page, in_kernel)
    assert 0 < made < 20_000
    assert int(in_kernel(page, "print(then)")) == made  # the cells behind it run on
    shown = int(page.locator(".qkv-training [type=range]").get_attribute("aria-valuetext")[5:])
    assert shown == int(in_kernel(page, "print(run.history.steps[-1])"))
    in_kernel(page, f"run.steps = {made + 40}\nrun.train()")
    assert in_kernel(page, "print(run.step, run.done)") == f"{made + 40} True\n"


def test_the_pictures_can_be_looked_through_while_it_runs(
    run_notebook: Callable[..., Any], in_kernel: Callable[..., str]
) -> None:
    page = run_notebook([LONG], wait=False)
    wait_until_it_runs(page)
    widget = page.locator(".qkv")
    slider(widget).press("Home")
    expect(summary(widget)).to_contain_text("Step 0,")
    newest = int(slider(widget).get_attribute("max"))
    page.wait_for_function(
        "(n) => +document.querySelector('.qkv [type=range]').max > n", arg=newest
    )
    expect(summary(widget)).to_contain_text("Step 0,")  # what comes does not pull it away
    slider(widget).press("End")
    expect(summary(widget)).not_to_contain_text("Step 0,")
    shown = summary(widget).inner_text()
    expect(summary(widget)).not_to_have_text(shown)  # and at the end it follows again
    standing(page).get_by_role("button", name="Stop").click()
    expect(standing(page)).to_contain_text("Stopped")


@pytest.fixture(scope="module")
def finished(run_notebook: Callable[..., Any]) -> Any:
    page = run_notebook([SHORT])
    expect(standing(page)).to_contain_text("Done: step 60 of 60")
    return page


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_axe_finds_nothing_to_mend(
    finished: Any, theme: str, violations: Callable[..., list[Any]]
) -> None:
    finished.locator(".qkv summary").click()
    assert violations(finished, theme) == []


def test_a_saved_training_is_small_has_its_last_picture_and_lives_without_a_kernel(
    finished: Any, open_notebook: Callable[..., Any], tmp_path: Path
) -> None:
    finished.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    copy = tmp_path / "saved.ipynb"
    shutil.copy(finished.path, copy)
    notebook = nbformat.read(copy, as_version=4)
    state = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    assert [len(str(m)) < 50_000 for m in state.values() if "_esm" in m["state"]] == [True]
    (output,) = [o for o in notebook.cells[0].outputs if "data" in o]
    assert "Step 60," in output.data["text/plain"] and "image/png" in output.data
    page = open_notebook(copy)
    widget = page.locator(".qkv")
    expect(summary(widget)).to_contain_text("Step 60,")
    slider(widget).press("Home")
    expect(summary(widget)).to_contain_text("Step 0,")


@pytest.mark.parametrize("width", [320, 780, 1100])
def test_nothing_runs_past_the_frame(widget: Any, width: int) -> None:
    widget.evaluate("(root, width) => { root.style.width = `${width}px`; }", width)
    past = widget.evaluate(PAST_THE_FRAME)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    widget.screenshot(path=SCREENSHOTS / f"training-{width}.png")
    widget.evaluate("(root) => { root.style.width = ''; }")
    assert past == []

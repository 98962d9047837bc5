"""How fast an explorer follows its slider, in a real JupyterLab in Chromium.

The picture: from a key press on the slider to the frame after the one that draws it. The
arithmetic: computing and drawing alone. The widget: from running its cell to seeing it. With
96 heads, beside them: the same picture made with ipywidgets.interactive and matplotlib.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from qkv_course.widgets import EXPLORERS

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run"),
]
CALLS = {name: f"explore({name!r})" for name in EXPLORERS}
CALLS["attention"] = "explore('attention', heads=96)"
SLIDERS = {"attention": "d_k"}  # the one that is moved, where it is not the first
USUAL = (Path(__file__).parent / "matplotlib_explorer.py").read_text("utf-8")
CELLS = ["from qkv_course import explore", *CALLS.values(), USUAL]
FAST, SLOW = "attention, 96 heads: key to picture", "with matplotlib, 96 heads: key to picture"
RATIOS = {"matplotlib / ours, 96 heads": (SLOW, FAST)}
KERNEL = "window.jupyterapp?.shell.currentWidget?.context?.sessionContext?.session?.kernel"
RUN_NEXT = "() => { jupyterapp.commands.execute('notebook:run-cell-and-select-next') }"
# A key press, then two frames: the first draws, the second shows that it is done.
PRESS = """(input) => new Promise((done) => {
  const start = performance.now(), up = Number(input.value) < Number(input.max);
  input.value = Number(input.value) + (up ? 1 : -1) * (Number(input.step) || 1);
  input.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
})"""
# The same for the usual way: until another picture has come and a frame has shown it.
PRESS_USUAL = """(area) => new Promise((done) => {
  const picture = () => area.querySelector("img"), before = picture().src;
  const start = performance.now();
  area.querySelector(".noUi-handle").dispatchEvent(
    new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
  const look = () => {
    const now = picture();
    if (now && now.src !== before && now.complete)
      requestAnimationFrame(() => done(performance.now() - start));
    else requestAnimationFrame(look);
  };
  look();
})"""
DRAW = """(root) => {
  const start = performance.now();
  root.__qkv.key = null; // compute as well, as after a move
  root.__qkv.draw();
  return performance.now() - start;
}"""


def rows() -> Iterator[tuple[str, list[float]]]:
    """Open one notebook with all explorers and move the first slider of each."""
    from playwright.sync_api import sync_playwright

    from tests.browser.lab import running_lab

    with (
        sync_playwright() as playwright,
        tempfile.TemporaryDirectory() as home,
        running_lab(Path(home)) as lab,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = open_notebook(browser, lab)
        yield "explorer: run its cell, see it", [show(page, i) for i in range(len(CALLS))]
        for number, name in enumerate(CALLS):
            yield from moves(page.locator(".qkv").nth(number), name)
        page.evaluate(RUN_NEXT)
        usual = page.locator(".jp-OutputArea", has=page.locator(".noUi-handle")).first
        usual.locator("img").wait_for()
        yield SLOW, repeat(lambda: usual.evaluate(PRESS_USUAL), times=20)
        browser.close()


def moves(widget: Any, name: str) -> Iterator[tuple[str, list[float]]]:
    """Move an explorer's slider, and draw it without one."""
    widget.scroll_into_view_if_needed()
    sliders = widget.locator("input[type=range]:visible")
    slider = widget.get_by_role("slider", name=SLIDERS[name]) if name in SLIDERS else sliders.first
    title = "attention, 96 heads" if name == "attention" else name
    if slider.count():
        yield f"{title}: key to picture", repeat(lambda: slider.evaluate(PRESS))
    yield f"{title}: arithmetic and drawing", repeat(lambda: widget.evaluate(DRAW))


def open_notebook(browser: Any, lab: Any) -> Any:
    """Open a notebook with a cell for each explorer, its kernel ready and warm."""
    import nbformat

    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), lab.root / "b.ipynb")
    page = browser.new_context(viewport={"width": 1300, "height": 1400}).new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{lab.url}/doc/tree/b.ipynb?reset")
    page.wait_for_function(f"() => {KERNEL}?.connectionStatus === 'connected'")
    page.evaluate(RUN_NEXT)
    page.locator(".jp-InputPrompt", has_text="[1]").wait_for()
    return page


def show(page: Any, number: int) -> float:
    """Run the next cell and wait for its explorer. Returns milliseconds."""
    start = time.perf_counter()
    page.evaluate(RUN_NEXT)
    page.locator(".qkv").nth(number).locator(".qkv-summary").wait_for()
    return 1000 * (time.perf_counter() - start)


def repeat(move: Callable[[], float], times: int = 40) -> list[float]:
    """Do something `times` times, after three that do not count."""
    return [move() for _ in range(times + 3)][3:]

"""How fast an explorer follows its slider, in a real JupyterLab in Chromium.

The picture: from a key press on the slider to the frame after the one that draws it. The
arithmetic: computing and drawing alone. The widget: from running its cell to seeing it.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run"),
]
NAMES = ("dot", "influence", "lookup", "projections", "scaling", "softmax", "context")
CELLS = ["from qkv_course import explore", *(f"explore({name!r})" for name in NAMES)]
KERNEL = "window.jupyterapp?.shell.currentWidget?.context?.sessionContext?.session?.kernel"
RUN_NEXT = "() => { jupyterapp.commands.execute('notebook:run-cell-and-select-next') }"
# A key press, then two frames: the first draws, the second shows that it is done.
PRESS = """(input) => new Promise((done) => {
  const start = performance.now(), up = Number(input.value) < Number(input.max);
  input.value = Number(input.value) + (up ? 1 : -1) * (Number(input.step) || 1);
  input.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
})"""
DRAW = """(root) => {
  const start = performance.now();
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
        seen = [show(page, number) for number in range(len(NAMES))]
        yield "explorer: run its cell, see it", seen
        for number, name in enumerate(NAMES):
            widget = page.locator(".qkv").nth(number)
            widget.scroll_into_view_if_needed()
            slider = widget.locator("input[type=range]:visible").first
            if slider.count():
                yield f"{name}: key to picture", repeat(lambda s=slider: s.evaluate(PRESS))
            yield f"{name}: arithmetic and drawing", repeat(lambda w=widget: w.evaluate(DRAW))
        browser.close()


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

"""A real JupyterLab in a real Chromium, for tests of what a learner sees and presses.

`run_notebook` opens a notebook, or a list of cells, and runs all of it. One lab serves all
tests; a page that asks for anything outside of it fails its module.
"""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect

from .lab import Lab, running_lab

SCREENSHOTS = Path(__file__).parents[2] / "test-results" / "screenshots"
CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox --disable-gpu --disable-background-networking "
    "--disable-component-update --disable-sync --no-first-run"
)
SESSION = "jupyterapp.shell.currentWidget.context.sessionContext"
ERRORS = """() => [...jupyterapp.shell.currentWidget.content.model.cells]
  .flatMap((cell) => cell.toJSON().outputs ?? [])
  .filter((output) => output.output_type === "error")
  .map((output) => `${output.ename}: ${output.evalue}`)"""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Have pytest-playwright start the system's Chromium."""
    if not Path(CHROMIUM).exists():
        if os.environ.get("CI"):
            pytest.fail(f"There is no {CHROMIUM}, which the browser tests need.")
        pytest.skip(f"There is no {CHROMIUM}: `apt-get install chromium` gives one.")
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": FLAGS.split()}


@pytest.fixture(scope="session", autouse=True)
def patience() -> None:
    """Give a busy machine time; nothing here waits longer than it has to."""
    expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def lab(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Start the one lab of the session, if there is a browser to look at it."""
    with running_lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


def place(notebook: Path | Sequence[str], folder: Path) -> Path:
    """Put a notebook, or one made of the cells' sources, into the lab's folder."""
    path = folder / f"{uuid.uuid4().hex}.ipynb"
    if isinstance(notebook, Path):
        shutil.copy(notebook, path)
    else:
        cells = [nbformat.v4.new_code_cell(source) for source in notebook]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)
    return path


def open_page(browser: Any, lab: Lab, path: Path, outside: list[str]) -> Any:
    """Open a notebook in a window of its own; what it asks of others is refused and listed."""

    def refuse(route: Any) -> None:
        outside.append(route.request.url)
        route.abort()

    page = browser.new_context(viewport={"width": 1300, "height": 1400}).new_page()
    page.path, page.sent = path, []
    page.set_default_timeout(60_000)
    page.route(lambda url: not lab.owns(url), refuse)
    page.on("websocket", lambda ws: ws.on("framesent", lambda f: page.sent.append(f)))
    page.goto(f"{lab.url}/doc/tree/{path.name}?reset")
    session = SESSION.replace(".", "?.").replace("jupyterapp", "window.jupyterapp")
    page.wait_for_function(f"() => {session}?.session?.kernel?.connectionStatus === 'connected'")
    return page


def keep_pictures(page: Any, name: str) -> None:
    """Keep a picture of every widget as the tests left it, for those who look at the run."""
    for number, widget in enumerate(page.locator(".qkv:visible").all()):
        with suppress(PlaywrightError):  # a picture that cannot be taken is no failure
            widget.screenshot(path=SCREENSHOTS / f"{name}-{number}.png", timeout=5_000)


@pytest.fixture(scope="module")
def open_notebook(
    lab: Lab, browser: Any, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Any]]:
    """Give a function that opens a notebook, without running it, and returns its page.

    The page has its file as `path`, and in `sent` all that goes to the server by websocket.
    """
    outside: list[str] = []
    pages: list[Any] = []

    def go(notebook: Path | Sequence[str]) -> Any:
        pages.append(open_page(browser, lab, place(notebook, lab.root), outside))
        return pages[-1]

    yield go
    for number, page in enumerate(pages):
        keep_pictures(page, f"{request.path.stem}-{number}")
        page.evaluate(f"() => {SESSION}.shutdown()")
        page.context.close()
    assert outside == [], f"The page asked for something outside: {outside}"


@pytest.fixture(scope="module")
def run_notebook(open_notebook: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function that opens a notebook, runs all its cells and returns its page.

    It takes a path or a list of cells' sources. Without `wait` it returns while the cells
    still run; with `errors`, cells may fail.
    """

    def go(notebook: Path | Sequence[str], wait: bool = True, errors: bool = False) -> Any:
        page = open_notebook(notebook)
        run = "jupyterapp.commands.execute('notebook:run-all-cells')"
        page.evaluate(f"() => {run}" if wait else f"() => {{ {run} }}")
        if not errors:
            assert page.evaluate(ERRORS) == []
        return page

    return go


@pytest.fixture(scope="session")
def in_kernel() -> Callable[..., str]:
    """Give a function that runs code in a page's kernel and returns what it prints.

    With `wait=False` it returns at once, with nothing.
    """
    run = f"""([code, wait]) => {{
      const future = {SESSION}.session.kernel.requestExecute({{ code }});
      let printed = "";
      future.onIOPub = (message) => {{ printed += message.content.text ?? ""; }};
      return wait ? future.done.then(() => printed) : printed;
    }}"""

    def go(page: Any, code: str, wait: bool = True) -> str:
        return str(page.evaluate(run, [code, wait]))

    return go


@pytest.fixture(scope="session")
def violations() -> Callable[..., list[Any]]:
    """Give a function that has axe look at a page's widgets in a theme, "Light" or "Dark"."""

    def go(page: Any, theme: str, within: str = ".qkv") -> list[Any]:
        change = "(theme) => jupyterapp.commands.execute('apputils:change-theme', { theme })"
        page.evaluate(change, f"JupyterLab {theme}")
        light = "true" if theme == "Light" else "false"
        expect(page.locator("body")).to_have_attribute("data-jp-theme-light", light)
        # JupyterLab's body has no height: axe takes all of it for hidden, and skips its colors.
        page.add_style_tag(content="body { height: 100vh; }")
        found = Axe().run(page, context=within).response["violations"]
        return [(v["id"], node["html"][:200]) for v in found for node in v["nodes"]]

    return go

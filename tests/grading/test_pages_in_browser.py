"""The grader's pages in a real browser: usable by all, on small screens, and inert."""

import dataclasses
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from made_up import CLASS, MISSING, SOFTMAX, exercise, result

from qkv_course.checks.render import report_html
from qkv_course.checks.report import Comparison, Report
from qkv_course.grading.pages import write_pages
from qkv_course.grading.results import ExerciseResult

pytestmark = pytest.mark.browser

CHROMIUM = "/usr/bin/chromium"
WIDE = np.full((8, 8), 123.4567), np.zeros((8, 8))
NAME = '"><img src=x onerror=alert(1)><script>alert(1)</script>'


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Have pytest-playwright start the system's Chromium."""
    if not Path(CHROMIUM).exists():
        if os.environ.get("CI"):
            pytest.fail(f"There is no {CHROMIUM}, which the browser tests need.")
        pytest.skip(f"There is no {CHROMIUM}: `apt-get install chromium` gives one.")
    flags = ["--no-sandbox", "--disable-gpu"]
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": flags}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the pages of a class with one hostile learner."""
    hostile = dataclasses.replace(exercise("softmax", 2, "raised"), code=NAME, text=NAME)
    code = "def wide():\n    return " + " + ".join(f"term_{i}" for i in range(40))
    wide = Report("softmax", "wrong", expected="This.", comparison=Comparison("w", *WIDE))
    card = ExerciseResult("softmax", 0, 2, "wrong", html=report_html(wide), code=code)
    carded = result("carded", SOFTMAX, exercises=(card,))
    weak = result(NAME, SOFTMAX, exercises=(hostile,), notes=(NAME,), rung="process")
    folder = tmp_path_factory.mktemp("site")
    write_pages(folder, [*CLASS, weak, carded], [*MISSING, NAME], [(NAME, NAME)])
    return folder


@pytest.mark.parametrize("width", [360, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_mend(browser: Any, site: Path, scheme: str, width: int) -> None:
    size = {"width": width, "height": 800}
    context = browser.new_context(color_scheme=scheme, viewport=size, bypass_csp=True)
    for path in (site / "index.html", *(site / "feedback").iterdir()):
        page = context.new_page()
        page.goto(path.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach((part) => part.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    context.close()


def test_a_page_asks_for_nothing_and_runs_nothing(browser: Any, site: Path) -> None:
    context = browser.new_context()
    seen: list[str] = []
    for path in (site / "index.html", *(site / "feedback").iterdir()):
        page = context.new_page()
        page.on("dialog", lambda dialog: seen.append(dialog.message))
        page.on("console", lambda message: seen.append(message.text))
        page.on("request", lambda request: seen.append(request.url))
        page.goto(path.as_uri())
        assert page.locator("script, img").count() == 0
        assert seen == [path.as_uri()]
        seen.clear()
    context.close()


def test_names_and_titles_stay_in_sight_in_a_long_table(browser: Any, tmp_path: Path) -> None:
    crowd = [result(f"learner {i:03}", SOFTMAX) for i in range(200)]
    page = browser.new_page(viewport={"width": 360, "height": 700})
    page.goto(write_pages(tmp_path, crowd).as_uri())
    table = page.get_by_role("region", name=SOFTMAX)
    table.scroll_into_view_if_needed()
    table.evaluate("(part) => part.scrollTo(200, 3000)")
    box, head = table.bounding_box(), table.locator("thead th").first.bounding_box()
    name = table.get_by_role("rowheader", name="learner 100").bounding_box()
    assert abs(head["x"] - box["x"]) < 3 and abs(head["y"] - box["y"]) < 3
    assert abs(name["x"] - box["x"]) < 3
    page.close()

"""The teacher's page in a real Chromium: live, sorted by need, inert, usable by all."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from running import KEY, RunningBoard, event

pytestmark = pytest.mark.browser

CHROMIUM = "/usr/bin/chromium"
SCREENSHOTS = Path(__file__).parents[2] / "test-results" / "screenshots"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Have pytest-playwright start the system's Chromium."""
    if not Path(CHROMIUM).exists():
        if os.environ.get("CI"):
            pytest.fail(f"There is no {CHROMIUM}, which the browser tests need.")
        pytest.skip(f"There is no {CHROMIUM}: `apt-get install chromium` gives one.")
    flags = ["--no-sandbox", "--disable-gpu"]
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": flags}


@pytest.fixture
def open_board(browser: Any) -> Iterator[Callable[..., Any]]:
    """Give a function that opens a board's page by the private link.

    The page fails its test if it asks for anything outside, or its console shows an error.
    """
    contexts, seen = [], []

    def go(board: RunningBoard, errors: bool = False, **options: Any) -> Any:
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(20_000)
        ours = (board.url, "data:")
        page.on("request", lambda r: r.url.startswith(ours) or seen.append(r.url))
        page.on("dialog", lambda dialog: seen.append(dialog.message))
        if not errors:
            page.on(
                "console",
                lambda m: m.type == "error" and "404" not in m.text and seen.append(m.text),
            )
        page.on("pageerror", lambda error: seen.append(str(error)))
        page.goto(f"{board.url}/?key={KEY.replace(chr(39), '%27')}")
        expect(page.get_by_role("status")).to_have_text("Live")
        return page

    yield go
    for context in contexts:
        context.close()
    assert seen == []


def fill(board: RunningBoard) -> dict[str, tuple[str, str]]:
    """Let a few learners fare differently. Returns tokens and names."""
    people = {who: board.join() for who in ("fine", "stuck", "flagged", "new")}
    by = {who: token for who, (token, _) in people.items()}
    board.report(by["fine"], event(1), event(2, status="passed", attempt=2))
    wrong = [event(n, "scaled_scores", attempt=n, mistake="divided-by-d-k") for n in range(1, 4)]
    board.report(by["stuck"], *wrong, event(9, "dot", "passed"), event(10, status="raised"))
    board.report(by["flagged"], event(1, "dot", "not attempted", attempt=0))
    board.report(by["flagged"], event(2, "dot", "need help", attempt=0))
    return people


def names(page: Any) -> list[str]:
    return [str(text) for text in page.locator("tbody th").all_inner_texts()]


def test_who_needs_help_comes_first(new_board: Any, open_board: Any) -> None:
    board = new_board()
    people = fill(board)
    page = open_board(board)
    order = [people[who][1] for who in ("flagged", "stuck")]
    assert names(page)[:2] == order
    assert set(names(page)) == {name for _, name in people.values()}
    row = page.get_by_role("row").filter(has_text=order[1])
    expect(row).to_contain_text("scaled_scores: a division by d_k in place of √d_k")
    expect(row).to_contain_text("✗ 3")
    expect(row).to_contain_text("! 1")
    assert page.url == f"{board.url}/"  # the key is out of the address
    expect(page.get_by_role("heading", level=1)).to_have_text("Attention & <b>Co</b>")
    expect(page.get_by_text("no basis for grades")).to_be_visible()


def test_a_flag_is_there_within_a_second(new_board: Any, open_board: Any) -> None:
    board = new_board()
    people = fill(board)
    page = open_board(board)
    token, name = people["new"]
    board.report(token, event(1, "softmax", "need help", attempt=0))
    row = page.get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text("⚑ help at softmax", timeout=1_000)
    expect(page.get_by_text("4 learners. Flags up: 2.")).to_be_visible()
    board.report(people["flagged"][0], event(3, "", "all good", attempt=0))
    expect(page.get_by_text("Flags up: 1.")).to_be_visible(timeout=1_000)
    assert names(page)[0] == name
    board.ask("DELETE", "api/me", token=token)
    expect(page.get_by_text(name)).to_have_count(0)


def test_the_page_says_when_the_board_is_gone_and_comes_back(
    new_board: Any, open_board: Any
) -> None:
    board = new_board()
    token, name = board.join()
    page = open_board(board, errors=True)
    board.kill()
    expect(page.get_by_role("status")).to_contain_text("No word since")
    board.start()
    board.report(token, event(1))
    expect(page.get_by_role("status")).to_have_text("Live")
    expect(page.get_by_role("row").filter(has_text=name)).to_contain_text("✗ 1")


def test_names_are_hidden_for_the_projector(new_board: Any, open_board: Any) -> None:
    board = new_board()
    people = fill(board)
    page = open_board(board)
    page.get_by_label("Hide names").press("Space")
    assert names(page) == ["learner 1", "learner 2", "learner 3", "learner 4"]
    assert all(name not in page.content() for _, name in people.values())
    csv = page.request.get(board.url + "/" + page.get_by_text("Table (CSV)").get_attribute("href"))
    assert csv.ok and all(name not in csv.text() for _, name in people.values())


def test_the_table_can_be_held_still(new_board: Any, open_board: Any) -> None:
    board = new_board()
    people = fill(board)
    page = open_board(board)
    before = names(page)
    page.get_by_label("Hold still").check()
    board.report(people["new"][0], event(1, "dot", "need help", attempt=0))
    expect(page.get_by_text("Held still: there is news.")).to_be_visible()
    assert names(page) == before
    page.get_by_label("Hold still").uncheck()
    expect(page.get_by_text("Held still")).to_have_count(0)
    assert people["new"][1] in names(page)[:2]


def test_one_lesson_at_a_time(new_board: Any, open_board: Any) -> None:
    board = new_board()
    fill(board)
    page = open_board(board)
    heads = page.locator("th.exercise span")
    assert heads.all_inner_texts() == ["dot", "scaled_scores", "softmax"]
    page.get_by_label("Exercises").select_option("05_softmax")
    assert heads.all_inner_texts() == ["softmax"]
    expect(page.locator("th.exercise small")).to_have_text("1/2")


@pytest.mark.parametrize("width", [400, 1300])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_mend(
    new_board: Any, open_board: Any, scheme: str, width: int
) -> None:
    board = new_board()
    fill(board)
    size = {"width": width, "height": 800}
    page = open_board(board, color_scheme=scheme, viewport=size, bypass_csp=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page)
    page.screenshot(path=SCREENSHOTS / f"board-{scheme}-{width}.png")
    assert found.violations_count == 0, found.generate_report()


def test_a_hostile_name_stays_text(new_board: Any, open_board: Any) -> None:
    board = new_board()
    page = open_board(board)
    html = '<img src=x onerror="alert(1)"><script>alert(1)</script>'
    row = {"name": html, "cells": {}, "flag": {"exercise": html, "since": 0}}
    news = {"rows": [row], "gone": [], "mistakes": [], "now": 0}
    page.evaluate("(news) => take('change', news)", news)
    assert names(page) == [html]
    assert page.locator("main img, main script").count() == 0

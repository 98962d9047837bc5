"""The decks, in a real browser with every request to anywhere else refused."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qkv_course.errors import QkvError
from qkv_course.lessons import LESSONS
from qkv_course.workshop import decks
from qkv_course.workshop.outline import outline
from qkv_course.workshop.slides import inline, lead, make_deck

CHROMIUM = "/usr/bin/chromium"
MOST_BYTES = 10_000_000
OVER_THE_EDGE = """() => {
  const slide = Reveal.getCurrentSlide(), edge = slide.getBoundingClientRect();
  const write = slide.querySelector('.write');
  const bottom = write ? write.getBoundingClientRect().top : edge.bottom;
  return [...slide.querySelectorAll('h2, .body p, .body li, .body img, .body pre, mjx-container')]
    .filter((part) => !part.closest('aside'))
    .filter((part) => {
      const box = part.getBoundingClientRect();
      return box.height && (box.bottom > bottom + 2 || box.right > edge.right + 2);
    }).map((part) => part.tagName + ': ' + part.textContent.slice(0, 40));
}"""


@pytest.fixture(scope="module", autouse=True)
def course() -> Iterator[None]:
    """Take the solutions from this checkout; making slides keeps no progress."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QKV_HOME", str(Path(__file__).parents[2]))
        yield


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_deck_is_short_and_each_slide_has_notes(lesson: str) -> None:
    deck = make_deck(lesson, decks.solved(lesson))
    assert 8 <= len(deck.slides) <= 12
    assert all(slide.notes for slide in deck.slides)
    assert all(slide.title for slide in deck.slides)
    kinds = [slide.kind for slide in deck.slides]
    assert (kinds[0], kinds[1], kinds[-1]) == ("opening", "predict", "take-away")
    assert inline(outline(lesson).keypoints[0]) in deck.slides[-1].html


def test_the_right_answer_is_in_the_notes_and_not_on_the_slide() -> None:
    deck = make_deck("04_scores_and_scaling", decks.solved("04_scores_and_scaling"))
    guess = deck.slides[1]
    assert "<b>B (right)</b>" in guess.notes
    assert "√100 is 10" in guess.notes and "√100 is 10" not in guess.html


def test_a_lead_leaves_out_what_speaks_of_the_page() -> None:
    text = "Weights share a budget. The cell below shows it. Each row sums to 1.\n\n1. One\n2. Two"
    assert lead([text]) == "Weights share a budget. Each row sums to 1.\n\n1. One\n2. Two"
    assert lead(["Two loops make nine scores:\n\n```\ncode\n```"]) == "Two loops make nine scores."


def test_words_cannot_become_markup() -> None:
    assert inline("<b> & `a<b`") == "&lt;b&gt; &amp; <code>a&lt;b</code>"


def test_without_npm_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QKV_HOME", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(QkvError, match=r"Install Node\.js 18"):
        decks.fetch_modules()
    with pytest.raises(QkvError, match="cannot be read"):
        decks.solved("02_lookup")


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
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("npm"):
        pytest.skip("There is no npm, which brings what the slides stand on.")
    folder = tmp_path_factory.mktemp("slides")
    decks.write_decks(folder, list(LESSONS))
    return folder


@pytest.mark.browser
def test_all_decks_together_stay_small(folder: Path) -> None:
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= MOST_BYTES


@pytest.mark.browser
@pytest.mark.parametrize("lesson", LESSONS)
def test_a_deck_opens_with_the_network_cut(browser: Any, folder: Path, lesson: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page, wrong = context.new_page(), list[str]()
    context.route(lambda url: not url.startswith("file:"), lambda route: route.abort())
    page.on("requestfailed", lambda request: wrong.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.goto((folder / f"{lesson}.html").as_uri())
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    deck = make_deck(lesson, decks.solved(lesson))
    assert page.evaluate("Reveal.getTotalSlides()") == len(deck.slides)
    for at in range(len(deck.slides)):
        page.evaluate(f"Reveal.slide({at})")
        assert page.evaluate(OVER_THE_EDGE) == [], f"slide {at + 1}"
    loaded = "[...document.images].every((image) => image.complete && image.naturalWidth)"
    assert page.evaluate(loaded)
    if any("$$" in slide.html for slide in deck.slides):
        assert page.locator(".words mjx-container svg").count()
    assert wrong == []
    context.close()


@pytest.mark.browser
def test_a_deck_prints_a_page_for_each_slide(folder: Path, browser: Any) -> None:
    pdf = decks.write_pdf(folder / "02_lookup.html")
    assert decks.pages_of(pdf) == 12

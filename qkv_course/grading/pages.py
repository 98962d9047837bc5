"""The pages that people read: one for each learner, and one for the teacher.

Each page is one file: no scripts, nothing fetched, and whatever learners wrote is shown as text.
"""

import re
import statistics
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from qkv_course.checks.render import STYLE
from qkv_course.grading.files import file_name, printable, write_whole
from qkv_course.grading.ladder import RUNGS
from qkv_course.grading.results import ExerciseResult, Result
from qkv_course.grading.tally import ByLearner, best, in_order, lessons_of, points_of, reading_order
from qkv_course.grading.teach_again import mistakes_of_class
from qkv_course.grading.trusted_html import card
from qkv_course.lessons import LESSONS

IN_FULL = 10  # mistakes of a class that are explained; the others are listed
LONG_CODE = 25  # lines; more are folded away
MOST_CODE = 20_000  # characters of code or text on a page
# Order the letters around them anew, so that code reads otherwise than it runs.
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
UNSEEN = re.compile(rf"[{BIDI}\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")

SIGNS = {
    "passed": "✓",
    "wrong": "✗",
    "raised": "✗",
    "timed out": "✗",
    "crashed": "✗",
    "not attempted": "○",
    "missing": "–",
}
WORDS = {
    "passed": "passed",
    "wrong": "not right yet",
    "raised": "stopped with an error",
    "timed out": "took too long",
    "crashed": "ended Python",
    "not attempted": "not attempted",
    "missing": "not in the notebook",
}
AGAIN = (
    "Change it, run its cell, then `check({0})` in the notebook. `hint({0})` gives a nudge, and "
    "more each time you ask."
)
GO_ON = {  # after what the report itself says
    "wrong": AGAIN,
    "raised": AGAIN,
    "timed out": AGAIN,
    "crashed": "Restart the kernel, run the notebook from the top, then `check({0})`, and watch "
    "where it stops: too much memory, or a call that ends the process.",
}
WEAK = {"process"}


def write_pages(
    folder: Path,
    results: Iterable[Result],
    missing: Sequence[str] = (),
    ignored: Sequence[tuple[str, str]] = (),
    seconds: float | None = None,
) -> Path:
    """Write index.html and feedback/ into a folder; the arguments are those of `cohort_page`.

    Returns the path of index.html. Raises OSError.
    """
    results = list(results)
    for learner in {result.learner for result in results}:
        page = feedback_page(learner, [r for r in results if r.learner == learner])
        write_whole(folder / "feedback" / file_name(learner, ".html"), page.encode())
    index = folder / "index.html"
    write_whole(index, cohort_page(results, missing, ignored, seconds).encode())
    return index


def feedback_page(learner: str, results: Iterable[Result]) -> str:
    """Write a learner's page: points by lesson, then each exercise, and how it was graded."""
    results = in_order(results)
    counted = best(results).get(learner, {})
    return _render(
        "feedback.html",
        learner=learner,
        counted=list(counted.values()),
        unread=[result for result in results if not result.exercises],
    )


def cohort_page(
    results: Iterable[Result],
    missing: Sequence[str] = (),
    ignored: Sequence[tuple[str, str]] = (),
    seconds: float | None = None,
) -> str:
    """Write the teacher's page.

    missing: names of learners on the roster who handed in nothing. ignored: files that were
    left out, each with a sentence. seconds: how long the whole run took, if it is known.
    """
    results = in_order(results)
    learners = best(results)
    return _render(
        "cohort.html",
        learners=learners,
        lessons=[_lesson(lesson, learners) for lesson in lessons_of(results)],
        figures=_figures(results, learners, missing, seconds),
        mistakes=mistakes_of_class(results),
        problems=[r for r in results if not r.exercises and r.problem],
        missing=sorted(missing, key=reading_order),
        ignored=ignored,
        rungs=_rungs(results),
        weak=WEAK,
        isolation=RUNGS,
    )


@dataclass(frozen=True)
class LessonTable:
    """One lesson's part of the teacher's page.

    exercises: their points. rows: for those who handed it in, the learner, the results in the
    order of the exercises, and the points. passed: how many, by exercise. through: how many have
    all points.
    """

    name: str
    exercises: dict[str, int]
    of_points: int
    rows: list[tuple[str, list[ExerciseResult | None], int]]
    passed: list[int]
    through: int


def _lesson(lesson: str, learners: ByLearner) -> LessonTable:
    exercises, rows = LESSONS.get(lesson, {}), []
    for learner, done in learners.items():
        if lesson in done:
            by_name = {e.exercise: e for e in done[lesson].exercises}
            rows.append((learner, [by_name.get(n) for n in exercises], done[lesson].points))
    columns = zip(*(cells for _, cells, _ in rows), strict=True)
    passed = [sum(e is not None and e.passed for e in column) for column in columns]
    full = points_of(lesson)
    through = sum(points == full > 0 for *_, points in rows)
    return LessonTable(lesson, exercises, full, rows, passed, through)


def _figures(
    results: list[Result], learners: ByLearner, missing: Sequence[str], seconds: float | None
) -> dict[str, Any]:
    full = sum(points_of(lesson) for lesson in lessons_of(results))
    totals = [sum(r.points for r in done.values()) for done in learners.values()]
    times = [result.seconds for result in results]
    return {
        "handed_in": len(learners),
        "missing": len(missing),
        "submissions": len(results),
        "full": full,
        "median": statistics.median(totals) if totals else 0,
        "through": sum(total == full > 0 for total in totals),
        "seconds": seconds,
        "median_seconds": statistics.median(times) if times else 0.0,
        "cpu": sum(result.cpu for result in results),
        "slowest": sorted(results, key=lambda r: -r.seconds)[:5],
    }


def _rungs(results: list[Result]) -> dict[str, int]:
    """Count the submissions by how isolated they ran, the weakest first."""
    there = [result.rung for result in results if result.exercises]
    return {rung: there.count(rung) for rung in reversed(RUNGS) if rung in there}


def shown(text: str) -> str:
    """Make visible what would change how a text reads without being seen."""
    text = printable(text.replace("\r\n", "\n"))
    return UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def cut(text: str) -> str:
    """Make a text visible, and no longer than a page can bear."""
    if len(text) <= MOST_CODE:
        return shown(text)
    return f"{shown(text[:MOST_CODE])}\n… {len(text) - MOST_CODE} more characters"


def with_code(text: str) -> Markup:
    """Escape a text; what stands between backticks becomes code."""
    parts = enumerate(shown(text).split("`"))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if i % 2 else escape(part) for i, part in parts
    )


def plain_name(text: str) -> str:
    """Give a learner's name in one line."""
    return " ".join(shown(unicodedata.normalize("NFC", text)).split())


def number(value: float) -> str:
    """Write a figure with at most one decimal."""
    return f"{value:.1f}".removesuffix(".0")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        shown=shown, cut=cut, with_code=with_code, plain=plain_name, number=number, card=card
    )
    environment.globals.update(
        signs=SIGNS,
        words=WORDS,
        go_on=GO_ON,
        long_code=LONG_CODE,
        in_full=IN_FULL,
        card_style=Markup(STYLE),
        page_of=lambda learner: f"feedback/{quote(file_name(learner, '.html'))}",
    )
    return environment


def _render(template: str, **values: Any) -> str:
    return printable(_environment().get_template(template).render(**values))

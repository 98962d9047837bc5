"""`qkv grade`: from a folder of notebooks to a gradebook and pages."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from qkv_course.errors import QkvError
from qkv_course.grading.cohort import grade_all, workers_for
from qkv_course.grading.engines import Cluster
from qkv_course.grading.exporting import ExportWish, export
from qkv_course.grading.grade import Settings, digest_of
from qkv_course.grading.gradebook import write_gradebook
from qkv_course.grading.ladder import RUNGS, Ladder
from qkv_course.grading.notebooks import UnreadableNotebook
from qkv_course.grading.pages import write_pages
from qkv_course.grading.results import Result, Store, course_version
from qkv_course.grading.roster import missing, read_roster
from qkv_course.grading.submissions import Collected, Submission, find_submissions

SOME_UNREAD = 3  # the exit status when a notebook could not be graded


@dataclass(frozen=True)
class Wish:
    """What the command was asked for.

    output: where results go; None only shows them. cluster: where to grade, if not here.
    """

    path: Path
    output: Path | None
    settings: Settings
    ladder: Ladder
    exports: ExportWish = field(default_factory=ExportWish)
    roster: Path | None = None
    workers: int | None = None
    cluster: Cluster | None = None
    force: bool = False
    console: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))


def run(wish: Wish) -> int:
    """Grade, write and sum up. Returns the exit status."""
    start = time.monotonic()
    _see_that_output_is_apart(wish)
    wish.exports.look(wish.output)
    collected = find_submissions(wish.path, wish.settings.lesson)
    roster = read_roster(wish.roster) if wish.roster else []
    absent = [learner.name for learner in missing(roster, collected.submissions)]
    say = wish.console.print
    say(f"Isolation: {wish.ladder.rung} ({RUNGS[wish.ladder.rung]}).", markup=False)
    if wish.ladder.warning:
        say(f"Warning: {wish.ladder.warning}", style="yellow", markup=False)
    if wish.cluster:
        say(f"Grading on {wish.cluster}.", markup=False)
    store = Store(wish.output) if wish.output else None
    waiting = [s for s in collected.submissions if store is None or not _is_done(s, store, wish)]
    kept = len(collected.submissions) - len(waiting)
    if kept:
        say(f"{kept} of {len(collected.submissions)} have not changed since they were graded.")
    graded = _grade(waiting, store, wish)
    if store is None:
        _show(graded)
        return _status(graded)
    assert wish.output is not None
    results = _current(store, collected)
    took = time.monotonic() - start
    _write(wish.output, results, absent, collected, took)
    _sum_up(wish, results, len(graded), absent, collected, took)
    for line in export(wish.exports, wish.output, results, collected.submissions, roster):
        say(line, markup=False)
    return _status(results)


def _see_that_output_is_apart(wish: Wish) -> None:
    if wish.output is not None and wish.output.resolve().is_relative_to(wish.path.resolve()):
        raise QkvError(
            f"{wish.output} lies inside {wish.path}: results would be taken for submissions the "
            "next time. Choose a folder beside it."
        )


def _is_done(submission: Submission, store: Store, wish: Wish) -> bool:
    """Say whether grading this submission again could give nothing new."""
    if wish.force:
        return False
    try:
        digest = digest_of(submission.read())
    except UnreadableNotebook:
        return False
    return store.is_current(
        submission.label,
        digest,
        course_version(),
        rung=wish.settings.rung,
        seed=wish.settings.seed,
        settings=_kept_settings(wish.settings),
    )


def _kept_settings(settings: Settings) -> str:
    return f"{settings.lesson} {asdict(settings.limits)}"


def _grade(waiting: Sequence[Submission], store: Store | None, wish: Wish) -> list[Result]:
    """Grade what has to be graded, and keep each result as soon as it is there."""
    if not waiting:
        return []
    results = []
    with _progress(wish.console) as progress:
        task = progress.add_task("Grading", total=len(waiting))
        for result in _results(waiting, wish):
            results.append(result)
            if store is not None:
                store.put(result, _kept_settings(wish.settings))
            progress.advance(task)
    return results


def _results(waiting: Sequence[Submission], wish: Wish) -> Iterator[Result]:
    if wish.cluster:
        return wish.cluster.grade_all(waiting, wish.settings)
    return grade_all(waiting, wish.settings, workers_for(wish.workers, len(waiting)))


class Rate(ProgressColumn):
    """How many submissions a minute."""

    def render(self, task: Task) -> Text:
        """Give the text of the column."""
        return Text(f"{60 * task.speed:.0f} a minute" if task.speed else "")


def _progress(console: Console) -> Progress:
    left = TimeRemainingColumn(compact=True)
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), left,
        console=console, transient=True,
    )  # fmt: skip


def _current(store: Store, collected: Collected) -> list[Result]:
    """Read the results of what is there now; others of an earlier run are left out."""
    found = (store.get(submission.label) for submission in collected.submissions)
    return [result for result in found if result is not None]


def _write(
    output: Path,
    results: list[Result],
    absent: list[str],
    collected: Collected,
    seconds: float,
) -> None:
    try:
        write_gradebook(output, results, absent)
        write_pages(output, results, absent, collected.ignored, seconds)
    except OSError as error:
        raise QkvError(
            f"{error.filename or output} cannot be written ({error.strerror}). All results are "
            "kept: once it can, the same command writes the rest."
        ) from None


def _show(results: Iterable[Result]) -> None:
    """Print every report, for a learner who looks at their own work."""
    results = sorted(results, key=lambda r: (r.learner, r.lesson))
    several = len({result.learner for result in results}) > 1
    for result in results:
        whose = f"{result.learner}, " if several else ""
        what = result.lesson or result.source
        print(f"{whose}{what}: {result.points} of {result.of_points} points")
        for line in filter(None, (result.problem, *result.notes)):
            print(f"  {line}")
        for exercise in result.exercises:
            text = exercise.headline if exercise.status == "passed" else exercise.text
            print("\n".join(f"  {line}" for line in text.splitlines()))
        print()


def _sum_up(
    wish: Wish,
    results: list[Result],
    graded: int,
    absent: list[str],
    collected: Collected,
    seconds: float,
) -> None:
    def say(text: str, style: str = "") -> None:
        wish.console.print(text, style=style, markup=False)

    learners = len({result.learner for result in results})
    say(
        f"{len(results)} notebooks of {learners} learners; {graded} graded now, in {seconds:.0f} s."
    )
    for result in results:
        if result.problem:
            say(f"{result.learner}, {result.lesson or result.source}: {result.problem}", "yellow")
    for name, why in collected.ignored:
        say(f"Left out: {name} {why}.")
    if absent:
        say(f"Nothing from: {', '.join(absent)}.")
    say(f"Open {(wish.output or Path()) / 'index.html'}; the gradebook is beside it.")


def _status(results: Iterable[Result]) -> int:
    return SOME_UNREAD if any(result.problem for result in results) else 0

"""Submissions a minute: `qkv grade` against `nbgrader autograde`, on the same notebooks.

Both from the command line, with their start and all that they write. nbgrader grades one notebook
after another; so does `qkv grade` here with one worker, and once more with one for each core.
"""

import csv
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from graders import SOLUTIONS

from qkv_course.lessons import LESSONS

ROOT = SOLUTIONS.parent
LESSON, LEARNERS = "05_softmax", 20
OURS, ALL_CORES, THEIRS = (
    f"{who}, a notebook"
    for who in ("qkv grade, one worker", "qkv grade, all cores", "nbgrader autograde")
)
RATIOS = {
    "notebooks a minute, one worker / nbgrader": (THEIRS, OURS),
    "notebooks a minute, all cores / nbgrader": (THEIRS, ALL_CORES),
}


def rows() -> Iterator[tuple[str, list[float]]]:
    """Grade the same folder with both; ours before nbgrader, and after it."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        hand_in(folder)
        nbgrader(folder, "generate_assignment", LESSON, "--create")
        ours = [qkv_grade(folder, 1) for _ in range(2)]
        all_cores = [qkv_grade(folder, None) for _ in range(2)]
        theirs = [nbgrader(folder, "autograde", LESSON)]
        ours += [qkv_grade(folder, 1) for _ in range(2)]
        all_cores += [qkv_grade(folder, None) for _ in range(2)]
        nbgrader(folder, "export")
        same_points(folder)
    yield OURS, ours
    yield ALL_CORES, all_cores
    yield THEIRS, theirs


def hand_in(folder: Path) -> None:
    """Write the lesson and solved notebooks where nbgrader looks for them."""
    source = folder / "source" / LESSON
    source.mkdir(parents=True)
    shutil.copy(ROOT / "notebooks" / f"{LESSON}.ipynb", source)
    for number in range(LEARNERS):
        place = folder / "submitted" / f"learner{number:02}" / LESSON
        place.mkdir(parents=True)
        shutil.copy(SOLUTIONS / f"{LESSON}.ipynb", place)


def run(folder: Path, *words: str) -> float:
    """Run a program. Returns milliseconds for each notebook."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    home = {"QKV_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT), "PATH": path}
    start = time.perf_counter()
    done = subprocess.run(
        words, cwd=folder, env={**os.environ, **home}, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} failed:\n{done.stderr[-2000:]}")
    return 1000 * (time.perf_counter() - start) / LEARNERS


def nbgrader(folder: Path, *words: str) -> float:
    """Run one of nbgrader's commands."""
    return run(folder, str(Path(sys.executable).parent / "nbgrader"), *words)


def qkv_grade(folder: Path, workers: int | None) -> float:
    """Grade from the start, with so many workers."""
    words = [
        "submitted",
        "-o",
        "results",
        "--force",
        *(["--workers", str(workers)] * bool(workers)),
    ]
    return run(folder, sys.executable, "-m", "qkv_course.cli", "grade", *words)


def same_points(folder: Path) -> None:
    """Make sure that both gave every point."""
    full = sum(LESSONS[LESSON].values())
    with (folder / "grades.csv").open(newline="") as file:
        theirs = [float(row["score"]) for row in csv.DictReader(file)]
    with (folder / "results" / "totals.csv").open(newline="") as file:
        ours = list(csv.DictReader(file))
    assert theirs == [full] * LEARNERS, theirs
    assert [float(row[LESSON]) for row in ours] == theirs, ours

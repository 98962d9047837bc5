"""nbgrader itself, on an assignment of the course: the same points as `qkv grade`, by exercise."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import nbformat
import pytest
from cohort import LESSON, ROOT, UNSCALED
from nbgrader.api import Gradebook

from qkv_course.grading.cohort import grade_all
from qkv_course.grading.grade import Settings
from qkv_course.grading.submissions import find_submissions
from qkv_course.lessons import LESSONS

CONFIG = "c = get_config()\nc.ClearSolutions.enabled = False\n"
# nbgrader takes whatever is on stderr for a failure; none of this is one.
NOISY = """import logging, os, sys, warnings
logging.basicConfig(level="INFO")


def score_std(d_k):
    logging.info("called with %s", d_k)
    warnings.warn("a warning")
    print("a print", file=sys.stderr)
    return math.sqrt(d_k)"""
SWAPPED = "def attention_scores(q, k):\n    return k @ np.swapaxes(q, -1, -2)"

Points = dict[tuple[str, str], float]


def nbgrader(course: Path, *words: str) -> None:
    """Run one of its commands in a course's folder."""
    scripts = sysconfig.get_path("scripts")  # where it looks for alembic
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([scripts, os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT),
        "QKV_HOME": str(course),
        "JUPYTER_CONFIG_DIR": str(course / "none"),
        "QKV_REPORT": "",
    }
    command = [sys.executable, "-m", "nbgrader", *words, LESSON]
    done = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-5000:]


def hand_in(course: Path, learner: str, cells: dict[str, str]) -> None:
    """Write into the released notebook what a learner did, and hand it in."""
    released = course / "release" / LESSON / f"{LESSON}.ipynb"
    notebook = nbformat.read(released, as_version=4)
    for cell in notebook.cells:
        cell.source = cells.get(cell["id"], cell.source)
    path = course / "submitted" / learner / LESSON / released.name
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course that nbgrader has graded: one right, one half right, one not begun but for one."""
    course = tmp_path_factory.mktemp("course")
    (course / "nbgrader_config.py").write_text(CONFIG)
    source = course / "source" / LESSON
    source.mkdir(parents=True)
    shutil.copy(ROOT / "notebooks" / f"{LESSON}.ipynb", source)
    nbgrader(course, "generate_assignment")
    solved = nbformat.read(ROOT / "solutions" / f"{LESSON}.ipynb", as_version=4)
    right = {cell["id"]: cell.source for cell in solved.cells if cell["id"] in LESSONS[LESSON]}
    hand_in(course, "ada", right)
    hand_in(course, "bob", {**right, "scaled_scores": UNSCALED, "score_std": NOISY})
    hand_in(course, "eve", {"attention_scores": SWAPPED})
    nbgrader(course, "autograde")
    nbgrader(course, "generate_feedback")
    return course


def points_by_nbgrader(course: Path) -> Points:
    points = {}
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        for submission in gradebook.notebook_submissions(LESSON, LESSON):
            for grade in submission.grades:
                assert not grade.needs_manual_grade
                points[submission.student.id, grade.name.removeprefix("check-")] = grade.score
    return points


def test_what_is_released_is_the_learners_notebook(course: Path) -> None:
    ours = nbformat.read(ROOT / "notebooks" / f"{LESSON}.ipynb", as_version=4)
    released = nbformat.read(course / "release" / LESSON / f"{LESSON}.ipynb", as_version=4)
    assert [c.source for c in released.cells] == [c.source for c in ours.cells]
    checks = [c for c in released.cells if c.metadata.get("nbgrader", {}).get("grade")]
    assert len(checks) == len(LESSONS[LESSON])
    assert all(c.metadata.editable is False for c in checks)


def test_both_graders_give_the_same_points(course: Path, rung: str) -> None:
    submissions = find_submissions(course / "submitted").submissions
    ours: Points = {
        (result.learner, e.exercise): e.points
        for result in grade_all(submissions, Settings(rung), workers=1)
        for e in result.exercises
    }
    assert points_by_nbgrader(course) == ours
    by_learner = {who: [ours[who, name] for name in LESSONS[LESSON]] for who in ("ada", "bob")}
    assert by_learner == {"ada": [2, 2, 1], "bob": [2, 0, 1]}
    assert {points for (who, _), points in ours.items() if who == "eve"} == {0}


def test_feedback_carries_the_report(course: Path) -> None:
    html = (course / "feedback" / "bob" / LESSON / f"{LESSON}.html").read_text()
    text = re.sub(r"<[^>]+>", " ", html)
    assert "scaled_scores: looks like scores without any scaling" in text
    assert "Divide by the square root of d_k." in text

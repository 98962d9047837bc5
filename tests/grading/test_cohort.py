"""Many submissions at once: nothing is lost when a process of the grader's own ends."""

import os
import signal
from pathlib import Path

import pytest
from cohort import LESSON, hand_in

from qkv_course.grading import cohort as cohorts
from qkv_course.grading.cohort import grade_all, workers_for
from qkv_course.grading.grade import Settings, grade
from qkv_course.grading.results import Result
from qkv_course.grading.submissions import Submission, find_submissions

FULL = 5


def grade_and_die_once(submission: Submission, settings: Settings) -> Result:
    """Grade, but kill this process in the middle of bob's, the first time that it comes to it."""
    mark = submission.path.parent / "died"
    if submission.learner == "bob" and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return grade(submission, settings)


def grade_and_die(submission: Submission, settings: Settings) -> Result:
    """Kill this process whenever it comes to bob's."""
    if submission.learner == "bob":
        os.kill(os.getpid(), signal.SIGKILL)
    return grade(submission, settings)


@pytest.fixture
def submissions(tmp_path: Path) -> tuple[Submission, ...]:
    for learner in ("ada", "bob", "eve"):
        hand_in(tmp_path, learner)
    return find_submissions(tmp_path).submissions


@pytest.mark.parametrize("workers", [1, 2])
def test_each_submission_gives_one_result(
    submissions: tuple[Submission, ...], rung: str, workers: int
) -> None:
    results = list(grade_all(submissions, Settings(rung), workers))
    assert sorted(r.learner for r in results) == ["ada", "bob", "eve"]
    assert all(r.points == FULL and r.rung == rung and r.lesson == LESSON for r in results)
    assert len({r.seed for r in results}) == 3  # drawn anew for each


def test_a_process_that_ends_costs_nobody_anything(
    submissions: tuple[Submission, ...], rung: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cohorts, "grade", grade_and_die_once)
    results = list(grade_all(submissions, Settings(rung), workers=2))
    assert sorted((r.learner, r.points) for r in results) == [
        ("ada", FULL),
        ("bob", FULL),
        ("eve", FULL),
    ]


def test_a_notebook_that_ends_the_grader_again_and_again_is_given_up(
    submissions: tuple[Submission, ...], rung: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cohorts, "grade", grade_and_die)
    results = {r.learner: r for r in grade_all(submissions, Settings(rung), workers=2)}
    assert "ended while this notebook was graded" in results["bob"].problem
    assert results["bob"].points == 0 and len(results) == 3


def test_there_are_no_more_processes_than_work() -> None:
    assert workers_for(None, 1) == 1
    assert workers_for(8, 3) == 3
    assert workers_for(2, 300) == 2


def test_a_lesson_is_told_by_its_functions(tmp_path: Path, rung: str) -> None:
    path = hand_in(tmp_path, "ada")
    path.rename(path.with_name("homework.ipynb"))
    (submission,) = find_submissions(tmp_path).submissions
    assert submission.lesson == ""
    result = grade(submission, Settings(rung))
    assert (result.lesson, result.points) == (LESSON, FULL)


def test_a_notebook_under_the_name_of_another_lesson_is_told(tmp_path: Path, rung: str) -> None:
    path = hand_in(tmp_path, "ada")
    path.rename(path.with_name("07_masks.ipynb"))
    (submission,) = find_submissions(tmp_path).submissions
    result = grade(submission, Settings(rung))
    assert result.points == 0 and not result.exercises
    assert f"It is called 07_masks, but what it defines is of {LESSON}" in result.problem

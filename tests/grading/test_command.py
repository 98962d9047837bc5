"""`qkv grade` as a teacher and a learner run it."""

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil
import pytest
from cohort import ENDLESS, LESSON, ROOT, UNSCALED, hand_in

Qkv = Callable[..., subprocess.CompletedProcess[str]]
COMMAND = (sys.executable, "-m", "qkv_course.cli", "grade")


@pytest.fixture
def environment(tmp_path: Path, rung: str) -> dict[str, str]:
    """Variables for a command that works in a folder of its own, with the course's sources."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "QKV_HOME": str(tmp_path), "COLUMNS": "200"}


@pytest.fixture
def qkv_grade(tmp_path: Path, environment: dict[str, str]) -> Qkv:
    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        words = [*COMMAND, *map(str, arguments)]
        return subprocess.run(
            words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
        )

    return run


def wait_for(find: Callable[[str], Iterable[Path]], pattern: str) -> None:
    """Wait until there is such a file."""
    until = time.monotonic() + 120
    while not list(find(pattern)):
        assert time.monotonic() < until
        time.sleep(0.1)


def points(results: Path) -> dict[tuple[str, str], str]:
    with (results / "gradebook.csv").open(encoding="utf-8-sig") as file:
        return {(row["learner"], row["exercise"]): row["points"] for row in csv.DictReader(file)}


def written(results: Path) -> dict[str, float]:
    return {path.name: path.stat().st_mtime_ns for path in (results / "results").iterdir()}


def test_a_class_becomes_a_gradebook_and_pages(tmp_path: Path, qkv_grade: Qkv) -> None:
    handed_in, results = tmp_path / "in", tmp_path / "out"
    hand_in(handed_in, "ada")
    hand_in(handed_in, "bob", scaled_scores=UNSCALED)
    (handed_in / "eve").mkdir()
    (handed_in / "eve" / f"{LESSON}.ipynb").write_text('{"cells": [')
    (tmp_path / "class.csv").write_text("name\nada\nbob\neve\ngrace\n")
    done = qkv_grade(handed_in, "-o", results, "--roster", tmp_path / "class.csv")
    assert done.returncode == 3, done.stderr  # eve's could not be read
    assert "Isolation: " in done.stderr and "eve" in done.stderr
    assert "Nothing from: grace." in done.stderr
    graded = points(results)
    assert [graded["ada", name] for name in ("attention_scores", "scaled_scores")] == ["2", "2"]
    assert [graded["bob", name] for name in ("attention_scores", "scaled_scores")] == ["2", "0"]
    assert "√d_k" in (results / "index.html").read_text()
    assert "looks like" in (results / "feedback" / "bob.html").read_text()


def test_only_what_has_changed_is_graded_again(tmp_path: Path, qkv_grade: Qkv) -> None:
    handed_in, results = tmp_path / "in", tmp_path / "out"
    for learner in ("ada", "bob", "eve"):
        hand_in(handed_in, learner)
    assert qkv_grade(handed_in, "-o", results).returncode == 0
    before = written(results)
    hand_in(handed_in, "bob", scaled_scores=UNSCALED)
    done = qkv_grade(handed_in, "-o", results)
    assert "2 of 3 have not changed" in done.stderr and done.returncode == 0
    after = written(results)
    assert {name for name in after if after[name] != before[name]} == {f"bob-{LESSON}.json"}
    assert points(results)["bob", "scaled_scores"] == "0"
    assert qkv_grade(handed_in, "-o", results, "--force").returncode == 0
    assert all(written(results)[name] != after[name] for name in after)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_run_that_is_killed_goes_on_where_it_was(
    tmp_path: Path, qkv_grade: Qkv, environment: dict[str, str], workers: str
) -> None:
    handed_in, results = tmp_path / "in", tmp_path / "out"
    hand_in(handed_in, "ada")
    hand_in(handed_in, "bob", score_std=ENDLESS)
    limits = ["--workers", workers, "--call-seconds", "60"]
    words = [*COMMAND, str(handed_in), "-o", str(results), *limits]
    quiet = subprocess.DEVNULL
    running = subprocess.Popen(words, cwd=tmp_path, env=environment, stdout=quiet, stderr=quiet)
    wait_for(results.glob, "results/ada-*.json")
    family = psutil.Process(running.pid).children(recursive=True)
    running.kill()
    running.wait()
    assert family and not psutil.wait_procs(family, timeout=20)[1]  # nothing is left running
    before = written(results)
    assert list(before) == [f"ada-{LESSON}.json"]
    hand_in(handed_in, "bob")
    done = qkv_grade(handed_in, "-o", results, *limits)
    assert "1 of 2 have not changed" in done.stderr and done.returncode == 0
    assert points(results)["bob", "score_std"] == "1"
    assert written(results)[f"ada-{LESSON}.json"] == before[f"ada-{LESSON}.json"]


def test_the_seed_of_a_grade_gives_the_same_grade(tmp_path: Path, qkv_grade: Qkv) -> None:
    hand_in(tmp_path / "in", "bob", scaled_scores=UNSCALED)
    qkv_grade(tmp_path / "in", "-o", tmp_path / "one")
    (first,) = json.loads((tmp_path / "one" / "gradebook.json").read_text())[:1]
    qkv_grade(tmp_path / "in", "-o", tmp_path / "two", "--seed", first["seed"])
    texts = [
        next(iter((tmp_path / run / "results").glob("bob-*.json"))).read_text()
        for run in ("one", "two")
    ]
    reports = [
        [(e["status"], e["text"]) for e in json.loads(text)["result"]["exercises"]]
        for text in texts
    ]
    assert reports[0] == reports[1] and "looks like" in reports[0][1][1]


def test_a_learner_reads_the_reports_in_the_terminal(tmp_path: Path, qkv_grade: Qkv) -> None:
    hand_in(tmp_path, "notebooks", scaled_scores=UNSCALED)
    done = qkv_grade("notebooks")
    assert done.returncode == 0
    assert f"{LESSON}: 3 of 5 points" in done.stdout
    assert "✓ attention_scores" in done.stdout and "✗ scaled_scores: looks like" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"notebooks"}  # nothing is written


def test_canvas_gets_its_own_file_back_filled(tmp_path: Path, qkv_grade: Qkv) -> None:
    hand_in(tmp_path / "in", "ada")
    exported = tmp_path / "canvas.csv"
    exported.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,Scores (4711)\n"
        "    Points Possible,,,,,10\n"
        '"Lovelace, Ada",1001,u1,ada,S1,\n'
    )
    done = qkv_grade(
        tmp_path / "in", "-o", tmp_path / "out", "--to", "canvas", "--canvas-file", exported,
        "--column", f"{LESSON}=Scores (4711)", "--scaled",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "out" / "exports" / "canvas.csv").read_text()
    assert '"Lovelace, Ada",1001,u1,ada,S1,10' in text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nowhere",), "nowhere"),
        (("in", "--lesson", "softmax"), "no lesson"),
        (("in", "--engine", "spark"), "no engine"),
        (("in", "--rung", "moat"), "no rung"),
        (("in", "--to", "moodle"), "--output"),
        (("in", "-o", "out", "--to", "blackboard"), "no --to blackboard"),
        (("in", "-o", "out", "--to", "canvas"), "--canvas-file"),
        (("in", "-o", "out", "--column", "softmax"), "--column"),
        (("in", "-o", "out", "--roster", "nowhere.csv"), "nowhere.csv"),
        (("in", "--seconds", "0"), "seconds"),
        (("in", "-o", "in/results"), "lies inside"),
    ],
)
def test_a_wrong_word_gets_a_sentence(
    tmp_path: Path, qkv_grade: Qkv, arguments: tuple[str, ...], sentence: str
) -> None:
    hand_in(tmp_path / "in", "ada")
    done = qkv_grade(*arguments)
    assert done.returncode in (1, 2) and sentence in done.stderr
    assert "Traceback" not in done.stderr and len(done.stderr.splitlines()) < 12
    assert not (tmp_path / "out").exists()

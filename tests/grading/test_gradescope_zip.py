"""The autograder for Gradescope: its zip, and what it makes of a submission."""

import json
import os
import pwd
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cohort import LESSON, ROOT, UNSCALED, hand_in

from qkv_course.cli import app
from qkv_course.errors import QkvError, UnknownName
from qkv_course.grading.gradescope_zip import write_zip

KEYS = {
    "score", "execution_time", "output", "output_format", "test_output_format", "test_name_format",
    "visibility", "stdout_visibility", "extra_data", "tests", "leaderboard",
}  # fmt: skip
TEST_KEYS = {
    "score", "max_score", "status", "name", "name_format", "number", "output", "output_format",
    "tags", "visibility", "extra_data",
}  # fmt: skip


@pytest.fixture
def autograder(tmp_path: Path, rung: str) -> Path:
    """The folder that Gradescope unpacks the zip into, with a place for a submission."""
    write_zip(tmp_path / "autograder.zip", LESSON)
    unpack(tmp_path)
    return tmp_path


def unpack(folder: Path) -> None:
    with zipfile.ZipFile(folder / "autograder.zip") as archive:
        archive.extractall(folder / "source")
    (folder / "source" / "run_autograder").chmod(0o755)  # extractall forgets it
    (folder / "submission").mkdir()


def run(autograder: Path, sources: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Grade as Gradescope does, with the zip's own sources in the place of what it installs."""
    sources = sources or autograder / "source" / "course"
    environment = {**os.environ, "AUTOGRADER": str(autograder), "PYTHON": sys.executable}
    return subprocess.run(
        [autograder / "source" / "run_autograder"],
        env={**environment, "PYTHONPATH": str(sources), "QKV_HOME": str(autograder)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def results(autograder: Path) -> dict[str, Any]:
    """Read results.json, and hold it against what Gradescope says that it takes."""
    found: dict[str, Any] = json.loads((autograder / "results" / "results.json").read_text())
    assert set(found) <= KEYS and found["visibility"] == "visible"
    assert isinstance(found["score"], int | float) and isinstance(found["output"], str)
    for test in found.get("tests", []):
        assert set(test) <= TEST_KEYS and test["status"] in ("passed", "failed")
        assert 0 <= test["score"] <= test["max_score"]
    return found


def test_a_submission_gets_its_points_and_reports(autograder: Path, rung: str) -> None:
    hand_in(autograder, "submission", scaled_scores=UNSCALED)
    done = run(autograder)
    assert done.returncode == 0 and f"Isolation: {rung} " in done.stderr
    found = results(autograder)
    assert found["score"] == 3 and found["extra_data"][LESSON]["isolation"] == rung
    by_name = {test["name"].split()[-1]: test for test in found["tests"]}
    assert {name: test["score"] for name, test in by_name.items()} == {
        "attention_scores": 2,
        "scaled_scores": 0,
        "score_std": 1,
    }
    assert "looks like" in by_name["scaled_scores"]["output"]


def test_a_notebook_that_cannot_be_read_is_told(autograder: Path) -> None:
    (autograder / "submission" / f"{LESSON}.ipynb").write_text('{"cells": [')
    assert run(autograder).returncode == 0
    found = results(autograder)
    assert found["score"] == 0 and "whole file" in found["output"]


def test_all_that_is_handed_in_is_one_learners(autograder: Path) -> None:
    path = hand_in(autograder, "submission")
    shutil.copy(path, path.with_name(f"Ada {LESSON}.ipynb"))
    (path.parent / "more").mkdir()
    shutil.copy(path, path.parent / "more" / "homework.ipynb")
    assert run(autograder).returncode == 0
    assert results(autograder)["score"] == 5


@pytest.mark.parametrize("name", ["05_softmax.ipynb", "scores.py", ""])
def test_a_submission_without_the_notebook_is_told(autograder: Path, name: str) -> None:
    if name:
        (autograder / "submission" / name).write_text("{}")
    assert run(autograder).returncode == 0
    found = results(autograder)
    assert found["score"] == 0
    assert f"no notebook of lesson {LESSON} in your submission" in found["output"]


def test_a_machine_that_cannot_grade_costs_nobody_points(autograder: Path) -> None:
    hand_in(autograder, "submission")
    script = autograder / "source" / "run_autograder"
    script.write_text(script.read_text().rstrip() + " --rung moat\n")
    done = run(autograder)
    assert done.returncode != 0 and "no rung 'moat'" in done.stderr
    assert not (autograder / "results").exists()


def test_with_allow_weak_an_ordinary_user_grades(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can hand the work to another user")
    try:
        seen = [sys.executable, "-c", "import qkv_course"]
        nobody = pwd.getpwnam("nobody")
        subprocess.run(seen, cwd=ROOT, user=nobody.pw_uid, group=nobody.pw_gid, check=True)
    except (subprocess.CalledProcessError, OSError) as reason:
        pytest.skip(f"an ordinary user cannot run this Python: {reason}")
    write_zip(tmp_path / "autograder.zip", LESSON, ["--allow-weak", "--rung=process"])
    unpack(tmp_path)
    hand_in(tmp_path, "submission", scaled_scores=UNSCALED)
    done = run(tmp_path, sources=ROOT)
    assert done.returncode == 0, done.stderr
    found = results(tmp_path)
    assert found["score"] == 3 and found["extra_data"][LESSON]["isolation"] == "process"


def test_the_scripts_can_be_run_and_the_course_is_whole(tmp_path: Path) -> None:
    write_zip(tmp_path / "a.zip", "05_softmax")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        names = set(archive.namelist())
        for script in ("setup.sh", "run_autograder"):
            mode = archive.getinfo(script).external_attr >> 16
            assert stat.S_ISREG(mode) and mode & 0o111 == 0o111
            checked = subprocess.run(
                ["bash", "-n"], input=archive.read(script), capture_output=True
            )
            assert checked.returncode == 0, checked.stderr
        assert b"on_gradescope 05_softmax" in archive.read("run_autograder")
    lessons = {f"course/{p.relative_to(ROOT)}" for p in ROOT.glob("qkv_course/lessons/*/*.md")}
    assert lessons | {"course/pyproject.toml", "course/requirements.txt"} <= names
    assert not any(name.endswith(".pyc") for name in names)


def test_what_cannot_be_made_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="--lesson"):
        write_zip(tmp_path / "a.zip", "")
    with pytest.raises(QkvError, match="nowhere"):
        write_zip(tmp_path / "nowhere" / "a.zip", LESSON)


def test_the_command_writes_it(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    path = tmp_path / "a.zip"
    words = ["grade", "--gradescope-zip", str(path), "--lesson", LESSON]
    done = CliRunner().invoke(app, [*words, "--seconds", "60", "--seed", "7"])
    assert done.exit_code == 0 and "worth 5 points" in done.output.replace("\n", " ")
    with zipfile.ZipFile(path) as archive:
        script = archive.read("run_autograder").decode()
    assert f"on_gradescope {LESSON} " in script
    assert "--seconds=60" in script and "--seed=7" in script and "--rung" not in script
    wrong = CliRunner().invoke(app, [*words, "--rung", "moat"])
    assert "no rung 'moat'" in str(wrong.exception)
    nothing = CliRunner().invoke(app, ["grade"])
    assert nothing.exit_code != 0 and "folder" in str(nothing.exception)

"""The autograder for Gradescope: its zip, and what it makes of a submission."""

import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from cohort import LESSON, ROOT, UNSCALED, hand_in

from qkv_course.cli import app
from qkv_course.errors import QkvError, UnknownName
from qkv_course.grading.gradescope_zip import write_zip


@pytest.fixture
def autograder(tmp_path: Path, rung: str) -> Path:
    """The folder that Gradescope unpacks the zip into, with a place for a submission."""
    write_zip(tmp_path / "autograder.zip", LESSON)
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        archive.extractall(tmp_path / "source")
    (tmp_path / "submission").mkdir()
    return tmp_path


def run(autograder: Path) -> subprocess.CompletedProcess[str]:
    qkv = autograder / "qkv"  # what setup.sh installs, from the zip's own sources
    qkv.write_text(f'#!/bin/sh\nexec {sys.executable} -m qkv_course.cli "$@"\n')
    qkv.chmod(0o755)
    sources = autograder / "source" / "course"
    environment = {**os.environ, "AUTOGRADER": str(autograder), "QKV": str(qkv)}
    return subprocess.run(
        ["bash", autograder / "source" / "run_autograder"],
        env={**environment, "PYTHONPATH": str(sources), "QKV_HOME": str(autograder)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_submission_gets_its_points_and_reports(autograder: Path) -> None:
    hand_in(autograder, "submission", scaled_scores=UNSCALED)
    done = run(autograder)
    results = json.loads((autograder / "results" / "results.json").read_text())
    assert results["score"] == 3, done.stderr
    by_name = {test["name"].split()[-1]: test for test in results["tests"]}
    assert {name: test["score"] for name, test in by_name.items()} == {
        "attention_scores": 2,
        "scaled_scores": 0,
        "score_std": 1,
    }
    assert "looks like" in by_name["scaled_scores"]["output"]


def test_a_notebook_that_cannot_be_read_is_told(autograder: Path) -> None:
    (autograder / "submission" / f"{LESSON}.ipynb").write_text('{"cells": [')
    run(autograder)
    results = json.loads((autograder / "results" / "results.json").read_text())
    assert results["score"] == 0 and "whole file" in results["output"]


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
        assert b"--lesson 05_softmax" in archive.read("run_autograder")
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
    done = CliRunner().invoke(app, ["grade", "--gradescope-zip", str(path), "--lesson", LESSON])
    assert done.exit_code == 0 and zipfile.is_zipfile(path)
    nothing = CliRunner().invoke(app, ["grade"])
    assert nothing.exit_code != 0 and "folder" in str(nothing.exception)

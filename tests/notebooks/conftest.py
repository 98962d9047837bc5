"""The course's own notebooks, and a pytest of its own to run nbval in."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from qkv_course.lessons import LESSONS

ROOT = Path(__file__).parents[2]
Read = Callable[[str, str], nbformat.NotebookNode]


@pytest.fixture(params=LESSONS)
def lesson(request: pytest.FixtureRequest) -> str:
    """Each lesson's name in turn."""
    return str(request.param)


@pytest.fixture
def read() -> Read:
    """Read a notebook of the course: read("solutions", "05_softmax")."""

    def read(folder: str, name: str) -> nbformat.NotebookNode:
        return nbformat.read(ROOT / folder / f"{name}.ipynb", as_version=4)

    return read


@pytest.fixture
def run_pytest() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run pytest in a process of its own, as from the command line, at `folder`."""
    mine = ("PYTEST_", "QKV_REPORT")  # what this test run has set for itself
    environment = {k: v for k, v in os.environ.items() if not k.startswith(mine)}

    def run(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
            cwd=folder,
            env={**environment, "PYTHONUTF8": "1", "COLUMNS": "160"},
            capture_output=True,
            encoding="utf-8",
        )

    return run

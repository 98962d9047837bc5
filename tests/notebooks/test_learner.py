"""A learner validates a notebook of their own: `pytest --nbval-lax notebooks/....ipynb`."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NAME = "04_scores_and_scaling"
UNSCALED = """\
def scaled_scores(q, k):
    return q @ np.swapaxes(k, -1, -2)"""
BROKEN = """\
def scaled_scores(q, k):
    return q @ no_such_thing"""

RunPytest = Callable[..., subprocess.CompletedProcess[str]]
Validate = Callable[[str], str]


@pytest.fixture
def validate(run_pytest: RunPytest, tmp_path: Path) -> Validate:
    """Validate a solved copy of the notebook that has `code` in place of scaled_scores."""
    shutil.copy(ROOT / "conftest.py", tmp_path)
    (tmp_path / "notebooks").mkdir()

    def validate(code: str) -> str:
        notebook = nbformat.read(ROOT / "solutions" / f"{NAME}.ipynb", as_version=4)
        next(c for c in notebook.cells if c["id"] == "scaled_scores").source = code
        nbformat.write(notebook, tmp_path / "notebooks" / f"{NAME}.ipynb")
        done = run_pytest("--nbval-lax", f"notebooks/{NAME}.ipynb", folder=tmp_path)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "1 failed" in done.stdout
        return done.stdout

    return validate


def test_a_wrong_solution_fails_with_the_whole_report(validate: Validate) -> None:
    out = validate(UNSCALED)
    report, summary = out.split("short test summary info")
    assert "check(scaled_scores)" in report
    assert "✗ scaled_scores: looks like" in report
    for part in ("Saw:", "Expected:", "Likely:", "Try:"):
        assert part in report
    assert "qkv_course/checks" not in report  # no traceback of the course's own code
    assert "\x1b[" not in report
    assert f"{NAME}.ipynb::Cell" in summary
    assert " - ✗ scaled_scores: looks like" in summary


def test_an_error_in_the_learners_code_shows_their_line(validate: Validate) -> None:
    out = validate(BROKEN)
    assert "scaled_scores: it stopped with an error" in out
    assert "NameError" in out
    assert "return q @ no_such_thing" in out

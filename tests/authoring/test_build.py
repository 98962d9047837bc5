import json
import os
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from qkv_course.authoring.build import main, write_text
from qkv_course.authoring.tree import Tree

NAME = "40_sample"
Rewrite = Callable[[str, str], None]


@pytest.fixture
def built(tree: Tree, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Tree:
    monkeypatch.setenv("QKV_HOME", str(tmp_path / "home"))
    assert main(tree=tree) == 0
    return tree


def read(folder: Path) -> nbformat.NotebookNode:
    return nbformat.read(folder / f"{NAME}.ipynb", as_version=4)


def test_builds_stubs_without_and_solutions_with_outputs(built: Tree) -> None:
    stubs, solution = read(built.notebooks), read(built.solutions)
    assert all(not c.outputs for c in stubs.cells if c.cell_type == "code")
    cells = {c["id"]: c for c in solution.cells}
    check = cells["check-scaled_scores"]
    assert check.outputs[0].text == "scaled_scores [[0.707, 0.0], [0.0, 0.707]]\n"
    assert all(c.execution_count for c in solution.cells if c.cell_type == "code")
    assert all("execution" not in c.metadata for c in solution.cells)
    assert solution.metadata == stubs.metadata
    assert sorted(os.listdir(built.solutions)) == [f"{NAME}.ipynb"]


def test_a_second_build_runs_nothing(built: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(tree=built) == 0
    assert "running" not in capsys.readouterr().out
    assert main(check=True, tree=built) == 0


@pytest.mark.parametrize("folder", ["notebooks", "solutions"])
def test_check_lists_a_changed_cell_and_writes_nothing(
    built: Tree, folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = getattr(built, folder) / f"{NAME}.ipynb"
    edited = path.read_text(encoding="utf-8").replace("2 points", "9 points")
    path.write_text(edited, encoding="utf-8")
    assert main(check=True, tree=built) == 1
    out = capsys.readouterr().out
    assert "make build" in out
    assert f"{folder}/{NAME}.ipynb: check-scaled_scores" in out
    assert path.read_text(encoding="utf-8") == edited


def test_check_sees_cells_that_never_ran_and_metadata(
    built: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    path = built.solutions / f"{NAME}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = next(c for c in notebook["cells"] if c["id"] == "check-scaled_scores")
    cell["execution_count"] = None
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert main(check=True, tree=built) == 1
    assert "check-scaled_scores" in capsys.readouterr().out
    cell["execution_count"] = 4
    notebook["metadata"]["qkv"]["teaching"] = 99
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert main(check=True, tree=built) == 1
    assert f"solutions/{NAME}.ipynb: metadata" in capsys.readouterr().out


def test_check_lists_missing_files_and_strangers(
    built: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    (built.notebooks / f"{NAME}.ipynb").rename(built.notebooks / "41_renamed.ipynb")
    (built.notebooks / "Untitled.ipynb").touch()
    assert main(check=True, tree=built) == 1
    out = capsys.readouterr().out
    assert f"notebooks/{NAME}.ipynb: the file" in out
    assert "notebooks/41_renamed.ipynb: there is no such lesson" in out
    assert "Untitled" not in out


def test_a_failing_cell_is_shown_and_the_old_solution_stays(
    built: Tree, rewrite: Rewrite, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (built.solutions / f"{NAME}.ipynb").read_bytes()
    rewrite("os.getpid()", "shape = (2, 3)\nshape[7]")
    assert main(tree=built) == 1
    message = capsys.readouterr().err
    assert f"{NAME}: this cell failed:\n\nshape = (2, 3)\nshape[7]\n\nIndexError: tuple" in message
    assert f"not built: {NAME}" in message
    assert (built.solutions / f"{NAME}.ipynb").read_bytes() == before
    assert sorted(os.listdir(built.solutions)) == [f"{NAME}.ipynb"]


def test_a_learners_work_is_never_overwritten(
    built: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    path = built.notebooks / f"{NAME}.ipynb"
    notebook = read(built.notebooks)
    next(c for c in notebook.cells if c["id"] == "scaled_scores").source = "def scaled_scores(): 1"
    nbformat.write(notebook, path)
    before = path.read_bytes()
    assert main(tree=built, force=True) == 1
    assert "holds someone's work on scaled_scores; move it away" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_an_unknown_lesson_is_named(tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(names=["04"], tree=tree) == 1
    assert f"no lesson 04; there are: {NAME}" in capsys.readouterr().err


def test_a_file_is_written_whole_or_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    write_text(path, "one\n")
    stamp = path.stat().st_mtime_ns
    write_text(path, "one\n")
    assert path.stat().st_mtime_ns == stamp
    write_text(path, "two\n")
    assert path.read_text(encoding="utf-8") == "two\n"
    assert os.listdir(path.parent) == ["file.txt"]

"""Rehearsing: real kernels, on notebooks that work, fail, or are none."""

import json
from pathlib import Path

import pytest

from qkv_course.errors import QkvError
from qkv_course.workshop.rehearse import main, rehearse


def notebook(path: Path, *sources: str) -> Path:
    cells = [{"cell_type": "code", "source": [source]} for source in sources]
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    return path


def test_time_and_memory_are_measured(tmp_path: Path) -> None:
    seen = rehearse(notebook(tmp_path / "fine.ipynb", "held = bytearray(300 << 20)", "del held"))
    assert seen.failed == ""
    assert seen.mib > 300, "what was held and given back counts too"
    assert seen.seconds > 0


def test_a_cell_that_fails_is_shown_and_nothing_runs_after_it(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    source = f"open({str(mark)!r}, 'w')"
    seen = rehearse(notebook(tmp_path / "bad.ipynb", "1 + 1", "1 / 0", source))
    assert "1 / 0" in seen.failed and "ZeroDivisionError" in seen.failed
    assert not mark.exists()


def test_what_is_no_notebook_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "no.ipynb").write_text("no")
    with pytest.raises(QkvError, match="cannot be read as a notebook"):
        rehearse(tmp_path / "no.ipynb")


def test_it_ends_with_1_if_a_lesson_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QKV_HOME", str(tmp_path))
    notebook(tmp_path / "solutions" / "02_lookup.ipynb", "1 / 0")
    notebook(tmp_path / "solutions" / "03_projections.ipynb", "1")
    said: list[str] = []
    assert main(["02_lookup", "03_projections"], say=said.append) == 1
    assert said[-1] == "Failed: 02_lookup."
    assert main(["03_projections"], say=said.append) == 0
    assert said[-1] == "Nothing failed."

"""Lesson 13's project, changed as a learner would change it."""

from pathlib import Path

import nbformat
import pytest

from qkv_course.authoring.execute import execute

FOLDER = Path(__file__).parents[2] / "notebooks"
CHECK = "check_card(card, evidence)"


def run_project(old: str, new: str, until: str) -> dict[str, list[nbformat.NotebookNode]]:
    """Run the notebook with a change up to the cell that holds `until`; give all outputs."""
    notebook = nbformat.read(FOLDER / "13_your_own_heads.ipynb", as_version=4)
    last = next(i for i, cell in enumerate(notebook.cells) if until in cell.source)
    notebook.cells = [c for c in notebook.cells[: last + 1] if c.cell_type == "code"]
    changed = [cell for cell in notebook.cells if old in cell.source]
    assert len(changed) == 1 and changed[0].source.startswith("# Yours")
    changed[0].source = changed[0].source.replace(old, new)
    done = execute(notebook, FOLDER, allow_errors=True)
    return {cell.source: cell.outputs for cell in done.cells}


def errors_in(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    return [output for output in outputs if output.output_type == "error"]


def test_a_sentence_that_changes_makes_the_old_card_fail_with_each_number_named() -> None:
    outputs = run_project("fault: weak > hinge", "fault: weak > halves", CHECK)
    assert all(not errors_in(o) for source, o in outputs.items() if source != CHECK)
    (error,) = errors_in(outputs[CHECK])
    assert error.ename == "CardRefused"
    assert "accuracy is 0.83 on the card, and the analysis gives 0.75." in error.evalue
    assert "ablation, this head is 0.009" in error.evalue
    assert "qkv_course" not in "".join(error.traceback)  # no traceback of the course's own code


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("weak > hinge | fault: feels >", "two words with > between them"),
        ("weak > hing", "no word 'hing'"),
    ],
)
def test_a_label_that_does_not_fit_is_named_by_its_line(wrong: str, words: str) -> None:
    outputs = run_project("weak > hinge", wrong, until="weak > hinge")
    (error,) = errors_in(next(o for source, o in outputs.items() if wrong in source))
    assert words in error.evalue and "Line 19" in error.evalue
    assert "qkv_course" not in "".join(error.traceback)

"""The open notebooks: exactly the checks fail, and nbgrader can read them."""

from collections.abc import Callable
from pathlib import Path

import nbformat
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.utils import determine_grade, is_grade, is_locked, is_solution

from qkv_course.authoring.execute import execute
from qkv_course.lessons import LESSONS, find_exercise

Read = Callable[[str, str], nbformat.NotebookNode]


def test_exactly_the_check_cells_fail(lesson: str, read: Read) -> None:
    folder = Path(__file__).parents[2] / "notebooks"
    notebook = execute(read("notebooks", lesson), folder, allow_errors=True)
    for cell in notebook.cells:
        errors = [o for o in cell.get("outputs", []) if o.output_type == "error"]
        if is_grade(cell):
            name = cell.metadata.nbgrader.grade_id.removeprefix("check-")
            assert [e.ename for e in errors] == ["CheckFailed"], cell.source
            assert f"{name}: not attempted yet" in errors[0].evalue
            assert determine_grade(cell)[0] == 0
        else:
            expected = "raises-exception" in cell.metadata.get("tags", [])
            assert expected or not errors, f"{cell.source}\n\n{errors}"


def test_nbgrader_accepts_the_notebook(lesson: str, read: Read) -> None:
    notebook = read("notebooks", lesson)
    MetadataValidator().validate_nb(notebook)
    names = LESSONS[lesson]
    checks = [c for c in notebook.cells if is_grade(c)]
    assert [c["id"] for c in notebook.cells if is_solution(c)] == list(names)
    assert [c.metadata.nbgrader.grade_id for c in checks] == [f"check-{n}" for n in names]
    assert [c.metadata.nbgrader.points for c in checks] == [find_exercise(n).points for n in names]
    assert all(is_locked(c) for c in checks)


def test_nothing_is_stored_that_a_learner_should_see_for_the_first_time(
    lesson: str, read: Read
) -> None:
    for cell in read("notebooks", lesson).cells:
        assert not cell.get("outputs"), cell.source
        assert cell.get("execution_count") is None, cell.source

"""The solved notebooks: whole, and still what the code gives."""

import subprocess
from collections.abc import Callable

import nbformat
from nbgrader.utils import determine_grade, is_grade

from qkv_course.authoring.execute import WIDGET
from qkv_course.lessons import find_exercise

Read = Callable[[str, str], nbformat.NotebookNode]
RunPytest = Callable[..., subprocess.CompletedProcess[str]]


def test_every_cell_has_run_without_errors(lesson: str, read: Read) -> None:
    for cell in read("solutions", lesson).cells:
        if cell.cell_type == "code":
            # nbval does not compare the outputs of a cell that never ran.
            assert cell.execution_count, cell.source
            expected = "raises-exception" in cell.metadata.get("tags", [])
            assert expected or all(o.output_type != "error" for o in cell.outputs), cell.source


def test_outputs_can_be_seen_without_a_kernel(lesson: str, read: Read) -> None:
    notebook = read("solutions", lesson)
    assert "widgets" not in notebook.metadata
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert WIDGET not in output.get("data", {}), cell.source
            assert "data" not in output or "text/plain" in output.data, cell.source


def test_nbgrader_gives_full_points(lesson: str, read: Read) -> None:
    for cell in read("solutions", lesson).cells:
        if is_grade(cell):
            points = find_exercise(cell.metadata.nbgrader.grade_id.removeprefix("check-")).points
            assert determine_grade(cell) == (points, points), cell.source


def test_outputs_are_what_the_code_gives(run_pytest: RunPytest) -> None:
    # Stricter than --nbval-lax, so all that passes here passes there.
    done = run_pytest("--nbval", "--nbval-cell-timeout=300", "solutions")
    advice = "if the new outputs are right, run `python -m qkv_course.authoring.build --force`"
    assert done.returncode == 0, f"{advice}\n{done.stdout[-20_000:]}"


def test_the_lax_run_passes_too(run_pytest: RunPytest) -> None:
    done = run_pytest("--nbval-lax", "solutions/04_scores_and_scaling.ipynb")
    assert done.returncode == 0, done.stdout[-20_000:]

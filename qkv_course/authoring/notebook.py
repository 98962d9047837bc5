"""A lesson and its exercises become a notebook, open or solved, with no outputs yet."""

import hashlib
import re
from collections.abc import Callable
from typing import Any

import nbformat
from nbformat import NotebookNode, v4

from qkv_course.authoring.lesson import Lesson, LessonError
from qkv_course.authoring.source import (
    bound_names,
    called_names,
    solution,
    stub,
    unknown_names,
)
from qkv_course.checks.exercise import Exercise

# nbformat publishes no types for these.
new_code_cell: Callable[..., NotebookNode] = v4.new_code_cell
new_markdown_cell: Callable[..., NotebookNode] = v4.new_markdown_cell
new_notebook: Callable[..., NotebookNode] = v4.new_notebook
writes: Callable[..., str] = nbformat.writes

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {
    # No version: it would change with every author's machine.
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}


def make_notebook(lesson: Lesson, find: Callable[[str], Exercise], solved: bool) -> NotebookNode:
    """Make the notebook of a lesson: with stubs for learners, or with the solutions.

    find: gives the exercise of a name.
    Raises LessonError where a cell would not work for the learner.
    """
    exercises = {name: find(name) for name in lesson.exercises}
    _check_names(lesson, exercises)
    parts = _parts(lesson, list(exercises.values()))
    cells: list[NotebookNode] = []
    for cell in lesson.cells:
        if "exercise" in cell.metadata:
            cells += _exercise_cells(exercises[cell.metadata["exercise"]], solved)
        elif cell.cell_type == "markdown":
            text = _fill(lesson.name, cell.source, parts)
            cells.append(_with_id(new_markdown_cell(text, metadata=cell.metadata), cells))
        else:
            cells.append(_with_id(new_code_cell(cell.source, metadata=cell.metadata), cells))
    metadata = {"kernelspec": KERNEL, "language_info": LANGUAGE}
    metadata["qkv"] = {"lesson": lesson.name, **lesson.header}
    notebook = new_notebook(cells=cells, metadata=metadata)
    nbformat.validate(notebook)
    return notebook


def as_text(notebook: NotebookNode) -> str:
    """Write a notebook as JSON, the same text for the same notebook."""
    return writes(notebook).rstrip("\n") + "\n"


def points_line(points: int) -> str:
    """Say how much something is worth: "1 point", "2 points"."""
    return f"{points} point" if points == 1 else f"{points} points"


def _exercise_cells(exercise: Exercise, solved: bool) -> list[NotebookNode]:
    name, points = exercise.name, exercise.points
    code = solution(exercise.reference) if solved else stub(exercise.reference)
    check = f"# {points_line(points)}. Stuck? hint({name})\ncheck({name})"
    return [
        new_code_cell(code, id=name, metadata=_nbgrader(name, solution=True)),
        new_code_cell(check, id=f"check-{name}", metadata=_nbgrader(f"check-{name}", points)),
    ]


def _nbgrader(grade_id: str, points: int | None = None, solution: bool = False) -> dict[str, Any]:
    keys: dict[str, Any] = {
        "grade": not solution,
        "grade_id": grade_id,
        "locked": not solution,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    if points is not None:
        keys["points"] = points
    return {"nbgrader": keys}


def _with_id(cell: NotebookNode, before: list[NotebookNode]) -> NotebookNode:
    """Give a cell an id that hangs on what it says, so that diffs and submissions stay calm."""
    digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
    twins = sum(c["id"].split("-")[0] == digest for c in before)
    cell["id"] = f"{digest}-{twins + 1}" if twins else digest
    return cell


def _parts(lesson: Lesson, exercises: list[Exercise]) -> dict[str, str]:
    header = lesson.header
    read, write = header["teaching"], header["exercises"]
    points = f" **{points_line(sum(e.points for e in exercises))}**." if exercises else ""
    time = f"**About {read + write} minutes**: {read} to read and play, {write} to build."
    overview = [
        f"{time}{points}",
        "**Questions**\n\n" + _bullets(header["questions"]),
        "**Afterwards you can**\n\n" + _bullets(header["objectives"]),
    ]
    return {"overview": "\n\n".join(overview), "keypoints": _bullets(header["keypoints"])}


def _bullets(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _fill(name: str, text: str, parts: dict[str, str]) -> str:
    def part(match: re.Match[str]) -> str:
        if match[1] not in parts:
            raise LessonError(f"{name}: no {{{{ {match[1]} }}}}; there is {', '.join(parts)}")
        return parts[match[1]]

    return re.sub(r"^\{\{ *(\w+) *\}\}$", part, text, flags=re.M)


def _check_names(lesson: Lesson, exercises: dict[str, Exercise]) -> None:
    """Make sure that every solution finds its names and that no cell takes a learner's."""
    known: set[str] = set()
    for cell in lesson.cells:
        if "exercise" in cell.metadata:
            _check_solution(lesson, exercises[cell.metadata["exercise"]], known)
            known.add(cell.metadata["exercise"])
        elif cell.cell_type == "code":
            _check_demo(lesson.name, cell.source, set(exercises))
            known |= bound_names(cell.source)


def _check_solution(lesson: Lesson, exercise: Exercise, known: set[str]) -> None:
    missing = unknown_names(solution(exercise.reference), known)
    later = [name for name in missing if name in lesson.exercises]
    if later:
        advice = f"but {later[0]} is written later; put it first, or let the library not use it"
    else:
        advice = "import it in an earlier cell"
    if missing:
        uses = f"the solution of {exercise.name} uses {', '.join(missing)}"
        raise LessonError(f"{lesson.name}: {uses}; {advice}")


def _check_demo(name: str, code: str, exercises: set[str]) -> None:
    try:
        bound, called = bound_names(code) & exercises, called_names(code) & exercises
    except SyntaxError as error:
        raise LessonError(f"{name}: this cell is not Python: {error.msg}\n\n{code}") from error
    if bound:
        raise LessonError(
            f"{name}: this cell defines {', '.join(sorted(bound))}, which the learner is to "
            f"write; use another name\n\n{code}"
        )
    if called:
        raise LessonError(
            f"{name}: this cell calls the learner's {', '.join(sorted(called))}, which may not "
            "be written yet; call the library's (`from qkv_course import attention as course`) "
            f"or explore it\n\n{code}"
        )

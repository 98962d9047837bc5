"""Reading a lesson: the text of lesson.md becomes a checked header and a list of cells."""

import re
from dataclasses import dataclass
from typing import Any

import jupytext
from nbformat import NotebookNode

from qkv_course.errors import QkvError

FRAME = ("Predict", "Play", "Build", "Break", "Explain", "Take away")
"""What the `##` headings of a lesson start with, in this order."""

NEEDS_A_REASON = {"nbval-ignore-output", "nbval-skip", "nbval-raises-exception", "raises-exception"}
"""Tags that keep a cell's outputs from being compared."""

MINUTES = ("teaching", "exercises")
LISTS = ("questions", "objectives", "keypoints")


class LessonError(QkvError):
    """A lesson whose text cannot become a notebook, and what its author can do."""


@dataclass(frozen=True)
class Lesson:
    """A lesson as its author wrote it.

    name: the notebook's name, "04_scores_and_scaling".
    header: title, teaching and exercises (minutes), questions, objectives, keypoints.
    cells: Markdown and code cells; an exercise is a code cell with metadata "exercise".
    """

    name: str
    header: dict[str, Any]
    cells: tuple[NotebookNode, ...]

    @property
    def exercises(self) -> tuple[str, ...]:
        return tuple(c.metadata["exercise"] for c in self.cells if "exercise" in c.metadata)


def read_lesson(name: str, text: str) -> Lesson:
    """Read a lesson in MyST notebook format. Raises LessonError."""
    try:
        notebook = jupytext.reads(text, fmt="md:myst")
    except Exception as error:  # jupytext raises its own, yaml's and plain exceptions
        raise LessonError(f"{name}: lesson.md cannot be read: {error}") from error
    header = _header(name, notebook.metadata.get("qkv"))
    for cell in notebook.cells:
        _check_cell(name, cell)
    return Lesson(name, header, tuple(notebook.cells))


def headings(cells: tuple[NotebookNode, ...]) -> list[str]:
    """List the `##` headings, leaving out what stands in fenced blocks."""
    text = "\n\n".join(c.source for c in cells if c.cell_type == "markdown")
    without_code = re.sub(r"^(`{3,}|~{3,}).*?^\1", "", text, flags=re.M | re.S)
    return re.findall(r"^## +(.+?) *$", without_code, flags=re.M)


def _header(name: str, header: Any) -> dict[str, Any]:
    keys = ("title", *MINUTES, *LISTS)
    if not isinstance(header, dict) or set(header) != set(keys):
        seen = ", ".join(sorted(header)) if isinstance(header, dict) else "nothing"
        needed = ", ".join(keys)
        raise LessonError(f"{name}: `qkv` in the front matter needs {needed}; it has {seen}")
    for key in MINUTES:
        if type(header[key]) is not int or header[key] < 0:
            raise LessonError(f"{name}: {key} is {header[key]!r}; give whole minutes, such as 15")
    if not isinstance(header["title"], str):
        raise LessonError(f"{name}: title is {header['title']!r}; give a text, in quotes")
    for key in LISTS:
        _check_list(name, key, header[key])
    return {key: header[key] for key in keys}


def _check_list(name: str, key: str, lines: Any) -> None:
    if not isinstance(lines, list) or not lines:
        raise LessonError(f"{name}: {key} is {lines!r}; give a list of lines, one at least")
    for line in lines:
        if not isinstance(line, str):  # YAML reads "a: b" as a dict
            raise LessonError(f"{name}: {key} has {line!r}, which is no text; put it in quotes")


def _check_cell(name: str, cell: NotebookNode) -> None:
    if "exercise" in cell.metadata and cell.source.strip():
        exercise = cell.metadata["exercise"]
        raise LessonError(
            f"{name}: the exercise cell of {exercise} has a body; it is filled from the library, "
            "so leave it empty and write below it"
        )
    tags = NEEDS_A_REASON.intersection(cell.metadata.get("tags", []))
    if tags and not cell.metadata.get("reason"):
        raise LessonError(
            f"{name}: this cell's output is not compared; say why in a few words, as in "
            f":reason: timings\n\n{cell.source}"
        )

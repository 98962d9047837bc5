"""Comparing the notebooks on disk with what the sources give."""

from copy import deepcopy
from pathlib import Path

from nbformat import NotebookNode

from qkv_course.authoring.lesson import LessonError
from qkv_course.authoring.notebook import as_text
from qkv_course.authoring.source import MARK
from qkv_course.authoring.tree import Tree, read_notebook


def out_of_date(tree: Tree, names: list[str]) -> list[str]:
    """Say for each notebook what differs from the sources; an empty list is good."""
    lines = []
    for name in names:
        try:
            lines += _notebook_differs(tree, name) + _solution_differs(tree, name)
        except LessonError as error:
            lines.append(str(error))
    return lines + [f"{_shown(p)}: there is no such lesson" for p in tree.strangers()]


def stale_cells(solution: NotebookNode | None, made: NotebookNode) -> list[str]:
    """List the cells of a solution on disk that differ from the one made, outputs aside."""
    if solution is None:
        return ["the file"]
    cells = [c.get("id", "?") for c in solution.cells if c.cell_type == "code" and not _has_run(c)]
    return cells or differing_cells(without_outputs(solution), made)


def without_outputs(notebook: NotebookNode) -> NotebookNode:
    """Copy a notebook as it was before it ran."""
    bare = deepcopy(notebook)
    for cell in bare.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return bare


def differing_cells(old: NotebookNode, new: NotebookNode) -> list[str]:
    """List ids of cells that are new, gone, moved or changed; "metadata" for the rest."""
    if as_text(old) == as_text(new):
        return []
    before, after = ({c.get("id", "?"): c for c in nb.cells} for nb in (old, new))
    changed = [i for i in {**before, **after} if before.get(i) != after.get(i)]
    if not changed and list(before) != list(after):
        return ["the order of the cells"]
    return changed or ["metadata"]


def written_work(notebook: NotebookNode | None) -> list[str]:
    """List the exercises of a notebook whose stub someone has replaced."""
    cells = notebook.cells if notebook is not None else []
    marked = [c for c in cells if c.metadata.get("nbgrader", {}).get("solution")]
    return [c.metadata["nbgrader"].get("grade_id", "?") for c in marked if MARK not in c.source]


def _notebook_differs(tree: Tree, name: str) -> list[str]:
    path, made = tree.notebooks / f"{name}.ipynb", tree.make(name, solved=False)
    if path.is_file() and path.read_text(encoding="utf-8") == as_text(made):
        return []
    old = read_notebook(path)
    cells = ["the file"] if old is None else differing_cells(old, made)
    return [f"{_shown(path)}: {', '.join(cells)}"]


def _solution_differs(tree: Tree, name: str) -> list[str]:
    path = tree.solutions / f"{name}.ipynb"
    cells = stale_cells(read_notebook(path), tree.make(name, solved=True))
    return [f"{_shown(path)}: {', '.join(cells)}"] if cells else []


def _has_run(cell: NotebookNode) -> bool:
    return cell.execution_count is not None or not cell.source.strip()


def _shown(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"

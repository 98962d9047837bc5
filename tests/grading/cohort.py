"""A small class on disk, made of solved notebooks of lesson 04."""

from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[2]
LESSON = "04_scores_and_scaling"
UNSCALED = "def scaled_scores(q, k):\n    return attention_scores(q, k)"
ENDLESS = "def score_std(d_k):\n    while True:\n        pass"


def hand_in(folder: Path, learner: str, lesson: str = LESSON, **functions: str) -> Path:
    """Write a learner's notebook: the solution, with these cells in the place of its own."""
    notebook = nbformat.read(ROOT / "solutions" / f"{lesson}.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
            cell.source = functions.get(cell["id"], cell.source)
    path = folder / learner / f"{lesson}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path

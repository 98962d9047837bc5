"""How much processor time a whole lesson takes, run from top to bottom in a fresh kernel.

The solved notebooks of the lessons that run or train models. A cell that is added at the end
asks the kernel's process, so that starting the kernel counts and whatever else runs does not.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat

from qkv_course.authoring.execute import execute

SOLUTIONS = Path(__file__).parents[1] / "solutions"
LESSONS = (
    "01_from_recurrence_to_attention",
    "05_softmax",
    "11_inside_a_real_transformer",
    "12_watch_heads_learn",
    "13_your_own_heads",
)
ASK = "import time\n\nprint(time.process_time())"


def rows() -> Iterator[tuple[str, list[float]]]:
    """Run each lesson once; milliseconds of processor time."""
    for lesson in LESSONS:
        notebook = nbformat.read(SOLUTIONS / f"{lesson}.ipynb", as_version=4)
        notebook.cells.append(nbformat.v4.new_code_cell(ASK, id="asks-for-the-time"))
        with tempfile.TemporaryDirectory() as folder:
            ran = execute(notebook, Path(folder))
        yield lesson, [1000 * float(ran.cells[-1].outputs[0].text)]

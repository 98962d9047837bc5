"""What the benchmarks of grading share: a notebook, graded here and run by nbclient.

Processor seconds are those of everything that works on it. Here: of this process, of the warm
one that forks, and of the one that runs the notebook, as the system counts them when it ends.
With nbclient: of this process, and of the kernel, which is asked in a cell at the end, so that
its own end is not counted.

Run as a program, this file grades every lesson, and says how much memory that takes.
"""

import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from qkv_course.grading.box import Box
from qkv_course.grading.grade import Settings, box_for, grade
from qkv_course.grading.inside.notebook import names_used
from qkv_course.grading.judge import Judgment, judge
from qkv_course.grading.limits import Limits
from qkv_course.grading.notebooks import read_cells
from qkv_course.grading.plan import make_plan, written
from qkv_course.grading.room import Room
from qkv_course.grading.submissions import find_submissions
from qkv_course.lessons import LESSONS

SOLUTIONS = Path(__file__).parents[1] / "solutions"
MIB = 1 << 20


@dataclass(frozen=True)
class Spent:
    """Milliseconds on the clock, and of processors."""

    wall: float
    cpu: float


class Clock:
    """Tells what was spent since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def spent(self, elsewhere: float = 0.0) -> Spent:
        """Tell it, with the processor seconds of other processes."""
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        return Spent(1000 * wall, 1000 * (cpu + elsewhere))


def columns(what: str, several: Iterable[Spent]) -> list[tuple[str, list[float]]]:
    """Make a row of the clock's times and one of the processors'."""
    several = list(several)
    return [
        (f"{what}, wall", [s.wall for s in several]),
        (f"{what}, CPU", [s.cpu for s in several]),
    ]


def solution(lesson: str) -> bytes:
    """Give a solved notebook as it would be handed in."""
    return (SOLUTIONS / f"{lesson}.ipynb").read_bytes()


def needed_only(lesson: str) -> bytes:
    """Give a solved notebook with no cells but those that grading runs, and their checks."""
    import nbformat

    cells = written(lesson, read_cells(solution(lesson)))
    plan = make_plan(lesson, cells, names_used)
    checks = [f"from qkv_course import check\ncheck({name})" for name in LESSONS[lesson]]
    notebook = nbformat.reads(solution(lesson).decode(), as_version=4)
    sources = [*plan.lessons, *(cell.source for cell in plan.learners), *checks]
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return nbformat.writes(notebook).encode()


def graded(box: Box, lesson: str, data: bytes) -> tuple[Spent, Judgment]:
    """Grade a notebook, from its bytes to its points."""
    clock = Clock()
    judgment = judge(box, lesson, read_cells(data))
    return clock.spent(judgment.cpu), judgment


def ran(data: bytes) -> Spent:
    """Run a notebook from top to bottom in a fresh kernel."""
    import nbformat
    from bench_lessons import ASK

    from qkv_course.authoring.execute import execute

    clock = Clock()
    notebook = nbformat.reads(data.decode(), as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(ASK, id="asks-for-the-time"))
    with tempfile.TemporaryDirectory() as folder:
        done = execute(notebook, Path(folder))
    return clock.spent(float(done.cells[-1].outputs[0].text))


def warm_process(box: Box) -> psutil.Process:
    """Find the process that forks; in a jail, bubblewrap is above it. Nothing is forked now."""
    process = psutil.Process(box._process.pid)
    while children := process.children():
        process = children[0]
    return process


def memory(process: psutil.Process) -> str:
    """Say how much memory a process has."""
    try:
        used = process.memory_full_info()
    except psutil.AccessDenied:  # only root may look into one that cannot be traced
        return f"RSS {process.memory_info().rss / MIB:.0f} MiB"
    own = used.uss / MIB
    return f"PSS {used.pss / MIB:.0f}, RSS {used.rss / MIB:.0f}, its own {own:.0f} MiB"


def main(rung: str) -> None:
    """Grade every lesson as `qkv grade` does, and print what memory the processes have then."""
    settings = Settings(rung)
    for submission in find_submissions(SOLUTIONS).submissions:
        grade(submission, settings)
    box = box_for(rung, Limits())
    assert isinstance(box, Box)
    room = Room(box, "08_many_heads", read_cells(solution("08_many_heads")))
    warm = warm_process(box)
    room.find("merge_heads", "")
    print(f"The judge, after all lessons: {memory(psutil.Process())}.")
    print(f"The warm process: {memory(warm)}.")
    print(f"A notebook's process: {memory(warm.children()[0])}.")
    room.leave()
    box.close()


if __name__ == "__main__":
    main(sys.argv[1])

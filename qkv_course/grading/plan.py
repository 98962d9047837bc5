"""Which cells of a notebook are worth running, and which of the lesson's own they need."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from qkv_course.grading.notebooks import Cell
from qkv_course.grading.release import released_cells
from qkv_course.lessons import exercise_names

CHECK = re.compile(r"(?:#[^\n]*\n\s*)*+check\(\w+\)")
STUB = re.compile(r"^[ \t]+raise NotImplementedError\(.(\w+): not attempted yet", re.M)
DEFINED = r"^(async def|def|class)\s+{0}\b|^{0}\s*(:[^=\n]+)?="


@dataclass(frozen=True)
class Plan:
    """What to run, in this order: the lesson's own cells, then the learner's."""

    lessons: tuple[str, ...]
    learners: tuple[Cell, ...]


def written(lesson: str, cells: Sequence[Cell]) -> list[Cell]:
    """Leave out the lesson's own cells as they were, and stubs of what is written elsewhere."""
    released = {cell.source for cell in released_cells(lesson)}
    own = [cell for cell in cells if cell.source.strip() not in released]
    own = [cell for cell in own if not CHECK.fullmatch(cell.source.strip())]
    done = [cell for cell in own if not STUB.search(cell.source)]
    there = {name for name in exercise_names() if any(defines(cell, name) for cell in done)}
    return [cell for cell in own if not _is_left_over(cell, there)]


def _is_left_over(cell: Cell, there: set[str]) -> bool:
    stubs = STUB.findall(cell.source)
    return bool(stubs) and there.issuperset(stubs)


def defines(cell: Cell, name: str) -> bool:
    """Say whether a cell's text looks as if it gave the name to something."""
    return re.search(DEFINED.format(re.escape(name)), cell.source, re.M) is not None


def make_plan(lesson: str, own: Sequence[Cell], names_in: Callable[[str], Iterable[str]]) -> Plan:
    """Choose the lesson's cells that the learner's need, directly or through one another.

    names_in: gives the names that a cell's source takes from other cells.
    """
    wanted = {name for cell in own for name in names_in(cell.source)}
    chosen: set[int] = set()
    released = released_cells(lesson)
    while True:
        more = {i for i, cell in enumerate(released) if cell.defines & wanted} - chosen
        if not more:
            return Plan(tuple(released[i].source for i in sorted(chosen)), tuple(own))
        chosen |= more
        wanted |= {name for i in more for name in released[i].takes}

"""The cells of a lesson as learners get them, read from its text without the authoring tools."""

import ast
import builtins
import re
import symtable
from dataclasses import dataclass
from functools import cache

from qkv_course.lessons import lesson_folder

# A code cell in MyST's notebook format, without the options on top of it.
CELL = re.compile(r"^```\{code-cell\}[^\n]*\n((?::[^\n]*\n)*)(.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class ReleasedCell:
    """A demonstration: what it defines for other cells, and what it takes from them."""

    source: str
    defines: frozenset[str]
    takes: frozenset[str]


@cache
def released_cells(lesson: str) -> tuple[ReleasedCell, ...]:
    """Give a lesson's code cells but for the exercises, in order."""
    text = (lesson_folder(lesson) / "lesson.md").read_text(encoding="utf-8")
    bodies = (body.strip() for options, body in CELL.findall(text) if ":exercise:" not in options)
    return tuple(_released(body) for body in bodies if body)


def _released(source: str) -> ReleasedCell:
    try:
        ast.parse(source)
    except SyntaxError:  # a magic, which defines nothing
        return ReleasedCell(source, frozenset(), frozenset())
    table = symtable.symtable(source, "cell", "exec")
    defines = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
    return ReleasedCell(source, frozenset(defines), frozenset(looked_up(table) - defines))


def looked_up(table: symtable.SymbolTable) -> set[str]:
    """List the names that code looks up beyond its own functions, without Python's."""
    top = table.get_type() == "module"
    used = (s for s in table.get_symbols() if s.is_referenced() and (top or s.is_global()))
    names = {s.get_name() for s in used} - set(dir(builtins))
    return names.union(*map(looked_up, table.get_children()))

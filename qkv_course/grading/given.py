"""What of the course a learner's code may use while it is graded, as sources.

The functions of earlier lessons are there, as they are in the notebook; those of the lesson itself
and of later ones, which are its answers or hold them, are not. Modules are cut down to what is
given: what is not sent cannot be found.
"""

import ast
import inspect
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from qkv_course.checks.exercise import Exercise
from qkv_course.errors import QkvError
from qkv_course.grading.release import released_cells
from qkv_course.lessons import LESSONS, import_lesson

LIBRARY = "qkv_course.attention"
# What calls a learner's function and describes what came of it: it knows no exercise.
ENGINE = ("arguments", "calls", "limits", "session", "settle")
Parts = dict[str, set[str]]  # names that are needed, by module


class HoldsAnswers(QkvError):
    """A part of the course cannot be given, because it uses an answer."""


def source_of(module: str) -> str:
    """Read a module's source without importing it."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise HoldsAnswers(f"{module} has no source.")
    return Path(spec.origin).read_text(encoding="utf-8")


COMMON = {
    "qkv_course.errors": source_of("qkv_course.errors"),
    **{f"qkv_course.checks.{name}": source_of(f"qkv_course.checks.{name}") for name in ENGINE},
}


@cache
def given(lesson: str) -> dict[str, str]:
    """Give the sources for a lesson, by module, beside those in COMMON."""
    answers = answers_of(lesson)
    parts: Parts = defaultdict(set)
    library = import_module(LIBRARY)
    for name in library.__all__:
        if name not in answers:
            _add_if_free(parts, LIBRARY, name, answers)
    for module, name in _imported(lesson):
        _add_if_free(parts, module, name, answers)
    for exercise in import_lesson(lesson).EXERCISES:
        if exercise.probe is not None:
            module, _, name = probe_name(exercise).partition(":")
            _merge(parts, _needs(module, name, answers))
    return {module: _cut(module, names) for module, names in parts.items() if module not in COMMON}


def answers_of(lesson: str) -> frozenset[str]:
    """List the exercises of a lesson and of all that come after it."""
    lessons = list(LESSONS)
    later = lessons[lessons.index(lesson) :]
    return frozenset(name for other in later for name in LESSONS[other])


def probe_name(exercise: Exercise) -> str:
    """Say where an exercise's probe is, as "module:name", or "" if it has none."""
    if exercise.probe is None:
        return ""
    probe = inspect.unwrap(exercise.probe)
    return f"{probe.__module__}:{probe.__name__}"


def _imported(lesson: str) -> set[tuple[str, str]]:
    """List what the lesson's cells import from the course and its solutions use."""
    trees = [ast.parse(inspect.getsource(e.reference)) for e in import_lesson(lesson).EXERCISES]
    used = {n.id for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Name)}
    found = set()
    for cell in released_cells(lesson):
        for module, name, bound in _imports(ast.parse(cell.source).body):
            if bound in used and module.startswith("qkv_course."):
                found.add((module, name))
    return found


def _imports(statements: Iterable[ast.stmt]) -> Iterable[tuple[str, str, str]]:
    """Yield (module, name, bound name) for every `from module import name`."""
    for statement in statements:
        if isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                yield statement.module or "", alias.name, alias.asname or alias.name


def _add_if_free(parts: Parts, module: str, name: str, answers: frozenset[str]) -> None:
    """Add a name and all that it needs, unless an answer is among that."""
    try:
        _merge(parts, _needs(module, name, answers))
    except HoldsAnswers:
        return


def _merge(parts: Parts, more: Parts) -> None:
    for module, names in more.items():
        parts[module] |= names


def _needs(module: str, name: str, answers: frozenset[str]) -> Parts:
    """List all that a name needs, by module. Raises HoldsAnswers."""
    needed: Parts = defaultdict(set)
    waiting = [(module, name)]
    while waiting:
        module, name = waiting.pop()
        statement = _bindings(module).get(name)
        if statement is None or name in needed[module]:
            continue
        if name in answers:
            raise HoldsAnswers(f"{module}.{name} is an answer.")
        needed[module].add(name)
        waiting += _next(module, name, statement)
    return needed


def _next(module: str, name: str, statement: ast.stmt) -> list[tuple[str, str]]:
    if isinstance(statement, ast.ImportFrom):
        origin = next(o for o in _imports([statement]) if o[2] == name)
        return [origin[:2]] if origin[0].startswith("qkv_course") else []
    return [(module, n.id) for n in ast.walk(statement) if isinstance(n, ast.Name)]


@cache
def _bindings(module: str) -> dict[str, ast.stmt]:
    """Map a module's names to the statements that bind them."""
    found: dict[str, ast.stmt] = {}
    for statement in _statements(ast.parse(source_of(module)).body):
        for name in _bound(statement):
            found[name] = statement
    return found


def _statements(body: list[ast.stmt]) -> Iterable[ast.stmt]:
    """Yield the statements of a module, also those for type checkers, which name lazy parts."""
    for statement in body:
        if isinstance(statement, ast.If):
            yield from _statements(statement.body)
        else:
            yield statement


def _bound(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return [(a.asname or a.name).partition(".")[0] for a in statement.names]
    targets = [n for n in ast.walk(statement) if isinstance(n, ast.Name)]
    return [n.id for n in targets if isinstance(n.ctx, ast.Store)]


def _cut(module: str, names: set[str]) -> str:
    """Write the part of a module that binds these names."""
    lines, seen = [], set()
    for statement in _statements(ast.parse(source_of(module)).body):
        wanted = [name for name in _bound(statement) if name in names]
        if not wanted or id(statement) in seen:
            continue
        seen.add(id(statement))
        if isinstance(statement, ast.Import | ast.ImportFrom):
            statement.names = [a for a in statement.names if _bound_by(a) in wanted]
        lines.append(ast.unparse(statement))
    return "\n".join(lines) + "\n"


def _bound_by(alias: ast.alias) -> str:
    return (alias.asname or alias.name).partition(".")[0]

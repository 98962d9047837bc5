"""Run a learner's cells, as IPython would, and call what they define."""

import ast
import asyncio
import builtins
import io
import linecache
import symtable
import sys
import types
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

from .inert import Inert, Phase

PLAIN = {"time", "timeit", "capture", "prun"}  # magics that run the cell below them


class Shell:
    """Stands in for IPython: other magics and shell commands do nothing."""

    def __init__(self, run: Callable[[str], None]) -> None:
        self._run = run

    def run_cell_magic(self, magic: str, line: str, cell: str) -> None:
        if magic in PLAIN:
            self._run(cell)
        elif magic == "writefile":  # of a module that is imported below, say
            with open(line.split()[-1], "w", encoding="utf-8") as file:
                file.write(cell)

    def getoutput(self, *_: Any, **__: Any) -> list[str]:
        return []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


class Notebook:
    """The names that a notebook's cells have defined so far."""

    def __init__(self) -> None:
        main = types.ModuleType("__main__")
        sys.modules["__main__"] = main
        self.names: dict[str, Any] = vars(main)
        self.exercises: dict[str, Any] = {}  # given by check(f, exercise="...")
        self._own: dict[str, Any] = {}  # the latest function or class of each name
        shell = Shell(self._execute)
        self.names.update(get_ipython=lambda: shell, display=lambda *_, **__: None)
        sys.stdin = io.StringIO()
        sys.path.insert(0, "")  # the folder that cells can write to
        course = import_module("qkv_course")
        vars(course)["check"] = self._check

    def run(self, number: int, source: str) -> None:
        """Run a cell. What stops it is raised."""
        name = f"<cell {number}>"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        try:
            self._execute(source, name)
        finally:
            self._own |= {n: f for n, f in self.names.items() if _is_own(f)}

    def find(self, exercise: str, cell: str) -> tuple[str, list[str]]:
        """Look for an exercise's function.

        cell: the source of the cell that should define it, for one that has another name.
        Returns what is there ("function", "course", "something" else or "nothing"), and the names
        of the exercises' functions that it uses.
        """
        # What was checked under this name; what it is now; what it was before the name was given
        # to something else, further down; what its cell defines, by another name.
        places = (self.exercises.get(exercise), self.names.get(exercise), self._own.get(exercise))
        found = [f for f in (*places, self.names.get(_defined(cell))) if f is not None]
        for f in found:
            if _kind(f) == "function":
                self.exercises[exercise] = f
                if _kind(self.names.get(exercise)) != "function":
                    self.names[exercise] = f  # others call it by this name
                return "function", sorted(_used(f))
        return (_kind(found[0]) if found else "nothing"), []

    def call(self, exercise: str, probe: str, *args: Any) -> Any:
        """Call an exercise's function by its probe, "module:name", or directly if it has none."""
        function = self.exercises[exercise]
        if not probe:
            return function(*args)
        module, _, name = probe.partition(":")
        return getattr(import_module(module), name)(function, *args)

    def _execute(self, source: str, name: str = "<cell>") -> None:
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        above = source[: -len(source.lstrip()) or None].count("\n")  # lines that IPython drops
        code = compile("\n" * above + python(source), name, "exec", flags, dont_inherit=True)
        awaited = eval(code, self.names)
        if awaited is not None:
            asyncio.run(awaited)

    def _check(self, f: Any = None, exercise: Any = None, *_: Any, **__: Any) -> None:
        if isinstance(exercise, str) and not Phase.judging:
            self.exercises[exercise] = f


def names_used(source: str) -> list[str]:
    """List the names that a cell takes from other cells."""
    return sorted(_looked_up(symtable.symtable(python(source), "<cell>", "exec")))


@cache
def python(source: str) -> str:
    """Write a cell's magics (`%timeit`, `!ls`) as the Python that IPython makes of them."""
    manager: Callable[[], Any] = TransformerManager  # published without types
    return str(manager().transform_cell(source))


def _looked_up(table: symtable.SymbolTable) -> set[str]:
    top = table.get_type() == "module"
    used = (s for s in table.get_symbols() if s.is_referenced() and (top or s.is_global()))
    names = {s.get_name() for s in used} - set(dir(builtins))
    return names.union(*map(_looked_up, table.get_children()))


def _is_own(f: Any) -> bool:
    return type(f) in (types.FunctionType, type) and f.__module__ == "__main__"


def _kind(found: Any) -> str:
    module = str(getattr(found, "__module__", ""))
    if isinstance(found, Inert) or module.partition(".")[0] == "qkv_course":
        return "course"
    return "function" if callable(found) else "something"


def _defined(cell: str) -> str:
    """Give the name of the one function or class that a cell defines, or ""."""
    tree = ast.parse(python(cell))
    defined = [n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    return defined[0] if len(defined) == 1 else ""


def _used(found: Any) -> set[str]:
    methods = vars(found).values() if isinstance(found, type) else (found,)
    codes = [m.__code__ for m in methods if isinstance(m, types.FunctionType)]
    names: set[str] = set()
    while codes:
        code = codes.pop()
        names.update(code.co_names)
        codes += [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return names

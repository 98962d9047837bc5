"""A reference's source: the solution as it is, and the stub that learners start from."""

import ast
import builtins
import inspect
import symtable
import textwrap
from collections.abc import Callable
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

from qkv_course.authoring.lesson import LessonError

Reference = Callable[..., Any]
MARK = "raise NotImplementedError("
"""What a stub holds and written work does not."""


def solution(reference: Reference) -> str:
    """Give the source of a function or a class, without its decorators."""
    source = textwrap.dedent(inspect.getsource(reference))
    return "\n".join(source.splitlines()[_definition(source).lineno - 1 :])


def stub(reference: Reference) -> str:
    """Give signature and docstring, and a body that says it is still to be written."""
    source = solution(reference)
    node = _definition(source)
    if not ast.get_docstring(node):
        raise LessonError(f"{reference.__name__} has no docstring: the stub would say nothing")
    if isinstance(node, ast.ClassDef):
        return _class_stub(source.splitlines(), node)
    return "\n".join(_function_stub(source.splitlines(), node, node.name))


def unknown_names(code: str, known: set[str]) -> list[str]:
    """List the names that code looks up and that are neither known nor Python's own."""
    table = symtable.symtable(code, "cell", "exec")
    return sorted(_looked_up(table) - known - bound_names(code) - set(dir(builtins)))


def bound_names(code: str) -> set[str]:
    """List the names that a cell defines at its top level, magics included."""
    table = symtable.symtable(plain_python(code), "cell", "exec")
    return {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}


def called_names(code: str) -> set[str]:
    """List the names that a cell calls, as in `name(...)`."""
    calls = (n.func for n in ast.walk(ast.parse(plain_python(code))) if isinstance(n, ast.Call))
    return {f.id for f in calls if isinstance(f, ast.Name)}


def plain_python(code: str) -> str:
    """Write a cell's magics (`%timeit`, `!ls`) as the Python that IPython makes of them."""
    manager: Callable[[], Any] = TransformerManager  # published without types
    return str(manager().transform_cell(code))


def _definition(source: str) -> ast.FunctionDef | ast.ClassDef:
    node = ast.parse(source).body[0]
    if not isinstance(node, ast.FunctionDef | ast.ClassDef):
        raise LessonError(f"a reference is a function or a class, not {source.splitlines()[0]!r}")
    return node


def _function_stub(lines: list[str], node: ast.FunctionDef, exercise: str) -> list[str]:
    indent = " " * node.body[0].col_offset
    kept = [statement for statement in node.body if _is_kept(statement)]
    return [
        *_head(lines, node),
        *(line for s in kept for line in lines[s.lineno - 1 : s.end_lineno]),
        f"{indent}# Your code here (replace the line below)",
        f'{indent}{MARK}"{exercise}: not attempted yet")',
    ]


def _class_stub(lines: list[str], node: ast.ClassDef) -> str:
    out = _head(lines, node)
    for method in node.body[1:]:
        if isinstance(method, ast.FunctionDef) and _is_public(method.name):
            out += ["", *_function_stub(lines, method, node.name)]
    return "\n".join(out)


def _head(lines: list[str], node: ast.FunctionDef | ast.ClassDef) -> list[str]:
    """Give the lines of the signature and of the docstring, if there is one."""
    start = min(n.lineno for n in (node, *node.decorator_list)) - 1
    first = node.body[0]
    if ast.get_docstring(node) is not None:
        return lines[start : first.end_lineno]
    head = lines[start : first.lineno - 1]
    while head[-1].lstrip().startswith("#"):  # a comment on the body belongs to the solution
        head.pop()
    return head


def _is_public(name: str) -> bool:
    return not name.startswith("_") or name.endswith("__")


def _is_kept(statement: ast.stmt) -> bool:
    # torch asks for this line before all others; it teaches nothing about attention.
    return isinstance(statement, ast.Expr) and ast.unparse(statement) == "super().__init__()"


def _looked_up(table: symtable.SymbolTable) -> set[str]:
    top = table.get_type() == "module"
    used = [s for s in table.get_symbols() if s.is_referenced() and (top or s.is_global())]
    names = {s.get_name() for s in used}
    return names.union(*(_looked_up(child) for child in table.get_children()))

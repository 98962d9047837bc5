"""QKV Course: queries, keys and values, learned by building them.

The names below are loaded when they are first used, so that `import qkv_course` is quick.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qkv_course.checks import ask, check, evaluate, hint, predict, reveal
    from qkv_course.errors import CheckFailed
    from qkv_course.widgets import break_it, explore

__version__ = "0.1.0"

__all__ = [
    "CheckFailed",
    "ask",
    "break_it",
    "check",
    "evaluate",
    "explore",
    "hint",
    "predict",
    "reveal",
]

_MODULES = {
    "CheckFailed": "qkv_course.errors",
    "ask": "qkv_course.checks",
    "break_it": "qkv_course.widgets",
    "check": "qkv_course.checks",
    "evaluate": "qkv_course.checks",
    "explore": "qkv_course.widgets",
    "hint": "qkv_course.checks",
    "predict": "qkv_course.checks",
    "reveal": "qkv_course.checks",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        value = getattr(import_module(_MODULES[name]), name)
    except ModuleNotFoundError as error:
        _explain(error)
        raise
    globals()[name] = value
    return value


def _explain(error: ModuleNotFoundError) -> None:
    """Say what to do where a package that the course needs is not installed."""
    from qkv_course.errors import QkvError

    package = (error.name or "").split(".")[0]
    if package == "qkv_course":
        return
    raise QkvError(
        f"The Python that runs this has no {package}, which the course needs.\n"
        f"It is {sys.executable}.\n"
        "Open the notebook with `make lab` (or `qkv lab`), so that the course's own Python "
        "runs it. If it still fails, `python -m qkv_course.doctor` says what is missing."
    ) from None


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})

"""QKV Course: queries, keys and values, learned by building them.

The names below are loaded when they are first used, so that `import qkv_course` is quick.
"""

from typing import TYPE_CHECKING

from qkv_course.lazy import lazy_names

if TYPE_CHECKING:
    from qkv_course.checks import ask, check, evaluate, hint, predict, reveal
    from qkv_course.errors import CheckFailed
    from qkv_course.widgets import break_it, explore
    from qkv_course.workshop.board.learner import all_good, need_help

__version__ = "0.1.0"

__all__ = [
    "CheckFailed",
    "all_good",
    "ask",
    "break_it",
    "check",
    "evaluate",
    "explore",
    "hint",
    "need_help",
    "predict",
    "reveal",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "checks": ("ask", "check", "evaluate", "hint", "predict", "reveal"),
        "errors": ("CheckFailed",),
        "widgets": ("break_it", "explore"),
        "workshop.board.learner": ("all_good", "need_help"),
    },
)

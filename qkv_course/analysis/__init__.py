"""What heads attend to, measured beside controls: for the course's models, and for your own.

NumPy alone; nothing is imported until it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qkv_course.analysis.heads import ablate_heads, choose_heads, head_importance, role_mass
    from qkv_course.analysis.measures import (
        best_head,
        head_accuracy,
        mean_entropy,
        offset_accuracy,
        sink_mass,
    )

__all__ = [
    "ablate_heads",
    "best_head",
    "choose_heads",
    "head_accuracy",
    "head_importance",
    "mean_entropy",
    "offset_accuracy",
    "role_mass",
    "sink_mass",
]

HOMES = {
    **dict.fromkeys(("ablate_heads", "choose_heads", "head_importance", "role_mass"), "heads"),
    **dict.fromkeys(
        ("best_head", "head_accuracy", "mean_entropy", "offset_accuracy", "sink_mass"), "measures"
    ),
}


def __getattr__(name: str) -> Any:
    if name in HOMES:
        return getattr(import_module(f"qkv_course.analysis.{HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

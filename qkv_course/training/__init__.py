"""Little languages are learned here, in seconds, by transformers that can be looked into.

Nothing here is imported, and torch is not, until it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qkv_course.training.broken import SoftmaxOverQueries, SplitWithoutTranspose
    from qkv_course.training.experiments import sweep, train_until
    from qkv_course.training.history import History, Snapshot, reference_history
    from qkv_course.training.run import Training, TrainingFailed

__all__ = [
    "History",
    "Snapshot",
    "SoftmaxOverQueries",
    "SplitWithoutTranspose",
    "Training",
    "TrainingFailed",
    "reference_history",
    "sweep",
    "train_until",
]

HOMES = {
    "History": "history",
    "Snapshot": "history",
    "reference_history": "history",
    "SoftmaxOverQueries": "broken",
    "SplitWithoutTranspose": "broken",
    "Training": "run",
    "TrainingFailed": "run",
    "sweep": "experiments",
    "train_until": "experiments",
}


def __getattr__(name: str) -> Any:
    if name in HOMES:
        return getattr(import_module(f"qkv_course.training.{HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

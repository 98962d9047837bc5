"""Little languages are learned here, in seconds, by transformers that can be looked into.

Nothing here is imported, and torch is not, until it is asked for.
"""

from typing import TYPE_CHECKING

from qkv_course.lazy import lazy_names

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

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "broken": ("SoftmaxOverQueries", "SplitWithoutTranspose"),
        "experiments": ("sweep", "train_until"),
        "history": ("History", "Snapshot", "reference_history"),
        "run": ("Training", "TrainingFailed"),
    },
)

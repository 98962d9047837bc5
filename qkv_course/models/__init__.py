"""A pretrained sentence encoder and tiny transformers, all built from the course's own attention.

Nothing here is imported, and torch is not, until it is asked for.
"""

from typing import TYPE_CHECKING

from qkv_course.lazy import lazy_names

if TYPE_CHECKING:
    from qkv_course.models.encoder import Encoder, real_model, without_heads
    from qkv_course.models.pretrained import Reading, SentenceModel, load_model, untrained_model

__all__ = [
    "Encoder",
    "Reading",
    "SentenceModel",
    "load_model",
    "real_model",
    "untrained_model",
    "without_heads",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "encoder": ("Encoder", "real_model", "without_heads"),
        "pretrained": ("Reading", "SentenceModel", "load_model", "untrained_model"),
    },
)

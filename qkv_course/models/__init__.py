"""A pretrained sentence encoder and tiny transformers, all built from the course's own attention.

Nothing here is imported, and torch is not, until it is asked for.
"""

from typing import TYPE_CHECKING, Any

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


def __getattr__(name: str) -> Any:
    if name in __all__:
        from qkv_course.models import encoder, pretrained

        return getattr(pretrained, name, None) or getattr(encoder, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

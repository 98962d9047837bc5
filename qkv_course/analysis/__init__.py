"""What heads attend to, measured beside controls: for the course's models, and for your own.

NumPy alone; nothing is imported until it is asked for.
"""

from typing import TYPE_CHECKING

from qkv_course.lazy import lazy_names

if TYPE_CHECKING:
    from qkv_course.analysis.card import (
        CardRefused,
        ClaimCard,
        card_problems,
        check_card,
        fill_card,
    )
    from qkv_course.analysis.effects import ablation_in_layer
    from qkv_course.analysis.evidence import (
        Evidence,
        gather_evidence,
        head_hits,
        offset_hits,
        wilson_interval,
    )
    from qkv_course.analysis.heads import ablate_heads, choose_heads, head_importance, role_mass
    from qkv_course.analysis.measures import (
        best_head,
        head_accuracy,
        mean_entropy,
        offset_accuracy,
        sink_mass,
    )
    from qkv_course.analysis.refusals import BadEvidence
    from qkv_course.analysis.relations import Finding, find_relations
    from qkv_course.analysis.sentences import BadLabel, own_sentences, read_sentences
    from qkv_course.analysis.sources import from_hugging_face, read_with
    from qkv_course.analysis.weights import BadWeights, OwnReading, from_arrays
    from qkv_course.analysis.words import word_weights

__all__ = [
    "BadEvidence",
    "BadLabel",
    "BadWeights",
    "CardRefused",
    "ClaimCard",
    "Evidence",
    "Finding",
    "OwnReading",
    "ablate_heads",
    "ablation_in_layer",
    "best_head",
    "card_problems",
    "check_card",
    "choose_heads",
    "fill_card",
    "find_relations",
    "from_arrays",
    "from_hugging_face",
    "gather_evidence",
    "head_accuracy",
    "head_hits",
    "head_importance",
    "mean_entropy",
    "offset_accuracy",
    "offset_hits",
    "own_sentences",
    "read_sentences",
    "read_with",
    "role_mass",
    "sink_mass",
    "wilson_interval",
    "word_weights",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "card": ("CardRefused", "ClaimCard", "card_problems", "check_card", "fill_card"),
        "effects": ("ablation_in_layer",),
        "evidence": (
            "Evidence",
            "gather_evidence",
            "head_hits",
            "offset_hits",
            "wilson_interval",
        ),
        "heads": ("ablate_heads", "choose_heads", "head_importance", "role_mass"),
        "measures": ("best_head", "head_accuracy", "mean_entropy", "offset_accuracy", "sink_mass"),
        "refusals": ("BadEvidence",),
        "relations": ("Finding", "find_relations"),
        "sentences": ("BadLabel", "own_sentences", "read_sentences"),
        "sources": ("from_hugging_face", "read_with"),
        "weights": ("BadWeights", "OwnReading", "from_arrays"),
        "words": ("word_weights",),
    },
)

"""Compute what the head browser has with it from the start: run this module to renew it.

python -m qkv_course.widgets.browser_store
"""

import base64
import json
from typing import Any

import numpy as np

from qkv_course.analysis.relations import Finding, find_relations
from qkv_course.analysis.sentences import own_sentences
from qkv_course.models import untrained_model
from qkv_course.widgets.browser_data import AFTER, BEFORE, STORE, Packed, model, packed

SENTENCE = "The king told the actress that she left."
ENDS = {  # what stands on the left and on the right of > in the labels
    "determiner": ("determiner", "noun"),
    "adjective": ("adjective", "noun"),
    "subject": ("subject", "verb"),
    "object": ("verb", "object"),
    "pronoun": ("pronoun", "noun"),
    "sense": ("ambiguous word", "telling word"),
    "negation": ("negation", "opinion word"),
}


def computed() -> dict[str, Any]:
    """Read the first sentence, and score all heads on the course's labeled sentences."""
    found = find_relations(model(), untrained_model(), own_sentences())
    return {
        "sentence": SENTENCE,
        "reading": _written(packed(SENTENCE)),
        "relations": {finding.relation: _counted(finding) for finding in found},
    }


def _written(reading: Packed) -> dict[str, Any]:
    """Put a reading into what JSON can carry."""
    return {
        name: base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value
        for name, value in reading.sent().items()
    }


def _counted(finding: Finding) -> dict[str, Any]:
    """Give a relation's ends, and the pairs that each head finds, in whole numbers."""
    ends = ENDS.get(finding.relation, (finding.relation, "its other word"))
    controls = ("held_out", "offset", "untrained", "chance")
    return {
        "ends": list(reversed(ends) if finding.backward else ends),
        "n": finding.n,
        "right": np.rint(finding.scores * finding.n).astype(int).tolist(),
        **{name: round(getattr(finding, name), 4) for name in controls},
    }


def main() -> None:
    """Write the store."""
    text = json.dumps(computed(), separators=(",", ":"))
    STORE.write_text(BEFORE + text + AFTER, encoding="utf-8")


if __name__ == "__main__":
    main()

"""What the head browser shows: a sentence's weights in bytes, and stored scores of all heads."""

import base64
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from qkv_course.analysis.measures import mean_entropy, sink_mass
from qkv_course.errors import BadText
from qkv_course.widgets.base import STATIC

if TYPE_CHECKING:
    from qkv_course.models import Reading, SentenceModel

LAYERS, HEADS = 6, 12
MOST_WORDS, MOST_TOKENS = 24, 32  # [CLS] and [SEP] are tokens, too; no words
MEASURES = ("entropy", "[CLS]", "previous", "next", "itself")
STORE = STATIC / "browser_stored.js"  # a script, so that the browser has it without asking
BEFORE, AFTER = "const STORED = ", ";\n"


@dataclass(frozen=True)
class Packed:
    """What the heads attend to in one sentence, small enough to travel with a notebook.

    tokens, words: as the model reads them, and as they were typed.
    word_of: which word each token belongs to, -1 for [CLS] and [SEP].
    weights: uint8 (n_layers * n_heads, n, n), in steps of 1/255.
    measures: uint16 (5, n_layers, n_heads), of the weights before they were rounded, in steps
        of 1/10000.
    """

    tokens: tuple[str, ...]
    words: tuple[str, ...]
    word_of: tuple[int, ...]
    weights: np.ndarray
    measures: np.ndarray

    def sent(self) -> dict[str, Any]:
        """Write it for the browser, numbers in binary."""
        return {
            "tokens": list(self.tokens),
            "words": list(self.words),
            "word_of": list(self.word_of),
            "weights": self.weights.tobytes(),
            "measures": self.measures.astype("<u2").tobytes(),
        }

    @classmethod
    def received(cls, sent: dict[str, Any]) -> "Packed":
        """Read what `sent` wrote."""
        n = len(sent["tokens"])
        return cls(
            tuple(sent["tokens"]),
            tuple(sent["words"]),
            tuple(sent["word_of"]),
            np.frombuffer(sent["weights"], dtype=np.uint8).reshape(-1, n, n),
            np.frombuffer(sent["measures"], dtype="<u2").reshape(-1, LAYERS, HEADS),
        )


@lru_cache(maxsize=1)
def model() -> "SentenceModel":
    """Load the model, once. Raises ModelUnavailable."""
    from qkv_course.models import load_model

    return load_model()


@lru_cache(maxsize=8)
def read(sentence: str) -> Packed:
    """Let the model read one sentence.

    Raises ModelUnavailable, and BadText for a sentence that is too long for the pictures.
    """
    if sentence == stored()["sentence"]:
        return _unwritten(stored()["reading"])
    return packed(sentence)


def packed(sentence: str) -> Packed:
    """Compute what `read` gives, whatever is stored."""
    batch = model().tokenizer([sentence])
    words, tokens = len(batch.words[0]), len(batch.tokens[0])
    if words > MOST_WORDS:
        raise BadText(
            f"The sentence has {words} words, with its punctuation marks. "
            f"The pictures have room for {MOST_WORDS}: leave some out."
        )
    if tokens > MOST_TOKENS:
        raise BadText(
            f"The model cuts rare words into pieces, and makes {tokens} tokens of this sentence. "
            f"The pictures have room for {MOST_TOKENS}: leave some out."
        )
    return _pack(model().read([sentence]))


def _pack(reading: "Reading") -> Packed:
    weights = reading.weights[:, 0]  # (n_layers, n_heads, n, n)
    n = weights.shape[-1]
    steps = np.rint(weights * 255).astype(np.uint8).reshape(-1, n, n)
    return Packed(
        tuple(reading.tokens[0]),
        tuple(reading.words[0]),
        tuple(int(w) for w in reading.word_of[0]),
        steps,
        np.rint(measures(weights) * 10_000).astype(np.uint16),
    )


def measures(weights: np.ndarray) -> np.ndarray:
    """Measure every head: mean entropy, and mean weight on four places.

    weights: (n_layers, n_heads, n, n), rows are queries.
    Returns (5, n_layers, n_heads), in the order of MEASURES; entropy in nats.
    """

    def beside(offset: int) -> np.ndarray:
        found: np.ndarray = np.diagonal(weights, offset, axis1=-2, axis2=-1).mean(axis=-1)
        return found

    exact = weights.astype(np.float64)
    return np.stack([mean_entropy(exact), sink_mass(exact), beside(-1), beside(1), beside(0)])


@lru_cache(maxsize=1)
def stored() -> dict[str, Any]:
    """Read what was computed once, so that the first sentence is there without the model.

    Returns sentence, reading: the first sentence and what the heads attend to in it; and
    relations: by name, n pairs of its ends, right (n_layers, n_heads): how many a head finds, and
    the shares that are found on held-out sentences by the best head and by controls.
    """
    found: dict[str, Any] = json.loads(STORE.read_text("utf-8")[len(BEFORE) : -len(AFTER)])
    return found


def _unwritten(written: dict[str, Any]) -> Packed:
    binary = {name: base64.b64decode(written[name]) for name in ("weights", "measures")}
    return Packed.received(written | binary)

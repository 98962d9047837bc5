"""Lesson 06's explorer: what the words around it make of a word, in any order."""

from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from qkv_course.attention import qkv, self_attention, sinusoidal_positions
from qkv_course.data.embeddings import (
    FEATURES,
    MONEY_SENTENCE,
    RIVER_SENTENCE,
    VALUE_FEATURES,
    W_K,
    W_Q,
    W_V,
    embed,
)
from qkv_course.widgets.base import Explorer, module
from qkv_course.widgets.yours import Call

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SENTENCES = {"river": RIVER_SENTENCE, "money": MONEY_SENTENCE}
ORDERS = ((0, 1, 2, 3, 4), (4, 1, 0, 3, 2), (1, 4, 2, 0, 3), (3, 2, 4, 1, 0))


def compute(sentence: str, word: int, order: int, positions: bool) -> dict[str, Any]:
    """Let five words attend to each other, in an order of one's own, and follow one word.

    word: its place in the sentence as written. order: 0 as written, else a shuffle.
    Returns x (5, 4), q and k (5, 3), v (5, 2), weights (5, 5) and context (5, 2), with rows
    in the chosen order; w_q, w_k and w_v; the word's place in that order, its context and
    its own value (2,), its context in the order as written (2,), and the largest difference.
    """
    as_written = embed(SENTENCES[sentence])
    added = sinusoidal_positions(*as_written.shape) if positions else np.zeros_like(as_written)
    x = as_written[list(ORDERS[order])] + added
    place = ORDERS[order].index(word)
    context, weights = self_attention(x, W_Q, W_K, W_V)
    before, _ = self_attention(as_written + added, W_Q, W_K, W_V)
    q, k, v = qkv(x, W_Q, W_K, W_V)
    return {
        **{"x": x, "w_q": W_Q, "w_k": W_K, "w_v": W_V, "q": q, "k": k, "v": v},
        **{"weights": weights, "context": context, "place": place},
        **{"becomes": context[place], "own": v[place], "before": before[word]},
        "difference": float(np.abs(context[place] - before[word]).max()),
    }


def describe(sentence: str, word: int, order: int, positions: bool) -> str:
    """Say whom the word attends to, what it becomes, and what a shuffle does to that."""
    r = compute(sentence, word, order, positions)
    name = SENTENCES[sentence].split()[word]
    becomes, own = (
        ", ".join(f"{n} {x:.2f}" for n, x in zip(VALUE_FEATURES, r[key], strict=True))
        for key in ("becomes", "own")
    )
    said = [
        f"{name.capitalize()} attends {_most(r['weights'][r['place']], _words(sentence, order))}.",
        f"Its context: {becomes}. Its own value: {own}.",
    ]
    if order:
        verdict = (
            f"differs by {r['difference']:.2f} from"
            if r["difference"] > 1e-9
            else "is the same as in"
        )
        said.append(f"Shuffled, {name}'s context {verdict} the sentence as written.")
    if positions:
        said.append("Positions are added to the same four columns, and blur them.")
    return " ".join(said)


def _words(sentence: str, order: int) -> list[str]:
    words = SENTENCES[sentence].split()
    return [words[i] for i in ORDERS[order]]


def _most(row: np.ndarray, words: list[str]) -> str:
    """Say where a row has its largest weights, which may be equal."""
    top = row.max()
    most = [word for word, w in zip(words, row, strict=True) if w > top - 1e-9]
    if len(most) == len(words):
        return f"to all words alike ({top:.2f} each)"
    names = " and ".join(filter(None, [", ".join(most[:-1]), most[-1]]))
    return f"most to {names} ({top:.2f}{' each' if len(most) > 1 else ''})"


class ContextExplorer(Explorer):
    """Follow one word through two sentences; shuffle the words; add positions."""

    title = "What a word becomes among other words"
    compute = staticmethod(compute)
    describe = staticmethod(describe)
    calls = (
        Call("attention", takes=("q", "k", "v"), gives=("context", "weights")),
        Call("self_attention", takes=("x", "w_q", "w_k", "w_v"), gives=("context", "weights")),
        Call("weighted_sum", takes=("weights", "v"), gives=("context",)),
    )
    _esm = module("context")

    sentence = traitlets.Enum(list(SENTENCES), "river").tag(sync=True)
    word = traitlets.Int(4, min=0, max=4).tag(sync=True)
    order = traitlets.Int(0, min=0, max=len(ORDERS) - 1).tag(sync=True)
    positions = traitlets.Bool(False).tag(sync=True)

    def draw(self, figure: "Figure") -> None:
        """Draw the words' vectors, the weights, and the word's value beside its context."""
        from qkv_course.widgets.poster import heatmap

        r, words = compute(**self.settings), _words(self.sentence, self.order)
        left, middle, right = figure.subplots(1, 3)
        heatmap(left, r["x"], "The words' vectors", words, FEATURES)
        heatmap(
            middle, r["weights"].round(2), "Weights: row asks column", words, words, limits=(0, 1)
        )
        blends = np.stack([r["own"], r["becomes"]])
        name = words[r["place"]]
        heatmap(right, blends, f"What {name} becomes", ["own value", "context"], VALUE_FEATURES)

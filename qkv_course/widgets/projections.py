"""Lesson 03's explorer: a matrix turns readable words into queries, keys or values."""

from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from qkv_course.attention import attention_scores, project, qkv
from qkv_course.data.embeddings import (
    FEATURES,
    QUERY_FEATURES,
    RIVER_SENTENCE,
    VALUE_FEATURES,
    W_K,
    W_Q,
    W_V,
    embed,
)
from qkv_course.widgets.base import Explorer, module
from qkv_course.widgets.random import normals
from qkv_course.widgets.yours import Call

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WORDS = RIVER_SENTENCE.split()
FISH, SWIM = WORDS.index("fish"), WORDS.index("swim")
MAKES = {"W_Q": "queries", "W_K": "keys", "W_V": "values"}


def _matrices(random: bool, d_k: int, same: bool, seed: int) -> tuple[np.ndarray, ...]:
    """Give W_Q, W_K and W_V."""
    if random:
        columns = (d_k, d_k, len(VALUE_FEATURES))
        w_q, w_k, w_v = (normals((len(FEATURES), d), 4 * seed + i) for i, d in enumerate(columns))
    else:
        w_q, w_k, w_v = W_Q, W_K, W_V
    return w_q, w_q if same else w_k, w_v


def compute(matrix: str, random: bool, d_k: int, same: bool, seed: int) -> dict[str, Any]:
    """Project five words with one matrix, and score queries against keys.

    Returns x (5, 4), the matrix w (4, d) and projected = x @ w (5, d); w_q and w_k (4, d_k),
    w_v (4, 2), q and k (5, d_k), v (5, 2), scores (5, 5), and asymmetry: the largest
    difference of a score from its mirror image.
    """
    x = embed(RIVER_SENTENCE)
    w_q, w_k, w_v = _matrices(random, d_k, same, seed)
    w = {"W_Q": w_q, "W_K": w_k, "W_V": w_v}[matrix]
    q, k, v = qkv(x, w_q, w_k, w_v)
    scores = attention_scores(q, k)
    return {
        **{"x": x, "w": w, "projected": project(x, w)},
        **{"w_q": w_q, "w_k": w_k, "w_v": w_v, "q": q, "k": k, "v": v, "scores": scores},
        "asymmetry": float(np.abs(scores - scores.T).max()),
    }


def describe(matrix: str, random: bool, d_k: int, same: bool, seed: int) -> str:
    """Say the shapes, and whether two words ask the same of each other."""
    r = compute(matrix, random, d_k, same, seed)
    there, back = (_number(r["scores"][pair]) for pair in ((SWIM, FISH), (FISH, SWIM)))
    verdict = (
        "W_K is W_Q, so scores are symmetric: what i asks of j, j asks of i."
        if same
        else "W_Q and W_K differ, and scores are not symmetric."
    )
    return (
        f"x {r['x'].shape} @ {matrix} {r['w'].shape} gives the {MAKES[matrix]}, "
        f"{r['projected'].shape}. {verdict} Swim asks fish: {there}. Fish asks swim: {back}."
    )


def _number(x: float) -> str:
    return f"{x:.0f}" if x == int(x) else f"{x:.2f}"


class ProjectionsExplorer(Explorer):
    """Choose a matrix and read what it makes of five words; then use one matrix for both."""

    title = "What a matrix makes of a word, and why there are two for the scores"
    compute = staticmethod(compute)
    describe = staticmethod(describe)
    calls = (
        Call("project", takes=("x", "w"), gives=("projected",)),
        Call("qkv", takes=("x", "w_q", "w_k", "w_v"), gives=("q", "k", "v")),
    )
    _esm = module("projections")

    matrix = traitlets.Enum(list(MAKES), "W_Q").tag(sync=True)
    same = traitlets.Bool(False).tag(sync=True)
    random = traitlets.Bool(False).tag(sync=True)
    d_k = traitlets.Int(3, min=1, max=6).tag(sync=True)
    seed = traitlets.Int(0, min=0, max=10**6).tag(sync=True)

    def draw(self, figure: "Figure") -> None:
        """Draw the matrix, its result and the scores."""
        from qkv_course.widgets.poster import heatmap

        r = compute(**self.settings)
        names = VALUE_FEATURES if self.matrix == "W_V" else QUERY_FEATURES
        cols = range(r["w"].shape[1]) if self.random and self.matrix != "W_V" else names
        left, middle, right = figure.subplots(1, 3)
        heatmap(left, r["w"], self.matrix, FEATURES, cols)
        heatmap(middle, r["projected"], f"x @ {self.matrix}: {MAKES[self.matrix]}", WORDS, cols)
        heatmap(right, r["scores"], "Scores: row asks column", WORDS, WORDS)

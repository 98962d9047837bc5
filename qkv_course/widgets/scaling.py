"""Lesson 04's explorer: scores grow like √d_k, and what that does to the weights."""

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from qkv_course.attention import attention_scores, scaled_scores, softmax
from qkv_course.widgets.base import Explorer, module
from qkv_course.widgets.random import normals
from qkv_course.widgets.yours import Call

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LARGEST = 1024  # of d_k; smaller ones use the first entries of the same random vectors
PAIRS, QUERIES, KEYS = 500, 6, 8
EDGES = -48.75 + 1.5 * np.arange(66)  # of the histogram's bins


@lru_cache(maxsize=4)
def _vectors(seed: int) -> tuple[np.ndarray, ...]:
    sizes = (QUERIES, KEYS, PAIRS, PAIRS)
    return tuple(normals((n, LARGEST), 4 * seed + i) for i, n in enumerate(sizes))


def compute(d_k: int, scale: bool, seed: int) -> dict[str, Any]:
    """Score random queries and keys, raw and scaled, and weigh.

    Returns q (6, d_k), k (8, d_k), scores, scaled and weights (6, 8), samples: the scores of
    500 other pairs, counts: how many of them are in each bin of EDGES, spread: their
    standard deviation, and expected: the one in theory.
    """
    q, k, more_q, more_k = (vectors[:, :d_k] for vectors in _vectors(seed))
    divisor = math.sqrt(d_k) if scale else 1.0
    samples = (more_q * more_k).sum(axis=-1) / divisor  # (500,)
    scores, scaled = attention_scores(q, k), scaled_scores(q, k)  # (6, 8)
    return {
        "q": q,
        "k": k,
        "samples": samples,
        "counts": np.histogram(samples, EDGES)[0].astype(np.float64),
        "spread": float(samples.std()),
        "expected": math.sqrt(d_k) / divisor,
        "scores": scores,
        "scaled": scaled,
        "weights": softmax(scaled if scale else scores),
    }


def describe(d_k: int, scale: bool, seed: int) -> str:
    """Say how widely the scores spread and how sharp the weights are."""
    r = compute(d_k, scale, seed)
    largest = r["weights"].max(axis=-1)
    root = _number(math.sqrt(d_k))
    what = f"divided by √{d_k} = {root}" if scale else "not divided"
    theory = "1" if scale else f"√{d_k} = {root}"
    return (
        f"d_k = {d_k}, {what}: the spread (std) of the scores is {r['spread']:.2f}, "
        f"in theory {theory}. "
        f"The largest weight of a row is {largest.mean():.2f} on average; "
        f"{1 / KEYS:.3f} for each key would be even."
    )


def _number(x: float) -> str:
    return f"{x:.0f}" if x == int(x) else f"{x:.2f}"


class ScalingExplorer(Explorer):
    """Drag d_k and watch the scores spread and the weights sharpen; then divide by √d_k."""

    title = "How far scores spread, and what √d_k does about it"
    compute = staticmethod(compute)
    describe = staticmethod(describe)
    calls = (
        Call("scaled_scores", takes=("q", "k"), gives=("scaled",)),
        Call("attention_scores", takes=("q", "k"), gives=("scores",)),
    )
    _esm = module("scaling")

    d_k = traitlets.Int(64, min=1, max=LARGEST).tag(sync=True)
    scale = traitlets.Bool(False).tag(sync=True)
    seed = traitlets.Int(0, min=0, max=10**6).tag(sync=True)

    def draw(self, figure: "Figure") -> None:
        """Draw the histogram of the scores beside the weights."""
        from qkv_course.widgets.poster import heatmap

        r = compute(**self.settings)
        left, right = figure.subplots(1, 2)
        left.bar((EDGES[1:] + EDGES[:-1]) / 2, r["counts"] / PAIRS, width=1.35, color="#0072b2")
        left.set_title("Scores of 500 random pairs", fontsize=9)
        left.tick_params(labelsize=7)
        names = [f"q{i}" for i in range(QUERIES)], [f"k{j}" for j in range(KEYS)]
        heatmap(right, r["weights"], "Weights", *names, limits=(0, 1))

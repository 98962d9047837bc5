"""Lesson 01's explorer: how far a nudge of the first word travels, and what a short path costs."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from qkv_course.attention import mix, rnn_influence, rnn_states
from qkv_course.widgets.base import Explorer, module
from qkv_course.widgets.random import normals
from qkv_course.widgets.yours import Call

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FARTHEST = 60
READ = 8  # tokens that the states are shown for
NUDGE = (1.0, -0.5)  # the first token; the others are zero
W_X = ((1.0, 0.5, 0.0, -0.5), (0.0, 1.0, -1.0, 0.5))
WEIGHTS = (0.3, 0.05, 0.1, 0.15, 0.05, 0.2, 0.05, 0.1)
KINDS = ("diagonal", "rotation", "random")


def compute(kind: str, gain: float, distance: int) -> dict[str, Any]:
    """Follow a nudge of the first token through a recurrence.

    Returns w_h (4, 4), whose largest singular value is `gain`; influences (61,), one for every
    distance, and influence, the one for `distance`; for a sentence of 8 tokens that is silent
    but for the first, x (8, 2), w_x (2, 4) and states (8, 4); and, of a mix of these tokens,
    mix_weights (8,) and blend (2,).
    """
    w_h = gain * _matrix(kind)
    x = np.zeros((READ, 2))
    x[0] = NUDGE
    w_x, weights = np.array(W_X), np.array(WEIGHTS)
    return {
        "w_h": w_h,
        "influences": np.array([rnn_influence(w_h, d) for d in range(FARTHEST + 1)]),
        "influence": rnn_influence(w_h, distance),
        "x": x,
        "w_x": w_x,
        "states": rnn_states(x, w_x, w_h),
        "mix_weights": weights,
        "blend": mix(weights, x),
    }


def _matrix(kind: str) -> np.ndarray:
    """Give a 4 by 4 matrix whose largest singular value is 1."""
    if kind == "diagonal":
        return np.diag([1.0, 0.9, 0.6, 0.3])
    if kind == "rotation":
        result = np.zeros((4, 4))
        for i, angle in ((0, 0.5), (2, 1.2)):  # each turns two of the four numbers
            c, s = math.cos(angle), math.sin(angle)
            result[i : i + 2, i : i + 2] = [[c, s], [-s, c]]
        return result
    result = normals((4, 4), seed=24)
    return result / rnn_influence(result, 1)


def describe(kind: str, gain: float, distance: int) -> str:
    """Say how much of a nudge is left, and what attention does and pays at this distance."""
    left, n = compute(kind, gain, distance)["influence"], distance + 1
    return (
        f"Recurrence: the last word is {distance} {_plural('step', distance)} from the first. "
        f"A nudge of size 1 has a size of {_size(left)} when it arrives. "
        f"Attention: 1 step, at any distance. It compares {n} · {n} = {n * n} "
        f"{_plural('pair', n * n)}, where the recurrence takes {n} {_plural('step', n)}, "
        "one after another."
    )


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else noun + "s"


def _size(x: float) -> str:
    """Write a bound with as many digits as it needs, as `size` in influence.js does."""
    if x < 0.0001:
        return "less than 0.0001"
    return f"at most {x * (1 + 1e-9):.{4 if x < 0.1 else 2 if x < 100 else 0}f}"  # halves go up


class InfluenceExplorer(Explorer):
    """Choose how much a step keeps, and watch a nudge fade or grow with the distance."""

    title = "How far a nudge of the first word travels"
    compute = staticmethod(compute)
    describe = staticmethod(describe)
    calls = (
        Call("rnn_influence", takes=("w_h", "distance"), gives=("influence",)),
        Call("rnn_states", takes=("x", "w_x", "w_h"), gives=("states",)),
        Call("mix", takes=("mix_weights", "x"), gives=("blend",)),
    )
    _esm = module("influence")

    kind = traitlets.Enum(KINDS, "diagonal").tag(sync=True)
    gain = traitlets.Float(0.9, min=0.5, max=1.2).tag(sync=True)
    distance = traitlets.Int(20, min=0, max=FARTHEST).tag(sync=True)

    def draw(self, figure: "Figure") -> None:
        """Draw the influence over the distance beside what both layers pay for it."""
        r, d = compute(**self.settings), np.arange(FARTHEST + 1)
        left, right = figure.subplots(1, 2)
        left.semilogy(d, r["influences"], color="#0072b2", label="recurrence, at most")
        left.plot([self.distance], [r["influence"]], "o", color="#b84a00", label="now")
        left.set(ylim=(1e-4, 1e4))
        left.set_title("What is left of a nudge", fontsize=9)
        right.semilogy(d, (d + 1) ** 2, color="#b84a00", label="attention: n · n pairs")
        right.semilogy(d, d + 1, color="#0072b2", label="recurrence: n steps in a row")
        right.semilogy(d, d * 0 + 1, "--", color="#00795a", label="attention: 1 step")
        right.set_title("What it takes", fontsize=9)
        for axes in (left, right):
            axes.set_xlabel("distance from the first word, in words", fontsize=8)
            axes.tick_params(labelsize=7)
            axes.legend(fontsize=7)

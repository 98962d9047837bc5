"""Lesson 00's explorer: two arrows in the plane and the one number that compares them."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from qkv_course.attention import dot
from qkv_course.widgets.base import Explorer, fixed, module
from qkv_course.widgets.yours import Call

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LONGEST = 3.0
ANGLES = np.arange(0, 181, 5)  # between the arrows, in degrees, of the curve


def compute(a_length: float, a_angle: int, b_length: float, b_angle: int) -> dict[str, Any]:
    """Multiply two arrows entry by entry and add up.

    Returns a, b and products (2,), dot: their sum, apart: the angle between the arrows in
    degrees, 0 to 180, and curve: the dot product of two arrows of these lengths for every
    angle of ANGLES.
    """
    a, b = _arrow(a_length, a_angle), _arrow(b_length, b_angle)
    turn = abs(a_angle - b_angle) % 360
    return {
        "a": a,
        "b": b,
        "products": a * b,
        "dot": float(dot(a, b)),
        "apart": min(turn, 360 - turn),
        "curve": a_length * b_length * np.cos(np.radians(ANGLES)),
    }


def _arrow(length: float, angle: float) -> np.ndarray:
    entries = length * np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))])
    result: np.ndarray = np.round(entries, 12) + 0.0  # cos 90° shall be 0, and never -0
    return result


def describe(a_length: float, a_angle: int, b_length: float, b_angle: int) -> str:
    """Write the dot product out, and say what its sign has to do with the angle."""
    r = compute(a_length, a_angle, b_length, b_angle)
    (ax, ay), (bx, by), (px, py) = r["a"], r["b"], r["products"]
    side = (r["apart"] > 90) - (r["apart"] < 90)
    return (
        f"a = [{fixed(ax)}, {fixed(ay)}] and b = [{fixed(bx)}, {fixed(by)}]: "
        f"dot(a, b) = {fixed(px)} + {_factor(py)} = {fixed(r['dot'])}. "
        f"The arrows are {r['apart']}° apart, {('less than', 'exactly', 'more than')[side + 1]} "
        f"a right angle, so the dot product is {('above 0', '0', 'below 0')[side + 1]}."
    )


def _factor(x: float) -> str:
    text = fixed(x)
    return f"({text})" if text.startswith("-") else text


class DotExplorer(Explorer):
    """Turn and stretch two arrows, and watch the sum of the products of their entries."""

    title = "The dot product of two arrows"
    compute = staticmethod(compute)
    describe = staticmethod(describe)
    calls = (Call("dot", takes=("a", "b"), gives=("dot",)),)
    _esm = module("dot")

    a_length = traitlets.Float(2.0, min=0.5, max=LONGEST).tag(sync=True)
    a_angle = traitlets.Int(20, min=0, max=360).tag(sync=True)
    b_length = traitlets.Float(3.0, min=0.5, max=LONGEST).tag(sync=True)
    b_angle = traitlets.Int(65, min=0, max=360).tag(sync=True)

    def draw(self, figure: "Figure") -> None:
        """Draw the two arrows beside the dot product over the angle between them."""
        r = compute(**self.settings)
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.6))
        _plane(left, r)
        right.plot(ANGLES, r["curve"], color="#0072b2")
        right.plot([r["apart"]], [r["dot"]], "o", color="#b84a00")
        right.axvline(90, color="gray", linestyle="--", linewidth=1)
        right.set(xticks=range(0, 181, 45), ylim=(-9.5, 9.5))
        right.set_xlabel("angle between the arrows, in degrees", fontsize=8)
        right.set_title("dot(a, b) at every angle", fontsize=9)
        for axes in (left, right):
            axes.tick_params(labelsize=7)
            axes.grid(alpha=0.3)


def _plane(axes: "Axes", r: dict[str, Any]) -> None:
    for name, color in (("a", "#0072b2"), ("b", "#b84a00")):
        arrow = {"arrowstyle": "-|>", "color": color, "linewidth": 2, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", r[name], (0, 0), arrowprops=arrow)
        x, y = r[name] * (1 + 0.35 / np.hypot(*r[name]))
        axes.text(x, y, name, ha="center", va="center")
    axes.set(xlim=(-3.6, 3.6), ylim=(-3.6, 3.6), aspect="equal")
    axes.set_title("Two arrows", fontsize=9)

"""Lesson 02's explorer: a table of lamps whose answers blend."""

from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from qkv_course.attention import hard_lookup, similarity, soft_lookup, softmax_with_temperature
from qkv_course.widgets.base import Explorer, fixed, module
from qkv_course.widgets.yours import Call

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LAMPS = ("amber", "green", "pink", "white")
KEYS = ((3.0, 0.0), (2.0, 2.0), (0.0, 3.0), (-1.0, -1.0))  # how calm, how festive
VALUES = ((0.9, 0.6, 0.0), (0.0, 0.6, 0.5), (0.8, 0.5, 0.7), (1.0, 1.0, 1.0))
LIGHT = ("red", "green", "blue")


def compute(calm: float, festive: float, temperature: float) -> dict[str, Any]:
    """Look up one query in the table of lamps, hard and soft.

    Returns query (2,), keys (4, 2), values (4, 3), scores and weights (4,), best: the
    position of the largest score, and three answers (3,): winner, the value of the best
    key, blend, and average, of all values.
    """
    query, keys, values = np.array([calm, festive]), np.array(KEYS), np.array(VALUES)
    scores = similarity(query, keys)
    return {
        "query": query,
        "keys": keys,
        "values": values,
        "scores": scores,
        "weights": softmax_with_temperature(scores, temperature),
        "best": int(np.argmax(scores)),
        "winner": hard_lookup(query, keys, values),
        "blend": soft_lookup(query, keys, values, temperature),
        "average": values.mean(axis=0),
    }


def describe(calm: float, festive: float, temperature: float) -> str:
    """Say which lamp wins, with which weight, and what light comes out."""
    r = compute(calm, festive, temperature)
    best, weights = r["best"], r["weights"]
    equals = int((r["scores"] == r["scores"][best]).sum())
    first = f" (the first of {equals} equals)" if equals > 1 else ""
    blend, winner = (", ".join(map(fixed, r[name])) for name in ("blend", "winner"))
    return (
        f"Query [{calm:.1f}, {festive:.1f}], temperature {temperature:g}: {LAMPS[best]} fits "
        f"best{first}, with a score of {fixed(r['scores'][best])} and a weight of "
        f"{fixed(weights[best])}. Red, green, blue: the blend is [{blend}], {LAMPS[best]} alone "
        f"is [{winner}]. {_end(weights)}"
    )


def _end(weights: np.ndarray) -> str:
    if weights.max() > 0.99:
        return "This is one end: as good as one winner."
    if weights.max() - weights.min() < 0.15:
        return "This is the other end: close to the average of everything."
    return "Between the two ends: a blend."


class LookupExplorer(Explorer):
    """Move a query among keys, and turn the temperature from one winner to the average."""

    title = "A table of lamps whose answers blend"
    compute = staticmethod(compute)
    describe = staticmethod(describe)
    calls = (
        Call("soft_lookup", takes=("query", "keys", "values", "temperature"), gives=("blend",)),
        Call("similarity", takes=("query", "keys"), gives=("scores",)),
        Call("hard_lookup", takes=("query", "keys", "values"), gives=("winner",)),
    )
    _esm = module("lookup")

    calm = traitlets.Float(1.0, min=-2.0, max=2.0).tag(sync=True)
    festive = traitlets.Float(0.2, min=-2.0, max=2.0).tag(sync=True)
    temperature = traitlets.Float(1.0, min=0.1, max=10.0).tag(sync=True)

    def draw(self, figure: "Figure") -> None:
        """Draw the keys and the query, the weights, and the light that comes out."""
        r = compute(**self.settings)
        left, middle, right = figure.subplots(1, 3)
        _plane(left, r)
        middle.bar(LAMPS, r["weights"], color="#0072b2")
        middle.set(ylim=(0, 1))
        middle.set_title("Weights", fontsize=9)
        names = (("winner", "#00795a"), ("blend", "#0072b2"), ("average", "#b84a00"))
        for i, (name, color) in enumerate(names):
            right.bar(np.arange(3) + 0.27 * (i - 1), r[name], 0.25, color=color, label=name)
        right.set(ylim=(0, 1.35))
        right.set_xticks(range(3), LIGHT)
        right.legend(fontsize=6, ncols=3)
        right.set_title("The light that comes out", fontsize=9)
        for axes in (left, middle, right):
            axes.tick_params(labelsize=7)


def _plane(axes: "Axes", r: dict[str, Any]) -> None:
    arrows = [*((key, lamp, "#0072b2") for key, lamp in zip(r["keys"], LAMPS, strict=True))]
    for (x, y), name, color in [*arrows, (r["query"], "query", "#b84a00")]:
        arrow = {"arrowstyle": "-|>", "color": color, "linewidth": 2, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", (x, y), (0, 0), arrowprops=arrow)
        axes.text(x, y + (0.3 if y >= 0 else -0.3), name, ha="center", va="center", fontsize=7)
    axes.set(xlim=(-2.6, 4), ylim=(-2.6, 4), aspect="equal")
    axes.set_xlabel("calm", fontsize=8)
    axes.set_ylabel("festive", fontsize=8)
    axes.set_title("Keys and query", fontsize=9)
    axes.grid(alpha=0.3)

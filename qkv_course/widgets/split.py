"""Lesson 08's second explorer: where each number goes when features are cut into heads."""

from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from qkv_course.attention import merge_heads, split_heads
from qkv_course.widgets.base import Explorer, module, stylesheet
from qkv_course.widgets.yours import Call

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TOKENS, D_MODEL = 3, 8
HEADS = (1, 2, 4, 8)
STEPS = ("x", "reshape", "swap axes", "merge back")
ALIKE = "With 1 head there is nothing to mix up."
BEFORE = "before it, on the tempting way"


def compute(step: int, heads: int, token: int, column: int) -> dict[str, Any]:
    """Cut three tokens of eight numbers into heads, the right way and the tempting one.

    token, column: the number that is followed.
    Returns x and merged (3, 8), whose digits are token and column, reshaped (3, heads, d_head),
    split (heads, 3, d_head), straight: x reshaped to that shape at once, straight_back (3, 8),
    wrong_head and wrong_row: where straight has a number of another head, or of its own head
    but another token; and the indices of the followed number in_reshaped, in_split and
    in_straight (3,).
    """
    x = 10 * np.arange(TOKENS)[:, None] + np.arange(D_MODEL)
    split = split_heads(x, heads)
    straight = x.reshape(split.shape)
    places = np.arange(heads)[:, None, None], np.arange(TOKENS)[:, None]
    wrong_head = straight % 10 // split.shape[-1] != places[0]
    reshaped = x.reshape(TOKENS, heads, -1)
    return {
        **{"x": x, "reshaped": reshaped, "split": split, "merged": merge_heads(split)},
        **{"straight": straight, "straight_back": straight.reshape(x.shape)},
        **{"wrong_head": wrong_head, "wrong_row": ~wrong_head & (straight // 10 != places[1])},
        "in_reshaped": _place(reshaped, token, column),
        "in_split": _place(split, token, column),
        "in_straight": _place(straight, token, column),
    }


def _place(numbers: np.ndarray, token: int, column: int) -> np.ndarray:
    return np.argwhere(numbers == 10 * token + column)[0]


def describe(step: int, heads: int, token: int, column: int) -> str:
    """Say where the followed number stands now, and what the tempting way makes of it."""
    r = compute(step, heads, token, column)
    first, second, last = (int(i) for i in r["in_reshaped"])
    start = f"token {token}, column {column}"
    straight, wrong = r["in_straight"], _wrong(r["wrong_head"].sum(), r["wrong_row"].sum())
    number = f"{token}{column}"
    steps = (
        f"`x` has the shape {r['x'].shape}. The number {number} is {start}.",
        f"{number}: {start} → token {first}, head {second}, column {last}. No number moves in "
        "memory; every token's row is cut.",
        f"{number}: {start} → head {second}, token {first}, column {last}. Reshaped straight: "
        f"head {straight[0]}, row {straight[1]}, column {straight[2]}. "
        + (f"There, {wrong}." if wrong else ALIKE),
        f"{number} is {start} again, on both sides. "
        + (f"So a round trip does not test the split: {BEFORE}, {wrong}." if wrong else ALIKE),
    )
    return f"Step {step} of 3, {STEPS[step]}. {steps[step]}"


def _wrong(heads: int, rows: int) -> str:
    if not heads + rows:
        return ""
    return f"{heads} of {TOKENS * D_MODEL} numbers are in a wrong head, and {rows} in a wrong row"


class SplitExplorer(Explorer):
    """Step through split and merge, and follow a number; beside it, the tempting wrong way."""

    title = "Where each number goes: split into heads, and merge back"
    compute = staticmethod(compute)
    describe = staticmethod(describe)
    calls = (
        Call("split_heads", takes=("x", "heads"), gives=("split",)),
        Call("merge_heads", takes=("split",), gives=("merged",)),
    )
    yours_pictures = False
    _esm = module("split")
    _css = stylesheet("base", "split")

    step = traitlets.Int(0, min=0, max=len(STEPS) - 1).tag(sync=True)
    heads = traitlets.Enum(list(HEADS), 4).tag(sync=True)
    token = traitlets.Int(2, min=0, max=TOKENS - 1).tag(sync=True)
    column = traitlets.Int(3, min=0, max=D_MODEL - 1).tag(sync=True)

    def caption(self) -> str:
        """Say what the poster shows: it has no steps."""
        return describe(**{**self.settings, "step": 2})

    def draw(self, figure: "Figure") -> None:
        """Draw x, its right split, and the tempting one."""
        r = compute(**self.settings)
        left, middle, right = figure.subplots(1, 3)
        _blocks(left, r["x"][None], r, f"x {r['x'].shape}: token, column")
        _blocks(middle, r["split"], r, f"split {r['split'].shape}: head, token, column")
        _blocks(right, r["straight"], r, "reshaped straight; dashed: misplaced")


COLORS = ("#0072b2", "#b84a00", "#00795a", "#8a4b78")


def _blocks(axes: "Axes", stack: np.ndarray, r: dict[str, Any], title: str) -> None:
    """Draw matrices side by side, their numbers in the color of the head they belong to."""
    count, rows, width = stack.shape
    d_head = r["split"].shape[-1]
    misplaced = r["wrong_head"] | r["wrong_row"]
    for (b, i, j), number in np.ndenumerate(stack):
        color = COLORS[number % 10 // d_head % 4]
        box = {"fc": color + "30", "ec": color, "boxstyle": "square,pad=0.25"}
        if stack is r["straight"] and misplaced[b, i, j]:
            box |= {"ec": "black", "ls": "--"}
        x, y = b % 4 * (width + 0.6) + j, b // 4 * (rows + 1) + i
        axes.text(x, y, f"{number:02d}", fontsize=7, ha="center", va="center", bbox=box)
    across, down = min(count, 4), -(-count // 4)
    axes.set(xlim=(-1, across * (width + 0.6)), ylim=(down * (rows + 1), -1))
    axes.set_axis_off()
    axes.set_title(title, fontsize=8)

"""Lesson 07's explorer: paint who may look at whom, and watch what happens to the weights."""

from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from qkv_course.attention import (
    causal_mask,
    mask_scores,
    masked_attention,
    padding_mask,
    scaled_scores,
    softmax,
    weighted_sum,
)
from qkv_course.widgets.base import Explorer, module, stylesheet
from qkv_course.widgets.yours import Call

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WORDS = ("the", "cat", "ate", "up", "my", "pie")
OTHERS = ("a", "dog", "hid", "it", "our", "egg")  # what the last word can turn into
N = len(WORDS)
PRESETS = ("none", "causal", "padding", "both", "drawn")
FILLS = ("-inf", "0", "-1e-12", "-10", "-1e9", "multiply")
BAND = "110000/111000/011100/001110/000111/000011"  # each word and its neighbors

# One row a word, and the last row for padding.
QUERIES = (
    *((2, 0, 0, 0), (0, 2, 0, 1), (2, 1, 0, 0), (0, 2, 1, 0), (1, 0, 0, 2), (0, 1, 2, 0)),
    (1, 0, 1, 0),
)
KEYS = (
    *((-1, 1, 2, 0), (3, 0, 0, 1), (0, 3, 1, 0), (1, 1, 0, 2), (1, 0, 2, 0), (2, 1, 0, 2)),
    (1, 1, 1, 1),
)
VALUES = (*((1, 0), (3, 1), (0, 3), (1, 1), (2, 0), (3, 2)), (0, 0))
OTHER_KEY, OTHER_VALUE = (2, 2, 0, 1), (0, -2)


def compute(
    preset: str, length: int, drawn: str, true_means: str, fill: str, change_last: bool
) -> dict[str, Any]:
    """Attend under a mask: in the right way, and with what was chosen to be filled in.

    Returns n, lengths (3,) and, for 6 words with padding, q and k (6, 4), v (6, 2); painted,
    the mask as it is on the screen, mask, the same as True = may attend, and causal (6, 6);
    padding (3, 1, 6); scores, masked and weights (6, 6) and context (6, 2): the right ones;
    filled, shown (6, 6), totals and leaks (6,): what was chosen makes of the scores, of the
    weights, of their sum in a row, and of the part of it that lies on hidden words; moves
    (6,): how far each context moves if the last word gets another key and value.
    """
    lengths = np.array([length, N, 2])
    q, k, v = _vectors(length, change_last)
    painted = _painted(preset, length, drawn)
    mask = painted if true_means == "may attend" else ~painted
    scores = scaled_scores(q, k)
    context, weights = masked_attention(q, k, v, mask)
    filled, shown = _weigh(q, k, mask, fill)
    _, k_before, v_before = _vectors(length, change_last=False)
    _, before = _weigh(q, k_before, mask, fill)
    moves = np.abs(weighted_sum(shown, v) - weighted_sum(before, v_before)).max(axis=-1)
    return {
        **{"n": N, "lengths": lengths, "q": q, "k": k, "v": v, "painted": painted, "mask": mask},
        **{"causal": causal_mask(N), "padding": padding_mask(lengths, N)},
        **{"scores": scores, "masked": mask_scores(scores, mask)},
        **{"weights": weights, "context": context, "filled": filled, "shown": shown},
        "totals": shown.sum(axis=-1),
        "leaks": np.where(mask, 0.0, shown).sum(axis=-1),
        "moves": moves,
    }


def _vectors(length: int, change_last: bool) -> tuple[np.ndarray, ...]:
    """Give queries, keys and values of the words, with padding after the first `length`."""
    tokens = [i if i < length else N for i in range(N)]
    q, k, v = (np.array(a, dtype=np.float64)[tokens] for a in (QUERIES, KEYS, VALUES))
    if change_last and length:
        k[length - 1], v[length - 1] = OTHER_KEY, OTHER_VALUE
    return q, k, v


def _painted(preset: str, length: int, drawn: str) -> np.ndarray:
    if preset == "drawn":
        return np.array([[x == "1" for x in row] for row in drawn.split("/")])
    mask = causal_mask(N) if preset in ("causal", "both") else np.ones((N, N), dtype=bool)
    real = padding_mask(np.array([length]), N)[0]  # (1, N)
    return mask & real if preset in ("padding", "both") else mask


def _weigh(
    q: np.ndarray, k: np.ndarray, mask: np.ndarray, fill: str
) -> tuple[np.ndarray, np.ndarray]:
    """Give what the softmax gets and the weights, (6, 6) each, with `fill` for hidden scores."""
    scores = scaled_scores(q, k)
    if fill == "multiply":
        return scores, softmax(scores) * mask
    filled = np.where(mask, scores, float(fill))
    if fill == "-inf":
        return filled, masked_attention(q, k, np.zeros((N, 1)), mask)[1]
    return filled, softmax(filled)


def words_of(length: int, change_last: bool) -> list[str]:
    """List the words as they are labeled: padding after the first `length`."""
    words = [*WORDS[:length], *["pad"] * (N - length)]
    if change_last and length:
        words[length - 1] = OTHERS[length - 1]
    return words


def describe(
    preset: str, length: int, drawn: str, true_means: str, fill: str, change_last: bool
) -> str:
    """Say what is hidden, whether weight leaks to it, and who notices a change."""
    r = compute(preset, length, drawn, true_means, fill, change_last)
    hidden = int((~r["mask"]).sum())
    said = ["Nothing is hidden: every word looks at all words."]
    if hidden:
        said = [f"{hidden} of {N * N} pairs {'is' if hidden == 1 else 'are'} hidden."]
        said.append(_effect(r, fill, words_of(length, change_last)))
    if true_means == "hidden":
        said.append("True was read as hidden: this is the opposite of the mask as painted.")
    if change_last:
        said.append(_notice(r["moves"], length))
    return " ".join(said)


def _effect(r: dict[str, Any], fill: str, words: list[str]) -> str:
    """Say what the mask does to the weights."""
    totals, leaks = r["totals"], r["leaks"]
    if fill == "multiply":
        word, share = words[_first(-totals)], _two(totals.min())
        return f"Hidden weights are 0, but row “{word}” sums to {share}: the softmax saw all words."
    if fill == "-inf":
        return f"Their weights are exactly 0. {_empty(r['mask'], words)}"
    if leaks.max() > 0:
        worst = _first(leaks)
        said = f"They leak: {_two(leaks[worst])} of row “{words[worst]}” goes to hidden words."
    else:
        said = "Their weights are 0 here."
    if fill == "-1e9":
        said += " (In float16, PyTorch stops with an error: -1e9 does not fit.)"
    return said


def _empty(mask: np.ndarray, words: list[str]) -> str:
    """Say what becomes of rows in which nothing is allowed."""
    rows = [w for w, row in zip(words, mask, strict=True) if not row.any()]
    if not rows:
        return "Every row sums to 1."
    where = f"row “{rows[0]}”" if len(rows) == 1 else f"{len(rows)} rows"
    return f"Nothing is allowed in {where}: all weights are 0 there, and so is the context."


def _notice(moves: np.ndarray, length: int) -> str:
    """Say which words before the last one notice its change."""
    if not length:
        return "There is no last word to change."
    noticed = [f"“{w}”" for w, move in zip(WORDS[: length - 1], moves, strict=False) if move > 1e-9]
    who = f"noticed by {', '.join(noticed)}" if noticed else "no word before it notices"
    return f"The last word became “{OTHERS[length - 1]}”, with another key and value: {who}."


def _first(sizes: np.ndarray) -> int:
    """Give the place of the largest of the sizes, the first of equals."""
    return int(np.argmax(sizes > sizes.max() - 1e-9))


def _two(x: float) -> str:
    """Write two decimals, and five for a small number; halves go up, as in masks.js."""
    if 0 < x < 0.00001:
        return "less than 0.00001"
    return "0" if x == 0 else f"{x + 1e-9:.{2 if x >= 0.01 else 5}f}"


class Drawing(traitlets.Unicode[str, Any]):
    """A mask of 6 rows, written with 1 for True, "100000/110000/...", or given as an array."""

    info_text = f"a mask of {N} rows of {N}: an array, or a text such as {BAND!r}"

    def validate(self, obj: Any, value: Any) -> str:
        """Take an array of numbers or bools of the right shape, or a text."""
        rows = [list(row) for row in value.split("/")] if isinstance(value, str) else value
        try:
            mask = np.asarray(rows, dtype=np.float64)
        except (TypeError, ValueError):
            self.error(obj, value)
        if mask.shape != (N, N) or not np.isin(mask, (0, 1)).all():
            self.error(obj, value)
        return "/".join("".join("01"[int(x)] for x in row) for row in mask)


class MasksExplorer(Explorer):
    """Paint a mask, or take a usual one; fill in something wrong; change the last word."""

    title = "Who may look at whom"
    invitation = "Run this cell to paint the mask."
    compute = staticmethod(compute)
    describe = staticmethod(describe)
    calls = (
        Call("masked_attention", takes=("q", "k", "v", "mask"), gives=("context", "weights")),
        Call("causal_mask", takes=("n",), gives=("causal",)),
        Call("padding_mask", takes=("lengths", "n"), gives=("padding",)),
        Call("mask_scores", takes=("scores", "mask"), gives=("masked",)),
    )
    _esm = module("masks")
    _css = stylesheet("base", "masks")

    preset = traitlets.Enum(PRESETS, "causal").tag(sync=True)
    length = traitlets.Int(N, min=0, max=N).tag(sync=True)
    drawn = Drawing(BAND).tag(sync=True)
    true_means = traitlets.Enum(("may attend", "hidden"), "may attend").tag(sync=True)
    fill = traitlets.Enum(FILLS, "-inf").tag(sync=True)
    change_last = traitlets.Bool(False).tag(sync=True)

    def __init__(self, *args: Any, **settings: Any) -> None:
        if "drawn" in settings:
            settings = {"preset": "drawn", **settings}
        super().__init__(*args, **settings)

    def draw(self, figure: "Figure") -> None:
        """Draw the mask beside the weights."""
        from qkv_course.widgets.poster import heatmap

        r, words = compute(**self.settings), words_of(self.length, self.change_last)
        left, right = figure.subplots(1, 2)
        heatmap(left, r["mask"], "Mask: 1 = row may look at column", words, words, limits=(0, 1))
        title = "Weights" if self.fill == "-inf" else f"Weights, with {self.fill} for hidden scores"
        if self.fill == "multiply":
            title = "Weights, multiplied by the mask after the softmax"
        heatmap(right, r["shown"].round(2), title, words, words, limits=(0, 1))

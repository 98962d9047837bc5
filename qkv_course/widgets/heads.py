"""Lesson 08's explorer: more heads give more patterns, each of lower rank, for the same cost."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import traitlets

from qkv_course.attention import head_dim, multi_head_attention, scaled_scores, split_heads
from qkv_course.widgets.base import Explorer, module, stylesheet
from qkv_course.widgets.random import normals
from qkv_course.widgets.yours import Call

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Model(NamedTuple):
    """A model's sizes; tokens: the length of text that the counts are for."""

    name: str
    d_model: int
    heads: int
    tokens: int


TOY = "toy"
MODELS = {
    TOY: Model("Toy model", 96, 8, 24),
    "transformer base": Model("Transformer base (Vaswani et al. 2017)", 512, 8, 512),
    "bert-base": Model("BERT-base (Devlin et al. 2019)", 768, 12, 512),
    "gpt-2 small": Model("GPT-2 small (Radford et al. 2019)", 768, 12, 1024),
    "gpt-3": Model("GPT-3 (Brown et al. 2020)", 12288, 96, 2048),
}
MOST, SHOWN, CALLED = 96, 6, 6  # heads; heads with a picture; tokens for a learner's function
NEGLIGIBLE = 1e-9  # of the largest score: below it, a pattern is rounding


def counts(d_model: int) -> list[int]:
    """List the numbers of heads that share d_model features evenly, up to MOST."""
    return [n for n in range(1, MOST + 1) if d_model % n == 0]


def compute(model: str, heads: int) -> dict[str, Any]:
    """Cut a model's features into heads, and count what comes of it.

    heads: where it does not divide the features, the next smaller number that does is taken.
    Returns d_model, n_heads, d_head, tokens, parameters: those of the four matrices without
    biases, entries: all weights of a layer for that many tokens, choices: every possible
    number of heads, and bounds: the highest rank that a head's scores can have with each.
    For the toy also what _toy returns.
    """
    _, d_model, _, tokens = MODELS[model]
    choices = counts(d_model)
    n_heads = max(n for n in choices if n <= heads)
    sizes = {
        "d_model": d_model,
        "n_heads": n_heads,
        "d_head": head_dim(d_model, n_heads),
        "tokens": tokens,
        "parameters": 4 * d_model**2,
        "entries": n_heads * tokens**2,
        "choices": np.array(choices),
        "bounds": np.array([min(tokens, head_dim(d_model, n)) for n in choices]),
    }
    return sizes | _toy(n_heads) if model == TOY else sizes


@lru_cache(maxsize=12)
def _toy(n_heads: int) -> dict[str, Any]:
    """Let random tokens attend in many heads.

    Returns q and k (24, d_head) of head 0 and scores (up to 6, 24, 24), the first heads' scores
    over √d_head. For every number of heads: ranks, that of head 0's scores, and favorites, how
    many keys have the largest score of a row, on average over the heads. For the first 6 tokens:
    x (6, 96), w_q, w_k, w_v, w_o (96, 96), output (6, 96) and weights (n_heads, 6, 6).
    """
    x, w_q, w_k, w_v, w_o = _inputs()
    output, weights = multi_head_attention(x[:CALLED], w_q, w_k, w_v, w_o, n_heads)
    q, k = split_heads(x @ w_q, n_heads), split_heads(x @ w_k, n_heads)
    return {
        **{"q": q[0], "k": k[0], "scores": scaled_scores(q[:SHOWN], k[:SHOWN])},
        **_by_heads(),
        **{"x": x[:CALLED], "w_q": w_q, "w_k": w_k, "w_v": w_v, "w_o": w_o},
        **{"output": output, "weights": weights},
    }


@lru_cache(maxsize=1)
def _inputs() -> tuple[np.ndarray, ...]:
    """Draw tokens (24, 96) and four matrices (96, 96) that keep their size."""
    _, d_model, _, tokens = MODELS[TOY]
    matrices = (normals((d_model, d_model), seed) / np.sqrt(d_model) for seed in (1, 2, 3, 4))
    return (normals((tokens, d_model), 0), *matrices)


@lru_cache(maxsize=1)
def _by_heads() -> dict[str, np.ndarray]:
    x, w_q, w_k, *_ = _inputs()
    every = [
        scaled_scores(split_heads(x @ w_q, n), split_heads(x @ w_k, n))
        for n in counts(MODELS[TOY].d_model)
    ]
    return {
        "ranks": np.array([_rank(scores[0]) for scores in every]),
        "favorites": np.array([_favorites(scores) for scores in every]),
    }


def _rank(scores: np.ndarray) -> int:
    return int(np.linalg.matrix_rank(scores, tol=NEGLIGIBLE * np.abs(scores).max()))


def _favorites(scores: np.ndarray) -> float:
    return float(np.mean([len(set(head.argmax(axis=-1))) for head in scores]))


def describe(model: str, heads: int) -> str:
    """Say how large the heads are, what rank their scores have, and what it costs."""
    r, name, own = compute(model, heads), MODELS[model].name, MODELS[model].heads
    n, d_model, n_heads, d_head = (r[k] for k in ("tokens", "d_model", "n_heads", "d_head"))
    at = list(r["choices"]).index(n_heads)
    uneven = f"{heads} heads cannot share {d_model} features evenly. " if n_heads != heads else ""
    other = f" (the real one has {own})" if model != TOY and n_heads != own else ""
    rank = f"{r['ranks'][at]}" if model == TOY else f"at most {r['bounds'][at]}"
    return (
        f"{uneven}{name}: {_count(d_model)} features = {_heads(n_heads)} of {d_head}{other}. "
        f"Rank of a head's scores for {n} tokens: {rank}, the smaller of {n} and {d_head}. "
        f"`W_Q`, `W_K`, `W_V`, `W_O`: {_count(r['parameters'])} parameters "
        "(a layer, without biases), as with any number of heads."
    )


def _count(n: int) -> str:
    return f"{n:,}" if n >= 10_000 else str(n)


def _heads(n: int) -> str:
    return f"{n} head{'' if n == 1 else 's'}"


class HeadsExplorer(Explorer):
    """Cut a model's features into more and more heads, and see what one head can still do."""

    title = "More heads: more patterns, each of lower rank, with the same parameters"
    compute = staticmethod(compute)
    describe = staticmethod(describe)
    calls = (
        Call(
            "multi_head_attention",
            takes=("x", "w_q", "w_k", "w_v", "w_o", "n_heads"),
            gives=("output", "weights"),
        ),
        Call("head_dim", takes=("d_model", "n_heads"), gives=("d_head",)),
    )
    yours_pictures = False
    _esm = module("heads")
    _css = stylesheet("base", "heads")

    model = traitlets.Enum(list(MODELS), TOY).tag(sync=True)
    heads = traitlets.Int(8, min=1, max=MOST).tag(sync=True)

    def why_not(self, function: str) -> str:
        """The real models have sizes, and no numbers to call a function with."""
        if function != "multi_head_attention" or self.model == TOY:
            return ""
        return (
            f"Yours: choose the toy model to see `{function}` at work. The others show sizes only."
        )

    def draw(self, figure: "Figure") -> None:
        """Draw the features cut into heads, rank against heads, and the first head's scores."""
        from qkv_course.widgets.poster import heatmap

        r = compute(**self.settings)
        below = ["rank", "scores"] if self.model == TOY else ["rank"]
        rows: list[Any] = [["cut"] * len(below), below]
        axes = figure.subplot_mosaic(rows, height_ratios=(1, 3.4))
        _cut(axes["cut"], r)
        _curve(axes["rank"], r)
        if self.model == TOY:
            title = f"Scores of head 0: {r['d_head']} features"
            heatmap(axes["scores"], r["scores"][0], title, [], [], limits=(-2, 2))


COLORS = ("#0072b2", "#b84a00", "#00795a", "#8a4b78")


def _cut(axes: "Axes", r: dict[str, Any]) -> None:
    for h in range(r["n_heads"]):
        axes.barh(0, r["d_head"] * 0.98, left=h * r["d_head"], color=COLORS[h % 4], align="edge")
    axes.set(xlim=(0, r["d_model"]), yticks=[])
    axes.tick_params(labelsize=7)
    title = f"{_count(r['d_model'])} features in {_heads(r['n_heads'])} of {r['d_head']}"
    axes.set_title(title, fontsize=9)


def _curve(axes: "Axes", r: dict[str, Any]) -> None:
    axes.plot(r["choices"], r["bounds"], color=COLORS[0], label="at most")
    if "ranks" in r:
        axes.plot(r["choices"], r["ranks"], "o", color=COLORS[0], label="computed")
    axes.axvline(r["n_heads"], color=COLORS[1], linestyle="--", label="now")
    axes.set(xscale="log", ylim=(0, None))
    axes.set_xticks(r["choices"], map(str, r["choices"]), fontsize=7)
    axes.minorticks_off()
    axes.tick_params(labelsize=7)
    axes.set_xlabel("heads", fontsize=7)
    axes.set_title(f"Rank of a head's scores, {r['tokens']} tokens", fontsize=9)
    axes.legend(fontsize=7)

"""Lesson 10's explorer: what attention takes as a text grows, in operations and in memory."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from qkv_course.attention import attention_flops, kv_cache_bytes
from qkv_course.widgets.base import Explorer, module, stylesheet
from qkv_course.widgets.yours import Call

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHORTEST, LONGEST = 16, 131072  # tokens
OPERATIONS = ("operations", "thousand", "million", "billion", "trillion", "quadrillion")
BYTES = ("B", "KiB", "MiB", "GiB", "TiB")


def compute(
    n: int, n_layers: int, n_heads: int, n_kv_heads: int, d_head: int, bytes_per_value: int
) -> dict[str, Any]:
    """Count operations of one layer and bytes of one sequence of n tokens.

    Returns n_kv_heads, the nearest number below that divides n_heads; d_model; flops of the
    attention, projections: those of W_Q, W_K, W_V and W_O, recurrent: those of a recurrent
    layer of d_model numbers, crossings (2,): the n at which attention takes as many as the
    projections, and as the recurrent layer; score_bytes of all heads of one layer and
    cache_bytes of all layers, equal_at: the n at which these two are the same; choices: a few
    numbers of KV heads, and choice_bytes: the cache with each of them.
    """
    n_kv_heads = max(k for k in divisors(n_heads) if k <= n_kv_heads)
    d_model, d_kv = n_heads * d_head, n_kv_heads * d_head
    choices = _choices(n_heads, n_kv_heads)
    return {
        "n_kv_heads": n_kv_heads,
        "d_model": d_model,
        "flops": attention_flops(n, d_model),
        "projections": 4 * n * d_model * (d_model + d_kv),
        "recurrent": 4 * n * d_model**2,
        "crossings": np.array([d_model + d_kv, d_model]),
        "score_bytes": n_heads * n**2 * bytes_per_value,
        "cache_bytes": kv_cache_bytes(n, n_layers, n_kv_heads, d_head, bytes_per_value),
        "equal_at": 2 * n_layers * d_kv / n_heads,
        "choices": np.array(choices),
        "choice_bytes": np.array(
            [kv_cache_bytes(n, n_layers, k, d_head, bytes_per_value) for k in choices]
        ),
    }


def divisors(n: int) -> list[int]:
    """List the numbers that divide n, from 1 to n."""
    return [k for k in range(1, n + 1) if n % k == 0]


def _choices(n_heads: int, n_kv_heads: int) -> list[int]:
    """Give KV heads to compare: all, a number between (the chosen one if it is that), and 1."""
    between = [k for k in divisors(n_heads) if 1 < k <= math.sqrt(n_heads) and k < n_heads]
    middle = n_kv_heads if 1 < n_kv_heads < n_heads else max(between, default=1)
    return sorted({n_heads, middle, 1}, reverse=True)


def describe(
    n: int, n_layers: int, n_heads: int, n_kv_heads: int, d_head: int, bytes_per_value: int
) -> str:
    """Say what takes how much, and from which length on attention takes the most."""
    r = compute(n, n_layers, n_heads, n_kv_heads, d_head, bytes_per_value)
    projections, recurrent = (int(x) for x in r["crossings"])
    layers = f"all {n_layers} layers" if n_layers > 1 else "the one layer"
    return (
        f"{n:,} tokens, d_model = {n_heads} · {d_head} = {r['d_model']:,}. Attention takes "
        f"{operations(r['flops'])} operations in a layer: {_times(n / projections)} times the "
        f"projections' (equal at n = {projections:,}), {_times(n / recurrent)} times a recurrent "
        f"layer's (equal at n = {recurrent:,}).\n"
        f"The scores of one layer fill {size(r['score_bytes'])}; "
        f"the KV cache of {layers} fills {size(r['cache_bytes'])}."
    )


def operations(count: float) -> str:
    """Write a count in words, such as "3.22 billion"."""
    power = 0
    while count >= 1000:
        count, power = count / 1000, power + 1
    digits = _three(count)
    return f"{digits} {OPERATIONS[power]}" if power else digits


def size(count: float) -> str:
    """Write bytes with a unit, such as "24 MiB"."""
    power = 0
    while count >= 1024:
        count, power = count / 1024, power + 1
    return f"{_three(count)} {BYTES[power]}"


def _times(x: float) -> str:
    """Say how many times as much one count is as another."""
    return "under 0.01" if x < 0.01 else _three(x)


def _three(x: float) -> str:
    """Write about three digits, halves up, and no zeros after the point, as in cost.js."""
    text = f"{x + 1e-9:.{2 if x < 10 else 1 if x < 100 else 0}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class CostExplorer(Explorer):
    """Choose a model and a length of text; see which operations and which memory grow fastest."""

    title = "What it costs to look everywhere"
    compute = staticmethod(compute)
    describe = staticmethod(describe)
    calls = (
        Call("attention_flops", takes=("n", "d_model"), gives=("flops",)),
        Call(
            "kv_cache_bytes",
            takes=("n", "n_layers", "n_kv_heads", "d_head", "bytes_per_value"),
            gives=("cache_bytes",),
        ),
    )
    _esm = module("cost")
    _css = stylesheet("base", "cost")

    n = traitlets.Int(1024, min=SHORTEST, max=LONGEST).tag(sync=True)
    n_layers = traitlets.Int(12, min=1, max=128).tag(sync=True)
    n_heads = traitlets.Int(12, min=1, max=128).tag(sync=True)
    n_kv_heads = traitlets.Int(12, min=1, max=128).tag(sync=True)
    d_head = traitlets.Int(64, min=16, max=256).tag(sync=True)
    bytes_per_value = traitlets.Enum((1, 2, 4), 2).tag(sync=True)

    def draw(self, figure: "Figure") -> None:
        """Draw operations and bytes over the number of tokens."""
        left, right = figure.subplots(1, 2)
        lengths = 2 ** np.arange(4, 18)
        curves = [compute(**{**self.settings, "n": int(n)}) for n in lengths]
        for key, color, style, label in (
            ("flops", "#b84a00", "-", "attention"),
            ("projections", "#0072b2", "--", "projections"),
            ("recurrent", "#00795a", ":", "recurrent layer"),
        ):
            left.loglog(lengths, [r[key] for r in curves], style, color=color, label=label)
        for key, color, style, label in (
            ("score_bytes", "#b84a00", "-", "scores of one layer"),
            ("cache_bytes", "#0072b2", "--", "KV cache of all layers"),
        ):
            right.loglog(lengths, [r[key] for r in curves], style, color=color, label=label)
        right.set_yticks([2.0**p for p in (10, 20, 30, 40)], ["1 KiB", "1 MiB", "1 GiB", "1 TiB"])
        right.minorticks_off()
        self._frame(left, "Operations of one layer")
        self._frame(right, "Memory for one sequence")

    def _frame(self, axes: "Axes", title: str) -> None:
        axes.axvline(self.n, color="gray", linewidth=1)
        axes.set_title(title, fontsize=9)
        axes.set_xlabel("n, tokens", fontsize=8)
        axes.tick_params(labelsize=7)
        axes.legend(fontsize=7)

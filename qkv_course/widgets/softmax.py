"""Lesson 05's explorer: scores become a budget, and how far its shares can still move."""

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from qkv_course.attention import (
    entropy,
    softmax,
    softmax_jacobian,
    softmax_with_temperature,
)
from qkv_course.widgets.base import Explorer, module
from qkv_course.widgets.random import normals
from qkv_course.widgets.yours import Call

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMES = ("key 0", "key 1", "key 2")
ROWS, KEYS, LARGEST = 500, 16, 1024  # of the random rows: how many, weights in each, d_k
SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)


@lru_cache(maxsize=1)
def _random_rows() -> tuple[np.ndarray, np.ndarray]:
    """Give the length of each query's first d entries (ROWS, LARGEST), and (ROWS, KEYS)."""
    queries = normals((ROWS, LARGEST), 1)
    return np.sqrt(np.cumsum(queries**2, axis=-1)), normals((ROWS, KEYS), 2)


@lru_cache(maxsize=64)
def jacobian_sizes(d_k: int, scale: bool) -> np.ndarray:
    """Measure the Jacobians of random rows of 16 weights: their Frobenius norms, (500,)."""
    lengths, spread = _random_rows()
    # Given q, its dot products with random keys are independent normals of spread |q|.
    scores = lengths[:, d_k - 1, None] * spread / (math.sqrt(d_k) if scale else 1.0)
    result: np.ndarray = np.linalg.norm(softmax_jacobian(softmax(scores)), axis=(-2, -1))
    return result


def compute(
    score_0: float,
    score_1: float,
    score_2: float,
    temperature: float,
    shift: int,
    reaction: bool,
    d_k: int,
) -> dict[str, Any]:
    """Weigh three scores, with and without the shift that keeps exp from overflowing.

    Returns scores, with `shift` added, divided: by the temperature, weights, exps: of the
    divided scores as they are, and naive: exps / sum, all (3,); entropy, jacobian (3, 3) and
    its size. With `reaction` also the medians and means of the sizes over random rows for
    d_k in SIZES, and the medians for `d_k` itself.
    """
    scores = np.array([score_0, score_1, score_2]) + shift
    divided, weights = scores / temperature, softmax_with_temperature(scores, temperature)
    jacobian = softmax_jacobian(weights)
    with np.errstate(all="ignore"):
        exps = np.exp(divided)
        naive = exps / exps.sum()
    return {
        **{"scores": scores, "divided": divided, "weights": weights, "entropy": entropy(weights)},
        **{"exps": exps, "naive": naive},
        **{"jacobian": jacobian, "size": float(np.linalg.norm(jacobian))},
        **(_reactions(d_k) if reaction else {}),
    }


def _reactions(d_k: int) -> dict[str, Any]:
    raw = [jacobian_sizes(d, False) for d in SIZES]
    return {
        "raw_medians": np.median(raw, axis=-1),
        "raw_means": np.mean(raw, axis=-1),
        "scaled_medians": np.median([jacobian_sizes(d, True) for d in SIZES], axis=-1),
        "raw_median": float(np.median(jacobian_sizes(d_k, False))),
        "scaled_median": float(np.median(jacobian_sizes(d_k, True))),
    }


def describe(**settings: Any) -> str:
    """Say the weights and their spread, and what a shift and a large d_k do."""
    r = compute(**settings)
    said = [
        f"Weights: {', '.join(f'{w:.2f}' for w in r['weights'])}. Entropy: {r['entropy']:.2f} "
        f"nats, as if {math.exp(r['entropy']):.2f} of the 3 keys shared evenly."
    ]
    if settings["shift"]:
        said.append(f"Adding {settings['shift']} to every score changes no weight.")
    if np.isinf(r["exps"]).any():
        said.append("With nothing taken off first, exp overflows.")
    elif not r["exps"].any():
        said.append("With nothing taken off first, every exp is 0, and 0 / 0 is nan.")
    if settings["reaction"]:
        said.append(
            f"The Jacobian of these weights has a size of {r['size']:.3f}. For random rows with "
            f"d_k = {settings['d_k']} the median size is {r['raw_median']:.3f}, and "
            f"{r['scaled_median']:.3f} if scores are divided by √d_k."
        )
    return " ".join(said)


class SoftmaxExplorer(Explorer):
    """Move scores and temperature; add 1000; then see how strongly the weights still react."""

    title = "How scores share a budget of 1"
    compute = staticmethod(compute)
    describe = staticmethod(describe)
    calls = (
        Call("softmax", takes=("divided",), gives=("weights",)),
        Call("softmax_with_temperature", takes=("scores", "temperature"), gives=("weights",)),
        Call("entropy", takes=("weights",), gives=("entropy",)),
        Call("softmax_jacobian", takes=("weights",), gives=("jacobian",)),
    )
    _esm = module("softmax")

    score_0 = traitlets.Float(2.0, min=-5.0, max=5.0).tag(sync=True)
    score_1 = traitlets.Float(1.0, min=-5.0, max=5.0).tag(sync=True)
    score_2 = traitlets.Float(0.0, min=-5.0, max=5.0).tag(sync=True)
    temperature = traitlets.Float(1.0, min=0.1, max=10.0).tag(sync=True)
    shift = traitlets.Int(0, min=-1000, max=1000).tag(sync=True)
    reaction = traitlets.Bool(False).tag(sync=True)
    d_k = traitlets.Int(64, min=1, max=LARGEST).tag(sync=True)

    def draw(self, figure: "Figure") -> None:
        """Draw the weights, and the reaction against d_k if it is shown."""
        r = compute(**self.settings)
        bars, *curve = np.atleast_1d(figure.subplots(1, 1 + self.reaction))
        for values, start, color, name in (
            (r["weights"], -0.2, "#0072b2", "largest score taken off first"),
            (np.nan_to_num(r["naive"]), 0.2, "#b84a00", "nothing taken off"),
        ):
            bars.bar(np.arange(3) + start, values, width=0.38, color=color, label=name)
        bars.set_xticks(range(3), NAMES)
        bars.set_ylim(0, 1)
        bars.set_title("exp / sum of exps", fontsize=9)
        for axes in curve:
            axes.semilogx(SIZES, r["scaled_medians"], color="#b84a00", label="divided by √d_k")
            axes.semilogx(SIZES, r["raw_medians"], "--", color="#00795a", label="not divided")
            axes.set_title("Size of the softmax's Jacobian, median", fontsize=9)
            axes.set_xlabel("d_k", fontsize=8)
            axes.set_xticks([1, 4, 16, 64, 256, 1024], [1, 4, 16, 64, 256, 1024])
            axes.minorticks_off()
        for axes in (bars, *curve):
            axes.tick_params(labelsize=7)
            axes.legend(fontsize=7)

"""The attention explorer as it is usually made: ipywidgets.interactive redraws matplotlib.

Not part of the course: what the course's own explorer is compared with. Runs as a cell.
"""

import matplotlib.pyplot as plt
import numpy as np
from ipywidgets import IntSlider, interactive

HEADS, TOKENS, MOST = 96, 12, 256
rng = np.random.default_rng(0)
q, k = rng.normal(size=(2, HEADS, TOKENS, MOST))


def draw(d_k: int) -> None:
    """Draw all heads small and one large."""
    scores = q[..., :d_k] @ np.swapaxes(k[..., :d_k], -1, -2) / np.sqrt(d_k)
    exps = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = exps / exps.sum(axis=-1, keepdims=True)
    figure = plt.figure(figsize=(11, 6))
    small, large = figure.subfigures(1, 2, width_ratios=[2, 1])
    for axes, head in zip(small.subplots(8, 12).flat, weights, strict=True):
        axes.imshow(head, cmap="cividis")
        axes.set_axis_off()
    large.subplots().imshow(weights[0], cmap="cividis")
    plt.show()


interactive(draw, d_k=IntSlider(64, 1, MOST))

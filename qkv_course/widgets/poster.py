"""The picture that a saved notebook shows where no widget runs."""

import io
import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def png(draw: Callable[["Figure"], None], words: str, invitation: str) -> bytes:
    """Draw a poster with its words below. The same input gives the same bytes.

    draw: fills a figure of 7.6 by 2.8 inches. words: what the picture shows.
    """
    from matplotlib.figure import Figure  # no pyplot: it keeps state and starts slowly

    lines = [wrapped for line in words.splitlines() for wrapped in textwrap.wrap(line, 105)]
    text = "\n".join([*lines, invitation]).replace("`", "").replace("$", r"\$")
    words_share = 0.17 * (len(lines) + 1.5) / (2.8 + 0.17 * (len(lines) + 1.5))
    figure = Figure(figsize=(7.6, 2.8 / (1 - words_share)))
    figure.set_layout_engine("constrained", rect=(0, words_share, 1, 1 - words_share))
    draw(figure)
    figure.text(0.01, 0.02, text, fontsize=9, va="bottom")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=96, metadata={"Software": None})
    return buffer.getvalue()


def heatmap(
    axes: "Axes",
    matrix: np.ndarray,
    title: str,
    rows: Sequence[Any] | None = None,
    cols: Sequence[Any] | None = None,
    limits: tuple[float, float] | None = None,
) -> None:
    """Draw a matrix (n, m), or a vector as one row, with labels and a color legend.

    limits: the numbers of the darkest and the brightest color; from the matrix by default.
    Small matrices get their numbers written in.
    """
    matrix = np.atleast_2d(np.asarray(matrix, dtype=np.float64))
    image = axes.imshow(matrix, cmap="cividis", aspect="auto")
    image.set_clim(*(limits or (None, None)))
    axes.set_title(title, fontsize=9)
    n, m = matrix.shape
    axes.set_yticks(range(n), map(str, range(n) if rows is None else rows), fontsize=7)
    axes.set_xticks(range(m), map(str, range(m) if cols is None else cols), fontsize=7)
    axes.figure.colorbar(image, ax=axes).ax.tick_params(labelsize=7)
    low, high = image.get_clim()
    for (i, j), x in np.ndenumerate(matrix if matrix.size <= 64 else np.empty((0, 0))):
        bright = x > low + 0.47 * (high - low)  # as BRIGHT in base.js
        color = "black" if bright or np.isnan(x) else "white"
        axes.text(j, i, f"{x:.3g}", ha="center", va="center", fontsize=7, color=color)

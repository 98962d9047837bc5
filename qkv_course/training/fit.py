"""See that sizes and attention fit before a training starts, and say what does not."""

import torch

from qkv_course.errors import BadAnswer
from qkv_course.languages import Passages
from qkv_course.models.tiny import TinyTransformer

CALLED = (
    "It is called as layer(x, memory=memory, mask=mask) with (batch, n, d_model), "
    "(batch, m, d_model) and (batch, n, m), and has to return (output, weights): "
    "(batch, n, d_model) and (batch, n_heads, n, m)."
)


def see_that_sizes_fit(n_heads: int, d_model: int, steps: int, every: int) -> None:
    """Raise BadAnswer for what is no whole number from 1, or heads that do not divide d_model."""
    sizes = {"n_heads": n_heads, "d_model": d_model, "steps": steps, "every": every}
    for name, size in sizes.items():
        if not isinstance(size, int) or size < 1:
            raise BadAnswer(f"{name} is {size!r}; it should be a whole number, 1 or more.")
    if d_model % n_heads:
        fitting = ", ".join(str(n) for n in range(1, d_model + 1) if d_model % n == 0)
        raise BadAnswer(f"{n_heads} heads cannot share {d_model} features. Heads can be {fitting}.")


def see_that_it_reads(model: TinyTransformer, passages: Passages, n_heads: int) -> None:
    """Raise BadAnswer, with what is wrong, if the attention in the model cannot be used there."""
    words = torch.from_numpy(passages.words)
    try:
        with torch.no_grad():
            _, rows = model(words)
        shapes = {tuple(row.shape) for row in rows}
    except Exception as error:  # whatever a layer of somebody's own may raise
        raise BadAnswer(
            f"This attention does not work: {type(error).__name__}: {error}. {CALLED}"
        ) from error
    expected = (len(words), n_heads, words.shape[1])
    if shapes != {expected}:
        raise BadAnswer(
            f"This attention gives weights whose last row is {shapes}, not {expected}. {CALLED}"
        )

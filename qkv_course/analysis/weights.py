"""Attention weights from anywhere, looked at before they are analyzed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qkv_course.errors import QkvError

TOLERANCE = 0.01  # of a row's sum: half precision is off by a few thousandths
TINY = 1e-3


HOW_TO_ASK = (
    'Load the model with attn_implementation="eager", and call it with output_attentions=True. '
    "Both are needed: other implementations never hold the weights."
)


class BadWeights(QkvError, ValueError):
    """Numbers that are not attention weights, or a model's output that holds none."""


@dataclass(frozen=True)
class OwnReading:
    """What a model of your own attended to, laid out as the course's model gives it.

    weights: (n_layers, batch, n_heads, n_q, n_k), row = query, column = key. Rows and columns
        of padding are 0.
    real: bool (batch, n_q), False for padding.
    tokens, words: for each text its tokens and its words as typed; empty if not known.
    word_of: int (batch, n_q), the word that a token belongs to, -1 for none; or None.
    """

    weights: np.ndarray
    real: np.ndarray
    tokens: list[list[str]] = field(default_factory=list)
    words: list[list[str]] = field(default_factory=list)
    word_of: np.ndarray | None = None


def from_arrays(weights: Any, real: Any = None, real_keys: Any = None) -> OwnReading:
    """Take attention weights as arrays, and make sure that they are attention weights.

    weights: (n_layers, batch, n_heads, n_q, n_k), or a list of (batch, n_heads, n_q, n_k), one a
        layer. Tensors are fine, too.
    real: bool (batch, n_q), False for padding; None: there is none.
    real_keys: the same for keys, (batch, n_k), where another text answers; None: as `real`.
    Raises BadWeights if the shape does not fit, if a row does not sum to 1, or if weight falls
    on padding.

    >>> from_arrays(np.full((2, 3, 4, 5, 5), 0.2)).weights.shape
    (2, 3, 4, 5, 5)
    """
    array = _one_array(weights)
    _check_numbers(array)
    batch, n_q, n_k = array.shape[1], *array.shape[-2:]
    queries = _flags(real, "real", batch, n_q)
    shared = real_keys is None and n_q == n_k
    keys = queries if shared else _flags(real_keys, "real_keys", batch, n_k)
    rows = queries[None, :, None, :, None]
    array = np.where(rows, array, 0)  # a row of padding may hold anything
    _check_rows(array, queries)
    _check_padding(array, keys)
    return OwnReading(np.where(keys[None, :, None, None, :], array, 0), queries)


def as_array(values: Any) -> np.ndarray:
    """Give an array of a tensor or of what NumPy can read."""
    if hasattr(values, "detach"):
        values = values.detach().float().cpu().numpy()  # NumPy has no bfloat16
    try:
        return np.asarray(values)
    except ValueError:  # lists of unlike lengths
        raise BadWeights(
            "The weights cannot be read as an array: rows, or whatever a list holds, differ in "
            "length. Give arrays, (batch, n_heads, n_q, n_k) for each layer."
        ) from None


def _one_array(weights: Any) -> np.ndarray:
    if weights is None or (
        isinstance(weights, Sequence) and any(layer is None for layer in weights)
    ):
        raise BadWeights(f"There are no weights here, but None. {FROM_A_LIBRARY}")
    if not isinstance(weights, Sequence):
        return _with_five_axes(as_array(weights))
    layers = [as_array(layer) for layer in weights]
    if not layers:
        raise BadWeights(f"There is no layer here: the list of weights is empty. {FROM_A_LIBRARY}")
    shapes = [layer.shape for layer in layers]
    if len(set(shapes)) > 1:
        odd = next(i for i, shape in enumerate(shapes) if shape != shapes[0])
        raise BadWeights(
            f"The layers differ in shape: layer 0 has {shapes[0]}, layer {odd} has {shapes[odd]}. "
            "Give layers of one shape only; the others need a call of their own."
        )
    return _with_five_axes(np.stack(layers))


FROM_A_LIBRARY = f"With the transformers library: {HOW_TO_ASK[0].lower()}{HOW_TO_ASK[1:]}"
AVERAGED = (
    "If heads were averaged, ask for each of them (for torch's layer: "
    "average_attn_weights=False); averaged heads cannot be told apart."
)
ADVICE = {
    3: AVERAGED,
    4: f"For one layer, write weights[None]; for one text, weights[:, None]. {AVERAGED}",
}


def _with_five_axes(array: np.ndarray) -> np.ndarray:
    if array.ndim == 5 and array.size:
        return array
    if array.size == 0 and array.ndim == 5:
        raise BadWeights(f"The weights have shape {array.shape}: there is nothing in them.")
    per_layer = array.ndim - (array.ndim == 4 and array.shape[0] == 0)
    raise BadWeights(
        f"The weights have {array.ndim} axes, {array.shape}, and should have 5: "
        "(n_layers, batch, n_heads, n_q, n_k). "
        + ADVICE.get(per_layer, "See the layout in help(from_arrays).")
    )


def _check_numbers(array: np.ndarray) -> None:
    if array.dtype.kind not in "fiub":
        raise BadWeights(f"The weights are of type {array.dtype}, and should be numbers.")


def _flags(real: Any, name: str, batch: int, n: int) -> np.ndarray:
    if real is None:
        return np.ones((batch, n), dtype=bool)
    flags = as_array(real)
    if flags.shape != (batch, n):
        raise BadWeights(
            f"{name} has shape {flags.shape}, and the weights are of {batch} texts with {n} "
            f"tokens: it should be ({batch}, {n})."
        )
    return flags.astype(bool)


def _check_rows(array: np.ndarray, real: np.ndarray) -> None:
    rows = np.moveaxis(array, 2, 3)[:, real]  # (n_layers, real queries, n_heads, n_k)
    if not np.isfinite(rows).all():
        raise BadWeights(
            "Some weights of real tokens are nan or infinite. A softmax over a row in which "
            "nothing is allowed gives nan: say with real=... which tokens are padding."
        )
    if rows.size and rows.min() < -TINY:
        raise BadWeights(
            f"Some weights are negative, as low as {rows.min():.2f}. "
            "These look like scores: give what comes out of the softmax."
        )
    sums = rows.sum(axis=-1)
    if np.abs(sums - 1).max(initial=0) > TOLERANCE:
        raise BadWeights(
            f"Rows should sum to 1, and these sum to between {sums.min():.2f} and "
            f"{sums.max():.2f}. {_likely(array, rows, sums)}"
        )


def _likely(array: np.ndarray, rows: np.ndarray, sums: np.ndarray) -> str:
    """Say what most often makes rows sum to something else."""
    columns = array.sum(axis=-2)
    if np.abs(columns - 1).max() <= TOLERANCE:
        return "The columns do sum to 1: swap the last two axes, so that a row is a query."
    if rows.max() > 2:
        return "These look like scores: give what comes out of the softmax."
    dropped = (sums > 1 + TOLERANCE).any() and (rows == 0).any()
    if dropped:
        return (
            "A model in training mode drops weights and raises the others: "
            "call model.eval(), then run it again."
        )
    if _masked_late(array):
        return (
            "No token attends to a later one, so there is a causal mask, and it came after the "
            "softmax. Mask the scores with -inf before it: then what is left sums to 1."
        )
    if sums.max() <= 1 + TOLERANCE:
        return (
            "Something is left out of some rows: a mask after the softmax, keys that were cut "
            "off, or half of a window. Give whole rows."
        )
    return "Give weights as they come out of the softmax, each row a query over all its keys."


def _masked_late(array: np.ndarray) -> bool:
    """Say whether a causal mask came after the softmax: then only the last row is whole."""
    if array.shape[-2] != array.shape[-1] or np.triu(array, 1).any():
        return False
    last = array[..., -1, :].sum(axis=-1)
    return bool(last.any() and np.abs(last[last > 0] - 1).max() <= TOLERANCE)


def _check_padding(array: np.ndarray, real_keys: np.ndarray) -> None:
    astray = array * ~real_keys[None, :, None, None, :]
    most = astray.sum(axis=-1).max()
    if most > TOLERANCE:
        raise BadWeights(
            f"Real tokens spend up to {most:.0%} of their attention on padding. "
            "Give the model its attention_mask when you run it."
        )

"""Properties that right results have: what a report falls back on when no mistake matches."""

from typing import Any

import numpy as np

from qkv_course.checks.compare import number
from qkv_course.checks.exercise import Property


def _part(value: Any, part: int | None) -> np.ndarray:
    return np.asarray(value if part is None else value[part])


def rows_sum_to_one(part: int | None = None) -> Property:
    """Each row of weights spends a budget of exactly 1; if the columns do instead, say that.

    part: which of several results.
    """

    def holds(_args: tuple[Any, ...], value: Any) -> str | None:
        weights = _part(value, part)
        if not np.isfinite(weights).all():
            return None
        sums = weights.sum(axis=-1)
        wrong = np.argwhere(~_is_one(sums))
        if not len(wrong):
            return None
        if weights.ndim > 1 and _is_one(weights.sum(axis=-2)).all():
            return "Each column sums to 1. It is each row that has a budget of 1 to spend."
        if _is_one(weights.sum()):
            return "All entries together sum to 1. Each row has a budget of 1 of its own."
        row = tuple(int(i) for i in wrong[0])
        name = f"Row {', '.join(map(str, row))}" if row else "The row"
        return f"{name} sums to {number(float(sums[row]))}; each row of weights sums to 1."

    return holds


def _is_one(sums: Any) -> np.ndarray:
    return np.isclose(sums, 1.0, rtol=0, atol=1e-4)


def nonnegative(part: int | None = None) -> Property:
    """Weights are never below 0. part: which of several results."""

    def holds(_args: tuple[Any, ...], value: Any) -> str | None:
        low = float(_part(value, part).min())
        return f"The smallest weight is {number(low)}; no weight is below 0." if low < 0 else None

    return holds


def inside_the_values(values: int, part: int | None = None) -> Property:
    """A blend stays between the smallest and largest value in every column.

    values: position of the values (..., n, d_v) among the arguments.
    part: which of several results.
    """

    def holds(args: tuple[Any, ...], value: Any) -> str | None:
        blend, v = _part(value, part), args[values]
        if blend.ndim == v.ndim - 1:  # one query: (d_v,) against (n, d_v)
            blend = blend[..., None, :]
        low, high = v.min(axis=-2, keepdims=True), v.max(axis=-2, keepdims=True)
        outside = (blend < low - 1e-4) | (blend > high + 1e-4)
        if not outside.any():
            return None
        at = tuple(int(i) for i in np.argwhere(outside)[0])
        lowest, highest = (np.broadcast_to(x, blend.shape)[at] for x in (low, high))
        return (
            f"An entry of the blend is {number(float(blend[at]))}, but the values in that column "
            f"run from {number(float(lowest))} to {number(float(highest))}; "
            "a blend cannot leave that range."
        )

    return holds

"""Lesson 12: every right way to write an exercise passes."""

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray

# --- ablate_heads


def by_a_loop(per_head_output: Array, heads: list[int]) -> Any:
    result = np.array(per_head_output)
    for head in heads:
        result[..., head, :, :] = 0.0
    return result


def by_a_mask(per_head_output: Array, heads: list[int]) -> Any:
    n_heads = per_head_output.shape[-3]
    keep = np.array([head not in heads for head in range(n_heads)], dtype=per_head_output.dtype)
    return per_head_output * keep[:, None, None]


def by_where(per_head_output: Array, heads: list[int]) -> Any:
    cut = np.isin(np.arange(per_head_output.shape[-3]), heads)
    return np.where(cut[:, None, None], 0, per_head_output)


def by_moving_the_axis(per_head_output: Array, heads: list[int]) -> Any:
    front = np.moveaxis(per_head_output, -3, 0).copy()
    front[list(heads)] = 0
    return np.moveaxis(front, 0, -3)


def by_stacking(per_head_output: Array, heads: list[int]) -> Any:
    parts = [
        np.zeros_like(part) if h in heads else part
        for h, part in enumerate(np.moveaxis(per_head_output, -3, 0))
    ]
    return np.stack(parts, axis=-3)


def by_a_diagonal(per_head_output: Array, heads: list[int]) -> Any:
    keep = np.eye(per_head_output.shape[-3])
    keep[list(heads)] = 0
    return np.einsum("gh,...hnd->...gnd", keep, per_head_output)


# --- head_importance


def subtracted(accuracy_full: float, accuracy_ablated: Array) -> Any:
    return np.subtract(accuracy_full, accuracy_ablated)


def turned_twice(accuracy_full: float, accuracy_ablated: Array) -> Any:
    return -(accuracy_ablated - accuracy_full)


def filled_first(accuracy_full: float, accuracy_ablated: Array) -> Any:
    return np.full(accuracy_ablated.shape, accuracy_full) - accuracy_ablated


def entry_by_entry(accuracy_full: float, accuracy_ablated: Array) -> Any:
    result = np.empty_like(accuracy_ablated)
    for at in np.ndindex(*accuracy_ablated.shape):
        result[at] = accuracy_full - accuracy_ablated[at]
    return result


def vectorized(accuracy_full: float, accuracy_ablated: Array) -> Any:
    return np.vectorize(lambda a: accuracy_full - a)(accuracy_ablated)


# --- role_mass


def by_einsum_over_rows(weights: Array, roles: Array) -> Any:
    rows = np.einsum("...hqk,rqk->...hrq", weights, roles.astype(weights.dtype))
    has = roles.any(axis=-1)
    return (rows * has).sum(-1) / has.sum(-1)


def by_broadcasting(weights: Array, roles: Array) -> Any:
    inside = weights[..., :, None, :, :] * roles
    return inside.sum(axis=(-2, -1)) / roles.any(axis=2).sum(axis=1)


def role_by_role(weights: Array, roles: Array) -> Any:
    columns = []
    for role in roles:
        rows = np.flatnonzero(role.any(axis=1))
        mass = (weights[..., rows, :] * role[rows]).sum(axis=-1)
        columns.append(mass.mean(axis=-1))
    return np.stack(columns, axis=-1)


def by_nanmean(weights: Array, roles: Array) -> Any:
    rows = np.where(roles, weights[..., None, :, :], 0).sum(axis=-1)
    rows = np.where(roles.any(axis=-1), rows, np.nan)
    return np.nanmean(rows, axis=-1)


def by_loops(weights: Array, roles: Array) -> Any:
    result = np.zeros((*weights.shape[:-2], len(roles)))
    for at in np.ndindex(*weights.shape[:-2]):
        for r, role in enumerate(roles):
            rows = [weights[at][i][role[i]].sum() for i in range(len(role)) if role[i].any()]
            result[(*at, r)] = sum(rows) / len(rows)
    return result


def by_flattening(weights: Array, roles: Array) -> Any:
    n = weights.shape[-1]
    total = weights.reshape(*weights.shape[:-2], n * n) @ roles.reshape(-1, n * n).T
    return total / np.count_nonzero(roles.any(-1), axis=-1)


# --- choose_heads


def by_sorting(results: dict[int, float], d_model: int, tolerance: float = 0.01) -> Any:
    fitting = sorted(n for n in results if d_model % n == 0)
    best = max(results[n] for n in fitting)
    for n in fitting:
        if results[n] >= best - tolerance:
            return n
    return None


def by_a_loop_over_all(results: dict[int, float], d_model: int, tolerance: float = 0.01) -> Any:
    best, chosen = -1.0, d_model
    for n, accuracy in results.items():
        if d_model % n == 0 and accuracy > best:
            best = accuracy
    for n, accuracy in results.items():
        if d_model % n == 0 and best - accuracy <= tolerance and n < chosen:
            chosen = n
    return chosen


def in_numpy(results: dict[int, float], d_model: int, tolerance: float = 0.01) -> Any:
    heads, accuracy = np.array(list(results)), np.array(list(results.values()))
    fits = d_model % heads == 0
    heads, accuracy = heads[fits], accuracy[fits]
    return heads[accuracy >= accuracy.max() - tolerance].min()


def by_deleting(results: dict[int, float], d_model: int, tolerance: float = 0.01) -> Any:
    left = dict(results)
    for n in list(left):
        if d_model / n != d_model // n:
            del left[n]
    best = sorted(left.values())[-1]
    return min(filter(lambda n: left[n] >= best - tolerance, left))


def by_pairs(results: dict[int, float], d_model: int, tolerance: float = 0.01) -> Any:
    pairs = [(n, a) for n, a in results.items() if not d_model % n]
    mark = max(a for _, a in pairs) - tolerance
    return sorted(n for n, a in pairs if a >= mark)[0]


STYLES: dict[str, list[Callable[..., Any]]] = {
    "ablate_heads": [
        by_a_loop,
        by_a_mask,
        by_where,
        by_moving_the_axis,
        by_stacking,
        by_a_diagonal,
    ],
    "head_importance": [subtracted, turned_twice, filled_first, entry_by_entry, vectorized],
    "role_mass": [
        by_einsum_over_rows,
        by_broadcasting,
        role_by_role,
        by_nanmean,
        by_loops,
        by_flattening,
    ],
    "choose_heads": [by_sorting, by_a_loop_over_all, in_numpy, by_deleting, by_pairs],
}

"""Lesson 12: what is wrong is rejected, and never called by the name of another mistake."""

from collections.abc import Callable
from typing import Any

import numpy as np

from qkv_course.analysis import ablate_heads, choose_heads, head_importance, role_mass

Array = np.ndarray

# --- ablate_heads


def next_head_cut(per_head_output: Array, heads: list[int]) -> Any:
    n_heads = per_head_output.shape[-3]
    return ablate_heads(per_head_output, [(h + 1) % n_heads for h in heads])


def counted_from_one(per_head_output: Array, heads: list[int]) -> Any:
    return ablate_heads(per_head_output, [h - 1 for h in heads])


def cut_to_one(per_head_output: Array, heads: list[int]) -> Any:
    kept = per_head_output.copy()
    kept[..., list(heads), :, :] = 1
    return kept


def first_token_left(per_head_output: Array, heads: list[int]) -> Any:
    kept = per_head_output.copy()
    kept[..., list(heads), 1:, :] = 0
    return kept


def only_first_sentence(per_head_output: Array, heads: list[int]) -> Any:
    if per_head_output.ndim == 3:
        return ablate_heads(per_head_output, heads)
    kept = per_head_output.copy()
    kept[0] = ablate_heads(per_head_output[0], heads)
    return kept


def halved(per_head_output: Array, heads: list[int]) -> Any:
    return (per_head_output + ablate_heads(per_head_output, heads)) / 2


def all_cut_if_none(per_head_output: Array, heads: list[int]) -> Any:
    if not heads:
        return np.zeros_like(per_head_output)
    return ablate_heads(per_head_output, heads)


def a_list(per_head_output: Array, heads: list[int]) -> Any:
    return ablate_heads(per_head_output, heads).tolist()


def nan_for_cut(per_head_output: Array, heads: list[int]) -> Any:
    kept = per_head_output.copy()
    kept[..., list(heads), :, :] = np.nan
    return kept


# --- head_importance


def in_percent(accuracy_full: float, accuracy_ablated: Array) -> Any:
    return 100 * head_importance(accuracy_full, accuracy_ablated)


def rounded(accuracy_full: float, accuracy_ablated: Array) -> Any:
    return head_importance(accuracy_full, accuracy_ablated).round(1)


def flattened(accuracy_full: float, accuracy_ablated: Array) -> Any:
    return head_importance(accuracy_full, accuracy_ablated).ravel()


def from_the_best(accuracy_full: float, accuracy_ablated: Array) -> Any:
    return accuracy_ablated.max() - accuracy_ablated


def against_one(accuracy_full: float, accuracy_ablated: Array) -> Any:
    return 1 - accuracy_ablated


def error_ratio(accuracy_full: float, accuracy_ablated: Array) -> Any:
    return (1 - accuracy_ablated) / (1 - accuracy_full)


def squared(accuracy_full: float, accuracy_ablated: Array) -> Any:
    return (accuracy_full - accuracy_ablated) ** 2


def whether_it_mattered(accuracy_full: float, accuracy_ablated: Array) -> Any:
    return (accuracy_full > accuracy_ablated).astype(float)


# --- role_mass


def over_all_and_cells(weights: Array, roles: Array) -> Any:
    total = np.einsum("...hqk,rqk->...hr", weights, roles)
    return total / roles[0].sum()


def first_role_only(weights: Array, roles: Array) -> Any:
    return role_mass(weights, roles[:1])


def first_true_cell(weights: Array, roles: Array) -> Any:
    first = np.zeros_like(roles)
    r, q = np.nonzero(roles.any(axis=-1))
    first[r, q, roles.argmax(axis=-1)[r, q]] = True
    return role_mass(weights, first)


def outside_the_role(weights: Array, roles: Array) -> Any:
    return 1 - role_mass(weights, roles)


def best_query(weights: Array, roles: Array) -> Any:
    return (weights[..., None, :, :] * roles).sum(axis=-1).max(axis=-1)


def a_softmax_again(weights: Array, roles: Array) -> Any:
    exps = np.exp(weights)
    return role_mass(exps / exps.sum(axis=-1, keepdims=True), roles)


def first_sentence_for_all(weights: Array, roles: Array) -> Any:
    if weights.ndim < 4:
        return role_mass(weights, roles)
    return np.broadcast_to(role_mass(weights[0], roles), (*weights.shape[:-2], len(roles))).copy()


def one_row_too_many(weights: Array, roles: Array) -> Any:
    total = np.einsum("...hqk,rqk->...hr", weights, roles)
    return total / (roles.any(axis=-1).sum(axis=-1) + 1)


def medians(weights: Array, roles: Array) -> Any:
    rows = (weights[..., None, :, :] * roles).sum(axis=-1)
    return np.nanmedian(np.where(roles.any(axis=-1), rows, np.nan), axis=-1) ** 2


# --- choose_heads


def next_fewest(results: dict[int, float], d_model: int, tolerance: float = 0.01) -> Any:
    right = choose_heads(results, d_model, tolerance)
    larger = sorted(n for n in results if n > right)
    return larger[0] if larger else right * 2


def size_of_a_head(results: dict[int, float], d_model: int, tolerance: float = 0.01) -> Any:
    return d_model // choose_heads(results, d_model, tolerance)


def as_text(results: dict[int, float], d_model: int, tolerance: float = 0.01) -> Any:
    return str(choose_heads(results, d_model, tolerance))


def fewest_of_all(results: dict[int, float], d_model: int, tolerance: float = 0.01) -> Any:
    return min(results)


def least_accurate(results: dict[int, float], d_model: int, tolerance: float = 0.01) -> Any:
    return min(results, key=lambda n: results[n])


def all_that_are_near(results: dict[int, float], d_model: int, tolerance: float = 0.01) -> Any:
    best = max(a for n, a in results.items() if d_model % n == 0)
    return [n for n, a in results.items() if d_model % n == 0 and a >= best - tolerance]


def twice_the_tolerance(results: dict[int, float], d_model: int, tolerance: float = 0.01) -> Any:
    return choose_heads(results, d_model, 4 * tolerance + 0.03)


def always_two(results: dict[int, float], d_model: int, tolerance: float = 0.01) -> Any:
    return 2


WRONG: dict[str, list[Callable[..., Any]]] = {
    "ablate_heads": [
        next_head_cut,
        counted_from_one,
        cut_to_one,
        first_token_left,
        only_first_sentence,
        halved,
        all_cut_if_none,
        a_list,
        nan_for_cut,
    ],
    "head_importance": [
        in_percent,
        rounded,
        flattened,
        from_the_best,
        against_one,
        error_ratio,
        squared,
        whether_it_mattered,
    ],
    "role_mass": [
        over_all_and_cells,
        first_role_only,
        first_true_cell,
        outside_the_role,
        best_query,
        a_softmax_again,
        first_sentence_for_all,
        one_row_too_many,
        medians,
    ],
    "choose_heads": [
        next_fewest,
        size_of_a_head,
        as_text,
        fewest_of_all,
        least_accurate,
        all_that_are_near,
        twice_the_tolerance,
        always_two,
    ],
}

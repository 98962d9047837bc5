"""Cutting heads, what is lost, what they look at, and how many to have."""

import numpy as np
import pytest

from qkv_course.analysis import ablate_heads, choose_heads, head_importance, role_mass
from qkv_course.attention import merge_heads, softmax


def contexts(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).normal(size=shape)


def test_a_cut_head_adds_nothing_behind_w_o() -> None:
    heads, w_o = contexts(2, 4, 5, 3), contexts(12, 12)
    whole = merge_heads(heads) @ w_o
    without = merge_heads(ablate_heads(heads, [2])) @ w_o
    alone = merge_heads(heads)[..., 6:9] @ w_o[6:9]  # head 2 owns these rows of W_O
    np.testing.assert_allclose(whole - without, alone)


def test_heads_cut_one_after_another_are_cut_together() -> None:
    heads = contexts(3, 4, 2)
    twice = ablate_heads(ablate_heads(heads, [0]), [2])
    np.testing.assert_array_equal(twice, ablate_heads(heads, [2, 0]))
    assert not twice[[0, 2]].any() and twice[1].all()


def test_no_head_cut_gives_a_copy() -> None:
    heads = contexts(3, 4, 2)
    same = ablate_heads(heads, [])
    np.testing.assert_array_equal(same, heads)
    same[:] = 0
    assert heads.all()


def test_importance_has_the_sign_of_what_is_lost() -> None:
    ablated = np.array([[0.9, 0.5], [0.95, 0.9]])
    np.testing.assert_allclose(head_importance(0.9, ablated), [[0, 0.4], [-0.05, 0]], atol=1e-12)


def test_role_mass_of_a_head_that_looks_at_nothing_else_is_one() -> None:
    looks_back = np.eye(5, k=-1)
    looks_back[0, 0] = 1
    back = np.eye(5, k=-1, dtype=bool)
    roles = np.stack([back, back.T, np.eye(5, dtype=bool)])
    np.testing.assert_allclose(role_mass(looks_back[None], roles), [[1, 0, 0.2]])


def test_a_role_of_one_row_is_not_watered_down_by_the_others() -> None:
    weights = softmax(contexts(2, 6, 6))
    role = np.zeros((1, 6, 6), dtype=bool)
    role[0, 4, [1, 3]] = True
    wanted = weights[:, 4, 1] + weights[:, 4, 3]
    np.testing.assert_allclose(role_mass(weights, role)[:, 0], wanted)


def test_roles_that_part_all_cells_share_the_budget() -> None:
    weights = softmax(contexts(2, 3, 4, 4))
    first = np.zeros((4, 4), dtype=bool)
    first[:, :2] = True
    masses = role_mass(weights, np.stack([first, ~first]))
    assert masses.shape == (2, 3, 2)
    np.testing.assert_allclose(masses.sum(axis=-1), np.ones((2, 3)))


@pytest.mark.parametrize(("tolerance", "heads"), [(0.0, 8), (0.01, 4), (0.1, 2), (0.5, 1)])
def test_the_more_is_tolerated_the_fewer_heads(tolerance: float, heads: int) -> None:
    results = {8: 0.96, 1: 0.5, 4: 0.955, 2: 0.9, 16: 0.96}
    assert choose_heads(results, 64, tolerance) == heads


def test_heads_that_do_not_divide_d_model_neither_win_nor_set_the_mark() -> None:
    results = {3: 0.99, 2: 0.8, 4: 0.805}
    assert choose_heads(results, 64) == 2
    assert choose_heads(results, 48) == 3

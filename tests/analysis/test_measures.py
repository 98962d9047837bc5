"""Measures of a head: known values, any number of batch axes, and pairs of both kinds."""

import numpy as np
import pytest

from qkv_course.analysis import best_head, head_accuracy, mean_entropy, offset_accuracy, sink_mass
from qkv_course.attention import softmax

PAIRS = [(0, 2), (1, 0), (3, 2), (4, 1)]


def some_weights(*shape: int) -> np.ndarray:
    return softmax(np.random.default_rng(7).normal(size=shape))


def test_entropy_of_sharp_even_and_mixed_heads() -> None:
    sharp, even = np.eye(4), np.full((4, 4), 0.25)
    half = np.where(np.arange(4)[:, None] < 2, sharp, even)  # two rows of each
    found = mean_entropy(np.stack([sharp, even, half]))
    np.testing.assert_allclose(found, [0, np.log(4), np.log(4) / 2], atol=1e-12)


def test_entropy_counts_each_query_and_not_the_mean_row() -> None:
    each_its_own = np.eye(5)
    assert mean_entropy(each_its_own) == 0  # though its mean row is even


def test_sinks_of_all_columns_share_one_budget() -> None:
    weights = some_weights(2, 3, 4, 6)
    masses = np.stack([sink_mass(weights, column) for column in range(6)])
    np.testing.assert_allclose(masses.sum(axis=0), np.ones((2, 3)))
    np.testing.assert_array_equal(sink_mass(weights), masses[0])


@pytest.mark.parametrize("measure", [mean_entropy, sink_mass])
def test_a_head_in_a_batch_measures_as_it_does_alone(measure) -> None:
    weights = some_weights(2, 3, 4, 5)
    together = measure(weights)
    assert together.shape == (2, 3)
    for at in np.ndindex(2, 3):
        assert together[at] == pytest.approx(measure(weights[at]))


def test_every_offset_gets_its_own_share() -> None:
    found = {offset: offset_accuracy(offset, PAIRS) for offset in range(-4, 5)}
    assert {offset: share for offset, share in found.items() if share} == {
        2: 0.25,
        -1: 0.5,
        -3: 0.25,
    }


@pytest.mark.parametrize("pairs", [PAIRS, np.array(PAIRS), tuple(PAIRS)])
def test_pairs_may_be_a_list_or_an_array(pairs) -> None:
    weights = some_weights(3, 5, 5)
    assert offset_accuracy(-1, pairs) == 0.5
    np.testing.assert_array_equal(head_accuracy(weights, pairs), head_accuracy(weights, PAIRS))


def test_a_head_that_points_one_back_does_as_well_as_the_rule() -> None:
    one_back = np.eye(6, k=-1)
    assert head_accuracy(one_back, PAIRS) == offset_accuracy(-1, PAIRS)


def test_a_head_is_asked_row_by_row() -> None:
    weights = some_weights(4, 5, 5)
    wanted = [np.mean([head[q].argmax() == k for q, k in PAIRS]) for head in weights]
    np.testing.assert_array_equal(head_accuracy(weights, PAIRS), wanted)
    assert len(set(wanted)) > 1


def test_an_even_head_has_chosen_the_first_word() -> None:
    even = np.full((3, 3), 1 / 3)
    assert head_accuracy(even, [(1, 0)]) == 1
    assert head_accuracy(even, [(1, 2)]) == 0


def test_the_best_head_is_the_first_of_equals_in_plain_ints() -> None:
    table = np.array([[0.3, 0.7, 0.1], [0.7, 0.2, 0.7]])
    found = best_head(table, 0.5)
    assert found == (0, 1)
    assert all(type(index) is int for index in found)


@pytest.mark.parametrize(("baseline", "found"), [(0.7, None), (0.8, None), (0.6999, (0, 1))])
def test_the_best_head_has_to_beat_the_rule(baseline, found) -> None:
    assert best_head(np.array([[0.3, 0.7], [0.7, 0.2]]), baseline) == found


def test_nothing_is_changed_and_precision_is_kept() -> None:
    weights = some_weights(2, 5, 5).astype(np.float32)
    weights.flags.writeable = False
    assert mean_entropy(weights).dtype == np.float32
    assert sink_mass(weights, 3).dtype == np.float32
    head_accuracy(weights, PAIRS)

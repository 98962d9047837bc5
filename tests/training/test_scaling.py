"""Two heads learn a look-up, one with the division by √d_k: what lesson 05 says of them is so."""

import numpy as np
import pytest
import torch

from qkv_course.attention import MultiHeadAttention, softmax_jacobian
from qkv_course.errors import BadAnswer
from qkv_course.languages.dictionary import draw
from qkv_course.training.scaling import Lookup, LookupRun, Undivided, learn_lookup, look, loss


@pytest.fixture(scope="module")
def divided() -> LookupRun:
    return learn_lookup(divided=True)


@pytest.fixture(scope="module")
def undivided() -> LookupRun:
    return learn_lookup(divided=False)


def test_the_division_is_the_only_difference() -> None:
    plain, undivided = MultiHeadAttention(16, 1), Undivided(16, 1)
    undivided.load_state_dict(plain.state_dict())
    x = torch.randn(2, 5, 16, generator=torch.Generator().manual_seed(0))
    _, weights = undivided(x)
    with torch.no_grad():  # the logarithm of weights is the scores, up to one number a row
        scores, raw = plain(x)[1].log(), weights.log()
    assert torch.allclose(raw, torch.log_softmax(4 * scores, dim=-1), atol=1e-5)


def test_both_start_from_the_same_numbers(divided: LookupRun, undivided: LookupRun) -> None:
    assert np.array_equal(divided.place, undivided.place)
    scores, raw = np.log(divided.weights[0]), np.log(undivided.weights[0].clip(1e-30))
    firm = undivided.weights[0] > 1e-6  # 16 times the difference of two scores
    gaps, raw_gaps = scores - scores[:, :1], raw - raw[:, :1]
    both = firm & firm[:, :1]
    assert np.allclose(16 * gaps[both], raw_gaps[both], atol=0.05)


def test_the_divided_head_learns_and_the_other_lags(
    divided: LookupRun, undivided: LookupRun
) -> None:
    assert divided.accuracy[divided.steps.index(60)] > 0.95
    assert undivided.accuracy[-1] < 0.7
    assert divided.steps == undivided.steps and divided.steps[-1] == 100


def test_most_questions_have_decided_before_they_learn(
    divided: LookupRun, undivided: LookupRun
) -> None:
    assert divided.stuck(0).mean() < 0.01 < 0.5 < undivided.stuck(0).mean()
    assert undivided.stuck(-1).mean() > 0.3
    assert np.median(undivided.at_scores[0]) < np.median(divided.at_scores[0]) / 100


def test_the_matrices_get_more_gradient_without_the_division(
    divided: LookupRun, undivided: LookupRun
) -> None:
    assert undivided.at_w_q[0] > 3 * divided.at_w_q[0]
    assert undivided.at_w_k[0] > 3 * divided.at_w_k[0]


def test_the_gradient_at_the_scores_is_what_the_jacobian_makes_of_it() -> None:
    """Compared with a nudge of every score."""
    torch.manual_seed(0)
    model, given = Lookup(8, divided=True).double(), draw(5, np.random.default_rng(0))
    run = LookupRun(given.place)
    look(model, given, 0, run)

    logits, weights = model(given)
    (at_weights,) = torch.autograd.grad(5 * loss(logits, given), weights)
    for row in range(5):
        jacobian = softmax_jacobian(run.weights[0][row])
        expected = np.linalg.norm(at_weights[row, 0, 0].numpy() @ jacobian)
        assert np.isclose(run.at_scores[0][row], expected)


def test_stuck_means_decided_and_wrong() -> None:
    weights = np.array([[0.995, 0.005], [0.995, 0.005], [0.6, 0.4], [0.005, 0.995]])
    run = LookupRun(place=np.array([1, 0, 1, 0]), weights=[weights])
    assert run.stuck(0).tolist() == [True, False, False, True]
    assert run.stuck(0, least=0.5).tolist() == [True, False, True, True]


def test_the_same_seed_gives_the_same_run_and_leaves_nothing_behind(divided: LookupRun) -> None:
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    again = learn_lookup(divided=True, steps=20)
    assert again.accuracy == divided.accuracy[:3]
    assert torch.equal(torch.get_rng_state(), before) and torch.get_num_threads() == threads


@pytest.mark.parametrize("d_k", [0, 1025, 8.0, "wide"])
def test_a_size_out_of_range_is_told(d_k: int) -> None:
    with pytest.raises(BadAnswer, match="whole number, 1 to 1024"):
        learn_lookup(divided=True, d_k=d_k)

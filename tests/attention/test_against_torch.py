"""The library agrees with torch, which was written by other people."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from qkv_course import attention as course

SHAPES = [(), (2,), (3, 2)]


def draw(*shape: int, dtype: str = "float64") -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(dtype)


def close(ours: np.ndarray, theirs: torch.Tensor) -> None:
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("lead", SHAPES)
def test_attention_is_torchs(lead: tuple[int, ...]) -> None:
    q, k, v = draw(*lead, 3, 5), draw(*lead, 4, 5), draw(*lead, 4, 6)
    context, weights = course.attention(q, k, v)
    close(context, F.scaled_dot_product_attention(*map(torch.from_numpy, (q, k, v))))
    close(weights @ v, torch.from_numpy(context))


@pytest.mark.parametrize("size", [1e-3, 1.0, 300.0, 1e5])
@pytest.mark.parametrize("lead", SHAPES)
def test_softmax_is_torchs_at_any_size(lead: tuple[int, ...], size: float) -> None:
    scores = size * draw(*lead, 3, 7)
    close(course.softmax(scores), F.softmax(torch.from_numpy(scores), dim=-1))
    close(
        course.softmax_with_temperature(scores, 0.7),
        F.softmax(torch.from_numpy(scores) / 0.7, dim=-1),
    )


def test_jacobian_is_what_autograd_finds() -> None:
    scores = draw(7)
    theirs = torch.autograd.functional.jacobian(
        lambda s: F.softmax(s, dim=-1), torch.from_numpy(scores)
    )
    close(course.softmax_jacobian(course.softmax(scores)), theirs)


def test_jacobian_of_a_batch_is_that_of_each_row() -> None:
    weights = course.softmax(draw(2, 3, 5))
    whole = course.softmax_jacobian(weights)
    for at in np.ndindex(2, 3):
        np.testing.assert_array_equal(whole[at], course.softmax_jacobian(weights[at]))


def test_entropy_is_that_of_a_categorical_distribution() -> None:
    weights = course.softmax(draw(3, 6))
    theirs = torch.distributions.Categorical(torch.from_numpy(weights)).entropy()
    close(course.entropy(weights), theirs)


def test_rnn_is_torchs_without_bias() -> None:
    x, w_x, w_h = draw(2, 6, 3), draw(3, 4), draw(4, 4)
    theirs = torch.nn.RNN(3, 4, bias=False, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(torch.from_numpy(w_x.T))
        theirs.weight_hh_l0.copy_(torch.from_numpy(w_h.T))
        close(course.rnn_states(x, w_x, w_h), theirs(torch.from_numpy(x))[0])


def test_influence_is_the_largest_stretch_of_the_unrolled_network() -> None:
    w_h = draw(4, 4)
    unrolled = torch.autograd.functional.jacobian(
        lambda h: h @ torch.from_numpy(w_h) @ torch.from_numpy(w_h) @ torch.from_numpy(w_h),
        torch.zeros(4, dtype=torch.float64),
    )
    assert course.rnn_influence(w_h, 3) == pytest.approx(
        torch.linalg.matrix_norm(unrolled, 2).item(), rel=1e-9
    )
    assert course.rnn_influence(w_h, 0) == 1.0


def test_projection_is_a_linear_layer() -> None:
    x, w = draw(2, 5, 3), draw(3, 4)
    close(course.project(x, w), F.linear(torch.from_numpy(x), torch.from_numpy(w.T)))


def test_parameters_are_those_of_three_linear_layers() -> None:
    layers = [torch.nn.Linear(12, size, bias=False) for size in (5, 5, 7)]
    count = sum(p.numel() for layer in layers for p in layer.parameters())
    assert course.projection_parameters(12, 5, 7) == count


@pytest.mark.parametrize("d_k", [1, 9, 100])
def test_score_std_is_what_a_large_sample_shows(d_k: int) -> None:
    torch.manual_seed(0)
    q, k = torch.randn(2, 100_000, d_k)
    assert course.score_std(d_k) == pytest.approx((q * k).sum(-1).std().item(), rel=0.02)


def test_shuffled_words_give_shuffled_contexts() -> None:
    x, weights = draw(6, 4), [draw(4, 4), draw(4, 4) + 1, draw(4, 3)]
    order = np.random.default_rng(0).permutation(6)
    context, _ = course.self_attention(x, *weights)
    shuffled, _ = course.self_attention(x[order], *weights)
    np.testing.assert_allclose(shuffled, context[order], rtol=1e-9)


def test_positions_are_the_papers_formula_entry_by_entry() -> None:
    table = course.sinusoidal_positions(5, 6)
    for pos, i in np.ndindex(5, 3):
        angle = pos / 10000 ** (2 * i / 6)
        assert table[pos, 2 * i] == pytest.approx(np.sin(angle))
        assert table[pos, 2 * i + 1] == pytest.approx(np.cos(angle))


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_precision_of_the_inputs_is_kept(name: str) -> None:
    x, w = draw(2, 5, 4, dtype=name), draw(4, 4, dtype=name)
    for result in (*course.self_attention(x, w, w, w), course.rnn_states(x, w, w)):
        assert result.dtype == name
    assert course.softmax_jacobian(course.softmax(x)).dtype == name
    assert course.entropy(course.softmax(x)).dtype == name


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (
            lambda: course.soft_lookup(np.ones(2), np.ones((3, 2)), np.ones((3, 1)), 0),
            "temperature",
        ),
        (lambda: course.softmax_with_temperature(np.ones(3), -1.0), "temperature"),
        (lambda: course.rnn_influence(np.eye(2), -1), "distance"),
        (lambda: course.sinusoidal_positions(4, 3), "even"),
    ],
)
def test_bad_settings_say_what_to_do(call, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        call()

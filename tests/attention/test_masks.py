"""Masks agree with torch's, keep every promise about empty rows, and hide the future."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from qkv_course import attention as course

LEADS = [(), (2,), (3, 2)]
N_Q, N_K, D_K, D_V = 3, 4, 5, 6


def draw(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def inputs(*lead: int, n_q: int = N_Q, n_k: int = N_K) -> tuple[np.ndarray, ...]:
    return draw(1, *lead, n_q, D_K), draw(2, *lead, n_k, D_K), draw(3, *lead, n_k, D_V)


def some(*shape: int) -> np.ndarray:
    """Draw a mask that allows a key in every row."""
    mask = draw(4, *shape) > 0
    mask[..., 1] |= ~mask.any(axis=-1)
    return mask


def shapes(lead: tuple[int, ...]) -> list[tuple[int, ...]]:
    return [(N_Q, N_K), (1, N_K), (*lead, 1, N_K), (*lead, N_Q, N_K)]


def same(ours: np.ndarray, theirs: torch.Tensor) -> None:
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-6, atol=1e-8)


def tensors(*arrays: np.ndarray) -> list[torch.Tensor]:
    return [torch.from_numpy(a) for a in arrays]


@pytest.mark.parametrize("lead", LEADS)
@pytest.mark.parametrize("form", range(4))
def test_bool_mask_is_that_of_scaled_dot_product_attention(
    lead: tuple[int, ...], form: int
) -> None:
    arrays, mask = inputs(*lead), some(*shapes(lead)[form])
    context, _ = course.masked_attention(*arrays, mask)
    same(context, F.scaled_dot_product_attention(*tensors(*arrays), torch.from_numpy(mask)))


@pytest.mark.parametrize("lead", LEADS)
def test_mask_to_add_is_that_of_scaled_dot_product_attention(lead: tuple[int, ...]) -> None:
    arrays, mask = inputs(*lead), some(*lead, N_Q, N_K)
    added = torch.from_numpy(np.where(mask, 0.0, -np.inf))
    context, _ = course.masked_attention(*arrays, mask)
    same(context, F.scaled_dot_product_attention(*tensors(*arrays), added))


def test_causal_mask_is_torchs_is_causal() -> None:
    arrays = inputs(2, n_q=5, n_k=5)
    context, _ = course.masked_attention(*arrays, course.causal_mask(5))
    same(context, F.scaled_dot_product_attention(*tensors(*arrays), is_causal=True))
    theirs = nn.Transformer.generate_square_subsequent_mask(5)
    np.testing.assert_array_equal(course.causal_mask(5), theirs.numpy() == 0)


def test_is_causal_with_fewer_queries_than_keys_starts_at_the_first_key() -> None:
    """Lesson 07 warns of it: a decode step with cached keys needs the last rows instead."""
    arrays = inputs(2, n_q=1, n_k=5)
    theirs = F.scaled_dot_product_attention(*tensors(*arrays), is_causal=True)
    same(course.masked_attention(*arrays, course.causal_mask(5)[:1])[0], theirs)
    newest, _ = course.masked_attention(*arrays, course.causal_mask(5)[-1:])
    np.testing.assert_allclose(newest, course.attention(*arrays)[0])


def one_head(d: int) -> nn.MultiheadAttention:
    """Make torch's layer pass q, k and v through as they are."""
    layer = nn.MultiheadAttention(d, 1, bias=False, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        layer.in_proj_weight.copy_(torch.eye(d).repeat(3, 1))
        layer.out_proj.weight.copy_(torch.eye(d))
    return layer


def test_torchs_layer_takes_the_opposite_mask() -> None:
    q, k, v = draw(1, 2, N_Q, 6), draw(2, 2, N_K, 6), draw(3, 2, N_K, 6)
    mask = some(N_Q, N_K)
    context, weights = course.masked_attention(q, k, v, mask)
    theirs = one_head(6)(*tensors(q, k, v), attn_mask=torch.from_numpy(~mask))
    same(context, theirs[0])
    same(weights, theirs[1])


def test_torchs_layer_takes_the_opposite_padding_mask() -> None:
    q, k, v = draw(1, 3, N_Q, 6), draw(2, 3, N_K, 6), draw(3, 3, N_K, 6)
    mask = course.padding_mask(np.array([1, 4, 2]), N_K)
    context, weights = course.masked_attention(q, k, v, mask)
    theirs = one_head(6)(*tensors(q, k, v), key_padding_mask=torch.from_numpy(~mask[:, 0]))
    same(context, theirs[0])
    same(weights, theirs[1])


def test_causal_and_padding_together_are_torchs() -> None:
    q, k, v = (draw(seed, 3, 4, 6) for seed in (1, 2, 3))
    lengths = np.array([1, 4, 2])
    mask = course.padding_mask(lengths, 4) & course.causal_mask(4)
    assert mask.shape == (3, 4, 4)
    _, weights = course.masked_attention(q, k, v, mask)
    theirs = one_head(6)(
        *tensors(q, k, v),
        attn_mask=torch.from_numpy(~course.causal_mask(4)),
        key_padding_mask=torch.from_numpy(~course.padding_mask(lengths, 4)[:, 0]),
    )
    same(weights, theirs[1])


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_nothing_allowed_gives_zeros_as_in_torch(name: str) -> None:
    arrays = [a.astype(name) for a in inputs(2)]
    mask = some(2, N_Q, N_K)
    mask[0, 1] = False
    context, weights = course.masked_attention(*arrays, mask)
    assert context.dtype == weights.dtype == name
    assert not weights[0, 1].any() and not context[0, 1].any()
    np.testing.assert_allclose(weights.sum(axis=-1), mask.any(axis=-1), rtol=1e-6)
    theirs = F.scaled_dot_product_attention(*tensors(*arrays), torch.from_numpy(mask))
    np.testing.assert_allclose(context, theirs.numpy(), rtol=1e-4, atol=1e-5)


def test_empty_sentence_warns_of_nothing() -> None:
    with np.errstate(all="raise", under="ignore"):
        mask = course.padding_mask(np.array([0, 3]), N_K)
        context, weights = course.masked_attention(*inputs(2), mask)
    assert not context[0].any() and not weights[0].any()


@pytest.mark.parametrize("hidden", [0.0, 1e3, 1e6, -1e6])
def test_hidden_score_changes_nothing(hidden: float) -> None:
    q, k, v = inputs()
    mask = np.ones((N_Q, N_K), dtype=bool)
    mask[:, 2] = False
    without, _ = course.masked_attention(q, k, v, mask)
    k[2], v[2] = hidden, hidden
    context, weights = course.masked_attention(q, k, v, mask)
    np.testing.assert_array_equal(context, without)
    assert not weights[:, 2].any()


def test_all_allowed_is_attention_and_hidden_keys_may_as_well_be_absent() -> None:
    q, k, v = inputs(2)
    everything = np.ones((N_Q, N_K), dtype=bool)
    same_context, same_weights = course.masked_attention(q, k, v, everything)
    context, weights = course.attention(q, k, v)
    np.testing.assert_allclose(same_context, context)
    np.testing.assert_allclose(same_weights, weights)
    first = np.arange(N_K) < 2
    masked, _ = course.masked_attention(q, k, v, first[None])
    np.testing.assert_allclose(masked, course.attention(q, k[:, :2], v[:, :2])[0])


@pytest.mark.parametrize("t", range(1, 6))
def test_change_the_future_and_nothing_moves(t: int) -> None:
    q, k, v = inputs(2, n_q=6, n_k=6)
    before, weights = course.masked_attention(q, k, v, course.causal_mask(6))
    for array in (q, k, v):
        array[:, t:] = 10 * draw(9, *array[:, t:].shape)
    after, later = course.masked_attention(q, k, v, course.causal_mask(6))
    np.testing.assert_array_equal(after[:, :t], before[:, :t])
    np.testing.assert_array_equal(later[:, :t], weights[:, :t])
    assert (after[:, t:] != before[:, t:]).all(), "the change itself is seen"


def test_row_of_causal_attention_is_attention_of_the_words_so_far() -> None:
    q, k, v = inputs(n_q=6, n_k=6)
    context, _ = course.masked_attention(q, k, v, course.causal_mask(6))
    for i in range(6):
        alone, _ = course.attention(q[i : i + 1], k[: i + 1], v[: i + 1])
        np.testing.assert_allclose(context[i : i + 1], alone)


@pytest.mark.parametrize(("batch", "n"), [(1, 1), (3, 4), (4, 4)])
def test_padding_mask_counts_the_real_tokens(batch: int, n: int) -> None:
    lengths = np.random.default_rng(0).integers(0, n + 1, size=batch)
    mask = course.padding_mask(lengths, n)
    assert mask.shape == (batch, 1, n) and mask.dtype == bool
    np.testing.assert_array_equal(mask.sum(axis=(1, 2)), lengths)
    assert (np.diff(mask.astype(int), axis=-1) <= 0).all(), "the real tokens come first"


def test_masked_scores_are_exactly_minus_infinity_and_the_rest_is_untouched() -> None:
    scores, mask = draw(1, 2, N_Q, N_K), some(2, 1, N_K)
    kept = scores.copy()
    masked = course.mask_scores(scores, mask)
    wide = np.broadcast_to(mask, scores.shape)
    assert (masked[~wide] == -np.inf).all()
    np.testing.assert_array_equal(masked[wide], kept[wide])
    np.testing.assert_array_equal(scores, kept)
    assert course.mask_scores(scores.astype(np.float32), mask).dtype == np.float32


def test_sizes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError):
        course.masked_attention(*inputs(), np.ones((N_Q, N_K + 1), dtype=bool))

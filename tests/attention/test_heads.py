"""Many heads agree with torch's layer and with a loop over heads, and lose no number on the way."""

import numpy as np
import pytest
import torch
from torch import nn

from qkv_course import attention as course

D_MODEL, N = 12, 5
SIZES = [(n_heads, lead) for n_heads in (1, 2, 3, 4, 6, 12) for lead in ((), (2,), (3,), (4, 2))]
each_size = pytest.mark.parametrize(("n_heads", "lead"), SIZES)


def draw(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def matrices(d: int = D_MODEL) -> np.ndarray:
    return draw(1, 4, d, d) / np.sqrt(d)


def some(*shape: int) -> np.ndarray:
    """Draw a mask that allows a key in every row."""
    mask = draw(4, *shape) > 0
    mask[..., 1] |= ~mask.any(axis=-1)
    return mask


def by_loop(x, w_q, w_k, w_v, w_o, n_heads, mask=None):  # type: ignore[no-untyped-def]
    """Run the heads one by one, each with its own columns, and add up what they contribute."""
    d_head = x.shape[-1] // n_heads
    output, maps = np.zeros(x.shape), []
    for h in range(n_heads):
        own = slice(h * d_head, (h + 1) * d_head)
        q, k, v = x @ w_q[:, own], x @ w_k[:, own], x @ w_v[:, own]
        if mask is None:
            context, weights = course.attention(q, k, v)
        else:
            context, weights = course.masked_attention(q, k, v, mask)
        output += context @ w_o[own]
        maps.append(weights)
    return output, np.stack(maps, axis=-3)


def torchs(n_heads: int, dtype: torch.dtype) -> nn.MultiheadAttention:
    """Make torch's own layer with our matrices: it stores each of them transposed."""
    w_q, w_k, w_v, w_o = torch.from_numpy(matrices()).to(dtype)
    layer = nn.MultiheadAttention(D_MODEL, n_heads, bias=False, batch_first=True, dtype=dtype)
    with torch.no_grad():
        layer.in_proj_weight.copy_(torch.cat([w_q.T, w_k.T, w_v.T]))
        layer.out_proj.weight.copy_(w_o.T)
    return layer.eval()


PRECISIONS = [("float32", torch.float32, 1e-5), ("float64", torch.float64, 1e-9)]


@pytest.mark.parametrize(("name", "dtype", "near"), PRECISIONS, ids=["float32", "float64"])
@pytest.mark.parametrize("n_heads", [1, 3, 4, 12])
@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("form", ["no mask", "causal", "padding", "one for each sentence"])
def test_it_is_torchs_layer(
    name: str, dtype: torch.dtype, near: float, n_heads: int, batch: int, form: str
) -> None:
    x = draw(0, batch, N, D_MODEL).astype(name)
    lengths = np.array([3, 5, 1, 4])[:batch]
    mask = {
        "no mask": None,
        "causal": course.causal_mask(N),
        "padding": course.padding_mask(lengths, N),
        "one for each sentence": some(batch, N, N),
    }[form]
    output, weights = course.multi_head_attention(x, *matrices().astype(name), n_heads, mask)
    assert output.dtype == weights.dtype == name
    theirs_mask = None
    if mask is not None:  # True is hidden there, and the heads stand inside the batch
        full = np.broadcast_to(mask, (batch, N, N))
        theirs_mask = torch.from_numpy(~np.repeat(full, n_heads, axis=0))
    xs = torch.from_numpy(x)
    with torch.no_grad():
        theirs, maps = torchs(n_heads, dtype)(
            xs, xs, xs, attn_mask=theirs_mask, average_attn_weights=False
        )
    np.testing.assert_allclose(output, theirs.numpy(), rtol=0, atol=near)
    np.testing.assert_allclose(weights, maps.numpy(), rtol=0, atol=near)


@each_size
def test_it_is_a_loop_over_heads(n_heads: int, lead: tuple[int, ...]) -> None:
    given = (draw(0, *lead, N, D_MODEL), *matrices(), n_heads)
    for mask in (None, some(N, N), some(1, N), some(*lead, 1, N), some(*lead, N, N)):
        output, weights = course.multi_head_attention(*given, mask)
        want, maps = by_loop(*given, mask)
        np.testing.assert_allclose(output, want, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(weights, maps, rtol=1e-9, atol=1e-12)


def test_one_head_is_self_attention_and_then_w_o() -> None:
    x, (w_q, w_k, w_v, w_o) = draw(0, 2, N, D_MODEL), matrices()
    output, weights = course.multi_head_attention(x, w_q, w_k, w_v, w_o, 1)
    context, one = course.self_attention(x, w_q, w_k, w_v)
    np.testing.assert_allclose(output, context @ w_o)
    np.testing.assert_allclose(weights[:, 0], one)


@pytest.mark.parametrize("n_heads", [1, 2, 3, 4, 6, 12])
def test_parameters_do_not_depend_on_the_heads(n_heads: int) -> None:
    """The same four matrices serve any number of heads; shared out, they are one wide head's."""
    output, weights = course.multi_head_attention(draw(0, N, D_MODEL), *matrices(), n_heads)
    assert output.shape == (N, D_MODEL) and weights.shape == (n_heads, N, N)
    d_head = course.head_dim(D_MODEL, n_heads)
    all_heads = n_heads * course.projection_parameters(D_MODEL, d_head, d_head)
    assert all_heads == course.projection_parameters(D_MODEL, D_MODEL, D_MODEL)
    theirs = nn.MultiheadAttention(D_MODEL, n_heads, bias=False)
    assert sum(p.numel() for p in theirs.parameters()) == all_heads + D_MODEL**2


def test_heads_do_not_see_each_others_columns() -> None:
    """Other columns of W_Q, W_K and W_V in the last head: the first two attend as before."""
    x, (w_q, w_k, w_v, w_o) = draw(0, N, D_MODEL), matrices()
    _, before = course.multi_head_attention(x, w_q, w_k, w_v, w_o, 3)
    for w in (w_q, w_k, w_v):
        w[:, 8:] = draw(9, D_MODEL, 4)
    _, after = course.multi_head_attention(x, w_q, w_k, w_v, w_o, 3)
    np.testing.assert_array_equal(after[:2], before[:2])
    assert not np.allclose(after[2], before[2])


def test_w_o_is_where_heads_mix() -> None:
    """With the identity as W_O, each head's columns of the output hang on that head alone."""
    x, (w_q, w_k, w_v, w_o) = draw(0, N, D_MODEL), matrices()
    other = w_v.copy()
    other[:, 8:] *= 2  # the last of three heads
    apart, mixed = (
        course.multi_head_attention(x, w_q, w_k, other, w, 3)[0]
        - course.multi_head_attention(x, w_q, w_k, w_v, w, 3)[0]
        for w in (np.eye(D_MODEL), w_o)
    )
    assert not apart[:, :8].any() and apart[:, 8:].all()
    assert mixed.all()


def test_rows_of_every_head_share_one_budget_and_empty_rows_have_none() -> None:
    x = draw(0, 3, N, D_MODEL)
    mask = course.padding_mask(np.array([2, 0, 5]), N)
    output, weights = course.multi_head_attention(x, *matrices(), 3, mask)
    assert weights.shape == (3, 3, N, N)
    np.testing.assert_allclose(weights[[0, 2]].sum(axis=-1), 1)
    assert not weights[1].any() and not output[1].any()


def test_mask_of_a_sentence_is_that_sentences_in_every_head() -> None:
    """As many sentences as heads: a mask that met the heads would go unnoticed."""
    x, lengths = draw(0, 3, N, D_MODEL), np.array([1, 3, 5])
    output, weights = course.multi_head_attention(
        x, *matrices(), 3, course.padding_mask(lengths, N)
    )
    for i, length in enumerate(lengths):
        alone, maps = course.multi_head_attention(x[i, :length], *matrices(), 3)
        np.testing.assert_allclose(output[i, :length], alone)
        np.testing.assert_allclose(weights[i, :, :length, :length], maps)
        assert not weights[i, :, :, length:].any()


@each_size
def test_split_and_merge_go_there_and_back(n_heads: int, lead: tuple[int, ...]) -> None:
    x = np.arange(np.prod((*lead, N, D_MODEL)), dtype=float).reshape(*lead, N, D_MODEL)
    heads = course.split_heads(x, n_heads)
    assert heads.shape == (*lead, n_heads, N, D_MODEL // n_heads)
    np.testing.assert_array_equal(course.merge_heads(heads), x)
    np.testing.assert_array_equal(
        course.split_heads(course.merge_heads(heads), n_heads), heads, "and back and there"
    )
    for h, own in enumerate(np.split(x, n_heads, axis=-1)):
        np.testing.assert_array_equal(heads[..., h, :, :], own)


def test_round_trip_does_not_test_a_split() -> None:
    """Lesson 08 warns of it: two reshapes undo each other, and the heads are wrong."""
    x = draw(0, N, D_MODEL)
    straight = x.reshape(3, N, 4)
    np.testing.assert_array_equal(straight.reshape(N, D_MODEL), x)
    assert not np.allclose(straight, course.split_heads(x, 3))


@pytest.mark.parametrize("n_heads", [1, 3, 12])
def test_scores_of_a_head_have_at_most_the_rank_of_its_size(n_heads: int) -> None:
    x, (w_q, w_k, *_) = draw(0, 20, D_MODEL), matrices()
    scores = course.scaled_scores(
        course.split_heads(x @ w_q, n_heads), course.split_heads(x @ w_k, n_heads)
    )
    assert set(np.linalg.matrix_rank(scores)) == {D_MODEL // n_heads}


def test_nothing_is_written_into_the_inputs() -> None:
    given = [draw(0, N, D_MODEL), *matrices(), some(N, N)]
    kept = [a.copy() for a in given]
    course.multi_head_attention(*given[:5], 3, given[5])
    for before, after in zip(kept, given, strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(("d_model", "n_heads"), [(8, 3), (4, 8), (8, 0), (8, -2)])
def test_heads_that_do_not_share_evenly_are_refused(d_model: int, n_heads: int) -> None:
    with pytest.raises(ValueError, match="heads cannot share"):
        course.head_dim(d_model, n_heads)
    with pytest.raises(ValueError, match="heads cannot share"):
        course.split_heads(draw(0, 2, d_model), n_heads)
    with pytest.raises(ValueError, match="heads cannot share"):
        course.multi_head_attention(draw(0, 2, d_model), *matrices(d_model), n_heads)


@pytest.mark.parametrize(
    ("d_model", "n_heads", "d_head"), [(512, 8, 64), (768, 12, 64), (12288, 96, 128)]
)
def test_head_dim_of_real_models(d_model: int, n_heads: int, d_head: int) -> None:
    assert course.head_dim(d_model, n_heads) == d_head

"""The torch layers agree with torch's own, which were written by other people."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from qkv_course.attention import (
    FusedMultiHeadAttention,
    MultiHeadAttention,
    load_torch_weights,
    torch_attention,
)

Layer = type[MultiHeadAttention] | type[FusedMultiHeadAttention]
both_layers = pytest.mark.parametrize("kind", [MultiHeadAttention, FusedMultiHeadAttention])
D_MODEL, N_HEADS = 12, 3


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def draw_qkv(*lead: int, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    shapes = ((3, 4), (5, 4), (5, 6))
    return [torch.randn(*lead, *shape, dtype=dtype, requires_grad=True) for shape in shapes]


def mask_with_an_empty_row(*shape: int) -> Tensor:
    mask = torch.rand(*shape) < 0.6
    mask[..., 0] = True
    mask[..., 1, :] = False
    return mask


def theirs(**options: bool) -> nn.MultiheadAttention:
    """Make torch's layer and fill its biases, which start at 0, and its weights."""
    layer = nn.MultiheadAttention(D_MODEL, N_HEADS, batch_first=True, **options)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_(0, 0.4)
    return layer


def loaded(kind: Layer, layer: nn.MultiheadAttention) -> nn.Module:
    ours = kind(D_MODEL, N_HEADS)
    load_torch_weights(ours, layer)
    return ours


# --- torch_attention


@pytest.mark.parametrize("lead", [(), (2,), (2, 3)])
def test_context_is_that_of_torchs_kernel(lead: tuple[int, ...]) -> None:
    q, k, v = draw_qkv(*lead)
    masks = [None, mask_with_an_empty_row(3, 5), mask_with_an_empty_row(*lead, 3, 5)]
    masks.append(torch.rand(*lead, 1, 5) < 0.8)
    for mask in masks:
        context, weights = torch_attention(q, k, v, mask)
        wanted = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        torch.testing.assert_close(context, wanted)
        torch.testing.assert_close(weights @ v, wanted)


def test_causal_mask_is_torchs_is_causal() -> None:
    q, k, v = torch.randn(3, 2, 4, 4)
    context, weights = torch_attention(q, k, v, torch.ones(4, 4, dtype=torch.bool).tril())
    torch.testing.assert_close(context, F.scaled_dot_product_attention(q, k, v, is_causal=True))
    assert not weights.triu(1).any()


@pytest.mark.parametrize("lead", [(), (2, 2)])
def test_gradients_are_those_of_small_differences(lead: tuple[int, ...]) -> None:
    inputs = draw_qkv(*lead)
    assert torch.autograd.gradcheck(torch_attention, inputs)
    mask = mask_with_an_empty_row(*lead, 3, 5)
    assert torch.autograd.gradcheck(lambda *qkv: torch_attention(*qkv, mask), inputs)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_query_that_may_attend_to_nothing_gets_zeros_and_gradients_of_zero(
    dtype: torch.dtype,
) -> None:
    q, k, v = draw_qkv(2, dtype=dtype)
    mask = mask_with_an_empty_row(2, 3, 5)
    context, weights = torch_attention(q, k, v, mask)
    (context.square().sum() + weights.square().sum()).backward()
    assert not context[:, 1].any() and not weights[:, 1].any()
    assert not q.grad[:, 1].any() and q.grad[:, 0].any()
    assert all(part.grad.isfinite().all() for part in (q, k, v))


def test_hidden_score_far_above_the_visible_ones_changes_nothing() -> None:
    q, v = torch.ones(1, 1), torch.tensor([[10.0], [20.0], [30.0]])
    k = torch.tensor([[0.0], [0.0], [1e6]])
    context, _ = torch_attention(q, k, v, torch.tensor([[True, True, False]]))
    assert context.item() == 15


# --- the layers


@both_layers
def test_self_attention_is_torchs(kind: Layer) -> None:
    reference, x = theirs(), torch.randn(4, 7, D_MODEL)
    output, weights = loaded(kind, reference)(x)
    wanted, wanted_weights = reference(x, x, x, average_attn_weights=False)
    torch.testing.assert_close(output, wanted, rtol=0, atol=1e-5)
    if weights is not None:
        torch.testing.assert_close(weights, wanted_weights, rtol=0, atol=1e-5)


@both_layers
def test_cross_attention_is_torchs(kind: Layer) -> None:
    reference, x, memory = theirs(), torch.randn(4, 3, D_MODEL), torch.randn(4, 6, D_MODEL)
    output, weights = loaded(kind, reference)(x, memory)
    wanted, wanted_weights = reference(x, memory, memory, average_attn_weights=False)
    torch.testing.assert_close(output, wanted, rtol=0, atol=1e-5)
    if weights is not None:
        assert weights.shape == (4, N_HEADS, 3, 6)
        torch.testing.assert_close(weights, wanted_weights, rtol=0, atol=1e-5)


@both_layers
def test_masks_are_torchs_turned_around(kind: Layer) -> None:
    """With as many sentences as heads, where a mask on the wrong axis would not crash."""
    reference, x = theirs(), torch.randn(N_HEADS, 5, D_MODEL)
    padding = torch.arange(5) < torch.tensor([2, 5, 3])[:, None]
    causal = torch.ones(5, 5, dtype=torch.bool).tril()
    wanted, _ = reference(x, x, x, key_padding_mask=~padding, attn_mask=~causal)
    output, _ = loaded(kind, reference)(x, mask=padding[:, None, :] & causal)
    torch.testing.assert_close(output, wanted, rtol=0, atol=1e-5)


@both_layers
def test_every_parameter_gets_the_gradient_that_it_has_in_torch(kind: Layer) -> None:
    reference, x, memory = theirs(), torch.randn(2, 3, D_MODEL), torch.randn(2, 4, D_MODEL)
    ours = loaded(kind, reference)
    for output in (ours(x, memory)[0], reference(x, memory, memory)[0]):
        output.square().sum().backward()
    weights = (*reference.in_proj_weight.grad.chunk(3), reference.out_proj.weight.grad)
    for name, wanted in zip(("w_q", "w_k", "w_v", "w_o"), weights, strict=True):
        torch.testing.assert_close(getattr(ours, name).weight.grad, wanted, rtol=1e-4, atol=1e-5)


def test_the_fused_layer_is_the_same_layer_also_where_a_row_is_empty() -> None:
    fused = loaded(FusedMultiHeadAttention, theirs())
    plain = MultiHeadAttention(D_MODEL, N_HEADS)
    plain.load_state_dict(fused.state_dict())
    x, mask = torch.randn(2, 4, D_MODEL, requires_grad=True), mask_with_an_empty_row(2, 4, 4)
    results = [layer(x, mask=mask)[0] for layer in (plain, fused)]
    gradients = [torch.autograd.grad(r.square().sum(), x)[0] for r in results]
    torch.testing.assert_close(*results, rtol=0, atol=1e-5)
    torch.testing.assert_close(*gradients, rtol=0, atol=1e-4)


@both_layers
@pytest.mark.parametrize(("d_model", "n_heads"), [(8, 3), (8, 0)])
def test_heads_that_do_not_divide_d_model_are_refused(
    kind: Layer, d_model: int, n_heads: int
) -> None:
    with pytest.raises(ValueError, match=f"{n_heads} heads"):
        kind(d_model, n_heads)


def test_parameters_have_the_names_that_a_state_dict_shows() -> None:
    names = [f"w_{one}.{kind}" for one in "qkvo" for kind in ("weight", "bias")]
    assert list(MultiHeadAttention(8, 2).state_dict()) == names


class AsSelfAttention(nn.Module):
    """Stand in for nn.MultiheadAttention inside nn.TransformerEncoderLayer."""

    batch_first = False  # in evaluation mode the layer would pass us by, and read our weights

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner, self.calls = inner, 0

    def forward(
        self, x: Tensor, _key: Tensor, _value: Tensor, attn_mask=None, key_padding_mask=None, **_
    ):
        self.calls += 1
        mask = torch.ones(1, 1, 1, dtype=torch.bool)
        if attn_mask is not None:
            mask = mask & (attn_mask == 0)  # in there, 0 is may attend, and -inf is hidden
        if key_padding_mask is not None:
            mask = mask & (key_padding_mask == 0).unsqueeze(1)
        return self.inner(x, mask=mask)


def encoder_layer() -> nn.TransformerEncoderLayer:
    return nn.TransformerEncoderLayer(D_MODEL, N_HEADS + 1, 24, dropout=0.0, batch_first=True)


@both_layers
@pytest.mark.parametrize("mode", [nn.Module.train, nn.Module.eval])
@pytest.mark.parametrize("grad", [True, False])
def test_real_encoder_layer_gives_its_own_outputs_with_our_attention(
    kind: Layer, mode: Callable[[nn.Module], nn.Module], grad: bool
) -> None:
    original = mode(encoder_layer())
    swapped = copy.deepcopy(original)
    ours = kind(D_MODEL, N_HEADS + 1)
    load_torch_weights(ours, original.self_attn)
    swapped.self_attn = AsSelfAttention(ours)
    x, ignored = torch.randn(4, 6, D_MODEL), torch.arange(6) >= torch.tensor([[6], [4], [1], [2]])
    causal = torch.ones(6, 6, dtype=torch.bool).triu(1)
    with torch.set_grad_enabled(grad):
        for masks in (
            {},
            {"src_key_padding_mask": ignored},
            {"src_mask": causal, "src_key_padding_mask": ignored},
        ):
            one, other = swapped(x, **masks), original(x, **masks)
            torch.testing.assert_close(one, other, rtol=0, atol=1e-5)
    assert swapped.self_attn.calls == 3


# --- load_torch_weights


def test_loading_copies_and_shares_nothing() -> None:
    layer = theirs()
    ours = loaded(MultiHeadAttention, layer)
    before = copy.deepcopy(ours.state_dict())
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.fill_(7)
    assert all(torch.equal(ours.state_dict()[name], before[name]) for name in before)
    pointers = {p.untyped_storage().data_ptr() for p in layer.parameters()}
    assert not pointers & {p.untyped_storage().data_ptr() for p in ours.parameters()}


def test_loading_leaves_theirs_alone_and_ours_ready_to_train() -> None:
    layer, ours = theirs(), MultiHeadAttention(D_MODEL, N_HEADS)
    before, parameters = copy.deepcopy(layer.state_dict()), list(ours.parameters())
    load_torch_weights(ours, layer)
    assert all(torch.equal(layer.state_dict()[name], before[name]) for name in before)
    assert all(one is other for one, other in zip(ours.parameters(), parameters, strict=True))
    assert all(p.is_leaf and p.requires_grad and p.grad is None for p in ours.parameters())
    assert all(p.grad is None for p in layer.parameters())

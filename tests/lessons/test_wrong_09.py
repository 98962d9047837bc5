"""Lesson 09: what is wrong is rejected, and never called by the name of another mistake."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from judging import assert_rejected_without_a_name
from torch import nn
from torch.nn import functional as F

from qkv_course.attention import MultiHeadAttention, load_torch_weights, torch_attention
from qkv_course.checks import evaluate
from qkv_course.lessons import find_exercise

Tensor = torch.Tensor
Mask = Tensor | None
Wrong = Callable[..., Any]


def both(scores: Tensor, v: Tensor, mask: Mask, dim: int = -1) -> Any:
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = scores.softmax(dim).nan_to_num(0)
    return weights @ v, weights


def inverted_and_not_scaled(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    return both(q @ k.mT, v, None if mask is None else ~mask)


def not_scaled_and_over_queries(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    return both(q @ k.mT, v, mask, dim=-2)


def scaled_twice(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    return torch_attention(q, k / math.sqrt(k.shape[-1] + 1), v, mask)


def fill_not_low_enough(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    if mask is None:
        return both(scores, v, None)
    weights = scores.masked_fill(~mask, -10.0).softmax(-1) * mask.any(-1, keepdim=True)
    return weights @ v, weights


def fill_tiny(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    if mask is None:
        return both(scores, v, None)
    weights = scores.masked_fill(~mask, torch.finfo(q.dtype).tiny).softmax(-1)
    return weights @ v, torch.where(mask, weights, 0)


def causal_always(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    causal = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool).tril()
    return torch_attention(q, k, v, causal if mask is None else mask & causal)


def mask_of_the_first_sentence(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    if mask is not None:
        while mask.ndim > 2:
            mask = mask[0]
    return torch_attention(q, k, v, mask)


def key_padding_only(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    return torch_attention(q, k, v, None if mask is None else mask[..., :1, :])


def weights_of_the_scores_alone(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    context, _ = torch_attention(q, k, v, mask)
    return context, torch_attention(q, k, v)[1]


def gradient_halved(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    return torch_attention((q + q.detach()) / 2, k, v, mask)


def queries_cut_off(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    return torch_attention(q.detach(), k, v, mask)


def frozen_where_masked(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    if mask is None:
        return torch_attention(q, k, v)
    with torch.no_grad():
        return torch_attention(q, k, v, mask)


def in_single_precision(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    return torch_attention(q.float(), k.float(), v.float(), mask)


def dropout_in_training(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    _, weights = torch_attention(q, k, v, mask)
    weights = F.dropout(weights, 0.1)
    return weights @ v, weights


def averaged_over_the_heads(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    context, weights = torch_attention(q, k, v, mask)
    return context, weights.mean(dim=1) if weights.ndim == 4 else weights


def one_sentence_only(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    scores = q @ k.transpose(0, 1) / math.sqrt(q.shape[-1])
    return both(scores, v, mask)


ATTENTION: list[Wrong] = [
    inverted_and_not_scaled,
    not_scaled_and_over_queries,
    scaled_twice,
    fill_not_low_enough,
    fill_tiny,
    causal_always,
    mask_of_the_first_sentence,
    key_padding_only,
    weights_of_the_scores_alone,
    gradient_halved,
    queries_cut_off,
    frozen_where_masked,
    in_single_precision,
    dropout_in_training,
    averaged_over_the_heads,
]


class Split(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        memory = x if memory is None else memory
        q, k, v = self.heads(x, memory)
        context, weights = self.attend(q, k, v, None if mask is None else mask.unsqueeze(-3))
        return self.finish(context), weights

    def heads(self, x: Tensor, memory: Tensor) -> tuple[Tensor, ...]:
        layers = (self.w_q, self.w_k, self.w_v)
        return tuple(
            self.cut(layer(given)) for layer, given in zip(layers, (x, memory, memory), strict=True)
        )

    def cut(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Any:
        return torch_attention(q, k, v, mask)

    def finish(self, context: Tensor) -> Tensor:
        return self.w_o(context.transpose(1, 2).flatten(2))


class SplitByViewAndRootOfModel(Split):
    def cut(self, x: Tensor) -> Tensor:
        return x.reshape(len(x), self.n_heads, x.shape[1], -1)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Any:
        return torch_attention(q / math.sqrt(self.n_heads), k, v, mask)


class FirstHeadOnly(Split):
    def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Any:
        context, weights = torch_attention(q, k, v, mask)
        return context[:, :1].expand_as(context), weights


class HeadsAveraged(Split):
    def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Any:
        context, weights = torch_attention(q, k, v, mask)
        return context.mean(1, keepdim=True).expand_as(context), weights


class HeadsInReverse(Split):
    def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Any:
        context, weights = torch_attention(q, k, v, mask)
        return context, weights.flip(1)


class OneHead(Split):
    def cut(self, x: Tensor) -> Tensor:
        return x.unsqueeze(1)


class MaskOfTheFirstSentence(Split):
    def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Any:
        return torch_attention(q, k, v, None if mask is None else mask[:1])


class MaskForTheFirstHeadOnly(Split):
    def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Any:
        if mask is not None:
            mask = mask.repeat(1, self.n_heads, 1, 1)
            mask[:, 1:] = True
        return torch_attention(q, k, v, mask)


class BiasOnlyAtTheEnd(Split):
    def heads(self, x: Tensor, memory: Tensor) -> tuple[Tensor, ...]:
        layers = (self.w_q, self.w_k, self.w_v)
        pairs = zip(layers, (x, memory, memory), strict=True)
        return tuple(self.cut(given @ layer.weight.T) for layer, given in pairs)


class OutputTwice(Split):
    def finish(self, context: Tensor) -> Tensor:
        return self.w_o(super().finish(context))


class ReluAtTheEnd(Split):
    def finish(self, context: Tensor) -> Tensor:
        return super().finish(context).relu()


class FrozenKeys(Split):
    """The numbers and x's own gradient are right; w_k never learns."""

    def heads(self, x: Tensor, memory: Tensor) -> tuple[Tensor, ...]:
        k = F.linear(memory, self.w_k.weight.detach(), self.w_k.bias.detach())
        return self.cut(self.w_q(x)), self.cut(k), self.cut(self.w_v(memory))


class RandomlyInitializedNorm(Split):
    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__(d_model, n_heads)
        self.norm = nn.LayerNorm(d_model)

    def finish(self, context: Tensor) -> Tensor:
        return self.norm(super().finish(context))


class Causal(Split):
    def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Any:
        causal = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool).tril()
        return torch_attention(q, k, v, causal if mask is None else mask)


LAYERS: list[Wrong] = [
    SplitByViewAndRootOfModel,
    FirstHeadOnly,
    HeadsAveraged,
    HeadsInReverse,
    OneHead,
    MaskOfTheFirstSentence,
    MaskForTheFirstHeadOnly,
    BiasOnlyAtTheEnd,
    OutputTwice,
    ReluAtTheEnd,
    FrozenKeys,
    RandomlyInitializedNorm,
    Causal,
]


def one_bias_too_few(ours: Any, theirs: Any) -> None:
    bias = ours.w_k.bias.detach().clone()
    load_torch_weights(ours, theirs)
    ours.w_k.bias.data.copy_(bias)


def biases_of_keys_first(ours: Any, theirs: Any) -> None:
    load_torch_weights(ours, theirs)
    b_q, b_k, _ = theirs.in_proj_bias.data.chunk(3)
    ours.w_q.bias.data.copy_(b_k)
    ours.w_k.bias.data.copy_(b_q)


def values_transposed(ours: Any, theirs: Any) -> None:
    load_torch_weights(ours, theirs)
    ours.w_v.weight.data = ours.w_v.weight.data.T.clone()


def keys_first_and_no_biases(ours: Any, theirs: Any) -> None:
    w_k, w_q, w_v = theirs.in_proj_weight.data.chunk(3)
    for layer, weight in ((ours.w_q, w_q), (ours.w_k, w_k), (ours.w_v, w_v)):
        layer.weight.data.copy_(weight)
    ours.w_o.weight.data.copy_(theirs.out_proj.weight)


def only_the_queries(ours: Any, theirs: Any) -> None:
    ours.w_q.weight.data.copy_(theirs.in_proj_weight.data.chunk(3)[0])
    ours.w_q.bias.data.copy_(theirs.in_proj_bias.data.chunk(3)[0])


def one_weight_shared(ours: Any, theirs: Any) -> None:
    load_torch_weights(ours, theirs)
    ours.w_v.weight.data = theirs.in_proj_weight.data.chunk(3)[2]


def swapped_with_theirs(ours: Any, theirs: Any) -> None:
    load_torch_weights(ours, theirs)
    theirs.out_proj.weight.data.zero_()


def in_half_precision(ours: Any, theirs: Any) -> None:
    load_torch_weights(ours, theirs)
    ours.half()


def blocks_of_heads(ours: Any, theirs: Any) -> None:
    load_torch_weights(ours, theirs)
    rows = ours.w_q.weight.data
    rows.copy_(rows.reshape(theirs.num_heads, -1, rows.shape[1]).flip(0).reshape(rows.shape))


LOADING: list[Wrong] = [
    one_bias_too_few,
    biases_of_keys_first,
    values_transposed,
    keys_first_and_no_biases,
    only_the_queries,
    one_weight_shared,
    swapped_with_theirs,
    in_half_precision,
    blocks_of_heads,
]

WRONG = {"torch_attention": ATTENTION, "MultiHeadAttention": LAYERS, "load_torch_weights": LOADING}


# What cannot be compared is said in a sentence.


def through_numpy(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    context, weights = torch_attention(q, k, v, mask)
    return context.detach().numpy(), weights.detach().numpy()


def context_alone(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    return torch_attention(q, k, v, mask)[0]


def three_results(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    return (*torch_attention(q, k, v, mask), q @ k.mT)


def nothing(*_: Any) -> None: ...


def weights_overwritten(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    weights = (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1)
    weights[..., 0] = weights[..., 0]
    return weights @ v, weights


def queries_overwritten(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    q /= math.sqrt(q.shape[-1])
    return both(q @ k.mT, v, mask)


def whole_numbers(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    return tuple(part.long() for part in torch_attention(q, k, v, mask))


class NoModule:
    def __init__(self, d_model: int, n_heads: int) -> None: ...


class ModuleNotSetUp(nn.Module):
    def __init__(self, d_model: int, n_heads: int) -> None:
        self.w_q = nn.Linear(d_model, d_model)


class OtherNames(nn.Module):
    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__()
        self.query = nn.Linear(d_model, d_model)


class InAPlainList(nn.Module):
    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__()
        self.layers = [nn.Linear(d_model, d_model) for _ in range(4)]


class BehindProperties(InAPlainList):
    w_q = property(lambda self: self.layers[0])
    w_k = property(lambda self: self.layers[1])
    w_v = property(lambda self: self.layers[2])
    w_o = property(lambda self: self.layers[3])


class OneHeadWide(MultiHeadAttention):
    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__(d_model, n_heads)
        self.w_k = nn.Linear(d_model, d_model // n_heads)


class OneLayerTwice(MultiHeadAttention):
    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__(d_model, n_heads)
        self.w_k = self.w_q


class MatrixForALayer(MultiHeadAttention):
    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__(d_model, n_heads)
        del self.w_v
        self.w_v = torch.zeros(d_model, d_model)


class BiasesOfTheOutputOnly(MultiHeadAttention):
    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__(d_model, n_heads)
        self.w_q, self.w_k, self.w_v = (nn.Linear(d_model, d_model, bias=False) for _ in range(3))


class OutputOnly(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        return super().forward(x, memory, mask)[0]


class NoForward(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any: ...


class WeightsAsNumPy(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        output, weights = super().forward(x, memory, mask)
        return output, weights.detach().numpy()


def frozen(ours: Any, theirs: Any) -> None:
    load_torch_weights(ours, theirs)
    ours.w_v.weight.requires_grad_(False)


def no_parameter(ours: Any, theirs: Any) -> None:
    load_torch_weights(ours, theirs)
    bias = ours.w_k.bias.detach().clone()
    del ours.w_k.bias
    ours.w_k.bias = bias


def a_view_given_as_parameter(ours: Any, theirs: Any) -> None:
    ours.w_q.weight = theirs.in_proj_weight.chunk(3)[0]


def without_no_grad(ours: Any, theirs: Any) -> None:
    ours.w_q.weight.copy_(theirs.in_proj_weight.chunk(3)[0])


def slices_without_no_grad(ours: Any, theirs: Any) -> None:
    ours.w_q.bias[:] = theirs.in_proj_bias.chunk(3)[0]


SENTENCES = [
    ("torch_attention", through_numpy, "`context` is a NumPy array"),
    ("torch_attention", context_alone, "returned one tensor of shape (2, 1)"),
    ("torch_attention", three_results, "returned 3 results"),
    ("torch_attention", nothing, "returned None"),
    ("torch_attention", weights_overwritten, "was overwritten"),
    ("torch_attention", queries_overwritten, "belong to the caller"),
    ("torch_attention", whole_numbers, "holds torch.int64"),
    ("MultiHeadAttention", NoModule, "derived from nn.Module"),
    ("MultiHeadAttention", ModuleNotSetUp, "super().__init__()"),
    ("MultiHeadAttention", OtherNames, "no `w_q`, which should be nn.Linear(2, 2)"),
    ("MultiHeadAttention", InAPlainList, "no `w_q`"),
    ("MultiHeadAttention", BehindProperties, "an optimizer would not see it"),
    ("MultiHeadAttention", OneHeadWide, "`w_k` is nn.Linear(2, 1)"),
    ("MultiHeadAttention", OneLayerTwice, "`w_k` is the same layer"),
    ("MultiHeadAttention", MatrixForALayer, "`w_v` is one tensor"),
    ("MultiHeadAttention", BiasesOfTheOutputOnly, "`w_q` has no bias"),
    ("MultiHeadAttention", OutputOnly, "returned one tensor"),
    ("MultiHeadAttention", NoForward, "returned None"),
    ("MultiHeadAttention", WeightsAsNumPy, "`weights` is a NumPy array"),
    ("load_torch_weights", frozen, "`w_v.weight` cannot be trained"),
    ("load_torch_weights", no_parameter, "`w_k.bias` is no nn.Parameter"),
    ("load_torch_weights", a_view_given_as_parameter, "TypeError"),
    ("load_torch_weights", without_no_grad, "`with torch.no_grad():`"),
    ("load_torch_weights", slices_without_no_grad, "`with torch.no_grad():`"),
]


@pytest.mark.parametrize(
    ("name", "wrong", "words"), SENTENCES, ids=[f"{n}-{w.__name__}" for n, w, _ in SENTENCES]
)
def test_report_says_what_is_missing(name: str, wrong: Wrong, words: str) -> None:
    report = evaluate(name, wrong, seed=1)
    assert_rejected_without_a_name(report)
    assert words in report.saw, str(report)


@pytest.mark.parametrize("name", ("torch_attention", "MultiHeadAttention"))
def test_torch_is_left_as_it_was(name: str) -> None:
    def meddling(*args: Any) -> Any:
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)
        torch.manual_seed(7)
        return find_exercise(name).reference(*args)

    before = torch.random.get_rng_state()
    evaluate(name, meddling, seed=1)
    assert torch.is_grad_enabled()
    assert torch.get_default_dtype() == torch.float32
    assert torch.equal(torch.random.get_rng_state(), before)


def test_weights_may_be_detached_from_a_layer_but_not_from_the_function() -> None:
    """The layer's weights are for looking at; the function's are part of what is trained."""

    class Detached(MultiHeadAttention):
        def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
            output, weights = super().forward(x, memory, mask)
            return output, weights.detach()

    assert evaluate("MultiHeadAttention", Detached, seed=1).passed
    report = evaluate(
        "torch_attention", lambda *args: [part.detach() for part in torch_attention(*args)], seed=1
    )
    assert report.mistake is not None and report.mistake.name == "cut-off"


def test_originals_are_given_back_as_they_were() -> None:
    """The probe overwrites theirs to see what is shared; that is not held against the learner."""
    exercise = find_exercise("load_torch_weights")
    theirs = next(iter(exercise.cases(np.random.default_rng(0)))).args
    before = [value.copy() for value in theirs]
    exercise.applied(load_torch_weights)(*theirs)
    assert all(np.array_equal(one, other) for one, other in zip(theirs, before, strict=True))

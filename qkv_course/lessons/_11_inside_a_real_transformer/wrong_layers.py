"""Layers that go wrong in one step, to put into a real model."""

import math

import torch

from qkv_course.checks.exercise import Mistake, mistake
from qkv_course.lessons._09_in_pytorch import function, layer
from qkv_course.lessons._09_in_pytorch.function import Mask, Pair, Tensor


def with_attention(wrong: Mistake) -> Mistake:
    """Make a layer that is right but for the function of attention that it calls."""

    class Layer(layer.InSteps):
        def attended(self, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Pair:
            return wrong.broken(q, k, v, mask)

    Layer.__name__, Layer.__doc__ = wrong.broken.__name__, wrong.why
    return Mistake(wrong.title, Layer, wrong.try_next, wrong.same_as)


@mistake(
    "a mask the wrong way around, and nan", "Let True mean: may attend. Fill where it is False."
)
def mask_inverted_and_nan(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """masked_fill fills where its mask is True, and in this model True means may attend. The words
    are hidden here and the padding is seen. A sentence without padding has nothing left to
    look at: its rows hold -inf only, and their softmax is nan."""
    scores = function.scaled(q, k)
    weights = (scores if mask is None else scores.masked_fill(mask, -math.inf)).softmax(-1)
    return weights @ v, weights


@mistake(
    "a mask the wrong way around, and even weights",
    "Let True mean: may attend. Fill where it is False.",
)
def mask_inverted_and_even(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """masked_fill fills where its mask is True, and in this model True means may attend. The words
    are hidden here and the padding is seen. Where a sentence has no padding, all its scores
    are filled with one large number, so that their weights are even."""
    scores = function.scaled(q, k)
    weights = (scores if mask is None else scores.masked_fill(mask, -1e9)).softmax(-1)
    return weights @ v, weights


@mistake("a causal mask in place of the given one", "Hand on the mask that forward is given.")
def causal(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """Every token sees only itself and what comes before it, as in a model that writes. This
    encoder reads whole sentences: a token may look to both sides, and only padding is hidden."""
    return function.attend(function.scaled(q, k), v, backward_only(q))


@mistake("a causal mask besides the given one", "Use the mask that forward is given, and no other.")
def causal_as_well(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """The padding is hidden, and so is all that comes later, as in a model that writes. This
    encoder reads whole sentences: a token may look to both sides."""
    both = backward_only(q) if mask is None else mask & backward_only(q)
    return function.attend(function.scaled(q, k), v, both)


def backward_only(q: Tensor) -> Tensor:
    """Make a mask (n, n), True where a token looks at itself or at one before it."""
    return torch.ones(q.shape[-2], q.shape[-2], dtype=torch.bool).tril()


def dropping(wrong: Mistake) -> Mistake:
    """Give a mistake with dropout the advice that counts where a model is read."""
    advice = "Leave the dropout out, or call eval() on each new layer."
    return Mistake(wrong.title, wrong.broken, advice)


WRONG_LAYERS: tuple[Mistake, ...] = (
    layer.SplitByView,  # type: ignore[assignment]  # mypy does not see what a decorator makes of a class
    layer.MergedByView,
    layer.BothByView,
    layer.Interleaved,
    layer.RootOfModel,
    layer.NotScaled,
    with_attention(function.multiplied),
    with_attention(function.divided_by_d_k),
    with_attention(function.no_softmax),
    layer.OverTheQueries,
    layer.OverTheHeads,
    layer.WithoutOutputLayer,
    layer.QueriesAndKeysSwapped,
    layer.KeysAndValuesSwapped,
    layer.ValuesByKeyLayer,
    layer.ValuesByQueryLayer,
    layer.MaskIgnored,
    layer.MaskInverted,
    with_attention(mask_inverted_and_nan),
    with_attention(mask_inverted_and_even),
    with_attention(causal),
    with_attention(causal_as_well),
    layer.MaskOnTheHeads,
    with_attention(function.masked_after),
    with_attention(function.filled_with_zero),
    layer.AddsX,
    dropping(layer.WithDropout),  # type: ignore[arg-type]
    dropping(layer.WithDropoutInTheContext),  # type: ignore[arg-type]
)

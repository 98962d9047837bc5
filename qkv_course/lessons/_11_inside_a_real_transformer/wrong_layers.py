"""Layers that go wrong in one step, to put into a real model."""

from qkv_course.checks.exercise import Mistake
from qkv_course.lessons._09_in_pytorch import function, layer
from qkv_course.lessons._09_in_pytorch.function import Mask, Pair, Tensor


def with_attention(wrong: Mistake) -> Mistake:
    """Make a layer that is right but for the function of attention that it calls."""

    class Layer(layer.InSteps):
        def attended(self, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Pair:
            return wrong.broken(q, k, v, mask)

    Layer.__name__, Layer.__doc__ = wrong.broken.__name__, wrong.why
    return Mistake(wrong.title, Layer, wrong.try_next)


WRONG_LAYERS: tuple[Mistake, ...] = (
    layer.SplitByView,  # type: ignore[assignment]  # mypy does not see what a decorator makes of a class
    layer.MergedByView,
    layer.BothByView,
    layer.Interleaved,
    layer.RootOfModel,
    layer.NotScaled,
    with_attention(function.divided_by_d_k),
    with_attention(function.no_softmax),
    layer.OverTheQueries,
    layer.OverTheHeads,
    layer.WithoutOutputLayer,
    layer.QueriesAndKeysSwapped,
    layer.KeysAndValuesSwapped,
    layer.ValuesByKeyLayer,
    layer.MaskIgnored,
    layer.MaskInverted,
    layer.MaskOnTheHeads,
    with_attention(function.masked_after),
    with_attention(function.filled_with_zero),
    layer.AddsX,
)

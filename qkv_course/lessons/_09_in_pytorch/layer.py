"""MultiHeadAttention: the layer, for self- and cross-attention."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from torch import nn
from torch.nn import functional as F

from qkv_course.attention.layers import MultiHeadAttention, torch_attention
from qkv_course.checks.exercise import Case, Exercise, mistake
from qkv_course.checks.properties import nonnegative
from qkv_course.lessons._09_in_pytorch.function import (
    Mask,
    Pair,
    Tensor,
    attend,
    budget_kept,
    draw_mask,
    nan_in_an_empty_row,
    scaled,
    uniform_in_an_empty_row,
)
from qkv_course.lessons._09_in_pytorch.probes import LAYERS, NAMES, try_layer


def layer_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Sentences, a memory, masks: by hand, of all shapes, and as many sentences as heads."""
    yield from layer_by_hand()
    yield Case("self-attention", call(rng, 2, 3, n=5))
    yield Case("self-attention", call(rng, 2, 3, n=5))
    yield Case("self-attention, causal", call(rng, 2, 2, n=3, mask=np.tri(3, dtype=bool)))
    for _ in range(2):
        yield Case("cross-attention", call(rng, 3, 2, n=3, m=5))
        masked = call(rng, 2, 3, n=3, m=5, mask=draw_mask(rng, 2, 3, 5, empty_row=True))
        yield Case("cross-attention, masked", masked)
    yield Case("a memory as long as the sentence", call(rng, 2, 3, n=4, m=4))
    padded = np.arange(5) < rng.permutation([2, 3, 5])[:, None, None]
    yield Case("padding, and as many sentences as heads", call(rng, 3, 3, n=5, mask=padded))
    whole = draw_mask(rng, 4, 4, 4, empty_row=True)
    yield Case("all sizes equal", call(rng, 4, 4, n=4, mask=whole))
    yield Case("all sizes equal", call(rng, 4, 4, n=4, m=4, mask=whole[:, ::-1].copy()))
    yield Case("one more", call(rng, 2, 3, n=4, m=5)).as_float32()
    hidden = draw_mask(rng, 2, 5, 5, empty_row=True)
    yield Case("one more, masked", call(rng, 2, 2, n=5, mask=hidden)).as_float32()
    yield Case("read-only and not contiguous", call(rng, 2, 3, n=4, m=5), awkward=True)
    yield Case("a single token and a single head", call(rng, 1, 1, n=1))
    for earlier in ((2, 5), (4, 3)):
        yield Case("a call after another batch", call(rng, 2, 3, n=5, earlier=earlier))
    _, *rest = call(rng, 2, 2, n=3)  # four features
    yield Case("features that three heads cannot share", (3, *rest), raises="ValueError")


def layer_by_hand() -> Iterator[Case]:
    eye, none = np.eye(2), np.zeros(2)
    parameters = dict.fromkeys(NAMES, none) | {
        "w_q.weight": 2 * eye[::-1],
        "w_k.weight": eye,
        "w_v.weight": 10 * (eye + np.array([[0.0, 1.0], [0.0, 0.0]])),
        "w_o.weight": eye + np.array([[0.0, 0.0], [1.0, 0.0]]),
        "w_q.bias": np.array([1.0, 0.0]),
        "w_v.bias": np.array([0.0, 1.0]),
        "w_o.bias": np.array([0.0, 5.0]),
    }
    x, memory = np.array([[[1.0, 0.0], [0.0, 2.0]]]), np.array([[[1.0, 1.0], [0.0, 1.0]]])
    yield Case("one sentence of two tokens", (2, parameters, x, None, None, None))
    yield Case("the same, with a memory", (2, parameters, x, memory, None, None))
    causal = np.tri(2, dtype=bool)
    yield Case("the same, with a mask", (2, parameters, x, None, causal, None))


def call(
    rng: np.random.Generator,
    batch: int,
    n_heads: int,
    n: int,
    m: int = 0,
    mask: np.ndarray | None = None,
    earlier: tuple[int, int] | None = None,
) -> tuple[Any, ...]:
    """Draw a call of the layer with heads of 4 features, whose root is exact in float32.

    m: tokens of the memory, or 0. earlier: sentences and tokens of a call before this one.
    """
    d_model = 4 * n_heads

    def tokens(*shape: int) -> np.ndarray:
        return rng.normal(size=(*shape, d_model))

    spread = 1.5 / math.sqrt(d_model)
    parameters = {
        f"{layer}.{kind}": rng.normal(size=size) * spread
        for layer in LAYERS
        for kind, size in (("weight", (d_model, d_model)), ("bias", (d_model,)))
    }
    memory = tokens(batch, m) if m else None
    before = None if earlier is None else tokens(*earlier)
    return n_heads, parameters, tokens(batch, n), memory, mask, before


class InSteps(MultiHeadAttention):
    """The layer cut into steps, so that a mistake can be made in one of them."""

    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Pair:
        q, k, v = (self.split(p) for p in self.projected(x, x if memory is None else memory))
        context, weights = self.attended(q, k, v, self.for_heads(mask))
        return self.mixed(self.merged(context)), weights

    def projected(self, x: Tensor, memory: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.w_q(x), self.w_k(memory), self.w_v(memory)

    def split(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:2], self.n_heads, -1).transpose(1, 2)

    def for_heads(self, mask: Mask) -> Mask:
        return None if mask is None else mask.unsqueeze(-3)

    def attended(self, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Pair:
        return torch_attention(q, k, v, mask)

    def merged(self, context: Tensor) -> Tensor:
        return context.transpose(1, 2).flatten(-2)

    def mixed(self, context: Tensor) -> Tensor:
        return self.w_o(context)


@mistake("heads cut by view alone", "Cut the features first, then move the heads to the front.")
class SplitByView(InSteps):
    """view(batch, n_heads, n, d_head) has the right shape and mixes up the tokens: head 0 gets the
    first tokens whole, head 1 the next ones. Every head should get a piece of every token."""

    def split(self, x: Tensor) -> Tensor:
        return x.reshape(len(x), self.n_heads, x.shape[1], -1)


@mistake("heads merged without the way back", "Move the heads back behind the tokens, then merge.")
class MergedByView(InSteps):
    """Merging undoes the split in the opposite order. Reshaped right away, the first row of the
    result holds what head 0 found for the first tokens, and nothing from the other heads."""

    def merged(self, context: Tensor) -> Tensor:
        return context.reshape(len(context), context.shape[2], -1)


@mistake("heads cut and merged by view alone", "Move the axis of the heads: transpose(1, 2).")
class BothByView(InSteps):
    """The merge undoes the split, so a round trip shows nothing. But in between the heads hold
    whole tokens each, and attend among these only."""

    def split(self, x: Tensor) -> Tensor:
        return x.reshape(len(x), self.n_heads, x.shape[1], -1)

    def merged(self, context: Tensor) -> Tensor:
        return context.reshape(len(context), context.shape[2], -1)


@mistake(
    "heads whose features are interleaved", "Cut d_model into (n_heads, d_head), in this order."
)
class Interleaved(InSteps):
    """With (d_head, n_heads) in place of (n_heads, d_head), a head gets every n_heads-th feature. A
    model trained from scratch could live with it, but no weights from elsewhere fit."""

    def split(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:2], -1, self.n_heads).permute(0, 3, 1, 2)

    def merged(self, context: Tensor) -> Tensor:
        return context.permute(0, 2, 3, 1).flatten(-2)


@mistake("heads cut in turns and merged in blocks", "Cut d_model into (n_heads, d_head).")
class InterleavedCut(InSteps):
    """With (d_head, n_heads) in place of (n_heads, d_head), a head gets every n_heads-th feature.
    The merge puts each head's features side by side, so w_o meets them in another order."""

    def split(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:2], -1, self.n_heads).permute(0, 3, 1, 2)


@mistake("heads that stay behind the tokens", "Move the heads to the front: transpose(1, 2).")
class HeadsNotMoved(InSteps):
    """Attention works on the last two axes. After the reshape these are (n_heads, d_head), so in
    every token its heads attend to each other, and no token sees another one."""

    def split(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:2], self.n_heads, -1)

    def merged(self, context: Tensor) -> Tensor:
        return context.flatten(-2)


@mistake("√d_model in place of √d_head", "Take the size of a head's queries: q.shape[-1].")
class RootOfModel(InSteps):
    """A head's score adds up d_head products, and not d_model. Divided by the larger root, all
    weights are too even. Nothing crashes, so this slip can stay for long."""

    def attended(self, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Pair:
        return torch_attention(q / math.sqrt(self.n_heads), k, v, mask)


@mistake("heads that are not scaled", "Divide the scores by √d_head before the softmax.")
class NotScaled(InSteps):
    """The scores go into the softmax undivided. They spread as √d_head, and make the weights too
    sharp."""

    def attended(self, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Pair:
        return attend(q @ k.mT, v, mask)


@mistake("a softmax over the queries' axis", "Take the softmax along the keys: dim=-1.")
class OverTheQueries(InSteps):
    """The axes are (batch, head, query, key). With dim=2 or dim=-2, every key has a budget to give
    to the queries; it is each query that has one."""

    def attended(self, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Pair:
        return attend(scaled(q, k), v, mask, dim=-2)


@mistake("a softmax over the heads", "Take the softmax along the keys: dim=-1.")
class OverTheHeads(InSteps):
    """The axes are (batch, head, query, key), so dim=1 makes the heads share a budget. Each head's
    queries have budgets of their own."""

    def attended(self, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Pair:
        return attend(scaled(q, k), v, mask, dim=1)


@mistake("a last layer that is never used", "Send the merged heads through w_o.")
class WithoutOutputLayer(InSteps):
    """The shape is right without w_o. But the heads' findings only lie side by side then; it is w_o
    that mixes them."""

    def mixed(self, context: Tensor) -> Tensor:
        return context


@mistake("a memory that nobody asks", "Make keys and values of the memory.")
class MemoryIgnored(InSteps):
    """Keys and values are made of x, even when a memory is given. That is self-attention: the
    sentence never sees what it should ask."""

    def projected(self, x: Tensor, memory: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return super().projected(x, x)


@mistake("keys from the memory, but values from x", "Make the values of the memory, too.")
class ValuesFromX(InSteps):
    """Who answers gives both the key and the value. Here the memory decides where to look, and
    something else is heard. If both are equally long, nothing crashes."""

    def projected(self, x: Tensor, memory: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.w_q(x), self.w_k(memory), self.w_v(x)


@mistake("a memory that asks", "Make the queries of x, keys and values of the memory.")
class MemoryAsks(InSteps):
    """Whoever asks gets an answer: the output has a row for every token of x. Here the memory's
    tokens ask, and the sentence answers."""

    def projected(self, x: Tensor, memory: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return super().projected(memory, x)


@mistake("a memory that talks to itself", "Make the queries of x.")
class MemoryOnly(InSteps):
    """Queries, keys and values are all made of the memory, and x plays no part any more."""

    def projected(self, x: Tensor, memory: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return super().projected(memory, memory)


@mistake("values made by w_k", "Use w_v for the values.")
class ValuesByKeyLayer(InSteps):
    """The third line was copied from the second. The shape is right, and what is heard is what
    should have decided where to look."""

    def projected(self, x: Tensor, memory: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.w_q(x), self.w_k(memory), self.w_k(memory)


@mistake("values made by w_q", "Use w_v for the values.")
class ValuesByQueryLayer(InSteps):
    """The third line was copied from the first. The shape is right, and what is heard is what
    should have asked."""

    def projected(self, x: Tensor, memory: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.w_q(x), self.w_k(memory), self.w_q(memory)


@mistake("w_k and w_v mixed up", "Use w_k for the keys and w_v for the values.")
class KeysAndValuesSwapped(InSteps):
    """The keys are made by w_v and the values by w_k. A model trained from scratch would not mind,
    but weights from elsewhere land in the wrong place."""

    def projected(self, x: Tensor, memory: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.w_q(x), self.w_v(memory), self.w_k(memory)


@mistake("w_q and w_k mixed up", "Use w_q for the queries and w_k for the keys.")
class QueriesAndKeysSwapped(InSteps):
    """The queries are made by w_k and the keys by w_q. What a word looks for is taken for what it
    has to offer."""

    def projected(self, x: Tensor, memory: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.w_k(x), self.w_q(memory), self.w_v(memory)


@mistake("layers without biases", "Leave out bias=False: a bias is the default.")
class WithoutBiases(InSteps):
    """The paper's projections have no biases, so this is no bad layer. But nn.MultiheadAttention
    has them, and they could not be loaded into this one."""

    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__(d_model, n_heads)
        self.w_q, self.w_k, self.w_v, self.w_o = (
            nn.Linear(d_model, d_model, bias=False) for _ in LAYERS
        )


@mistake("a layer with dropout", "Leave the dropout out.")
class WithDropout(InSteps):
    """Dropout sets some weights to 0 at random and makes the others larger. It does so in training
    mode, and in that every layer starts. This one has no dropout."""

    def attended(self, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Pair:
        weights = F.dropout(torch_attention(q, k, v, mask)[1], 0.1, self.training)
        return weights @ v, weights


@mistake("dropout on the weights that make the context", "Leave the dropout out.")
class WithDropoutInTheContext(InSteps):
    """The weights are returned whole, but the context is made with some of them set to 0 at random.
    Every layer starts in training mode, and there dropout is on."""

    def attended(self, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Pair:
        weights = torch_attention(q, k, v, mask)[1]
        return F.dropout(weights, 0.1, self.training) @ v, weights


@mistake("a mask that is never used", "Hand the mask on to your torch_attention.")
class MaskIgnored(InSteps):
    """The results are those without a mask: every token sees every other, hidden or not."""

    def for_heads(self, mask: Mask) -> Mask:
        return None


@mistake("a mask the wrong way around", "Let True mean: may attend.")
class MaskInverted(InSteps):
    """What should be hidden is seen, and the rest is hidden. nn.MultiheadAttention has its masks
    that way around: there True means ignore."""

    def for_heads(self, mask: Mask) -> Mask:
        return None if mask is None else ~mask.unsqueeze(-3)


@mistake("a mask on the axis of the heads", "Give the mask an axis for the heads: unsqueeze.")
class MaskOnTheHeads(InSteps):
    """Scores have the axes (batch, head, query, key), and a mask (batch, query, key). Lined up from
    the end, its batch axis lands on the heads. With as many sentences as heads, nothing
    crashes: head 1 gets the mask of sentence 1, in all sentences."""

    def for_heads(self, mask: Mask) -> Mask:
        return mask


@mistake("a mask that got its axis after the batch", "Count from the end: unsqueeze(-3).")
class MaskOnAxisOne(InSteps):
    """unsqueeze(1) is right for a mask with a batch axis. A mask of shape (n, m) has none: its
    first axis is the queries, and they land on the heads."""

    def for_heads(self, mask: Mask) -> Mask:
        return None if mask is None else mask.unsqueeze(1)


@mistake("a mask turned on its side", "Leave the mask's last two axes as they are.")
class MaskTransposed(InSteps):
    """A row of the mask is a query, a column a key. Transposed, a padding mask hides whole rows:
    the padding asks nothing, but everybody still listens to it."""

    def for_heads(self, mask: Mask) -> Mask:
        return None if mask is None else mask.mT.unsqueeze(-3)


@mistake(
    "nan in a row that may attend to nothing", "Put 0 into such rows, as torch_attention does."
)
class NanInAnEmptyRow(InSteps):
    """A row of -inf only has no largest score, and its softmax is nan. Your torch_attention takes
    care of it: the layer can call it."""

    def attended(self, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Pair:
        return nan_in_an_empty_row.broken(q, k, v, mask)


@mistake(
    "even weights in a row that may attend to nothing",
    "Put 0 into such rows, as torch_attention does.",
)
class UniformInAnEmptyRow(InSteps):
    """If all scores of a row are filled with the same number, they are equal again, and the
    softmax shares evenly among keys that are all hidden."""

    def attended(self, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Pair:
        return uniform_in_an_empty_row.broken(q, k, v, mask)


@mistake("weights averaged over the heads", "Return the weights of all heads.")
class WeightsAveraged(InSteps):
    """nn.MultiheadAttention returns the average unless it is asked otherwise. It hides what the
    heads do differently: here, every head's weights are wanted."""

    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Pair:
        output, weights = super().forward(x, memory, mask)
        return output, weights.mean(dim=1)


@mistake("the two results in the wrong order", "Return the output first, then the weights.")
class ReversedResults(InSteps):
    """Both are right. But whoever calls the layer writes output, weights = layer(x), and would take
    one for the other."""

    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Pair:
        output, weights = super().forward(x, memory, mask)
        return weights, output


@mistake("an output that is cut off from x", "Stay with torch tensors from start to end.")
class CutOff(InSteps):
    """The numbers are right, but no gradient flows back from them, and the layer would never learn
    anything. That is what detach(), torch.no_grad(), .data and a detour through NumPy do."""

    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Pair:
        output, weights = super().forward(x, memory, mask)
        return output.detach(), weights.detach()


@mistake("a layer that adds x to its output", "Return what comes out of w_o, and nothing else.")
class AddsX(InSteps):
    """A Transformer does add x, in its residual connection. That stands around the attention layer,
    and not in it."""

    def mixed(self, context: Tensor) -> Tensor:
        return super().mixed(context) + self.asking

    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Pair:
        self.asking = x
        return super().forward(x, memory, mask)


@mistake("weight matrices the wrong way around", "Call the layers, self.w_q(x), or transpose.")
class WeightsNotTransposed(InSteps):
    """nn.Linear stores its matrix as (out, in), so it computes x @ weight.T + bias. Without the
    transpose nothing crashes, because all four matrices are square."""

    def projected(self, x: Tensor, memory: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        by_hand = ((x, self.w_q), (memory, self.w_k), (memory, self.w_v))
        q, k, v = (given @ layer.weight + layer.bias for given, layer in by_hand)
        return q, k, v

    def mixed(self, context: Tensor) -> Tensor:
        return context @ self.w_o.weight + self.w_o.bias


@mistake("a layer that remembers its first sentences", "Compute everything anew in each call.")
class FirstCallKept(InSteps):
    """What is stored on self stays there for the next call, which may bring another batch. forward
    should depend on nothing but its arguments and the parameters."""

    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Pair:
        if not hasattr(self, "kept"):
            self.kept = x if memory is None else memory
        return super().forward(x, self.kept, mask)


MULTI_HEAD_ATTENTION = Exercise(
    reference=MultiHeadAttention,
    points=4,
    cases=layer_cases,
    results=("output", "weights", "x.grad", "parameters with a gradient"),
    mistakes=(  # type: ignore[arg-type]  # mypy does not see what a decorator makes of a class
        SplitByView,
        MergedByView,
        BothByView,
        Interleaved,
        InterleavedCut,
        HeadsNotMoved,
        RootOfModel,
        NotScaled,
        OverTheQueries,
        OverTheHeads,
        WithoutOutputLayer,
        MemoryIgnored,
        ValuesFromX,
        MemoryAsks,
        MemoryOnly,
        ValuesByKeyLayer,
        ValuesByQueryLayer,
        KeysAndValuesSwapped,
        QueriesAndKeysSwapped,
        WithoutBiases,
        WithDropout,
        WithDropoutInTheContext,
        MaskIgnored,
        MaskInverted,
        MaskOnTheHeads,
        MaskOnAxisOne,
        MaskTransposed,
        NanInAnEmptyRow,
        UniformInAnEmptyRow,
        WeightsAveraged,
        ReversedResults,
        CutOff,
        AddsX,
        WeightsNotTransposed,
        FirstCallKept,
    ),
    properties=(nonnegative(1), budget_kept(4, heads=True)),
    hints=(
        "Write down the shape after every step, from (batch, n, d_model) to the output. Where do "
        "the heads get an axis of their own, and where does it go again?",
        "Project, split, attend, merge, mix. x.reshape(batch, n, n_heads, d_head) cuts the "
        "features, .transpose(1, 2) moves the heads in front of the tokens. Your torch_attention "
        "takes all heads at once, if the mask has an axis for them: mask.unsqueeze(-3).",
        "memory = x if memory is None else memory\n"
        "q, k, v = (\n"
        "    p.reshape(*p.shape[:2], self.n_heads, -1).transpose(1, 2)\n"
        "    for p in (self.w_q(...), self.w_k(...), self.w_v(...))\n"
        ")\n"
        "context, weights = torch_attention(q, k, v, ...)\n"
        "return self.w_o(context.transpose(...).flatten(-2)), weights",
    ),
    probe=try_layer,
    returned=2,
    if_measured="The results are right, and the way back to x or to the parameters is not. Look "
    "for what cuts it off: .detach(), .numpy(), .data, or a no_grad block.",
    tensors=True,
)

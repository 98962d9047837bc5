"""Wrong ways to put an attention into a pretrained encoder, outside the catalogue."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from real_model_styles import OtherNames, filling
from styles_09 import ByView, Layer
from torch import nn

from qkv_course.attention import FusedMultiHeadAttention, MultiHeadAttention
from qkv_course.models.encoder import real_model

Tensor = torch.Tensor
Mask = Tensor | None


# --- wrong numbers


def two_blocks_swapped(encoder: Any) -> Any:
    blocks = real_model(encoder).blocks
    blocks[1].attention, blocks[2].attention = blocks[2].attention, blocks[1].attention
    return encoder


def in_reverse(encoder: Any) -> Any:
    states = [block.attention.state_dict() for block in encoder.blocks]
    for block, state in zip(real_model(encoder).blocks, reversed(states), strict=True):
        block.attention.load_state_dict(state)
    return encoder


def one_off(encoder: Any) -> Any:
    states = [block.attention.state_dict() for block in encoder.blocks]
    for i, block in enumerate(real_model(encoder).blocks):
        block.attention.load_state_dict(states[i - 1])
    return encoder


def last_block_not_filled(encoder: Any) -> Any:
    real_model(encoder).blocks[-1].attention = MultiHeadAttention(384, 12)
    return encoder


def queries_left_behind(encoder: Any) -> Any:
    for block in real_model(encoder).blocks:
        block.attention.w_q = nn.Linear(384, 384)
    return encoder


def keys_into_the_values(encoder: Any) -> Any:
    for block in real_model(encoder).blocks:
        block.attention.w_v.load_state_dict(block.attention.w_k.state_dict())
        block.attention.w_o.load_state_dict(block.attention.w_k.state_dict())
    return encoder


def output_biases_of_zero(encoder: Any) -> Any:
    for block in real_model(encoder).blocks:
        nn.init.zeros_(block.attention.w_o.bias)
    return encoder


def four_heads(encoder: Any) -> Any:
    for block in real_model(encoder).blocks:
        block.attention.n_heads = 4
    return encoder


def turned_on_their_heads(encoder: Any) -> Any:
    for block in real_model(encoder).blocks:
        block.attention.w_q.weight.data = block.attention.w_q.weight.data.T
    return encoder


class NotScaledAndUnmasked(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        q, k, v = self._project(x, x)
        weights = (q @ k.mT).softmax(-1)
        return self.w_o(self._merge(weights @ v)), weights


class ScaledTwice(MultiHeadAttention):
    def _project(self, x: Tensor, memory: Tensor) -> tuple[Tensor, ...]:
        q, k, v = super()._project(x, memory)
        return q / 2, k, v


class Causal(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        return super().forward(x, memory, torch.ones(x.shape[1], x.shape[1]).tril().bool())


class HeadsReversed(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        output, weights = super().forward(x, memory, mask)
        return output, weights.flip(1)


class FirstSentenceForAll(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        output, weights = super().forward(x[:1], None, None if mask is None else mask[:1])
        return output.expand(x.shape), weights.expand(len(x), -1, -1, -1)


class WithDropout(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        output, weights = super().forward(x, memory, mask)
        return nn.functional.dropout(output, 0.1), weights


class MaskOnlyInFirstSentence(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        return super().forward(x, memory, None if mask is None else mask[:1])


class RoundedWeights(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        output, weights = super().forward(x, memory, mask)
        return output, weights.round(decimals=3)


class InHalf(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        half = copy.deepcopy(self).bfloat16()
        output, weights = MultiHeadAttention.forward(half, x.bfloat16(), memory, mask)
        return output.float(), weights.float()


class Averaged(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        output, weights = super().forward(x, memory, mask)
        return output, weights.mean(1)


class Reversed(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        return super().forward(x, memory, mask)[::-1]


WRONG_LAYERS = (
    NotScaledAndUnmasked,
    ScaledTwice,
    Causal,
    HeadsReversed,
    FirstSentenceForAll,
    WithDropout,
    MaskOnlyInFirstSentence,
    RoundedWeights,
    InHalf,
    Averaged,
    Reversed,
)
WRONG: tuple[Callable[..., Any], ...] = (
    two_blocks_swapped,
    in_reverse,
    one_off,
    last_block_not_filled,
    queries_left_behind,
    keys_into_the_values,
    output_biases_of_zero,
    four_heads,
    turned_on_their_heads,
    *map(filling, WRONG_LAYERS),
)


# --- nothing to compare: a sentence says why


def nothing(encoder: Any) -> None:
    real_model(encoder)


def a_copy(encoder: Any) -> Any:
    return real_model(copy.deepcopy(encoder))


def the_blocks(encoder: Any) -> Any:
    return real_model(encoder).blocks


def as_it_came(encoder: Any) -> Any:
    return encoder


def returned_inside_the_loop(encoder: Any) -> Any:
    for block in encoder.blocks:
        layer = MultiHeadAttention(384, 12)
        layer.load_state_dict(block.attention.state_dict())
        block.attention = layer
        return encoder


def the_class_itself(encoder: Any) -> Any:
    for block in encoder.blocks:
        block.attention = MultiHeadAttention
    return encoder


def a_function(encoder: Any) -> Any:
    for block in encoder.blocks:
        block.attention = lambda x, mask=None: (x, x)
    return encoder


def no_layer(encoder: Any) -> Any:
    for block in encoder.blocks:
        block.attention = None
    return encoder


def in_place_of_the_block(encoder: Any) -> Any:
    for i, block in enumerate(encoder.blocks):
        layer = MultiHeadAttention(384, 12)
        layer.load_state_dict(block.attention.state_dict())
        encoder.blocks[i] = layer
    return encoder


def one_block_too_many(encoder: Any) -> Any:
    encoder.blocks.append(copy.deepcopy(real_model(encoder).blocks[0]))
    return encoder


def copied_while_recorded(encoder: Any) -> Any:
    for block in encoder.blocks:
        layer = MultiHeadAttention(384, 12)
        layer.w_q.weight.copy_(block.attention.w_q.weight)
        block.attention = layer
    return encoder


def the_blocks_weights(encoder: Any) -> Any:
    for block in encoder.blocks:
        layer = MultiHeadAttention(384, 12)
        layer.load_state_dict(block.state_dict())
        block.attention = layer
    return encoder


def twice_the_features(encoder: Any) -> Any:
    return real_model(encoder, lambda d_model, n_heads: MultiHeadAttention(2 * d_model, n_heads))


class OutputAlone(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        return super().forward(x, memory, mask)[0]


class HeadsNotMerged(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        output, weights = super().forward(x, memory, mask)
        return output[..., :32], weights


class NoArguments(Layer):
    def __init__(self) -> None:
        super().__init__(384, 12)


class NoMask(ByView):
    def forward(self, x: Tensor) -> Any:  # type: ignore[override]
        return super().forward(x)


SENTENCES: tuple[tuple[Callable[..., Any], str], ...] = (
    (nothing, "returned None"),
    (a_copy, "returned another encoder"),
    (the_blocks, "returned an object of type ModuleList"),
    (as_it_came, "blocks[0], blocks[1], blocks[2], blocks[3], blocks[4], blocks[5] is still empty"),
    (returned_inside_the_loop, "in blocks[1], blocks[2], blocks[3], blocks[4], blocks[5] is still"),
    (the_class_itself, "cannot assign"),
    (a_function, "function"),
    (no_layer, "`blocks[0].attention` is None"),
    (in_place_of_the_block, "change only its attention"),
    (one_block_too_many, "7 blocks now"),
    (copied_while_recorded, "torch.no_grad()"),
    (the_blocks_weights, "their names differ"),
    (twice_the_features, "`w_q.weight` is of another size"),
    (filling(OtherNames), "w_q.weight, w_q.bias"),
    (filling(OutputAlone), "blocks[0] is not right. It returned one tensor"),
    (filling(FusedMultiHeadAttention), "`weights` is None"),
    (filling(HeadsNotMerged), "returned an output of shape (2, 5, 32)"),
    (filling(NoArguments), "positional argument"),
    (filling(NoMask), "'mask'"),
)

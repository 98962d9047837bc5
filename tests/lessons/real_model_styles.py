"""Right ways to put one's own attention into a pretrained encoder."""

import copy
import math
from collections.abc import Callable
from typing import Any

import torch
from styles_09 import (
    ByChunk,
    ByEinsum,
    ByFolding,
    ByLoopIntoZeros,
    ByPackedWeights,
    ByTorchItself,
    ByUnfold,
    ByView,
    Layer,
)
from torch import nn
from torch.nn import functional as F

from qkv_course.attention import MultiHeadAttention

Tensor = torch.Tensor
Mask = Tensor | None
NAMES = ("w_q", "w_k", "w_v", "w_o")


class OtherNames(nn.Module):
    """A layer that calls its four by other names: it has to be filled by hand."""

    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.query, self.key, self.value, self.out = (nn.Linear(d_model, d_model) for _ in range(4))

    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        inner = Layer(x.shape[-1], self.n_heads)
        inner.w_q, inner.w_k, inner.w_v, inner.w_o = self.query, self.key, self.value, self.out
        return ByEinsum.forward(inner, x, memory, mask)


class FilledWithABillion(Layer):
    """Hidden scores of -1e9: every query of the encoder may look at something."""

    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        q, k, v = (
            w(x).view(*x.shape[:2], self.n_heads, -1).transpose(1, 2)
            for w in (self.w_q, self.w_k, self.w_v)
        )
        scores = q @ k.transpose(-2, -1) / math.sqrt(self.d_head)
        if mask is not None:
            scores = scores.masked_fill(~mask.unsqueeze(1), -1e9)
        weights = F.softmax(scores, dim=-1)
        return self.w_o((weights @ v).transpose(1, 2).reshape(x.shape)), weights


class AddsABillion(FilledWithABillion):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        q, k, v = (
            w(x).unflatten(-1, (self.n_heads, -1)).transpose(1, 2)
            for w in (self.w_q, self.w_k, self.w_v)
        )
        scores = torch.einsum("bhid,bhjd->bhij", q, k) * self.d_head**-0.5
        if mask is not None:
            scores = scores + (1.0 - mask.unsqueeze(1).float()) * -1e9
        weights = scores.softmax(-1)
        return self.w_o((weights @ v).transpose(1, 2).flatten(2)), weights


class InDouble(Layer):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        wide = copy.deepcopy(self).double()
        output, weights = ByView.forward(wide, x.double(), memory, mask)
        return output.float(), weights.float()


class AsAList(ByEinsum):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        return list(super().forward(x, memory, mask))


def filling(layer_class: type[nn.Module]) -> Callable[[Any], Any]:
    def by_state_dict(encoder: Any) -> Any:
        for block in encoder.blocks:
            layer = layer_class(block.attention.d_model, block.attention.n_heads)
            layer.load_state_dict(block.attention.state_dict())
            block.attention = layer
        return encoder

    by_state_dict.__name__ = layer_class.__name__
    return by_state_dict


def by_copy(encoder: Any, attention: Any = MultiHeadAttention) -> Any:
    with torch.no_grad():
        for block in encoder.blocks:
            place = block.attention
            layer = attention(place.d_model, place.n_heads)
            for name in NAMES:
                getattr(layer, name).weight.copy_(getattr(place, name).weight)
                getattr(layer, name).bias.copy_(getattr(place, name).bias)
            block.attention = layer
    return encoder


def by_moving_the_four_layers(encoder: Any, attention: Any = ByView) -> Any:
    for i in range(len(encoder.blocks)):
        old = encoder.blocks[i].attention
        new = attention(old.w_q.in_features, old.n_heads)
        new.w_q, new.w_k, new.w_v, new.w_o = old.w_q, old.w_k, old.w_v, old.w_o
        encoder.blocks[i].attention = new
    return encoder


def by_data(encoder: Any, attention: Any = MultiHeadAttention) -> Any:
    for block in encoder.blocks:
        layer = attention(d_model=block.attention.d_model, n_heads=block.attention.n_heads)
        for theirs, ours in zip(block.attention.parameters(), layer.parameters(), strict=True):
            ours.data = theirs.data
        block.attention = layer
    return encoder


def by_a_list_of_layers(encoder: Any, attention: Any = MultiHeadAttention) -> Any:
    layers = [attention(b.attention.d_model, b.attention.n_heads) for b in encoder.blocks]
    for layer, block in zip(layers, encoder.blocks, strict=True):
        layer.load_state_dict(copy.deepcopy(block.attention.state_dict()))
    for layer, block in zip(layers, encoder.blocks, strict=True):
        setattr(block, "attention", layer)  # noqa: B010
    return encoder


def by_named_modules(encoder: Any, attention: Any = MultiHeadAttention) -> Any:
    for name, place in list(encoder.named_modules()):
        if name.endswith(".attention"):
            layer = attention(place.d_model, place.n_heads).eval()
            layer.load_state_dict(place.state_dict(), assign=True)
            encoder.set_submodule(name, layer)
    return encoder


def by_other_names(encoder: Any) -> Any:
    for block in encoder.blocks:
        layer = OtherNames(block.attention.d_model, block.attention.n_heads)
        renamed = {"w_q": "query", "w_k": "key", "w_v": "value", "w_o": "out"}
        state = block.attention.state_dict()
        layer.load_state_dict({renamed[k[:3]] + k[3:]: w for k, w in state.items()})
        block.attention = layer
    return encoder


def by_changing_the_class(encoder: Any) -> Any:
    for block in encoder.blocks:
        block.attention.__class__ = MultiHeadAttention
    return encoder


def trying_it_out_first(encoder: Any) -> Any:
    by_copy(encoder)
    hidden, _ = encoder(torch.tensor([[101, 5, 102]]))
    print(hidden[-1].shape)
    return encoder


LAYERS = (
    MultiHeadAttention,
    ByChunk,
    ByEinsum,
    ByFolding,
    ByLoopIntoZeros,
    ByPackedWeights,
    ByTorchItself,
    ByUnfold,
    ByView,
    FilledWithABillion,
    AddsABillion,
    InDouble,
    AsAList,
)
STYLES: tuple[Callable[..., Any], ...] = (
    *map(filling, LAYERS),
    by_copy,
    by_moving_the_four_layers,
    by_data,
    by_a_list_of_layers,
    by_named_modules,
    by_other_names,
    by_changing_the_class,
    trying_it_out_first,
)

"""Lesson 11: every right way to write an exercise passes."""

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
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
Array = np.ndarray

# --- mean_entropy


def with_where(weights: Array) -> Any:
    logs = np.log(weights, where=weights > 0, out=np.zeros_like(weights))
    return -(weights * logs).sum(axis=-1).mean(axis=-1)


def with_a_tiny_number(weights: Array) -> Any:
    return -(weights * np.log(np.maximum(weights, 1e-30))).sum(-1).mean(-1)


def summed_and_divided(weights: Array) -> Any:
    safe = np.where(weights > 0, weights, 1)
    return -np.einsum("...qk,...qk->...", weights, np.log(safe)) / weights.shape[-2]


def row_by_row(weights: Array) -> Any:
    flat = weights.reshape(-1, *weights.shape[-2:])
    means = []
    for matrix in flat:
        means.append(np.mean([-sum(w * np.log(w) for w in row if w > 0) for row in matrix]))
    return np.array(means).reshape(weights.shape[:-2])


def in_double(weights: Array) -> Any:
    wide = weights.astype(np.float64)
    with np.errstate(all="ignore"):
        terms = np.nan_to_num(wide * np.log(wide))
    return -terms.sum(axis=-1).mean(axis=-1)


# --- sink_mass


def by_take(weights: Array, column: int = 0) -> Any:
    return np.take(weights, column, axis=-1).mean(axis=-1)


def mean_row_first(weights: Array, column: int = 0) -> Any:
    return weights.mean(axis=-2)[..., column]


def by_one_hot(weights: Array, column: int = 0) -> Any:
    chosen = np.zeros(weights.shape[-1], dtype=weights.dtype)
    chosen[column] = 1
    return (weights @ chosen).mean(-1)


def by_sum(weights: Array, column: int = 0) -> Any:
    return np.sum(weights[..., column], axis=-1) / weights.shape[-2]


def by_moving(weights: Array, column: int = 0) -> Any:
    return np.moveaxis(weights, -1, 0)[column].mean(axis=-1)


# --- offset_accuracy


def by_a_loop(offset: int, pairs: Any) -> Any:
    hits = 0
    for query, key in pairs:
        if key == query + offset:
            hits += 1
    return hits / len(pairs)


def by_differences(offset: int, pairs: Any) -> Any:
    return (np.diff(np.asarray(pairs), axis=1)[:, 0] == offset).mean()


def by_columns(offset: int, pairs: Any) -> Any:
    pairs = np.array(pairs)
    return np.count_nonzero(pairs[:, 0] + offset == pairs[:, 1]) / pairs.shape[0]


def by_a_generator(offset: int, pairs: Any) -> Any:
    return sum(k - q == offset for q, k in pairs) / len(pairs)


def by_numpy_mean(offset: int, pairs: Any) -> Any:
    return np.mean([k == q + offset for q, k in pairs])


# --- head_accuracy


def pair_by_pair(weights: Array, pairs: Any) -> Any:
    hits = [weights[..., q, :].argmax(axis=-1) == k for q, k in pairs]
    return np.mean(hits, axis=0)


def by_rows(weights: Array, pairs: Any) -> Any:
    pairs = np.asarray(pairs)
    rows = weights[..., pairs[:, 0], :]
    return (np.argmax(rows, axis=-1) == pairs[:, 1]).mean(axis=-1)


def by_take_along(weights: Array, pairs: Any) -> Any:
    query, key = np.array(pairs).T
    favorite = np.take(weights.argmax(-1), query, axis=-1)
    return np.sum(favorite == key, axis=-1) / len(query)


def head_by_head(weights: Array, pairs: Any) -> Any:
    result = np.zeros(weights.shape[:-2])
    for at in np.ndindex(*weights.shape[:-2]):
        result[at] = sum(int(np.argmax(weights[at][q])) == k for q, k in pairs) / len(pairs)
    return result


def larger_than_before(weights: Array, pairs: Any) -> Any:
    hits = 0.0
    for q, k in pairs:
        row, own = weights[..., q, :], weights[..., q, k]
        before = (row[..., :k] >= own[..., None]).any(axis=-1)
        after = (row[..., k + 1 :] > own[..., None]).any(axis=-1)
        hits = hits + ~(before | after) * 1.0
    return np.asarray(hits) / len(pairs)


# --- best_head


def by_divmod(accuracies: Array, baseline: float) -> Any:
    at = int(np.argmax(accuracies))
    layer, head = divmod(at, accuracies.shape[1])
    return (layer, head) if accuracies[layer, head] > baseline else None


def by_two_loops(accuracies: Array, baseline: float) -> Any:
    best, found = baseline, None
    for layer in range(accuracies.shape[0]):
        for head in range(accuracies.shape[1]):
            if accuracies[layer, head] > best:
                best, found = accuracies[layer, head], (layer, head)
    return found


def by_argwhere(accuracies: Array, baseline: float) -> Any:
    top = accuracies.max()
    if not top > baseline:
        return None
    return tuple(int(i) for i in np.argwhere(accuracies == top)[0])


def numpy_ints(accuracies: Array, baseline: float) -> Any:
    if np.max(accuracies) <= baseline:
        return None
    return np.unravel_index(np.argmax(accuracies), accuracies.shape)


def as_a_list(accuracies: Array, baseline: float) -> Any:
    layer = int(accuracies.max(axis=1).argmax())
    head = int(accuracies[layer].argmax())
    return [layer, head] if accuracies[layer, head] > baseline else None


# --- real_model


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


STYLES: dict[str, list[Callable[..., Any]]] = {
    "mean_entropy": [
        with_where,
        with_a_tiny_number,
        summed_and_divided,
        row_by_row,
        in_double,
    ],
    "sink_mass": [by_take, mean_row_first, by_one_hot, by_sum, by_moving],
    "offset_accuracy": [by_a_loop, by_differences, by_columns, by_a_generator, by_numpy_mean],
    "head_accuracy": [pair_by_pair, by_rows, by_take_along, head_by_head, larger_than_before],
    "best_head": [by_divmod, by_two_loops, by_argwhere, numpy_ints, as_a_list],
    "real_model": [
        *map(filling, LAYERS),
        by_copy,
        by_moving_the_four_layers,
        by_data,
        by_a_list_of_layers,
        by_named_modules,
        by_other_names,
        by_changing_the_class,
        trying_it_out_first,
    ],
}

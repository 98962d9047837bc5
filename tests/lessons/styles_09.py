"""Lesson 09: every right way to write an exercise passes."""

import copy
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

Tensor = torch.Tensor
Mask = Tensor | None


def by_nan_to_num(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    scores = torch.einsum("...id,...jd->...ij", q, k) * q.size(-1) ** -0.5
    if mask is not None:
        scores = scores.masked_fill(mask == 0, float("-inf"))
    weights = torch.nan_to_num(F.softmax(scores, dim=-1))
    return [torch.einsum("...ij,...jd->...id", weights, v), weights]


def by_where(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    scores = torch.matmul(q, k.mT) / torch.sqrt(torch.tensor(q.shape[-1]))
    if mask is None:
        mask = torch.ones_like(scores, dtype=torch.bool)
    weights = torch.where(mask, scores, -torch.inf).softmax(-1)
    weights = torch.where(weights.isnan(), torch.zeros_like(weights), weights)
    return weights.matmul(v), weights


def by_finfo(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
    if mask is None:
        weights = scores.softmax(dim=-1)
    else:
        scores = scores.masked_fill(mask.logical_not(), torch.finfo(q.dtype).min)
        weights = scores.softmax(dim=-1) * mask
    return weights @ v, weights


def by_minus_a_billion(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    scores = (q / math.sqrt(q.size(-1))) @ k.swapaxes(-2, -1)
    if mask is not None:
        scores.masked_fill_(~mask, -1e9)  # in place, on a tensor of its own
    weights = F.softmax(scores, -1)
    return (weights * mask) @ v if mask is not None else weights @ v, (
        weights * mask if mask is not None else weights
    )


def by_exp(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    scores = q @ k.mT / math.sqrt(k.size(-1))
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    lowest = torch.finfo(scores.dtype).min
    exps = torch.exp(scores - scores.amax(-1, keepdim=True).clamp(min=lowest).detach())
    total = exps.sum(-1, keepdim=True)
    weights = exps / torch.where(total > 0, total, 1)
    return weights @ v, weights


def by_fused_kernel(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    context = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    return context, by_where(q, k, v, mask)[1]


def by_fused_kernel_twice(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    one_hot = torch.eye(k.shape[-2], dtype=k.dtype).expand(*k.shape[:-1], -1)
    weights = F.scaled_dot_product_attention(q, k, one_hot, attn_mask=mask)
    return torch.matmul(weights, v), weights


def by_index(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    scores = q @ k.mT / math.sqrt(q.size(-1))
    if mask is not None:
        mask = mask.expand_as(scores)
        scores[~mask] = -math.inf
    weights = torch.softmax(scores, -1).clone()
    if mask is not None:
        weights[weights.isnan()] = 0
    return weights @ v, weights


def by_loop(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    if mask is not None:
        mask = mask.expand(*q.shape[:-1], k.shape[-2])
    if q.ndim > 2:
        parts = [
            by_loop(q[b], k[b], v[b], None if mask is None else mask[b]) for b in range(len(q))
        ]
        return torch.stack([c for c, _ in parts]), torch.stack([w for _, w in parts])
    rows = []
    for i in range(len(q)):
        scores = torch.stack([q[i] @ key for key in k]) / math.sqrt(q.shape[1])
        open_ = torch.ones(len(k), dtype=torch.bool) if mask is None else mask[i]
        row = torch.zeros_like(scores)
        if open_.any():
            row = row.masked_scatter(open_, scores[open_].softmax(0))
        rows.append(row)
    weights = torch.stack(rows)
    return torch.mm(weights, v), weights


def in_double(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    return by_finfo(q.double(), k.double(), v.double(), mask)


def by_baddbmm(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Any:
    bias = torch.zeros(*q.shape[:-1], k.shape[-2], dtype=q.dtype)
    if mask is not None:
        bias = bias.masked_fill(~mask, torch.finfo(q.dtype).min)
        bias = bias / 2  # added to a score, it must not overflow
    weights = (bias + q @ k.mT / math.sqrt(q.size(-1))).softmax(-1)
    if mask is not None:
        weights = weights.masked_fill(~mask.any(-1, keepdim=True), 0)
    return weights @ v, weights


class Layer(nn.Module):
    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__()
        if d_model % n_heads:
            raise ValueError("The heads have to divide d_model.")
        self.n_heads, self.d_model, self.d_head = n_heads, d_model, d_model // n_heads
        self.w_q = nn.Linear(d_model, d_model)
        self.w_k = nn.Linear(d_model, d_model)
        self.w_v = nn.Linear(d_model, d_model)
        self.w_o = nn.Linear(d_model, d_model)


class ByView(Layer):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        if memory is None:
            memory = x
        batch, n, _ = x.shape
        m = memory.size(1)
        q = self.w_q(x).view(batch, n, self.n_heads, self.d_head).transpose(1, 2)
        k = self.w_k(memory).view(batch, m, self.n_heads, self.d_head).transpose(1, 2)
        v = self.w_v(memory).view(batch, m, self.n_heads, self.d_head).transpose(1, 2)
        if mask is not None and mask.dim() == 3:
            mask = mask.unsqueeze(1)
        context, weights = by_nan_to_num(q, k, v, mask)
        context = context.transpose(1, 2).contiguous().view(batch, n, self.d_model)
        return self.w_o(context), weights


class ByEinsum(Layer):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        memory = memory if memory is not None else x
        heads = (self.n_heads, self.d_head)
        q = self.w_q(x).unflatten(-1, heads)
        k, v = (w(memory).unflatten(-1, heads) for w in (self.w_k, self.w_v))
        scores = torch.einsum("bihd,bjhd->bhij", q, k) / math.sqrt(self.d_head)
        if mask is not None:
            scores = scores.masked_fill(~mask[..., None, :, :], -math.inf)
        weights = scores.softmax(-1).nan_to_num(0)
        context = torch.einsum("bhij,bjhd->bihd", weights, v)
        return self.w_o(context.flatten(2)), weights


class ByChunk(Layer):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        memory = x if memory is None else memory
        pieces = (p.chunk(self.n_heads, dim=-1) for p in self.projected(x, memory))
        results = [by_finfo(q, k, v, mask) for q, k, v in zip(*pieces, strict=True)]
        context = torch.cat([c for c, _ in results], dim=-1)
        return self.w_o(context), torch.stack([w for _, w in results], dim=1)

    def projected(self, x: Tensor, memory: Tensor) -> Any:
        return self.w_q(x), self.w_k(memory), self.w_v(memory)


class ByLoopIntoZeros(Layer):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        memory = x if memory is None else memory
        q, k, v = self.w_q(x), self.w_k(memory), self.w_v(memory)
        context = torch.zeros(*x.shape)
        weights = torch.zeros(len(x), self.n_heads, x.shape[1], memory.shape[1])
        for h in range(self.n_heads):
            own = slice(h * self.d_head, (h + 1) * self.d_head)
            one, other = by_where(q[..., own], k[..., own], v[..., own], mask)
            context[..., own], weights[:, h] = one, other
        return self.w_o(context), weights


class ByFolding(Layer):
    """Heads folded into the batch, as older code does."""

    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        memory = x if memory is None else memory
        q, k, v = self.fold(self.w_q(x)), self.fold(self.w_k(memory)), self.fold(self.w_v(memory))
        if mask is not None:
            mask = mask.expand(len(x), x.shape[1], memory.shape[1])
            mask = mask.repeat_interleave(self.n_heads, dim=0)
        context, weights = by_index(q, k, v, mask)
        context = context.unflatten(0, (len(x), self.n_heads)).permute(0, 2, 1, 3).flatten(2)
        return self.w_o(context), weights.unflatten(0, (len(x), self.n_heads))

    def fold(self, x: Tensor) -> Tensor:
        pieces = x.reshape(*x.shape[:2], self.n_heads, self.d_head).permute(0, 2, 1, 3)
        return pieces.reshape(-1, x.shape[1], self.d_head)


class ByPackedWeights(Layer):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        memory = x if memory is None else memory
        weight = torch.cat([self.w_k.weight, self.w_v.weight])
        bias = torch.cat([self.w_k.bias, self.w_v.bias])
        k, v = F.linear(memory, weight, bias).chunk(2, dim=-1)
        q = x @ self.w_q.weight.T + self.w_q.bias
        q, k, v = (torch.stack(p.chunk(self.n_heads, -1), dim=1) for p in (q, k, v))
        context, weights = by_fused_kernel(q, k, v, None if mask is None else mask.unsqueeze(-3))
        merged = torch.cat([context[:, h] for h in range(self.n_heads)], dim=-1)
        return self.w_o(merged), weights.detach()  # detached, to look at


class ByUnfold(Layer):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        memory = x if memory is None else memory
        q, k, v = (
            p.unfold(-1, self.d_head, self.d_head).movedim(2, 1)
            for p in (self.w_q(x), self.w_k(memory), self.w_v(memory))
        )
        for_heads = None if mask is None else torch.stack([mask] * self.n_heads, dim=-3)
        context, weights = by_exp(q, k, v, for_heads)
        return self.w_o(context.movedim(1, 2).reshape(x.shape)), weights


class ByTorchItself(Layer):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        memory = x if memory is None else memory
        hidden = torch.zeros(len(x), x.shape[1], memory.shape[1], dtype=torch.bool)
        if mask is not None:
            hidden = hidden | ~mask
        empty = hidden.all(-1, keepdim=True)  # torch gives nan there
        output, weights = F.multi_head_attention_forward(
            x.transpose(0, 1),
            memory.transpose(0, 1),
            memory.transpose(0, 1),
            self.d_model,
            self.n_heads,
            torch.cat([self.w_q.weight, self.w_k.weight, self.w_v.weight]),
            torch.cat([self.w_q.bias, self.w_k.bias, self.w_v.bias]),
            None,
            None,
            False,
            0.0,
            self.w_o.weight,
            self.w_o.bias,
            attn_mask=(hidden & ~empty).repeat_interleave(self.n_heads, dim=0),
            average_attn_weights=False,
        )
        output = output.transpose(0, 1)
        weights = weights * ~empty.unsqueeze(1)
        return torch.where(empty, self.w_o.bias, output), weights


def by_slices(ours: Any, theirs: Any) -> None:
    d = theirs.embed_dim
    with torch.no_grad():
        for i, layer in enumerate((ours.w_q, ours.w_k, ours.w_v)):
            layer.weight[:] = theirs.in_proj_weight[i * d : (i + 1) * d]
            layer.bias[:] = theirs.in_proj_bias[i * d : (i + 1) * d]
        ours.w_o.weight[:] = theirs.out_proj.weight
        ours.w_o.bias[:] = theirs.out_proj.bias


def by_data(ours: Any, theirs: Any) -> Any:
    layers = (ours.w_q, ours.w_k, ours.w_v)
    weights, biases = theirs.in_proj_weight.data.chunk(3), theirs.in_proj_bias.data.chunk(3)
    for layer, weight, bias in zip(layers, weights, biases, strict=True):
        layer.weight.data = weight.clone()
        layer.bias.data.copy_(bias)
    ours.w_o.load_state_dict(theirs.out_proj.state_dict())
    return ours


def by_new_parameters(ours: Any, theirs: Any) -> None:
    w_q, w_k, w_v = theirs.in_proj_weight.detach().clone().split(theirs.embed_dim)
    b_q, b_k, b_v = theirs.in_proj_bias.detach().clone().split(theirs.embed_dim)
    for layer, w, b in ((ours.w_q, w_q, b_q), (ours.w_k, w_k, b_k), (ours.w_v, w_v, b_v)):
        layer.weight, layer.bias = nn.Parameter(w), nn.Parameter(b)
    ours.w_o.weight = nn.Parameter(theirs.out_proj.weight.detach().clone())
    ours.w_o.bias = nn.Parameter(theirs.out_proj.bias.detach().clone())


def by_state_dict(ours: Any, theirs: Any) -> None:
    state = theirs.state_dict()
    named = {"w_o.weight": state["out_proj.weight"], "w_o.bias": state["out_proj.bias"]}
    for kind in ("weight", "bias"):
        for name, part in zip("qkv", state[f"in_proj_{kind}"].chunk(3), strict=True):
            named[f"w_{name}.{kind}"] = part
    ours.load_state_dict(named)


def by_deep_copy(ours: Any, theirs: Any) -> None:
    kept = copy.deepcopy(theirs)
    layers = (ours.w_q, ours.w_k, ours.w_v)
    weights = kept.in_proj_weight.reshape(3, theirs.embed_dim, -1)
    biases = kept.in_proj_bias.reshape(3, -1)
    for layer, w, b in zip(layers, weights, biases, strict=True):
        layer.weight.data, layer.bias.data = w.data, b.data
    ours.w_o = kept.out_proj


def by_numpy(ours: Any, theirs: Any) -> None:
    weights = theirs.in_proj_weight.detach().numpy()
    biases = theirs.in_proj_bias.detach().numpy()
    d = len(weights) // 3
    for i, name in enumerate(("w_q", "w_k", "w_v")):
        layer, rows = getattr(ours, name), slice(i * d, i * d + d)
        layer.weight.data = torch.tensor(weights[rows])
        layer.bias.data = torch.tensor(biases[rows])
    for kind in ("weight", "bias"):
        getattr(ours.w_o, kind).data[...] = getattr(theirs.out_proj, kind)


STYLES: dict[str, list[Callable[..., Any]]] = {
    "torch_attention": [
        by_nan_to_num,
        by_where,
        by_finfo,
        by_minus_a_billion,
        by_exp,
        by_fused_kernel,
        by_fused_kernel_twice,
        by_index,
        by_loop,
        in_double,
        by_baddbmm,
    ],
    "MultiHeadAttention": [
        ByView,
        ByEinsum,
        ByChunk,
        ByLoopIntoZeros,
        ByFolding,
        ByPackedWeights,
        ByUnfold,
        ByTorchItself,
    ],
    "load_torch_weights": [
        by_slices,
        by_data,
        by_new_parameters,
        by_state_dict,
        by_deep_copy,
        by_numpy,
    ],
}

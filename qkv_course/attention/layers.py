"""Attention as torch layers: batched, differentiable, and with weights that can be trained."""

import math

import torch
from torch import nn
from torch.nn import functional as F


def torch_attention(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Scaled dot-product attention on tensors, with gradients that are always finite.

    q: (..., n_q, d_k). k: (..., n_k, d_k). v: (..., n_k, d_v).
    mask: bool, True where a query may attend; broadcasts to (..., n_q, n_k). None: no mask.
    Returns (context, weights): (..., n_q, d_v) and (..., n_q, n_k). A query that may attend
    to nothing gets weights, a context and gradients of zero.
    Source: equation 1 of Vaswani et al. 2017.

    >>> q, k = torch.zeros(1, 2), torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> torch_attention(q, k, torch.tensor([[10.0], [20.0]]))
    (tensor([[15.]]), tensor([[0.5000, 0.5000]]))
    """
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])  # (..., n_q, n_k)
    if mask is None:
        weights = torch.softmax(scores, dim=-1)
    else:
        # In a row of -inf, softmax gives nan; the two fills keep it out of result and gradients.
        weights = torch.softmax(scores.masked_fill(~mask, -math.inf), dim=-1)
        weights = weights.masked_fill(~mask.any(dim=-1, keepdim=True), 0.0)
    return weights @ v, weights


class MultiHeadAttention(nn.Module):
    """Multi-head attention with four linear layers: w_q, w_k, w_v and w_o.

    d_model: features of a token. n_heads: divides d_model. Head h has the features h * d_head
    up to, not including, (h + 1) * d_head of what w_q, w_k and w_v give. There is no dropout.
    Returns, when it is called, (output, weights).
    Source: Vaswani et al. 2017, section 3.2.2.

    >>> layer = MultiHeadAttention(d_model=8, n_heads=2)
    >>> output, weights = layer(torch.zeros(3, 5, 8))  # 3 sentences of 5 tokens
    >>> output.shape, weights.shape
    (torch.Size([3, 5, 8]), torch.Size([3, 2, 5, 5]))
    """

    def __init__(self, d_model: int, n_heads: int) -> None:
        """Make the four layers, each nn.Linear(d_model, d_model) with a bias.

        Raises ValueError if n_heads does not divide d_model.
        """
        super().__init__()
        if n_heads < 1 or d_model % n_heads:
            raise ValueError(f"{n_heads} heads cannot share {d_model} features evenly")
        self.n_heads = n_heads
        self.w_q = nn.Linear(d_model, d_model)
        self.w_k = nn.Linear(d_model, d_model)
        self.w_v = nn.Linear(d_model, d_model)
        self.w_o = nn.Linear(d_model, d_model)

    def forward(
        self,
        x: torch.Tensor,
        memory: torch.Tensor | None = None,
        mask: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Attend from x to memory, or to x itself.

        x: (batch, n, d_model), the tokens that ask.
        memory: (batch, m, d_model), the tokens that answer; None: x answers itself.
        mask: bool, True where a query may attend; broadcasts to (batch, n, m), for all heads.
        Returns (output, weights): (batch, n, d_model) and (batch, n_heads, n, m).
        """
        q, k, v = self._project(x, x if memory is None else memory)
        for_all_heads = None if mask is None else mask.unsqueeze(-3)  # (batch, 1, n, m)
        context, weights = torch_attention(q, k, v, for_all_heads)
        return self.w_o(self._merge(context)), weights

    def _project(self, x: torch.Tensor, memory: torch.Tensor) -> tuple[torch.Tensor, ...]:
        projected = self.w_q(x), self.w_k(memory), self.w_v(memory)
        return tuple(self._split(p) for p in projected)  # (batch, n_heads, n or m, d_head) each

    def _split(self, x: torch.Tensor) -> torch.Tensor:
        return x.reshape(*x.shape[:-1], self.n_heads, -1).transpose(-2, -3)

    def _merge(self, x: torch.Tensor) -> torch.Tensor:
        return x.transpose(-2, -3).flatten(-2)  # (batch, n, d_model)


class FusedMultiHeadAttention(MultiHeadAttention):
    """The same layer for when nobody looks at the weights: faster, and it needs less memory.

    torch's scaled_dot_product_attention computes the context in one fused step and keeps no
    array of n x m weights, so there are none to return.

    >>> output, weights = FusedMultiHeadAttention(8, 2)(torch.zeros(3, 5, 8))
    >>> output.shape, weights
    (torch.Size([3, 5, 8]), None)
    """

    def forward(  # type: ignore[override]  # there are no weights
        self,
        x: torch.Tensor,
        memory: torch.Tensor | None = None,
        mask: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, None]:
        """Attend as MultiHeadAttention does. Returns (output, None)."""
        q, k, v = self._project(x, x if memory is None else memory)
        for_all_heads = None if mask is None else mask.unsqueeze(-3)
        context = F.scaled_dot_product_attention(q, k, v, attn_mask=for_all_heads)
        return self.w_o(self._merge(context)), None


def load_torch_weights(ours: MultiHeadAttention, theirs: nn.MultiheadAttention) -> None:
    """Copy the weights of torch's own multi-head attention into a MultiHeadAttention.

    ours: has the layers w_q, w_k, w_v and w_o, each nn.Linear(d_model, d_model); changed in place.
    theirs: nn.MultiheadAttention(d_model, n_heads), left as it is. Its in_proj_weight,
    (3 * d_model, d_model), holds the weights of the three projections one below the other:
    queries, keys, values; in_proj_bias, (3 * d_model,), their biases. out_proj is the last layer.
    Returns nothing. Nothing is shared afterwards: to train one leaves the other as it is.

    >>> ours, theirs = MultiHeadAttention(8, 2), nn.MultiheadAttention(8, 2)
    >>> load_torch_weights(ours, theirs)
    >>> torch.equal(ours.w_q.weight, theirs.in_proj_weight[:8])
    True
    """
    layers = (ours.w_q, ours.w_k, ours.w_v, ours.w_o)
    weights = (*theirs.in_proj_weight.chunk(3), theirs.out_proj.weight)
    biases = (*theirs.in_proj_bias.chunk(3), theirs.out_proj.bias)
    with torch.no_grad():
        for layer, weight, bias in zip(layers, weights, biases, strict=True):
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)

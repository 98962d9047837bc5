"""The encoder of BERT, with a place for attention in every block."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from qkv_course.attention.layers import MultiHeadAttention
from qkv_course.errors import BadAnswer

Attention = Callable[[int, int], nn.Module]


@dataclass(frozen=True)
class Sizes:
    """The sizes of an encoder; those of all-MiniLM-L6-v2 unless told otherwise."""

    vocabulary: int = 30522
    positions: int = 512
    segments: int = 2
    d_model: int = 384
    d_hidden: int = 1536
    n_heads: int = 12
    n_layers: int = 6
    epsilon: float = 1e-12

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Sizes":
        """Read the sizes from a BERT model's config.json."""
        return cls(
            vocabulary=config["vocab_size"],
            positions=config["max_position_embeddings"],
            segments=config["type_vocab_size"],
            d_model=config["hidden_size"],
            d_hidden=config["intermediate_size"],
            n_heads=config["num_attention_heads"],
            n_layers=config["num_hidden_layers"],
            epsilon=config["layer_norm_eps"],
        )


class EmptyAttention(nn.Module):
    """The place of an attention: its four layers with their weights, and nothing that computes."""

    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__()
        self.d_model, self.n_heads = d_model, n_heads
        self.w_q, self.w_k, self.w_v, self.w_o = (nn.Linear(d_model, d_model) for _ in range(4))


class Embedding(nn.Module):
    """Turn tokens into vectors: what the token is, plus where it stands, normalized."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.token = nn.Embedding(sizes.vocabulary, sizes.d_model)
        self.position = nn.Embedding(sizes.positions, sizes.d_model)
        self.segment = nn.Embedding(sizes.segments, sizes.d_model)
        self.norm = nn.LayerNorm(sizes.d_model, sizes.epsilon)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """ids: (batch, n). Returns (batch, n, d_model). All tokens are of segment 0."""
        where = self.position.weight[: ids.shape[-1]] + self.segment.weight[0]
        return self.norm(self.token(ids) + where)


class Block(nn.Module):
    """One layer: attention, then a small network for each token; each added on and normalized."""

    def __init__(self, sizes: Sizes, attention: Attention) -> None:
        super().__init__()
        self.attention = attention(sizes.d_model, sizes.n_heads)
        self.attention_norm = nn.LayerNorm(sizes.d_model, sizes.epsilon)
        self.widen = nn.Linear(sizes.d_model, sizes.d_hidden)
        self.narrow = nn.Linear(sizes.d_hidden, sizes.d_model)
        self.output_norm = nn.LayerNorm(sizes.d_model, sizes.epsilon)

    def forward(
        self, x: torch.Tensor, mask: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """x: (batch, n, d_model). Returns (the same shape, the attention's weights)."""
        output, weights = self.attention(x, mask=mask)
        x = self.attention_norm(x + output)
        return self.output_norm(x + self.narrow(nn.functional.gelu(self.widen(x)))), weights


class Encoder(nn.Module):
    """The encoder of BERT (Devlin et al. 2019), around an attention that can be chosen.

    sizes: see Sizes. attention: makes one, `attention(d_model, n_heads)`.

    >>> encoder = Encoder(Sizes(vocabulary=9, d_model=8, d_hidden=16, n_heads=2, n_layers=3))
    >>> hidden, weights = encoder(torch.tensor([[1, 2, 3, 4]]))
    >>> len(hidden), hidden[0].shape, len(weights), weights[0].shape
    (4, torch.Size([1, 4, 8]), 3, torch.Size([1, 2, 4, 4]))
    """

    def __init__(self, sizes: Sizes, attention: Attention = MultiHeadAttention) -> None:
        super().__init__()
        self.d_model = sizes.d_model
        self.embedding = Embedding(sizes)
        blocks = (Block(sizes, attention) for _ in range(sizes.n_layers))
        self.blocks: Any = nn.ModuleList(blocks)  # torch types what it holds as plain modules

    def forward(
        self, ids: torch.Tensor, mask: torch.Tensor | None = None
    ) -> tuple[list[torch.Tensor], list[Any]]:
        """Read a batch of tokens.

        ids: (batch, n). mask: bool, True where a query may attend; broadcasts to (batch, n, n).
        Returns (hidden, weights): the tokens' vectors (batch, n, d_model) after the embedding and
        after every block, and every block's weights (batch, n_heads, n, n).
        """
        hidden, weights = [self.embedding(ids)], []
        for block in self.blocks:
            x, w = block(hidden[-1], mask)
            hidden.append(x)
            weights.append(w)
        return hidden, weights


def real_model(encoder: Encoder, attention: Attention = MultiHeadAttention) -> Encoder:
    """Put an attention, with the weights that are there, into every block of a pretrained encoder.

    encoder: has `blocks`. Each has an `attention` with d_model, n_heads, and the linear layers
    w_q, w_k, w_v and w_o; it cannot compute. Changed in place.
    attention: makes a layer with linear layers of the same names: attention(d_model, n_heads).
    Returns the encoder.

    >>> from qkv_course.models.encoder import EmptyAttention, Encoder, Sizes
    >>> small = Encoder(Sizes(vocabulary=9, d_model=8, d_hidden=16, n_heads=2), EmptyAttention)
    >>> real_model(small).blocks[5].attention
    MultiHeadAttention(
      (w_q): Linear(in_features=8, out_features=8, bias=True)
      (w_k): Linear(in_features=8, out_features=8, bias=True)
      (w_v): Linear(in_features=8, out_features=8, bias=True)
      (w_o): Linear(in_features=8, out_features=8, bias=True)
    )
    """
    for block in encoder.blocks:
        empty = block.attention
        layer = attention(empty.d_model, empty.n_heads)
        layer.load_state_dict(empty.state_dict())
        block.attention = layer
    return encoder


@contextmanager
def without_heads(encoder: nn.Module, heads: Iterable[tuple[int, int]]) -> Iterator[None]:
    """Cut heads off for a while: nothing of what they gathered gets through W_O.

    encoder: has `blocks`, each with an `attention` that has n_heads and a linear layer w_o.
    heads: pairs (layer, head), counted from 0.
    Only weights are changed, so this works with any attention that has a w_o; they are put back
    afterwards, whatever happens. Raises BadAnswer for a head that is not there.
    """
    layers: list[Any] = [block.attention for block in encoder.blocks]  # type: ignore[union-attr]
    cut = [_existing(layers, pair) for pair in heads]
    kept = [layer.w_o.weight.detach().clone() for layer in layers]
    try:
        with torch.no_grad():
            for at, head in cut:
                layer = layers[at]
                d_head = layer.w_o.in_features // layer.n_heads
                layer.w_o.weight[:, head * d_head : (head + 1) * d_head] = 0
        yield
    finally:
        with torch.no_grad():
            for layer, weight in zip(layers, kept, strict=True):
                layer.w_o.weight.copy_(weight)


def _existing(layers: list[Any], pair: tuple[int, int]) -> tuple[int, int]:
    """Give a pair (layer, head) back if there is such a head. A negative one would cut nothing."""
    at, head = pair
    if not 0 <= at < len(layers):
        raise BadAnswer(f"There is no layer {at}: they are counted from 0 to {len(layers) - 1}.")
    if not (hasattr(layers[at], "n_heads") and hasattr(layers[at], "w_o")):
        raise BadAnswer("This attention has no n_heads and w_o, so no head can be cut off.")
    if not 0 <= head < layers[at].n_heads:
        last = layers[at].n_heads - 1
        raise BadAnswer(f"There is no head {head} in layer {at}: they go from 0 to {last}.")
    return at, head

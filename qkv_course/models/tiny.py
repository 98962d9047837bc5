"""A transformer small enough to be trained while you wait, built from the course's attention."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from qkv_course.attention.layers import MultiHeadAttention

Attention = Callable[[int, int], nn.Module]


@dataclass(frozen=True)
class TinySizes:
    """The sizes of a tiny transformer.

    pieces: for each word of the vocabulary the numbers of its pieces; see WordVectors.
    classes: for each question that is put to a passage, how many answers there are.
    d_hidden: features inside the small network of a layer; 0: there is none. The last layer never
    has one: what its heads find then goes straight into the answers.
    """

    pieces: tuple[tuple[int, ...], ...]
    classes: tuple[int, ...]
    d_model: int = 64
    n_heads: int = 4
    n_layers: int = 2
    d_hidden: int = 128


class RotaryAttention(MultiHeadAttention):
    """Multi-head attention that knows how far apart two words are.

    Queries and keys are turned by an angle that grows with their position, pair of features by
    pair of features, each with a speed of its own. A score then hangs on the distance of its two
    words, not on where they stand. x has to hold the last words of memory.
    Source: Su et al. 2021, with the speeds 100 ** (-i / pairs).
    """

    def _project(self, x: torch.Tensor, memory: torch.Tensor) -> tuple[torch.Tensor, ...]:
        q, k, v = super()._project(x, memory)
        return turned(q, k.shape[-2]), turned(k, k.shape[-2]), v


def turned(x: torch.Tensor, n: int) -> torch.Tensor:
    """Turn pairs of features (i, i + pairs) by angles for the last positions of n.

    x: (..., m, d_head), for the positions n - m up to, not including, n. Returns the same shape;
    where d_head is odd, the last feature is left as it is.
    """
    pairs = x.shape[-1] // 2
    speeds = 100.0 ** (-torch.arange(pairs) / max(pairs, 1))
    angles = torch.arange(n - x.shape[-2], n)[:, None] * speeds
    sin, cos = angles.sin(), angles.cos()
    a, b, rest = x[..., :pairs], x[..., pairs : 2 * pairs], x[..., 2 * pairs :]
    return torch.cat([a * cos - b * sin, a * sin + b * cos, rest], dim=-1)


class WordVectors(nn.Module):
    """Turn words into vectors: the sum of the vectors of a word's pieces.

    pieces: for each word of the vocabulary the numbers of its pieces, as many for every word.
    """

    def __init__(self, pieces: Sequence[Sequence[int]], d_model: int) -> None:
        super().__init__()
        self.register_buffer("pieces", torch.tensor(pieces))
        self.vectors = nn.Embedding(1 + max(max(row) for row in pieces), d_model)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """words: (batch, n). Returns (batch, n, d_model)."""
        return self.vectors(self.get_buffer("pieces")[words]).sum(dim=-2)


class TinyBlock(nn.Module):
    """One layer: attention, then maybe a small network; each is given normalized input."""

    def __init__(self, sizes: TinySizes, attention: Attention, with_network: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(sizes.d_model)
        self.attention = attention(sizes.d_model, sizes.n_heads)
        self.network: nn.Module | None = None
        if with_network:
            self.network = nn.Sequential(
                nn.LayerNorm(sizes.d_model),
                nn.Linear(sizes.d_model, sizes.d_hidden),
                nn.GELU(),
                nn.Linear(sizes.d_hidden, sizes.d_model),
            )

    def forward(
        self, x: torch.Tensor, n: int, mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute the last n words anew; they attend to all.

        x: (batch, length, d_model). mask: (batch, n, length).
        Returns (batch, n, d_model) and the weights (batch, n_heads, n, length).
        """
        normed = self.norm(x)
        output, weights = self.attention(normed[:, -n:], memory=normed, mask=mask)
        x = x[:, -n:] + output
        return (x if self.network is None else x + self.network(x)), weights


class TinyTransformer(nn.Module):
    """A transformer that reads a passage and answers several questions at its last word.

    sizes: see TinySizes. attention: makes a layer, `attention(d_model, n_heads)`, that is called
    as `layer(x, memory=..., mask=...)` and gives (output, weights) as MultiHeadAttention does.
    A word attends to itself and to the words before it.

    >>> five_words = ((0,), (1,), (2,), (3,), (4,))  # of one piece each
    >>> model = TinyTransformer(TinySizes(five_words, classes=(2, 3)))
    >>> answers, weights = model(torch.tensor([[0, 1, 2, 3, 4]]))  # 0 fills up, and is hidden
    >>> [a.shape for a in answers], [w.shape for w in weights]
    ([torch.Size([1, 2]), torch.Size([1, 3])], [torch.Size([1, 4, 5]), torch.Size([1, 4, 5])])
    """

    def __init__(self, sizes: TinySizes, attention: Attention = MultiHeadAttention) -> None:
        super().__init__()
        self.embedding = WordVectors(sizes.pieces, sizes.d_model)
        last = sizes.n_layers - 1
        self.blocks: Any = nn.ModuleList(  # torch types what it holds as plain modules
            TinyBlock(sizes, attention, with_network=sizes.d_hidden > 0 and at < last)
            for at in range(sizes.n_layers)
        )
        self.norm = nn.LayerNorm(sizes.d_model)
        self.questions = nn.ModuleList(nn.Linear(sizes.d_model, n) for n in sizes.classes)
        self.apply(_first_weights)

    def forward(self, words: torch.Tensor) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Read a batch of passages.

        words: (batch, n), numbers of words; 0 fills up on the left.
        Returns (answers, weights): for each question logits (batch, n_classes), and for each layer
        what the last word attends to, (batch, n_heads, n).
        """
        n = words.shape[1]
        mask = torch.ones(n, n, dtype=torch.bool).tril() & (words > 0)[:, None, :]
        x, rows = self.embedding(words), []
        for block in self.blocks:
            needed = 1 if block is self.blocks[-1] else n  # of the last layer, one word is read
            x, weights = block(x, needed, mask[:, -needed:])
            rows.append(weights[:, :, -1])
        at_end = self.norm(x[:, -1])
        return [question(at_end) for question in self.questions], rows


def _first_weights(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0.0, 0.5 * module.in_features**-0.5)
        nn.init.zeros_(module.bias)
    elif isinstance(module, WordVectors):  # of one size, however many pieces a word has
        n_pieces = module.get_buffer("pieces").shape[1]
        nn.init.normal_(module.vectors.weight, 0.0, n_pieces**-0.5)

"""Wrong attentions whose loss falls too. A falling loss does not say that attention is right.

Each gives a tiny transformer something to learn with, so it learns. Latin, 4 heads, 600 steps,
seeds 0 to 4, guessing is right in 0.02:

- the right attention: the loss falls from 17 to 0.00, and each case is read right in 1.00;
- SoftmaxOverQueries: the loss falls from 17 to 3.3 to 3.7, each case is right in 0.60 to 0.68;
- SplitWithoutTranspose: from 17 to 4.2 to 4.8, right in 0.40 to 0.82.

The curve alone would pass for a hard task. A comparison with a right attention tells, and so do the
weights: those of the first are all 1, so that a row of five has a sum of 5.
"""

import math

import torch

from qkv_course.attention.layers import MultiHeadAttention


class SoftmaxOverQueries(MultiHeadAttention):
    """Multi-head attention with the softmax along the wrong axis.

    Queries compete for each key, in place of keys for each query. Where one query asks alone, all
    of its weights are 1, so that every word is gathered and none is chosen.

    >>> output, weights = SoftmaxOverQueries(8, 2)(torch.zeros(1, 1, 8), torch.zeros(1, 5, 8))
    >>> weights[0, 0]
    tensor([[1., 1., 1., 1., 1.]], grad_fn=<SelectBackward0>)
    """

    def forward(
        self,
        x: torch.Tensor,
        memory: torch.Tensor | None = None,
        mask: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Take and give the shapes of MultiHeadAttention."""
        q, k, v = self._project(x, x if memory is None else memory)
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
        if mask is not None:
            scores = scores.masked_fill(~mask.unsqueeze(-3), torch.finfo(scores.dtype).min)
        weights = torch.softmax(scores, dim=-2)
        return self.w_o(self._merge(weights @ v)), weights


class SplitWithoutTranspose(MultiHeadAttention):
    """Multi-head attention whose heads are cut from the numbers in the order of memory.

    (batch, n, d_model) is reshaped to (batch, n_heads, n, d_head) at once. The shape is right, but
    a head gets all features of a few words in place of a few features of all words.
    """

    def _split(self, x: torch.Tensor) -> torch.Tensor:
        return x.reshape(*x.shape[:-2], self.n_heads, x.shape[-2], -1)

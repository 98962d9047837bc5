"""The course's multi-head attention against torch's own, with the same weights.

One sentence of n tokens, 512 features, 8 heads, float32, eval, no gradients. torch's layer is
asked for its weights where ours returns them, and not asked where ours leaves them out.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from timing import by_turns
from torch import nn

from qkv_course import attention as course

D_MODEL, HEADS = 512, 8
LENGTHS = (128, 512, 2048)
OURS = {
    "multi_head_attention (NumPy)": "nn.MultiheadAttention with weights",
    "MultiHeadAttention": "nn.MultiheadAttention with weights",
    "FusedMultiHeadAttention": "nn.MultiheadAttention without",
}
RATIOS = {
    f"{ours} / torch, n = {n}": (f"{ours}, n = {n}", f"{theirs}, n = {n}")
    for n in LENGTHS
    for ours, theirs in OURS.items()
}


def rows() -> Iterator[tuple[str, list[float]]]:
    """Time all of them in turn, for each length."""
    torch.manual_seed(0)
    for n in LENGTHS:
        with torch.no_grad():
            for name, taken in by_turns(calls(torch.randn(1, n, D_MODEL))).items():
                yield f"{name}, n = {n}", taken


def calls(x: torch.Tensor) -> dict[str, Callable[[], Any]]:
    """Load the same weights into all of them, and see that they agree on x."""
    theirs = nn.MultiheadAttention(D_MODEL, HEADS, batch_first=True).eval()
    ours = course.MultiHeadAttention(D_MODEL, HEADS).eval()
    fused = course.FusedMultiHeadAttention(D_MODEL, HEADS).eval()
    for layer in (ours, fused):
        course.load_torch_weights(layer, theirs)
    layers = (ours.w_q, ours.w_k, ours.w_v, ours.w_o)  # their biases are 0 at first
    arrays = [layer.weight.detach().numpy().T.copy() for layer in layers]
    everything = {
        "nn.MultiheadAttention with weights": lambda: theirs(x, x, x, average_attn_weights=False),
        "nn.MultiheadAttention without": lambda: theirs(x, x, x, need_weights=False),
        "MultiHeadAttention": lambda: ours(x),
        "FusedMultiHeadAttention": lambda: fused(x),
        "multi_head_attention (NumPy)": lambda: course.multi_head_attention(
            x.numpy(), *arrays, HEADS
        ),
    }
    first, *others = (torch.as_tensor(call()[0]) for call in everything.values())
    for other in others:
        torch.testing.assert_close(other, first, rtol=1e-4, atol=1e-5)
    return everything

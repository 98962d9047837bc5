"""The functions that the course builds, one short module per idea.

NumPy, but for the torch layers, which are imported when they are first asked for. Rows are
tokens; leading axes are batch axes; weights are ``(..., n_q, n_k)`` with a row per query and a
column per key.
"""

from typing import TYPE_CHECKING

from qkv_course.attention.context import attention, self_attention, weighted_sum
from qkv_course.attention.cost import (
    attention_flops,
    decode_step,
    grouped_query_attention,
    kv_cache_bytes,
    streaming_attention,
)
from qkv_course.attention.heads import head_dim, merge_heads, multi_head_attention, split_heads
from qkv_course.attention.lookup import hard_lookup, similarity, soft_lookup
from qkv_course.attention.masks import (
    causal_mask,
    mask_scores,
    masked_attention,
    padding_mask,
)
from qkv_course.attention.positions import sinusoidal_positions
from qkv_course.attention.projections import project, projection_parameters, qkv
from qkv_course.attention.recurrence import mix, rnn_influence, rnn_states
from qkv_course.attention.scores import attention_scores, scaled_scores, score_std
from qkv_course.attention.softmax import (
    entropy,
    softmax,
    softmax_jacobian,
    softmax_with_temperature,
)
from qkv_course.attention.vectors import dot
from qkv_course.lazy import lazy_names

if TYPE_CHECKING:
    from qkv_course.attention.layers import (
        FusedMultiHeadAttention,
        MultiHeadAttention,
        load_torch_weights,
        torch_attention,
    )

__all__ = [
    "FusedMultiHeadAttention",
    "MultiHeadAttention",
    "attention",
    "attention_flops",
    "attention_scores",
    "causal_mask",
    "decode_step",
    "dot",
    "entropy",
    "grouped_query_attention",
    "hard_lookup",
    "head_dim",
    "kv_cache_bytes",
    "load_torch_weights",
    "mask_scores",
    "masked_attention",
    "merge_heads",
    "mix",
    "multi_head_attention",
    "padding_mask",
    "project",
    "projection_parameters",
    "qkv",
    "rnn_influence",
    "rnn_states",
    "scaled_scores",
    "score_std",
    "self_attention",
    "similarity",
    "sinusoidal_positions",
    "soft_lookup",
    "softmax",
    "softmax_jacobian",
    "softmax_with_temperature",
    "split_heads",
    "streaming_attention",
    "torch_attention",
    "weighted_sum",
]

IN_TORCH = (
    "FusedMultiHeadAttention",
    "MultiHeadAttention",
    "load_torch_weights",
    "torch_attention",
)

# torch takes seconds to import, and most lessons do without it
__getattr__, __dir__ = lazy_names(__name__, {"layers": IN_TORCH})

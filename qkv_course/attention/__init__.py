"""The functions that the course builds, one short module per idea.

Everything here is NumPy. Rows are tokens; leading axes are batch axes; weights are
``(..., n_q, n_k)`` with a row per query and a column per key.
"""

from qkv_course.attention.context import attention, self_attention, weighted_sum
from qkv_course.attention.lookup import hard_lookup, similarity, soft_lookup
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

__all__ = [
    "attention",
    "attention_scores",
    "dot",
    "entropy",
    "hard_lookup",
    "mix",
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
    "weighted_sum",
]

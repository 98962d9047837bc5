"""How to call streaming_attention so that its memory is measured with its result."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from qkv_course.checks.calls import Complaint
from qkv_course.measure import with_peak

SMALLEST = 2**17  # bytes of a score matrix beside which Python's own small objects do not count


def with_memory(
    function: Callable[..., Any], q: np.ndarray, k: np.ndarray, v: np.ndarray, block: int
) -> tuple[Any, int]:
    """Call a function, and say whether it ever held as much as a whole score matrix.

    Returns (context, whole): whole is 1 if the memory in use grew by the bytes of all
    n_q x n_k scores or more, else 0. Of small inputs it is always 0.
    """
    scores = q.shape[-2] * k.shape[-2] * q.itemsize
    if scores < SMALLEST:
        return function(q, k, v, block), 0

    def measured() -> Any:
        context = function(q, k, v, block)
        if not tracemalloc.is_tracing():
            raise Complaint("The memory cannot be measured: your function stopped tracemalloc")
        return context

    context, peak = with_peak(measured)
    return context, min(1, peak // scores)

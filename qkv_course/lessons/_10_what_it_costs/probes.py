"""How to call streaming_attention so that its memory is measured with its result."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from qkv_course.checks.calls import Complaint

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
    context, peak = _peak_of(lambda: function(q, k, v, block))
    return context, min(1, peak // scores)


def _peak_of(task: Callable[[], Any]) -> tuple[Any, int]:
    """Run a task; give its result and the most memory that it held at once, in bytes."""
    tracing = tracemalloc.is_tracing()  # the learner may be measuring something as well
    if not tracing:
        tracemalloc.start()
    before, highest = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    try:
        result = task()
        if not tracemalloc.is_tracing():
            raise Complaint("The memory cannot be measured: your function stopped tracemalloc")
        return result, tracemalloc.get_traced_memory()[1] - before
    finally:
        _leave(tracing, highest)


def _leave(tracing: bool, highest: int) -> None:
    """Leave tracemalloc as it was found, with the peak that it had seen."""
    if not tracing:
        tracemalloc.stop()
    elif (missing := highest - tracemalloc.get_traced_memory()[0]) > 0:
        np.empty(missing, dtype=np.uint8)  # is counted; the memory itself is never touched

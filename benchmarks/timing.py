"""Time one call again and again."""

import time
from collections.abc import Callable

AT_MOST_S = 3.0
AT_LEAST, AT_MOST = 5, 200


def measure(call: Callable[[], object]) -> list[float]:
    """Time a call, after one that does not count. Returns milliseconds."""
    call()
    taken: list[float] = []
    start = time.perf_counter()
    while len(taken) < AT_LEAST or (
        len(taken) < AT_MOST and time.perf_counter() - start < AT_MOST_S
    ):
        before = time.perf_counter()
        call()
        taken.append(1000 * (time.perf_counter() - before))
    return taken

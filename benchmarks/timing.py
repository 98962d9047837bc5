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


def by_turns(calls: dict[str, Callable[[], object]], rounds: int = 15) -> dict[str, list[float]]:
    """Time several calls in turn, so that a busy moment of the machine hits all of them alike.

    Returns milliseconds, by name; one round in front does not count.
    """
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds + 1):
        for name, call in calls.items():
            before = time.perf_counter()
            call()
            taken[name].append(1000 * (time.perf_counter() - before))
    return {name: times[1:] for name, times in taken.items()}

"""Measure time and memory on the page, and how fast they grow."""

import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")


def seconds(task: Callable[[], object], repeats: int = 7) -> float:
    """Run a task several times; give the time of the fastest run, in seconds.

    Whatever else the machine does can only add time, so the fastest run is the least disturbed.
    """
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        task()
        times.append(time.perf_counter() - start)
    return min(times)


def peak_bytes(task: Callable[[], object]) -> int:
    """Run a task; give the most memory that Python and NumPy held for it at once, in bytes."""
    return with_peak(task)[1]


def with_peak(task: Callable[[], Item]) -> tuple[Item, int]:
    """Run a task; give its result, and the most memory that was held for it, in bytes."""
    tracing = tracemalloc.is_tracing()  # somebody may be measuring something as well
    if not tracing:
        tracemalloc.start()
    before, highest = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    try:
        result = task()
        return result, tracemalloc.get_traced_memory()[1] - before
    finally:
        _leave(tracing, highest)


def _leave(tracing: bool, highest: int) -> None:
    """Leave tracemalloc as it was found, with the peak that it had seen."""
    if not tracing:
        tracemalloc.stop()
    elif (missing := highest - tracemalloc.get_traced_memory()[0]) > 0:
        np.empty(missing, dtype=np.uint8)  # is counted; the memory itself is never touched


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Fit values = c * sizes ** p by least squares of the logarithms; give p.

    sizes, values: positive numbers, two or more of each. A p of 2 means that twice the size
    gives four times the value.

    >>> round(exponent([10, 20, 40], [5, 20, 80]), 6)
    2.0
    """
    slope, _ = np.polyfit(np.log(sizes), np.log(values), 1)
    return float(slope)


def with_progress(items: Sequence[Item]) -> Iterator[Item]:
    """Yield the items, with a bar in the notebook that shows how far it is."""
    from IPython import get_ipython
    from IPython.display import ProgressBar

    if get_ipython() is None:  # nobody would see a bar, and each of its steps would be printed
        yield from items
        return
    bar = ProgressBar(len(items))  # type: ignore[no-untyped-call]  # IPython has no types here
    bar.display()  # type: ignore[no-untyped-call]
    for done, item in enumerate(items, start=1):
        yield item
        bar.progress = done

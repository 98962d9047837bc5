"""Time what learners wait for: `make bench`, or `make bench ARGS=start` for one file of them.

Every `bench_*.py` beside this file has `calls() -> dict[str, Callable[[], object]]`: what is
measured, in words, and a call without arguments that does it once.
"""

import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent
AT_MOST_S = 3.0
AT_LEAST, AT_MOST = 5, 200


def measure(call: Callable[[], object]) -> list[float]:
    """Time a call again and again, after one that does not count. Returns milliseconds."""
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


def main(wanted: list[str]) -> int:
    """Measure the files whose names hold one of these words, or all if there are none."""
    files = sorted(HERE.glob("bench_*.py"))
    chosen = [f.stem for f in files if not wanted or any(word in f.stem for word in wanted)]
    if not chosen:
        print(f"No benchmark is called that. There are: {', '.join(f.stem for f in files)}.")
        return 1
    print(f"{'':<44}{'median':>12}{'slowest':>12}{'runs':>7}")
    for name in chosen:
        for what, call in import_module(name).calls().items():
            taken = measure(call)
            median, slowest = statistics.median(taken), max(taken)
            print(f"{what:<44}{median:>9.2f} ms{slowest:>9.2f} ms{len(taken):>7}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

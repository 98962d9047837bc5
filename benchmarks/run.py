"""Time what learners wait for: `make bench`, or `make bench ARGS=start` for one file of them.

Every `bench_*.py` beside this file has `rows()`, which yields what is measured, in words, and
the milliseconds that it took, run after run. It may have `RATIOS`: what to divide by what.
"""

import statistics
import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent


def main(wanted: list[str]) -> int:
    """Measure the files whose names hold one of these words, or all if there are none."""
    files = sorted(HERE.glob("bench_*.py"))
    chosen = [f.stem for f in files if not wanted or any(word in f.stem for word in wanted)]
    if not chosen:
        print(f"No benchmark is called that. There are: {', '.join(f.stem for f in files)}.")
        return 1
    print(f"{'':<44}{'median':>12}{'95 %':>12}{'slowest':>12}{'runs':>7}")
    for name in chosen:
        module, medians = import_module(name), {}
        for what, taken in module.rows():
            late = sorted(taken)[int(0.95 * (len(taken) - 1))]
            figures = (statistics.median(taken), late, max(taken))
            print(f"{what:<44}{''.join(f'{x:>9.2f} ms' for x in figures)}{len(taken):>7}")
            medians[what] = figures[0]
        for what, (above, below) in getattr(module, "RATIOS", {}).items():
            print(f"{what:<44}{medians[above] / medians[below]:>9.2f} x  (ratio of medians)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Time what learners and teachers wait for: `make bench`, or `make bench ARGS=start` for one file.

Every `bench_*.py` beside this file has `rows()`, which yields what is measured, in words, and
the milliseconds that it took, run after run. It may have `RATIOS`: what to divide by what.
A `long_*.py` is the same and takes far longer: it is run only if it is asked for by its name, as
with `make bench ARGS=long_grading_soak`.
"""

import statistics
import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent


def main(wanted: list[str]) -> int:
    """Measure the files whose names hold one of these words, or all that are not long if none."""
    quick, long = (
        [f.stem for f in sorted(HERE.glob(f"{kind}_*.py"))] for kind in ("bench", "long")
    )
    chosen = [name for name in quick if not wanted or any(word in name for word in wanted)]
    chosen += [name for name in long if name in wanted]
    if not chosen:
        print(f"No benchmark is called that. There are: {', '.join(quick + long)}.")
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

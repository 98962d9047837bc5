"""How long tiny transformers take to learn, in processor time, and how well they have then learned.

Seeds 0 to 8 with the course's own settings. Each row is a training from its first step to its
last, snapshots included; its name says how many of the seeds read every feature right in 99 % of
the held-out passages, and how well the worst feature of the worst seed was read. Then Latin with
other numbers of heads (its name says how many), and the wrong attentions. All of it takes about
six minutes of processor time: `make bench ARGS=training`.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from qkv_course.languages import LATIN, REVIEWS
from qkv_course.training import Training
from qkv_course.training.broken import SoftmaxOverQueries, SplitWithoutTranspose
from qkv_course.training.recipes import passages

SEEDS = range(9)
GOOD = 0.99


def rows() -> Iterator[tuple[str, list[float]]]:
    """Time drawing, both trainings, the sweep of heads, and the wrong attentions."""
    for spoken in (LATIN, REVIEWS):
        taken = [timed(lambda s=spoken: s.draw(30_000, np.random.default_rng(0)))[0] for _ in SEEDS]
        yield f"30,000 passages of {spoken.name}", taken
        passages(spoken)  # drawn once, and kept
    yield row("reviews", SEEDS)
    yield row("latin", SEEDS)
    for heads in (1, 2, 8, 16):
        yield row("latin", SEEDS[:3], n_heads=heads)
    for attention in (SoftmaxOverQueries, SplitWithoutTranspose):
        yield row("latin", SEEDS[:3], attention=attention)


def row(language: str, seeds: Sequence[int], **settings: Any) -> tuple[str, list[float]]:
    """Train with each seed; give a name that tells how well, and the milliseconds of each."""
    taken, reached = [], []
    for seed in seeds:
        run = Training(language, seed=seed, **settings)
        taken.append(timed(run.train)[0])
        reached.append(min(run.history.snapshots[-1].accuracy.values()))
    good = sum(accuracy >= GOOD for accuracy in reached)
    told = " ".join(str(getattr(value, "__name__", value)) for value in settings.values())
    return f"{language} {told}: {good}/{len(taken)}, worst {min(reached):.2f}", taken


def timed(call: Any) -> tuple[float, Any]:
    """Call it once; give the processor's milliseconds, and the result."""
    before = time.process_time()
    result = call()
    return 1000 * (time.process_time() - before), result

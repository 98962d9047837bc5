"""Trainings that are run again: with the next seed, or with another number of heads."""

from collections.abc import Callable, Iterable

import numpy as np

from qkv_course.training.run import Training, TrainingFailed


def train_until(
    language: str,
    good_enough: float = 0.99,
    seeds: Iterable[int] = (1, 2, 3),
    train: Callable[[Training], object] = Training.train,
    n_heads: int = 4,
) -> Training:
    """Train with one seed after the other until every feature is read well, and say what was tried.

    good_enough: the accuracy that each feature has to reach on held-out passages, from 0 to 1.
    train: trains one run, say in front of somebody's eyes.
    Returns the training that is good enough, or one that was stopped on the way.
    Raises TrainingFailed if no seed was good enough.
    """
    tried: list[int] = []
    for seed in seeds:
        run = Training(language, n_heads=n_heads, seed=seed)
        train(run)
        if not run.done:
            return run
        missed = _missed(run, good_enough)
        if not missed:
            return run
        tried.append(seed)
        print(f"Seed {seed} is not good enough: {missed}. Fewer than {good_enough:.0%} are right.")
    raise TrainingFailed(
        f"No run read every feature right in {good_enough:.0%} of the passages; tried were the "
        f"seeds {', '.join(map(str, tried))}. Try others, or ask for less: good_enough=0.9."
    )


def sweep(
    language: str = "latin",
    n_heads: Iterable[int] = (1, 2, 4, 8, 16),
    seed: int = 0,
    steps: int | None = None,
) -> dict[int, dict[int, float]]:
    """Train once for each number of heads; the models have equally many parameters.

    Returns the accuracy on held-out passages, the mean of all features, by number of heads and
    then by step.
    """
    accuracies = {}
    for heads in n_heads:
        run = Training(language, n_heads=heads, seed=seed, steps=steps).train()
        accuracies[heads] = {
            snapshot.step: float(np.mean(list(snapshot.accuracy.values())))
            for snapshot in run.history.snapshots
        }
        if not run.done:  # somebody stopped it
            break
    return accuracies


def _missed(run: Training, good_enough: float) -> str:
    reached = run.history.snapshots[-1].accuracy
    return ", ".join(f"{name} {got:.1%}" for name, got in reached.items() if got < good_enough)

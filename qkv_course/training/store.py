"""Make the stored histories anew: `python -m qkv_course.training.store`, about half a minute."""

from qkv_course.training.history import STORED
from qkv_course.training.run import Training

SEEDS = {"reviews": 1, "latin": 1}


def main() -> None:
    """Train once for each language, with its stored seed, and write down the history."""
    for name, seed in SEEDS.items():
        history = Training(name, seed=seed).train().history
        history.save(STORED / f"{name}.json")
        last = ", ".join(f"{f} {a:.1%}" for f, a in history.snapshots[-1].accuracy.items())
        print(f"{name}, seed {seed}: {len(history.snapshots)} snapshots, {last}")


if __name__ == "__main__":
    main()

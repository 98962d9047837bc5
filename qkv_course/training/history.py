"""What a training was like: snapshots of what a small transformer reads, and where it looks."""

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from qkv_course.errors import QkvError, UnknownName

STORED = Path(__file__).parent / "histories"
FORMAT = 1


@dataclass(frozen=True)
class Snapshot:
    """The model at one step.

    step: how many steps were made. loss: the mean training loss since the snapshot before; in
    the first, the loss of the untrained model on held-out passages.
    accuracy: by feature, on held-out passages, from 0 to 1.
    roles: (n_layers, n_heads, n_roles) float32, the mean weight of the reading position on the
    word that has this role, over the held-out passages that have one.
    rows: (n_layers, n_heads, n_examples, n) float32, what the reading position attends to.
    """

    step: int
    loss: float
    accuracy: dict[str, float]
    roles: np.ndarray
    rows: np.ndarray


@dataclass
class History:
    """A training from its first step to its last, as far as it went.

    features: what is read from the last position. roles: the words that matter for it.
    examples: held-out passages as words, filled up on the left with "" to one length n.
    answers: for each example, the right answer by feature.
    """

    language: str
    n_heads: int
    d_model: int
    seed: int
    features: tuple[str, ...]
    roles: tuple[str, ...]
    examples: list[list[str]]
    answers: list[dict[str, str]]
    snapshots: list[Snapshot] = field(default_factory=list)

    @property
    def steps(self) -> list[int]:
        """The steps of the snapshots."""
        return [snapshot.step for snapshot in self.snapshots]

    def accuracy(self, feature: str) -> list[float]:
        """One feature's accuracy, snapshot by snapshot.

        Raises UnknownName where nothing of that name is read.
        """
        if feature not in self.features:
            raise UnknownName(f"{feature!r} is not read here. There are: {_list(self.features)}.")
        return [snapshot.accuracy[feature] for snapshot in self.snapshots]

    def learned(self, feature: str, threshold: float = 0.99) -> int | None:
        """The first snapshot's step at which a feature reaches an accuracy; None: it never does.

        Raises UnknownName where nothing of that name is read.
        """
        pairs = zip(self.steps, self.accuracy(feature), strict=True)
        return next((step for step, accuracy in pairs if accuracy >= threshold), None)

    def save(self, path: str | Path) -> None:
        """Write the history as JSON; weights are rounded, rows to 1/255, roles to 0.001."""
        described = {name: value for name, value in vars(self).items() if name != "snapshots"}
        snapshots = [_packed(snapshot) for snapshot in self.snapshots]
        text = json.dumps({"format": FORMAT, **described, "snapshots": snapshots})
        Path(path).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> "History":
        """Read what save has written.

        Raises QkvError, with one sentence, where there is no such file or it holds no history.
        """
        try:
            found = json.loads(Path(path).read_text(encoding="utf-8"))
            if found.pop("format") != FORMAT:
                raise ValueError
            found["features"], found["roles"] = tuple(found["features"]), tuple(found["roles"])
            found["snapshots"] = [_unpacked(snapshot) for snapshot in found["snapshots"]]
            return cls(**found)
        except OSError as error:
            raise QkvError(f"There is no history to read at {path}: {error.strerror}.") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise QkvError(
                f"{path} holds no history of a training. Save one with history.save(path)."
            ) from error


def reference_history(language: str = "reviews") -> History:
    """Give the stored history of a whole training: "reviews" or "latin".

    Raises UnknownName where none is stored under that name.
    """
    stored = sorted(path.stem for path in STORED.glob("*.json"))
    if language not in stored:
        raise UnknownName(f"No history is stored for {language!r}. There are: {_list(stored)}.")
    return History.load(STORED / f"{language}.json")


def _list(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(repr(name) for name in names)


def _packed(snapshot: Snapshot) -> dict[str, Any]:
    rows = np.rint(np.asarray(snapshot.rows) * 255).astype(np.uint8)
    return {
        "step": snapshot.step,
        "loss": round(snapshot.loss, 4),
        "accuracy": {name: round(value, 4) for name, value in snapshot.accuracy.items()},
        "roles": np.asarray(snapshot.roles, dtype=float).round(3).tolist(),
        "rows": {"shape": rows.shape, "uint8": base64.b64encode(rows.tobytes()).decode("ascii")},
    }


def _unpacked(packed: dict[str, Any]) -> Snapshot:
    rows = np.frombuffer(base64.b64decode(packed["rows"]["uint8"]), dtype=np.uint8)
    return Snapshot(
        step=packed["step"],
        loss=packed["loss"],
        accuracy=packed["accuracy"],
        roles=np.array(packed["roles"], dtype=np.float32),
        rows=rows.reshape(packed["rows"]["shape"]).astype(np.float32) / np.float32(255),
    )

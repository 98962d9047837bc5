"""What the training's view shows: a history in whole numbers, small enough for a notebook."""

import json
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from qkv_course.training import History

LANGUAGES = ("reviews", "latin")
PARTS, LEVELS = 1000, 100  # roles are in steps of 1/1000, rows in steps of 1/100

Sheet = dict[str, Any]


def sheet(history: "History") -> Sheet:
    """Write a history as JSON can carry it, its numbers flat.

    on_roles: (n_layers, n_heads, n_roles, snapshots), in thousandths. rows: (n_layers, n_heads,
    examples, n, snapshots), in hundredths.
    """
    snapshots = history.snapshots
    return {
        "n_layers": len(snapshots[0].roles),
        "n_heads": history.n_heads,
        "features": list(history.features),
        "roles": list(history.roles),
        "examples": history.examples,
        "answers": history.answers,
        "steps": history.steps,
        "loss": [round(s.loss, 4) for s in snapshots],
        "accuracy": [[round(s.accuracy[f], 4) for f in history.features] for s in snapshots],
        "on_roles": _steps([s.roles for s in snapshots], PARTS),
        "rows": _steps([s.rows for s in snapshots], LEVELS),
    }


def _steps(arrays: list[np.ndarray], levels: int) -> list[int]:
    # What follows in time differs little, so that it packs well side by side.
    flat: list[int] = np.rint(np.stack(arrays, axis=-1) * levels).astype(int).ravel().tolist()
    return flat


def sent(history: "History") -> bytes:
    """Write a history for the browser: a training of 1000 steps is 6 KB."""
    return zlib.compress(_written(sheet(history)).encode("utf-8"), 9)


@lru_cache(maxsize=2)
def stored(language: str) -> Sheet:
    """Give the history of a whole training that comes with the course."""
    from qkv_course.training import reference_history

    return sheet(reference_history(language))


def script_of_stored() -> str:
    """Write the stored histories as a script, so that the browser has them without asking."""
    return f"const STORED = {_written({name: stored(name) for name in LANGUAGES})};\n"


def _written(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))

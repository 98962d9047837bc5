"""Queries, keys and weights of one's own, made ready for the attention explorer."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from qkv_course.errors import BadAnswer

MOST_HEADS, MOST_TOKENS = 96, 64
MOST_NUMBERS = 1_000_000  # they travel to the browser, and into the saved notebook
AXES = {"q": "n_q, d_k", "k": "n_k, d_k", "v": "n_k, d_v", "weights": "n_q, n_k"}


@dataclass(frozen=True)
class Data:
    """What attends to what.

    queries, keys: names of the tokens that ask and of those that are asked. arrays: "q"
    (n_heads, n_q, d_k), "k" (n_heads, n_k, d_k) and perhaps "v" (n_heads, n_k, d_v); or
    "weights" (n_heads, n_q, n_k) alone.
    """

    queries: tuple[str, ...]
    keys: tuple[str, ...]
    arrays: dict[str, np.ndarray]

    @property
    def heads(self) -> int:
        """How many heads there are."""
        return len(next(iter(self.arrays.values())))

    def sent(self) -> dict[str, Any]:
        """Write it for the browser: float32, in binary."""
        arrays = {
            name: {"shape": list(a.shape), "data": a.astype("<f4").tobytes()}
            for name, a in self.arrays.items()
        }
        return {"queries": list(self.queries), "keys": list(self.keys), "arrays": arrays}


def own_data(given: dict[str, Any], tokens: Any = None, query_tokens: Any = None) -> Data:
    """Check arrays that somebody wants to see, and name their tokens.

    given: "q" and "k", and perhaps "v"; or "weights"; each with or without an axis of heads.
    tokens: names of the keys, and of the queries too if these are as many.
    query_tokens: names of the queries, if they are others.
    Raises BadAnswer: names that do not go together, shapes, sizes, nan, rows that do not sum to 1.
    """
    arrays = {name: _array(name, value) for name, value in given.items()}
    if set(arrays) not in ({"q", "k"}, {"q", "k", "v"}, {"weights"}):
        raise BadAnswer(
            f"You gave {' and '.join(arrays)}. "
            "Give q and k (and v, if you have it), or weights alone."
        )
    _fit(arrays)
    first, second = (arrays["weights"],) * 2 if "weights" in arrays else (arrays["q"], arrays["k"])
    n_q, n_k = first.shape[1], second.shape[1 if "k" in arrays else 2]
    same = query_tokens is None and n_q == n_k
    keys = _names("tokens", tokens, n_k, "t" if same else "k")
    if same:
        return Data(keys, keys, arrays)
    return Data(_names("query_tokens", query_tokens, n_q, "q"), keys, arrays)


def _array(name: str, value: Any) -> np.ndarray:
    """Read an array (n_heads, rows, columns) in the precision of the browser's copy."""
    if isinstance(value, tuple) and any(hasattr(part, "shape") for part in value):
        raise BadAnswer(
            f"{name} is a tuple of {len(value)} arrays, perhaps all results of a call. "
            "Give one of them."
        )
    try:
        plain = value.detach().cpu().float().numpy() if hasattr(value, "detach") else value
        array = np.asarray(plain)
    except Exception as error:  # a tensor of any library may raise anything here
        saw = f"{name} cannot be read as an array ({type(error).__name__})."
        raise BadAnswer(f"{saw} Give a NumPy array.") from None
    if array.dtype.kind not in "biuf":
        raise BadAnswer(f"{name} holds {array.dtype}, not numbers. Give a NumPy array of numbers.")
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise BadAnswer(
            f"{name} has the shape {array.shape}. It should be (n_heads, {AXES[name]}), "
            f"or ({AXES[name]}) for one head" + (f": try {name}[0]." if array.ndim > 3 else ".")
        )
    with np.errstate(over="ignore"):  # what is too large becomes inf, which is told below
        array = array.astype(np.float32).astype(np.float64)
    if not np.isfinite(array).all():
        place = ", ".join(map(str, np.argwhere(~np.isfinite(array))[0]))
        raise BadAnswer(f"{name}[{place}] is {array[~np.isfinite(array)][0]}. Give finite numbers.")
    return array if array.ndim == 3 else array[np.newaxis]


def _fit(arrays: dict[str, np.ndarray]) -> None:
    """Hold the arrays against each other and against what the browser can take."""
    shapes = {name: a.shape for name, a in arrays.items()}
    seen = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
    if len({shape[0] for shape in shapes.values()}) > 1:
        raise BadAnswer(f"The numbers of heads differ: {seen}. The first axis counts the heads.")
    if "q" in shapes and shapes["q"][2] != shapes["k"][2]:
        raise BadAnswer(f"The last axes differ: {seen}. A query and a key are equally long.")
    if "v" in shapes and shapes["v"][1] != shapes["k"][1]:
        raise BadAnswer(f"Keys and values differ in number: {seen}. Every key has one value.")
    total = sum(a.size for a in arrays.values())
    tokens = max(n for s in shapes.values() for n in s[1 : 3 if "weights" in shapes else 2])
    heads = next(iter(shapes.values()))[0]
    for what, found, most in (
        ("heads", heads, MOST_HEADS),
        ("tokens", tokens, MOST_TOKENS),
        ("numbers", total, MOST_NUMBERS),
    ):
        if found > most:
            raise BadAnswer(
                f"These are {found:,} {what} ({seen}); the explorer takes up to {most:,}. "
                "Give it a part, such as the first heads or tokens."
            )
    if "weights" in arrays:
        _are_weights(arrays["weights"])


def _are_weights(weights: np.ndarray) -> None:
    """Rows of weights sum to 1, but for the rounding of small floats, or hold nothing."""
    sums = weights.sum(axis=-1)  # (n_heads, n_q)
    wrong = ((np.abs(sums - 1) > 0.02) & (sums != 0)) | (weights.min(axis=-1) < 0)
    if wrong.any():
        head, i = np.argwhere(wrong)[0]
        row = weights[head, i]
        fault = f"holds {row.min():.4g}" if row.min() < 0 else f"sums to {row.sum():.4g}"
        dropout = "" if row.min() < 0 else " Or has a dropout changed them? eval() turns it off."
        raise BadAnswer(
            f"weights[{head}, {i}] {fault}. Weights are 0 or more and a row sums to 1; "
            f"are these scores, before the softmax?{dropout}"
        )


def _names(what: str, given: Iterable[Any] | None, n: int, letter: str) -> tuple[str, ...]:
    if given is None:
        return tuple(f"{letter}{i}" for i in range(n))
    if not isinstance(given, Iterable):
        raise BadAnswer(f"{what} is {given!r}. Give {n} names, in a list or in one text.")
    names = tuple(map(str, given.split() if isinstance(given, str) else given))
    if len(names) != n:
        which = "queries" if letter == "q" else "keys"
        raise BadAnswer(f"{what} has {len(names)} names, and there are {n} {which}: give {n}.")
    return names

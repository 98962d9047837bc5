"""What a call is given: copy it, narrow it, find the arrays in it, see whether it was changed."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np


def fresh(argument: Any, awkward: bool = False) -> Any:
    """Copy an argument; `awkward` makes an array read-only and not contiguous."""
    if not isinstance(argument, np.ndarray):
        return copy.deepcopy(argument)
    if not awkward or argument.ndim == 0:
        return argument.copy()
    roomy = np.zeros((*argument.shape[:-1], 2 * argument.shape[-1]), dtype=argument.dtype)
    spaced = roomy[..., ::2]
    spaced[...] = argument
    spaced.flags.writeable = False
    return spaced


def narrowed(argument: Any) -> Any:
    """Give the same argument with floats in single precision."""
    return _on_arrays(argument, lambda a: a.astype(np.float32) if a.dtype.kind == "f" else a)


def arrays_in(argument: Any) -> Iterator[np.ndarray]:
    """Yield every array of an argument, also those inside dicts, lists and tuples."""
    if isinstance(argument, np.ndarray):
        yield argument
    elif isinstance(argument, dict | list | tuple):
        for part in argument.values() if isinstance(argument, dict) else argument:
            yield from arrays_in(part)


def changed(before: Any, after: Any) -> bool:
    """Say whether an argument is no longer what it was."""
    if isinstance(before, np.ndarray):
        # A learner can change shape and dtype in place too.
        same = after.shape == before.shape and after.dtype == before.dtype
        return not (same and np.array_equal(before, after, equal_nan=before.dtype.kind == "f"))
    if isinstance(before, dict):
        return before.keys() != after.keys() or any(changed(v, after[k]) for k, v in before.items())
    try:
        return bool(before != after)
    except Exception:  # something of the learner's own is in it now
        return True


def _on_arrays(argument: Any, f: Callable[[np.ndarray], np.ndarray]) -> Any:
    if isinstance(argument, np.ndarray):
        return f(argument)
    if isinstance(argument, dict):
        return {name: _on_arrays(part, f) for name, part in argument.items()}
    return argument

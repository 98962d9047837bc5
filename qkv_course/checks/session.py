"""Keep the learner's session as it was, whatever their function does to it."""

import builtins
import math
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from io import TextIOBase
from typing import Any

import numpy as np

# The names that the checks, and the course's own functions, cannot do without.
MODULES = (builtins, math, np, np.linalg, os, signal, sys, time, warnings)
KEPT: list[dict[str, Any]] = [*map(vars, MODULES), sys.modules]


def call_kept(function: Callable[..., Any], given: tuple[Any, ...]) -> Any:
    """Call a function, and put back what it replaced or deleted in KEPT."""
    before = [(names, names.copy()) for names in KEPT]
    try:
        return function(*given)
    finally:
        for names, old in before:  # methods only: any builtin may be gone right here
            names.update(old)


@contextmanager
def settings_kept() -> Iterator[None]:
    """Put back NumPy's print options, the recursion limit, the folder and Ctrl-C."""
    depth, folder, interrupt = sys.getrecursionlimit(), _folder(), signal.getsignal(signal.SIGINT)
    try:
        with np.printoptions():
            yield
    finally:
        sys.setrecursionlimit(depth)
        if folder != _folder():
            with suppress(OSError):
                os.chdir(folder)
        if interrupt is not signal.getsignal(signal.SIGINT) and _in_main_thread():
            signal.signal(signal.SIGINT, interrupt)


@contextmanager
def muffled(printed: TextIOBase) -> Iterator[None]:
    """Send all prints to `printed`, and keep warnings quiet."""
    with (
        redirect_stdout(printed),
        redirect_stderr(printed),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        yield


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was deleted
        return ""


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()

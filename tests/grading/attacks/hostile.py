"""What an attack is, and the notebook of lesson 05 around it."""

import inspect
import secrets
from dataclasses import dataclass

from qkv_course.attention import entropy, softmax, softmax_jacobian, softmax_with_temperature
from qkv_course.grading.limits import Limits
from qkv_course.grading.notebooks import Cell
from qkv_course.lessons import LESSONS

LESSON = "05_softmax"
POINTS = LESSONS[LESSON]
SOLUTIONS = {
    function.__name__: inspect.getsource(function)
    for function in (softmax, softmax_with_temperature, entropy, softmax_jacobian)
}
WRONG = {
    "softmax": "def softmax(scores):\n    return scores",
    "softmax_with_temperature": "def softmax_with_temperature(scores, t):\n    return scores",
    "entropy": "def entropy(weights):\n    return weights.sum(axis=-1)",
    "softmax_jacobian": "def softmax_jacobian(weights):\n    return weights",
}
OWN = secrets.token_hex(16)
USUAL = Limits()
SOON = Limits(seconds=60, cell_seconds=1, exercise_seconds=1)
SMALL = Limits(memory=128 << 20, temporary=4 << 20, file_size=1 << 20)

# What attacks are written with. Anything but a refusal is a mistake in the attack itself, and
# stops its cell, which the test sees.
TOOLS = """
import ctypes, os, sys
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
REACHED = []

def syscall(number, *arguments):
    wide = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = LIBC.syscall(ctypes.c_long(number), *wide)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result

def attempt(what, function, *arguments, **named):
    try:
        got = function(*arguments, **named)
    except (OSError, MemoryError):
        return None
    REACHED.append(f"{what} {got!r}"[:100])
    return got

def listed(path):
    names = os.listdir(path)
    if names == ['.venv']:  # the way to the environment, where that lies in the checkout
        raise FileNotFoundError
    return names

def say():
    if REACHED:
        raise Exception("REACHED " + ", ".join(REACHED))
"""


@dataclass(frozen=True)
class Attack:
    """A hostile notebook, and what honest grading makes of it.

    cell: runs before the learner's own functions. function: the body of `entropy`, which then is
    worth nothing. wrong: all of the work is wrong, so that any point is forged.
    tampers: it breaks its own process, and may lose the points of its other exercises.
    status: what becomes of `entropy`, or what may. note: what is said of the cell; "" if it came
    to its end.
    limits: for this submission.
    """

    name: str
    cell: str = ""
    function: str = ""
    wrong: bool = False
    tampers: bool = False
    status: str = ""
    note: str = ""
    limits: Limits = USUAL

    @property
    def cells(self) -> list[Cell]:
        work = dict(WRONG if self.wrong else SOLUTIONS)
        if self.function:
            body = "".join(f"    {line}\n" for line in self.function.strip().splitlines())
            work["entropy"] = f"def entropy(weights):\n{body}"
        sources = ["import numpy as np", TOOLS + self.cell + "\nsay()\n", *work.values()]
        return [Cell(i, source, "") for i, source in enumerate(sources, 1)]

    @property
    def deserved(self) -> dict[str, int]:
        """The points that the work itself deserves."""
        if self.wrong:
            return dict.fromkeys(POINTS, 0)
        return {**POINTS, "entropy": 0} if self.function else dict(POINTS)


def honest() -> list[Cell]:
    """The lesson as a learner hands it in who has solved all of it, with a cell of their own."""
    return [*Attack("honest").cells, Cell(99, f"mine = '{OWN}'", "")]

"""What grading a notebook takes, against running the same one from top to bottom with nbclient.

By turns, so that a busy machine disturbs both alike: trust processor times and ratios more than
the clock. Grading runs the learner's cells, and those that they need, and calls the functions.
nbclient runs all cells, demonstrations too; and, for one lesson, no more than grading needs: the
same cells and their checks. `make bench ARGS=grading`; what takes longer has files of its own,
`long_grading_*.py`.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, islice
from typing import Any

import graders
from graders import Clock, Spent, columns, graded, needed_only, ran, solution

from qkv_course.checks.run import run_check
from qkv_course.grading.box import Box
from qkv_course.grading.judge import RemoteTarget
from qkv_course.grading.ladder import find_rung
from qkv_course.grading.notebooks import Cell
from qkv_course.grading.room import Room
from qkv_course.lessons import find_exercise

LESSONS = ("05_softmax", "08_many_heads", "09_in_pytorch")
STARTS, ROUNDS, GRADED_A_ROUND = 3, 4, 5
FEW, MANY, CALL_ROUNDS = 25, 125, 40
SOFTMAX = """
import numpy as np
def softmax(scores):
    exps = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exps / exps.sum(axis=-1, keepdims=True)
"""
NEEDED = "no more than needed"
RATIOS = {
    f"{lesson}, nbclient / graded, {kind}": (f"{lesson}, nbclient, {kind}", f"{lesson}, {kind}")
    for lesson in LESSONS
    for kind in ("wall", "CPU")
} | {
    f"{NEEDED}, nbclient / graded, {kind}": (f"{NEEDED}, nbclient, {kind}", f"{NEEDED}, {kind}")
    for kind in ("wall", "CPU")
}


def rows() -> Iterator[tuple[str, list[float]]]:
    """Start; lessons against nbclient; one notebook with few calls and with many; memory."""
    rung = find_rung(allow_weak=True).rung
    print(f"The rung is {rung}.")
    yield "ready to run learners' code, wall", [start(rung) for _ in range(STARTS)]
    with Box(rung) as box:
        for lesson in LESSONS:
            yield from against_nbclient(box, lesson, lesson, solution(lesson))
        yield from against_nbclient(box, NEEDED, LESSONS[0], needed_only(LESSONS[0]))
        yield from by_calls(box)
    print(subprocess.check_output([sys.executable, graders.__file__, rung], text=True), end="")


def start(rung: str) -> float:
    """Start a box and close it. Returns the milliseconds until it was ready."""
    before = time.perf_counter()
    box = Box(rung)
    taken = 1000 * (time.perf_counter() - before)
    box.close()
    return taken


def against_nbclient(
    box: Box, what: str, lesson: str, data: bytes
) -> Iterator[tuple[str, list[float]]]:
    """Grade a solved notebook, and run it, in turn; one round in front does not count."""
    ours, theirs = [], []
    for _ in range(ROUNDS + 1):
        theirs.append(ran(data))
        for _ in range(GRADED_A_ROUND):
            spent, judgment = graded(box, lesson, data)
            assert all(e.status == "passed" for e in judgment.exercises), judgment
            ours.append(spent)
    yield from columns(what, ours[GRADED_A_ROUND:])
    yield from columns(f"{what}, nbclient", theirs[1:])


def by_calls(box: Box) -> Iterator[tuple[str, list[float]]]:
    """Judge a notebook of ten cells by few calls and by many, in turn."""
    few, many = [], []
    for _ in range(CALL_ROUNDS):
        few.append(judged(box, FEW))
        many.append(judged(box, MANY))
    yield from columns(f"10 cells, {FEW} calls", few)
    yield from columns(f"10 cells, {MANY} calls", many)
    pairs = zip(few, many, strict=True)
    yield "one more call, CPU", [(b.cpu - a.cpu) / (MANY - FEW) for a, b in pairs]


def judged(box: Box, calls: int) -> Spent:
    """Check a softmax by so many calls."""
    softmax = find_exercise("softmax")

    def cases(rng: Any) -> Iterator[Any]:
        return islice(cycle(softmax.cases(rng)), calls - 1)  # the first comes once more

    cells = [Cell(n, f"part_{n} = {n} + 1\nprint(part_{n})", "") for n in range(9)]
    clock = Clock()
    room = Room(box, LESSONS[0], [*cells, Cell(9, SOFTMAX, "softmax")])
    assert room.find("softmax", "")[0] == "function"
    exercise = replace(softmax, cases=cases)
    report = run_check(exercise, RemoteTarget(room, exercise, 10.0))
    room.leave()
    assert report.passed and report.cases == calls, report
    return clock.spent(room.cpu)

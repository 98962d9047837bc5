"""600 notebooks through one box, a third of them hostile: all points right, nothing left over."""

import json
from collections.abc import Iterator
from itertools import cycle

import psutil
from graders import MIB, Spent, columns, graded, memory, solution, warm_process

from qkv_course.grading.box import Box
from qkv_course.grading.ladder import find_rung
from qkv_course.grading.limits import Limits
from qkv_course.lessons import LESSONS

LESSON, NOTEBOOKS, BLOCK = "05_softmax", 600, 60
USUAL = Limits()
SMALL = Limits(seconds=60, cell_seconds=1, exercise_seconds=1, memory=256 * MIB)
HOSTILE = {
    "os._exit": "import os\n    os._exit(0)",
    "a loop that does not end": "while True:\n        pass",
    "30 GB": "held = []\n    while len(held) < 480:\n        held.append(bytes(1 << 26))",
    "a segmentation fault": "import ctypes\n    ctypes.string_at(0)",
    "a flood of descriptors": "held = []\n    for _ in range(10**5):\n"
    "        held.append(open('/dev/null'))",
    "a flood of threads": "import threading, time\n    for _ in range(10**4):\n"
    "        threading.Thread(target=time.sleep, args=(100,)).start()",
}
"""Bodies of the function `entropy`."""
STATUS = dict(
    zip(HOSTILE, ["crashed", "timed out", "raised", "crashed", "raised", "raised"], strict=True)
)
WRONG = "return weights.sum(axis=-1)"


def rows() -> Iterator[tuple[str, list[float]]]:
    """Grade right, wrong and hostile notebooks by turns, and compare all points."""
    honest: list[Spent] = []
    hostile: dict[str, list[Spent]] = {name: [] for name in HOSTILE}
    names, misgraded = cycle(HOSTILE), 0
    notebooks = {name: notebook(body) for name, body in {**HOSTILE, "wrong": WRONG}.items()}
    notebooks["right"] = solution(LESSON)
    with Box(find_rung(allow_weak=True).rung) as box:
        warm = warm_process(box)
        for number in range(NOTEBOOKS):
            kind = next(names) if number % 3 == 2 else ("right", "wrong")[number % 3]
            box.limits = SMALL if kind in HOSTILE else USUAL
            spent, judgment = graded(box, LESSON, notebooks[kind])
            points = {e.exercise: e.points for e in judgment.exercises}
            (status,) = (e.status for e in judgment.exercises if e.exercise == "entropy")
            misgraded += points != deserved(kind) or status != STATUS.get(kind, status)
            hostile.get(kind, honest).append(spent)
            if number % BLOCK == BLOCK - 1:
                print(f"After {number + 1}: {left_over(box)}.")
        assert warm_process(box) == warm, "the warm process was lost"
    print(f"{misgraded} of {NOTEBOOKS} misgraded.")
    yield from columns("honest, first hundred", honest[:100])
    yield from columns("honest, last hundred", honest[-100:])
    for name, several in hostile.items():
        yield from columns(name, several)


def notebook(body: str) -> bytes:
    """Give the solved notebook with another function in the place of `entropy`."""
    content = json.loads(solution(LESSON))
    for cell in content["cells"]:
        if cell["id"] == "entropy":
            cell["source"] = f"def entropy(weights):\n    {body}"
    return json.dumps(content).encode()


def deserved(kind: str) -> dict[str, int]:
    """Give the points of each exercise."""
    return {**LESSONS[LESSON], **({} if kind == "right" else {"entropy": 0})}


def left_over(box: Box) -> str:
    """Say what the grader holds."""
    here, warm = psutil.Process(), warm_process(box)
    below = len(here.children(recursive=True))
    return (
        f"{below} processes, descriptors {here.num_fds()} and {warm.num_fds()}; "
        f"the judge {memory(here)}; warm {memory(warm)}"
    )

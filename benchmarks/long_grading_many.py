"""Whether the two thousandth notebook costs as much as the tenth, in one process and one box."""

from collections.abc import Iterator

import psutil
from graders import columns, graded, memory, solution, warm_process

from qkv_course.grading.box import Box
from qkv_course.grading.ladder import find_rung

LESSON = "05_softmax"
BLOCKS = (10, 90, 400, 500, 1000)
LAST = sum(BLOCKS)
RATIOS = {
    "the last thousand / the first ten, CPU": (f"{LAST - 999} to {LAST}, CPU", "1 to 10, CPU"),
    "the last thousand / 11 to 100, CPU": (f"{LAST - 999} to {LAST}, CPU", "11 to 100, CPU"),
}


def rows() -> Iterator[tuple[str, list[float]]]:
    """Grade the same notebook again and again, and look at the memory now and then."""
    data, first = solution(LESSON), 1
    with Box(find_rung(allow_weak=True).rung) as box:
        graded(box, LESSON, data)
        for block in BLOCKS:
            spent = [graded(box, LESSON, data)[0] for _ in range(block)]
            yield from columns(f"{first} to {first + block - 1}", spent)
            print(f"The judge: {memory(psutil.Process())}. Warm: {memory(warm_process(box))}.")
            first += block

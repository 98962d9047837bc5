"""Draw the calls of a check: the same function, over the shapes that it must handle."""

from collections.abc import Callable, Iterator
from typing import Any

from qkv_course.checks.exercise import Case

BATCH_AXES: dict[str, tuple[int, ...]] = {
    "one sentence": (),
    "a batch of 2 sentences": (2,),
    "two batch axes": (6, 2),
}

Make = Callable[..., tuple[Any, ...]]


def spread(make: Make, batched: bool = True) -> Iterator[Case]:
    """Draw two calls of each shape, then one in float32 and one read-only and not contiguous.

    make: draws the arguments; called with the batch axes in front of the shapes, `*lead`.
    batched: False for functions without batch axes.
    """
    groups = BATCH_AXES if batched else {"other sizes": ()}
    for group, lead in groups.items():
        yield Case(group, make(*lead))
        yield Case(group, make(*lead))
    yield Case("one more", make()).as_float32()
    yield Case("read-only and not contiguous", make(), awkward=True)

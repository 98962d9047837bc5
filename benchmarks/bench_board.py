"""What the live board adds to a check, and how long it takes to take in an event."""

import os
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from timing import measure

from qkv_course.workshop.board import learner
from qkv_course.workshop.board.catalogue import Catalogue
from qkv_course.workshop.board.events import Event
from qkv_course.workshop.board.membership import Membership, write_membership
from qkv_course.workshop.board.requests import Board
from qkv_course.workshop.board.server import news, snapshot
from qkv_course.workshop.board.settings import Settings
from qkv_course.workshop.board.store import Store

LEARNERS, TRIED = 300, 12


def rows() -> Iterator[tuple[str, list[float]]]:
    """Time each call."""
    return ((what, measure(call)) for what, call in calls().items())


def calls() -> dict[str, Callable[[], object]]:
    """What a learner's check and the board's one process do over and over."""
    os.environ["QKV_HOME"] = tempfile.mkdtemp()
    board = Board(
        Settings(), Store(Path(tempfile.mkdtemp()) / "b.sqlite"), Catalogue.of_the_course()
    )
    names = [f"learner-{n:03}" for n in range(LEARNERS)]
    exercises = list(board.catalogue.lessons)[:TRIED]
    for name in names:
        board.store.add(name, [_event(exercise) for exercise in exercises])
    return {
        "report a check, no board joined": lambda: learner.report("dot", "wrong"),
        "report a check, board joined but gone": _joined_report,
        "store one event (fsync)": lambda: board.store.add(names[0], [_event("dot")]),
        "the board of 300 learners, all of it": lambda: snapshot(board),
        "the board of 300 learners, 30 changed": lambda: news(board, set(names[:30])),
    }


def _event(exercise: str) -> Event:
    return Event(uuid.uuid4().hex, exercise, "wrong", 1, time.time())


def _joined_report() -> None:
    if not learner.read_membership():
        write_membership(Membership("http://127.0.0.1:9", "token", "teal-lynx-60", told=True))
    learner.report("dot", "wrong")

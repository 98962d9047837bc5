"""Where nothing can be forked, each notebook gets a fresh process, and the same grade."""

import socket
from collections.abc import Iterator

import psutil
import pytest

from qkv_course.grading.alone import Fresh, FreshBox
from qkv_course.grading.inside import wire
from qkv_course.grading.judge import judge
from qkv_course.grading.limits import Limits
from qkv_course.grading.notebooks import Cell

RIGHT = Cell(1, "def dot(a, b):\n    return float((a * b).sum())", "dot")
WRONG = Cell(1, "def dot(a, b):\n    return a * b", "dot")


@pytest.fixture(scope="module")
def box() -> Iterator[FreshBox]:
    with FreshBox(Limits(cell_seconds=20, exercise_seconds=20)) as box:
        yield box


def test_right_and_wrong_are_told_apart(box: FreshBox) -> None:
    right, wrong = (judge(box, "00_start_here", [cell]).exercises[0] for cell in (RIGHT, WRONG))
    assert (right.status, right.points) == ("passed", 1)
    assert (wrong.status, wrong.points) == ("wrong", 0)
    assert "looks like" in wrong.headline


def test_what_ends_its_process_costs_only_itself(box: FreshBox) -> None:
    deadly = Cell(2, "import os\nos._exit(3)", "")
    judgment = judge(box, "00_start_here", [RIGHT, deadly])
    assert judgment.exercises[0].points == 1
    assert "it left with the status 3" in judgment.notes[0]


def test_nothing_is_left_behind() -> None:
    before = {p.pid for p in psutil.Process().children(recursive=True)}
    with FreshBox() as box:
        judge(box, "00_start_here", [RIGHT])
    assert {p.pid for p in psutil.Process().children(recursive=True)} <= before


def test_a_stranger_who_connects_first_is_not_taken_for_the_process() -> None:
    process = Fresh(Limits())
    try:
        with socket.create_connection(process._listener.getsockname()) as stranger:
            wire.send(stranger, "let me in")
            channel = process.ready()
            assert channel.getpeername() != stranger.getsockname()
    finally:
        process.kill()

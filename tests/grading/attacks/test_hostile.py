"""Hostile notebooks: no point is forged, nothing is reached, and nobody else is harmed."""

import hashlib
import inspect
import os
import platform
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import endings
import forging
import lying
import poison
import psutil
import pytest
import reaching
import resources
from hostile import LESSON, OWN, POINTS, Attack, honest

import qkv_course
from qkv_course.attention import softmax_jacobian, streaming_attention
from qkv_course.grading import session
from qkv_course.grading.box import Box
from qkv_course.grading.inside.confine import MACHINES, REFUSED
from qkv_course.grading.judge import Judgment, judge
from qkv_course.grading.notebooks import Cell

ISOLATION = (
    *endings.SIGNALS,
    *resources.PROCESSES,
    *resources.MEMORY,
    *resources.FILES,
    *reaching.READING,
    *reaching.OTHERS,
    *reaching.NETWORK,
    *reaching.KERNEL,
)
"""What depends on how well a process is shut in, and is tried on every rung."""
THE_REST = (
    *reaching.ANSWERS,
    *endings.ENDINGS,
    *endings.LOOPS,
    *endings.FLOODS,
    *lying.VALUES,
    *lying.PATCHES,
    *forging.FRAMES,
    *forging.LOOKED_FOR,
    *poison.POISONS,
)
RUNGS = ("jail", "jail-lite", "landlock")
CASES = [(rung, attack) for rung in RUNGS for attack in ISOLATION] + [
    ("jail", attack) for attack in THE_REST
]


@dataclass(frozen=True)
class World:
    """What attacks reach for. facts: by the names that attacks call them."""

    folder: Path
    facts: dict[str, object]
    listening: tuple[socket.socket, ...]

    def untouched(self) -> bool:
        """Say whether nothing came of it."""
        secret = self.folder / "secret.txt"
        files = sorted(path.name for path in self.folder.iterdir())
        same = secret.read_text() == "secret" and secret.stat().st_mode & 0o777 == 0o644
        return same and files == ["datagram", "empty", "secret.txt", "stream"] and self.silent()

    def silent(self) -> bool:
        for one in self.listening:
            try:
                one.accept() if one.type == socket.SOCK_STREAM else one.recv(1)
            except BlockingIOError:
                continue
            return False
        return True


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("teacher")
    (folder / "secret.txt").write_text("secret")
    (folder / "secret.txt").chmod(0o644)
    (folder / "empty").mkdir()
    abstract = f"qkv-{secrets.token_hex(8)}"
    places = [
        (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
        (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
        (socket.AF_UNIX, socket.SOCK_STREAM, str(folder / "stream")),
        (socket.AF_UNIX, socket.SOCK_DGRAM, str(folder / "datagram")),
        (socket.AF_UNIX, socket.SOCK_STREAM, f"\0{abstract}"),
        (socket.AF_UNIX, socket.SOCK_DGRAM, f"\0{abstract}2"),
    ]
    with ExitStack() as stack:
        listening = []
        for family, kind, address in places:
            one = stack.enter_context(socket.socket(family, kind))
            one.bind(address)
            one.setblocking(False)
            if kind == socket.SOCK_STREAM:
                one.listen()
            listening.append(one)
        at = list(MACHINES).index(platform.machine())
        numbers = {name: n[at] for name, n in REFUSED.items() if n[at] is not None}
        facts = {
            "folder": folder,
            "checkout": Path(qkv_course.__file__).parents[1],
            "pid": os.getpid(),
            "tcp": listening[0].getsockname()[1],
            "udp": listening[1].getsockname()[1],
            "abstract": abstract,
            "needles": [needle(line) for line in (*answers(), OWN)],
            "refused": numbers,
            **{name: numbers[name] for name in ("ptrace", "process_vm_readv")},
        }
        yield World(folder, facts, tuple(listening))


def needle(line: str) -> tuple[bytes, int, str]:
    whole = line.encode()
    return whole[:10], len(whole), hashlib.sha256(whole).hexdigest()


def answers() -> list[str]:
    """Lines that only the answers to this lesson, and to later ones, have."""
    lines = []
    for function in (softmax_jacobian, streaming_attention):
        lines.append(max(inspect.getsource(function).splitlines(), key=len).strip())
    return lines


def cells_of(attack: Attack, world: World) -> list[Cell]:
    """Give an attack's notebook, with what it reaches for written into it."""
    if attack not in reaching.ALL:
        return attack.cells
    named = re.compile("[{](" + "|".join(world.facts) + ")[}]")

    def filled(text: str) -> str:
        text = named.sub(lambda m: str(world.facts[m[1]]), text)
        return text.replace("{{", "{").replace("}}", "}")

    return replace(attack, cell=filled(attack.cell), function=filled(attack.function)).cells


def points(judgment: Judgment) -> dict[str, int]:
    return {e.exercise: e.points for e in judgment.exercises}


def grade(box: Box, attack: Attack, cells: list[Cell], monkeypatch: pytest.MonkeyPatch) -> Judgment:
    """Judge within the attack's limits. A hung process is given up soon."""
    monkeypatch.setattr(session, "GRACE", 0.5)
    monkeypatch.setattr(box, "limits", attack.limits)
    judgment = judge(box, LESSON, cells)
    monkeypatch.undo()
    return judgment


def processes(box: Box) -> int:
    return len(psutil.Process(box._process.pid).children(recursive=True))


@pytest.mark.parametrize(
    ("rung", "attack"), CASES, ids=[f"{rung}-{attack.name}" for rung, attack in CASES]
)
def test_it_gains_nothing_and_harms_nobody(
    rung: str, attack: Attack, boxes, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = boxes(rung)
    warm, below = box._process, processes(box)
    judgment = grade(box, attack, cells_of(attack, world), monkeypatch)

    told = " ".join([*judgment.notes, *(e.text for e in judgment.exercises)])
    assert "REACHED" not in told
    assert not re.search("[\x1b\u202e]", told)
    assert "<script" not in "".join(e.html for e in judgment.exercises)
    by_name = {e.exercise: e for e in judgment.exercises}
    for name, deserved in attack.deserved.items():
        got = by_name[name].points
        assert got <= deserved if attack.tampers else got == deserved, by_name[name].text
    if attack.function:
        assert by_name["entropy"].status in attack.status.split(" or "), by_name["entropy"].text
    if not attack.tampers:
        assert [attack.note in note for note in judgment.notes] == [True] * bool(attack.note)

    assert world.untouched()
    after = judge(box, LESSON, honest())
    assert points(after) == POINTS
    assert after.notes == ()
    # No process was lost on the way, and none is left over; no descriptor either.
    assert box._process is warm and warm.poll() is None
    assert processes(box) == below


def state(box: Box) -> str:
    (note,) = judge(box, LESSON, [Cell(1, poison.STATE, "")]).notes
    assert "STATE" in note, note
    return note


@pytest.mark.parametrize("rung", RUNGS)
def test_the_next_notebook_starts_in_the_same_state(rung: str, boxes, monkeypatch) -> None:
    box = boxes(rung)
    before = state(box)
    for attack in poison.POISONS:
        grade(box, attack, attack.cells, monkeypatch)
        assert state(box) == before, attack.name


def test_there_are_many() -> None:
    names = [attack.name for attack in (*ISOLATION, *THE_REST)]
    assert len(set(names)) == len(names) >= 70

"""A board that is killed loses nothing; one that someone clogs goes on for the others."""

import http.client
import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from running import CATALOGUE, KEY, RunningBoard, event

from qkv_course.errors import QkvError
from qkv_course.workshop.board.__main__ import CANNOT_START
from qkv_course.workshop.board.events import read_event
from qkv_course.workshop.board.joining import digest
from qkv_course.workshop.board.link import Unreachable
from qkv_course.workshop.board.membership import Membership
from qkv_course.workshop.board.outbox import Outbox
from qkv_course.workshop.board.store import Store
from qkv_course.workshop.board.supervise import Supervisor, hub_settings

LEARNERS, KILLS = 8, 3


def test_killed_in_the_middle_it_loses_doubles_and_mixes_up_nothing(
    new_board: Any, tmp_path: Path
) -> None:
    board = new_board()
    supervisor = Supervisor(board.folder, say=lambda text: None)
    board.stop()
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    board.wait()
    people = [board.join() for _ in range(LEARNERS)]
    killed = threading.Event()

    def live(number: int) -> list[str]:
        """Report as a learner's computer does, until all kills are over."""
        token, name = people[number]
        outbox, member = Outbox(tmp_path / f"{name}.sqlite"), Membership(board.url, token, name)
        ids: list[str] = []
        while not killed.is_set() or outbox.waiting():
            status = ("wrong", "raised", "passed")[len(ids) % 3]
            ids.append(outbox.put("softmax", status, 1_700_000_000.0 + number).id)
            with suppress(Unreachable):
                outbox.deliver(member)
            time.sleep(0.01)
        outbox.close()
        return ids

    with ThreadPoolExecutor(LEARNERS) as pool:
        living = [pool.submit(live, number) for number in range(LEARNERS)]
        for _ in range(KILLS):
            time.sleep(0.4)
            os.kill(supervisor.pid, signal.SIGKILL)
            time.sleep(0.1)  # until it is gone
            board.wait()
        killed.set()
    sent = [life.result() for life in living]
    assert min(map(len, sent)) > KILLS
    board.wait()
    for (token, name), ids in zip(people, sent, strict=True):
        kept = board.ask("GET", "api/me", token=token)[1]
        assert kept["learner"] == name
        assert [e["id"] for e in kept["events"]] == ids  # all, once, in order, under this name
        assert [e["attempt"] for e in kept["events"]] == list(range(1, len(ids) + 1))
        assert board.row(name)["cells"]["softmax"]["failed"] == len(ids) - len(ids) // 3
    supervisor.stop()
    thread.join(20)
    assert not thread.is_alive()


def test_it_is_back_within_three_seconds(new_board: Any) -> None:
    board = new_board()
    board.stop()
    said: list[str] = []
    supervisor = Supervisor(board.folder, say=said.append)
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    board.wait()
    first = supervisor.pid
    os.kill(first, signal.SIGKILL)
    end = time.monotonic() + 20
    while supervisor.pid == first and time.monotonic() < end:
        time.sleep(0.01)
    board.wait()
    assert supervisor.pid != first and "started again" in said[0]
    supervisor.stop()
    thread.join(20)
    assert not thread.is_alive()
    with pytest.raises(ProcessLookupError):
        os.kill(supervisor.pid, 0)


def test_a_board_that_cannot_start_is_not_started_again(new_board: Any) -> None:
    board = new_board()  # it holds the port
    assert Supervisor(board.folder).run() == CANNOT_START


def test_the_board_stops_when_its_supervisor_is_gone(new_board: Any, tmp_path: Path) -> None:
    board = new_board()
    board.stop()
    code = f"""if True:
        from pathlib import Path
        from qkv_course.workshop.board.supervise import Supervisor
        Supervisor(Path({str(board.folder)!r})).run()"""
    board.run_python(code)
    board.wait()
    board.kill()
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", board.port)):
                return
        time.sleep(0.05)
    raise AssertionError("The board goes on without its supervisor.")


def test_a_page_that_never_reads_is_dropped_and_takes_no_room(tmp_path: Path) -> None:
    board = RunningBoard(tmp_path / "board")
    board.prepare(patience=1.0)
    people = crowd(board, 300)
    board.start()
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", board.port))
        cookie = f"Cookie: qkv-board-{board.port}={KEY}"
        deaf.sendall(f"GET /api/feed HTTP/1.1\r\nHost: x\r\n{cookie}\r\n\r\n".encode())
        while not board.viewers():
            time.sleep(0.05)
        before, end, number = board.memory(), time.monotonic() + 60, 10
        while board.viewers() and time.monotonic() < end:
            number += 1
            for token in people:  # others report, and are not held up
                assert board.report(token, event(number))[0] == 200
        assert board.viewers() == 0
        assert board.memory() - before < 30 << 20
    connection = http.client.HTTPConnection("127.0.0.1", board.port, timeout=20)
    cookie_header = {"Cookie": f"qkv-board-{board.port}={KEY}"}
    connection.request("GET", "/api/feed", headers=cookie_header)
    assert connection.getresponse().readline() == b"event: snapshot\n"
    connection.close()
    board.stop()


def crowd(board: RunningBoard, size: int) -> list[str]:
    """Fill a board before it starts. Returns the learners' tokens."""
    store, tokens = Store(board.folder / "board.sqlite"), [f"token-{n}" for n in range(size)]
    given = [event(n, name) for n, name in enumerate(CATALOGUE.lessons)]
    for number, token in enumerate(tokens):
        store.join(f"learner-{number:03}", digest(token), size)
        store.add(f"learner-{number:03}", [read_event(e, CATALOGUE) for e in given])
    store.close()
    return tokens


def test_a_hub_must_say_where(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JUPYTERHUB_SERVICE_URL", raising=False)
    with pytest.raises(QkvError, match="JUPYTERHUB_SERVICE_URL"):
        hub_settings()
    monkeypatch.setenv("JUPYTERHUB_SERVICE_URL", "http://127.0.0.1:18099/services/qkv-board/")
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/services/qkv-board/")
    monkeypatch.setenv("QKV_BOARD_FOLDER", str(tmp_path))
    folder, settings = hub_settings()
    assert folder == tmp_path and settings.door == "hub"
    assert (settings.host, settings.port) == ("127.0.0.1", 18099)
    assert settings.prefix == "/services/qkv-board/"


def test_a_board_needs_a_folder_of_its_own(tmp_path: Path) -> None:
    board = RunningBoard(tmp_path / "none")
    board.folder.mkdir()
    assert Supervisor(board.folder).run() == CANNOT_START

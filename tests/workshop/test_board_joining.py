"""Codes and names: hard to guess, easy to read aloud, and no room is ever locked out."""

import asyncio
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from running import CODE, RunningBoard

from qkv_course.errors import QkvError
from qkv_course.workshop.board import host, joining
from qkv_course.workshop.board.joining import CODE_LENGTH, LETTERS, Pace, new_code, new_name, plain


def test_codes_cannot_be_misread() -> None:
    assert len(LETTERS) ** CODE_LENGTH > 80_000_000
    assert len(set(LETTERS)) == len(LETTERS)
    assert not set("AEIOU01258BSZ") & set(LETTERS)
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200 and all(re.fullmatch(f"[{LETTERS}]{{6}}", code) for code in codes)
    assert plain(" k7q-m4x\n") == plain("K7Q M4X") == "K7QM4X"


def test_names_are_kind_and_plain() -> None:
    assert all(re.fullmatch(r"[a-z]+-[a-z]+-[1-9]\d", new_name()) for _ in range(200))


def test_two_learners_never_share_a_name(
    board: RunningBoard,
) -> None:
    names = [board.join()[1] for _ in range(100)]
    assert len(set(names)) == 100


@pytest.mark.parametrize(
    "body",
    [{}, {"code": 7}, {"code": None}, {"code": CODE, "name": "Ada"}, [CODE], {"code": [CODE]}],
)
def test_a_name_cannot_be_chosen(board: RunningBoard, body: Any) -> None:
    assert board.ask("POST", "api/join", body)[0] == 400


def test_wrong_codes_at_speed_are_slowed_down_and_the_room_still_gets_in(new_board: Any) -> None:
    board = new_board()

    def guess(number: int) -> int:
        return board.ask("POST", "api/join", {"code": f"{number:06}"})[0]

    with ThreadPoolExecutor(40) as pool:
        started = time.monotonic()
        answers = list(pool.map(guess, range(60)))
        took = time.monotonic() - started
        assert set(answers) == {403} and took > 2  # 60 codes are else a blink
        later = pool.submit(guess, 1)
        assert board.join()[0]  # from the same address, with the right code
        assert later.result() == 403


def test_a_typing_error_costs_nothing() -> None:
    pace = Pace()
    for _ in range(pace.free):
        pace.wrong("10.0.0.1")
    assert pace.delay("10.0.0.1") == 0


def test_the_pace_grows_stays_bounded_and_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    pace, now = Pace(free=2, step=1, slowest=3), [1000.0]
    monkeypatch.setattr(joining.time, "monotonic", lambda: now[0])
    delays = []
    for _ in range(20):
        pace.wrong("10.0.0.1")
        delays.append(pace.delay("10.0.0.1"))
    assert delays[:6] == [0, 0, 1, 2, 3, 3] and delays[-1] == 3
    assert pace.delay("10.0.0.2") == 0
    now[0] += 61
    assert pace.delay("10.0.0.1") == 0 and not pace._wrong  # no address is remembered


def test_too_many_at_once_are_asked_to_come_again() -> None:
    async def crowd() -> list[bool]:
        pace = Pace(free=0, step=0.1, slowest=0.1, at_once=3)
        pace.wrong("10.0.0.1")
        first = [asyncio.create_task(pace.take_turn("10.0.0.1")) for _ in range(4)]
        got = await asyncio.gather(*first, pace.take_turn("10.0.0.2"))
        return [*got, await pace.take_turn("10.0.0.1")]

    with ThreadPoolExecutor(1) as pool:  # a browser's loop may run in this thread
        came = pool.submit(asyncio.run, crowd()).result()
    assert came == [True, True, True, False, True, True]


def test_the_teacher_is_told_how_to_reach_the_room(board: RunningBoard) -> None:
    with pytest.raises(QkvError, match=r"cannot listen at 127\.0\.0\.1"):
        host.must_be_free("127.0.0.1", board.port)
    settings = host.settings_for(board.folder, "127.0.0.1", 8765, "Room", "key")
    assert settings.code == CODE  # a board that goes on keeps its code
    text = host.greeting(settings, "the-key", True, False)
    assert "http://127.0.0.1:8765/?key=the-key" in text
    assert "qkv join http://127.0.0.1:8765 K7Q-M4X" in text
    assert "Only this computer can reach it" in text and "goes on" in text
    open_to_all = host.settings_for(board.folder, "0.0.0.0", 8765, "Room", "key")
    assert "0.0.0.0" not in open_to_all.address
    assert "plain HTTP" in host.greeting(open_to_all, "the-key", False, True)

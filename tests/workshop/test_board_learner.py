"""The learner's side: joining, what is sent and when, and that no lesson ever waits for it."""

import io
import os
import stat
import subprocess
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from running import CODE, ROOT, RunningBoard
from typer.testing import CliRunner

from qkv_course import all_good, check, cli, need_help
from qkv_course.checks import CheckFailed
from qkv_course.errors import QkvError
from qkv_course.workshop.board import learner, reporter
from qkv_course.workshop.board.join import join, leave
from qkv_course.workshop.board.membership import membership_file, read_membership
from qkv_course.workshop.board.outbox import Outbox


def settled(seconds: float = 10.0) -> bool:
    """Say whether the board has all that this test reported."""
    return reporter.reporter_for(membership_file().with_name("outbox.sqlite")).wait(seconds)


def waiting() -> list[dict[str, Any]]:
    outbox = Outbox(membership_file().with_name("outbox.sqlite"))
    try:
        return outbox.waiting()
    finally:
        outbox.close()


def wrong_dot(a: Any, b: Any) -> float:
    return 0.0


def test_nothing_is_written_or_sent_before_joining(course: Path, capsys: Any) -> None:
    learner.report("dot", "wrong")
    assert not (course / ".qkv").exists() and capsys.readouterr().out == ""
    need_help()
    assert "You have not joined a board" in capsys.readouterr().out
    all_good()
    assert "ask aloud" in capsys.readouterr().out


def test_a_check_arrives_and_says_before_what_will_leave(
    course: Path, board: RunningBoard, capsys: Any
) -> None:
    assert "as " in join(board.url, "k7q-m4x")
    name = read_membership().learner
    with pytest.raises(CheckFailed):
        check(wrong_dot, "dot")
    shown = capsys.readouterr().out
    assert f"board at {board.url}, as {name}" in shown and "and nothing else" in shown
    for field in ("id", "exercise", "status", "attempt", "time", "mistake"):
        assert f"\n  {field} " in shown
    assert settled()
    with pytest.raises(CheckFailed):
        check(wrong_dot, "dot")
    assert "nothing else" not in capsys.readouterr().out  # said once
    assert settled() and waiting() == []
    cell = board.row(name)["cells"]["dot"]
    assert (cell["failed"], cell["attempts"]) == (2, 2)
    assert f"as {name}" in join() and "It keeps 2 events" in join()


def test_the_flag_goes_up_and_down_from_the_notebook(
    course: Path, board: RunningBoard, capsys: Any
) -> None:
    join(board.url, CODE)
    name = read_membership().learner
    need_help("softmax")
    assert "Your flag is up at softmax." in capsys.readouterr().out
    assert board.row(name)["flag"]["exercise"] == "softmax"
    all_good()
    assert "Your flag is down." in capsys.readouterr().out
    assert "flag" not in board.row(name)


def test_the_flag_speaks_of_the_exercise_checked_last(course: Path, board: RunningBoard) -> None:
    join(board.url, CODE)
    with redirect_stdout(io.StringIO()), pytest.raises(CheckFailed):
        check(wrong_dot, "dot")
    need_help()
    assert board.row(read_membership().learner)["flag"]["exercise"] == "dot"
    need_help(lambda x: x)  # no exercise: the flag is up all the same
    assert board.row(read_membership().learner)["flag"]["exercise"] == ""


def test_leaving_deletes_all_and_stops(course: Path, board: RunningBoard, capsys: Any) -> None:
    join(board.url, CODE)
    name = read_membership().learner
    learner.report("softmax", "wrong")
    assert settled()
    assert "deleted what it kept about you (1 events)" in leave()
    assert board.row(name) is None and read_membership() is None
    learner.report("softmax", "passed")
    assert waiting() == []
    assert "have not joined" in leave()
    join(board.url, CODE)  # joining again starts anew
    learner.report("softmax", "wrong")
    assert settled() and board.row(read_membership().learner)["cells"]["softmax"]["attempts"] == 1


def test_leaving_a_board_that_is_gone(course: Path, new_board: Any) -> None:
    board = new_board()
    join(board.url, CODE)
    name = read_membership().learner
    board.kill()
    assert "Nothing more is sent." in leave()
    learner.report("softmax", "wrong")
    assert not read_membership().sends
    board.start()
    assert "deleted" in leave()
    assert board.row(name) is None


def test_off_means_off(
    course: Path, board: RunningBoard, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    join(board.url, CODE)
    monkeypatch.setenv("QKV_BOARD", "off")
    learner.report("softmax", "wrong")
    need_help("softmax")
    assert "nothing is sent" in capsys.readouterr().out
    assert board.row(read_membership().learner) == {
        "name": read_membership().learner,
        "cells": {},
    }


def test_what_happens_while_the_board_is_down_arrives_later(course: Path, new_board: Any) -> None:
    board = new_board()
    join(board.url, CODE)
    name = read_membership().learner
    board.kill()
    for status in ("wrong", "raised", "passed"):
        learner.report("softmax", status)
    assert not settled(0.5) and len(waiting()) == 3
    board.start()
    learner.report("dot", "passed")
    assert settled() and waiting() == []
    cells = board.row(name)["cells"]
    assert (cells["softmax"]["failed"], cells["softmax"]["passed"]) == (2, 1)
    assert cells["dot"]["passed"] == 1


def test_an_event_that_the_board_refuses_holds_up_no_other(
    course: Path, board: RunningBoard
) -> None:
    join(board.url, CODE)
    learner.report("an_exercise_of_a_later_course", "wrong")
    learner.report("softmax", "passed")
    assert settled() and waiting() == []
    assert list(board.row(read_membership().learner)["cells"]) == ["softmax"]


def test_a_report_is_quick_and_silent_where_nothing_answers(
    course: Path, board: RunningBoard, capsys: Any
) -> None:
    join(board.url, CODE)
    file = membership_file()
    file.write_text(file.read_text().replace(str(board.port), "9"))  # nobody listens there
    learner.report("softmax", "wrong")
    capsys.readouterr()
    for _ in range(20):
        learner.report("softmax", "wrong")
    assert capsys.readouterr().out == ""
    need_help("softmax")
    assert "does not answer right now" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "{", "[]", '{"url": 1}', '{"url":1,"token":2,"learner":3}'])
def test_a_damaged_file_stops_no_check(course: Path, text: str) -> None:
    (course / ".qkv").mkdir()
    (course / ".qkv" / "board.json").write_text(text)
    learner.report("softmax", "wrong")
    assert read_membership() is None


def test_a_damaged_outbox_stops_no_check(course: Path, board: RunningBoard) -> None:
    join(board.url, CODE)
    membership_file().with_name("outbox.sqlite").write_bytes(b"no database" * 1000)
    learner.report("softmax", "wrong")
    assert not settled(0.5)


def test_the_token_is_for_its_owner(course: Path, board: RunningBoard) -> None:
    join(board.url, CODE)
    assert stat.S_IMODE(os.stat(membership_file()).st_mode) == 0o600
    token = read_membership().token
    everything = [p.read_bytes() for p in board.folder.iterdir()]
    assert all(token.encode() not in text for text in everything)  # the board keeps its hash


@pytest.mark.parametrize(
    ("address", "code", "said"),
    [
        ("", "", "You have not joined a board"),
        ("http://", CODE, "is no address"),
        ("ftp://127.0.0.1", CODE, "is no address"),
        ("127.0.0.1:99999", CODE, "is no address"),
        ("127.0.0.1:9", "", "it is missing"),
        ("127.0.0.1:9", "K7QM4", "'K7QM4' is none"),
        ("127.0.0.1:9", "K7QM40", "'K7QM40' is none"),
        ("127.0.0.1:9", CODE, "No board answers at http://127.0.0.1:9"),
    ],
)
def test_joining_says_what_is_wrong(course: Path, address: str, code: str, said: str) -> None:
    with pytest.raises(QkvError) as caught:
        join(address, code)
    assert said in str(caught.value)
    assert read_membership() is None


def test_a_wrong_code_joins_nothing(course: Path, board: RunningBoard) -> None:
    with pytest.raises(QkvError, match="not the code on the teacher's screen"):
        join(board.url, "CCCCCC")
    assert read_membership() is None


def test_one_board_at_a_time(course: Path, board: RunningBoard, new_board: Any) -> None:
    join(board.url, CODE)
    with pytest.raises(QkvError, match="`qkv leave` first"):
        join(new_board().url, CODE)


def test_the_commands(course: Path, board: RunningBoard) -> None:
    run = CliRunner().invoke
    assert "nothing else" in run(cli.app, ["join", board.url, CODE]).output
    assert "keeps nothing about you yet" in run(cli.app, ["join"]).output
    assert "You left." in run(cli.app, ["leave"]).output


def test_a_script_that_ends_at_once_loses_nothing(course: Path, board: RunningBoard) -> None:
    join(board.url, CODE)
    name = read_membership().learner
    code = "from qkv_course.workshop.board.learner import report; report('softmax', 'wrong')"
    subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True
    )
    learner.report("dot", "passed")
    assert settled()
    end = time.monotonic() + 10
    while len(board.row(name)["cells"]) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    assert set(board.row(name)["cells"]) == {"softmax", "dot"}


def test_who_has_not_joined_loads_nothing_for_it() -> None:
    code = (
        "import sys; from qkv_course import check; "
        "print(sorted({'sqlite3', 'tornado', 'urllib.request'} & set(sys.modules)))"
    )
    seen = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert seen.stdout.strip() == "[]"

"""The board's server, asked over loopback: what it takes, whom it believes, what it shows."""

import http.client
import json
import re
import socket
from typing import Any

import pytest
from running import CODE, KEY, RunningBoard, event


def test_a_report_becomes_a_row(board: RunningBoard) -> None:
    token, name = board.join()
    first = event(1, "scaled_scores", mistake="divided-by-d-k")
    status, answer = board.report(token, first)
    assert (status, answer) == (200, {"learner": name, "accepted": [first["id"]]})
    board.report(token, event(2, "scaled_scores", "passed", attempt=2))
    board.report(token, event(3, "scaled_scores", "raised", attempt=3))
    row = board.row(name)
    assert row is not None and "flag" not in row
    cell = row["cells"]["scaled_scores"]
    assert cell["passed"] == 1 and cell["failed"] == 2 and cell["attempts"] == 3


def test_a_flag_goes_up_and_down(board: RunningBoard) -> None:
    token, name = board.join()
    board.report(token, event(1, "softmax", "need help", attempt=0))
    assert board.row(name)["flag"]["exercise"] == "softmax"
    since = board.row(name)["flag"]["since"]
    board.report(token, event(2, "", "need help", attempt=0))
    assert board.row(name)["flag"] == {"exercise": "", "since": since}
    board.report(token, event(3, "", "all good", attempt=0))
    assert "flag" not in board.row(name)


def test_a_mistake_is_counted_while_it_is_made(board: RunningBoard) -> None:
    one, two = board.join()[0], board.join()[0]

    def counts() -> dict[str, Any]:
        found = board.ask("GET", "api/state", teacher=True)[1]["mistakes"]
        return next(m for m in found if m["mistake"] == "wrong-axis")

    board.report(one, event(1, mistake="wrong-axis"))
    board.report(two, event(1, mistake="wrong-axis"), event(2, mistake="wrong-axis"))
    assert counts()["title"] == "a softmax over the other axis"
    assert (counts()["now"], counts()["ever"]) == (2, 2)
    board.report(one, event(2, status="passed"))
    board.report(two, event(3, status="raised"))
    assert (counts()["now"], counts()["ever"]) == (0, 2)


def test_sending_again_changes_nothing(board: RunningBoard) -> None:
    token, name = board.join()
    for _ in range(3):
        assert board.report(token, event(1), event(2))[0] == 200
    assert board.row(name)["cells"]["softmax"]["failed"] == 2
    assert len(board.ask("GET", "api/me", token=token)[1]["events"]) == 2


def test_another_learners_id_swallows_nothing(board: RunningBoard) -> None:
    (one, first), (two, second) = board.join(), board.join()
    assert first != second
    board.report(one, event(7, status="passed"))
    board.report(two, event(7, status="wrong"))
    assert board.row(first)["cells"]["softmax"]["passed"] == 1
    assert board.row(second)["cells"]["softmax"]["failed"] == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"code": "def softmax(): ..."}, "At odds: ['code']"),
        ({"learner": "teal-lynx-60"}, "At odds: ['learner']"),
        ({"id": "F" * 32}, "32 hex digits"),
        ({"id": 7}, "32 hex digits"),
        ({"exercise": "soft-max"}, "no exercise 'soft-max'"),
        ({"exercise": ""}, "no exercise ''"),
        ({"exercise": ["softmax"]}, "exercise is a text"),
        ({"status": "<b>"}, "no status '<b>'"),
        ({"status": None}, "no status None"),
        ({"attempt": -1}, "whole number"),
        ({"attempt": True}, "whole number"),
        ({"attempt": 10**9}, "whole number"),
        ({"time": float("nan")}, "seconds since 1970"),
        ({"time": 10**400}, "seconds since 1970"),
        ({"time": "now"}, "seconds since 1970"),
        ({"mistake": "divided-by-d-k"}, "no mistake 'divided-by-d-k' known for softmax"),
        ({"mistake": {"a": 1}}, "no mistake"),
        ({"mistake": "wrong-axis", "status": "passed"}, "named by a check that failed"),
    ],
)
def test_an_event_that_is_not_as_agreed_is_refused(
    board: RunningBoard, change: dict[str, Any], said: str
) -> None:
    token, name = board.join()
    status, answer = board.report(token, event(1), {**event(2), **change})
    assert status == 400 and said in answer["error"]
    assert board.row(name)["cells"] == {}  # the right one beside it is not kept either


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "no JSON"),
        (b"[" * 20_000, "no JSON"),
        (b"[]", "JSON object"),
        ({"events": []}, "from 1 to 100"),
        ({"events": [event(n) for n in range(101)]}, "from 1 to 100"),
        ({"events": {}}, "list of events"),
        ({"events": [event(1)], "learner": "teal-lynx-60"}, "nothing else"),
        ({"events": ["softmax"]}, "object with named fields"),
        (b'{"events": "' + b"x" * 70_000 + b'"}', "at most 65536 bytes"),
    ],
)
def test_a_body_that_is_not_as_agreed_is_refused(board: RunningBoard, body: Any, said: str) -> None:
    status, answer = board.ask("POST", "api/events", body, token=board.join()[0])
    assert status == 400 and said in answer["error"]


def test_a_huge_body_is_cut_off(board: RunningBoard) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", board.port, timeout=20)
    connection.putrequest("POST", "/api/events")
    connection.putheader("Content-Length", str(10**9))
    connection.endheaders()
    assert connection.getresponse().status == 400
    connection.close()


@pytest.mark.parametrize("header", ["", "token", "token x", "Bearer ", "Basic eDp5", "token \xff"])
def test_a_stranger_reports_nothing(board: RunningBoard, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    body = {"events": [event(1)]}
    assert board.ask("POST", "api/events", body, headers=headers)[0] == 403
    assert board.ask("GET", "api/me", headers=headers)[0] == 403
    assert board.ask("DELETE", "api/me", headers=headers)[0] == 403


def test_no_header_names_another(board: RunningBoard) -> None:
    (token, mine), (_, other) = board.join(), board.join()
    headers = {"X-Forwarded-User": other, "Remote-User": other, "Cookie": f"learner={other}"}
    body = {"events": [event(1)]}
    answer = board.ask("POST", "api/events", body, token, headers=headers)[1]
    assert answer["learner"] == mine and board.row(other)["cells"] == {}


def test_a_learner_sees_and_deletes_what_is_kept(board: RunningBoard) -> None:
    token, name = board.join()
    board.report(token, event(1), event(2, status="need help", attempt=0))
    status, kept = board.ask("GET", "api/me", token=token)
    assert status == 200 and kept["learner"] == name
    assert [e["status"] for e in kept["events"]] == ["wrong", "need help"]
    assert board.ask("DELETE", "api/me", token=token)[1] == {"learner": name, "deleted": 2}
    assert board.row(name) is None
    assert board.report(token, event(3))[0] == 403  # the token is gone, too
    assert name.encode() not in (board.folder / "board.sqlite").read_bytes()


@pytest.mark.parametrize("path", ["", "api/state", "api/feed", "api/board.csv"])
def test_only_the_teacher_sees_the_board(board: RunningBoard, path: str) -> None:
    token, _ = board.join()
    assert board.ask("GET", path)[0] == 403
    assert board.ask("GET", path, token=token)[0] == 403
    wrong = {"Cookie": f"qkv-board-{board.port}=guess"}
    assert board.ask("GET", path, headers=wrong)[0] == 403
    assert board.ask("GET", f"{path}?key=guess")[0] == 403


def test_the_private_link_becomes_a_cookie(board: RunningBoard) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", board.port, timeout=20)
    connection.request("GET", f"/?key={KEY.replace(chr(39), '%27')}")
    answer = connection.getresponse()
    cookie = answer.headers["Set-Cookie"]
    assert answer.status == 200 and "HttpOnly" in cookie and "SameSite=Strict" in cookie
    assert KEY.encode() not in answer.read()
    connection.close()


def test_the_cookie_reports_nothing(board: RunningBoard) -> None:
    body = {"events": [event(1)]}
    assert board.ask("POST", "api/events", body, teacher=True)[0] == 403
    assert board.ask("DELETE", "api/me", teacher=True)[0] == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_sites_can_send_nothing(board: RunningBoard, headers: dict[str, str]) -> None:
    token, name = board.join()
    body = {"events": [event(1)]}
    assert board.ask("POST", "api/events", body, token, headers=headers)[0] == 403
    assert board.ask("POST", "api/join", {"code": CODE}, headers=headers)[0] == 403
    assert board.ask("DELETE", "api/me", token=token, headers=headers)[0] == 403
    assert board.row(name)["cells"] == {}


def test_a_form_can_send_nothing(board: RunningBoard) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        body = json.dumps({"code": CODE}).encode()
        status, answer = board.ask("POST", "api/join", body, headers={"Content-Type": kind})
        assert status == 400 and "application/json" in answer["error"]


def test_a_browser_may_not_ask_from_elsewhere(board: RunningBoard) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", board.port, timeout=20)
    connection.request("OPTIONS", "/api/join", headers={"Origin": "http://evil.example"})
    answer = connection.getresponse()
    assert answer.status == 405 and not answer.headers["Access-Control-Allow-Origin"]
    connection.close()


@pytest.mark.parametrize("path", ["nothing", "api/", "..%2f..%2fsettings.json", "board.sqlite"])
def test_nothing_else_is_there(board: RunningBoard, path: str) -> None:
    status, answer = board.ask("GET", path, teacher=True)
    assert status == 404 and "front page" in answer["error"]


def test_the_table_has_a_line_for_each_cell(board: RunningBoard) -> None:
    token, name = board.join()
    board.report(token, event(1, "scaled_scores", mistake="divided-by-d-k"))
    named = board.ask("GET", "api/board.csv", teacher=True)[1]
    assert named.splitlines()[0].startswith('"learner","lesson","exercise"')
    line = next(text for text in named.splitlines() if name in text)
    assert '"scaled_scores","no",1,1,"wrong","divided-by-d-k"' in line
    hidden = board.ask("GET", "api/board.csv?names=hidden", teacher=True)[1]
    assert name not in hidden and re.search(r'^"learner \d+","', hidden, re.MULTILINE)


def test_one_learner_cannot_fill_the_disk(new_board: Any) -> None:
    board = new_board()
    token, _ = board.join()
    for start in range(0, 5000, 100):
        events = [event(n, "", "all good", attempt=0) for n in range(start, start + 100)]
        assert board.report(token, *events)[0] == 200
    status, answer = board.report(token, event(5001))
    assert status == 409 and "5000 events" in answer["error"]
    assert len(board.ask("GET", "api/me", token=token)[1]["events"]) == 5000


def read_feed(board: RunningBoard, wanted: int) -> list[tuple[str, Any]]:
    """Read messages of the feed."""
    connection = http.client.HTTPConnection("127.0.0.1", board.port, timeout=20)
    cookie = {"Cookie": f"qkv-board-{board.port}={KEY}"}
    connection.request("GET", "/api/feed", headers=cookie)
    answer, messages = connection.getresponse(), []
    while len(messages) < wanted:
        kind = answer.readline().decode().removeprefix("event: ").strip()
        messages.append((kind, json.loads(answer.readline().decode().removeprefix("data: "))))
        answer.readline()
    connection.close()
    return messages


def test_the_feed_starts_with_all_and_pings(board: RunningBoard) -> None:
    _, name = board.join()
    (first, state), (second, _) = read_feed(board, 2)
    assert (first, second) == ("snapshot", "ping")
    assert name in [row["name"] for row in state["rows"]]
    assert state["join"] == f"qkv join {board.url} K7Q-M4X"


def test_the_feed_survives_the_page_that_goes(board: RunningBoard) -> None:
    for _ in range(40):  # more than may watch at once
        read_feed(board, 1)
    assert read_feed(board, 2)[1][0] in ("ping", "change")


def test_the_address_of_a_request_is_written_nowhere(board: RunningBoard) -> None:
    board.join()
    for path in board.folder.iterdir():
        if path.name != "settings.json":  # holds the board's own address
            assert b"127.0.0.1" not in path.read_bytes(), path.name


def test_the_service_names_no_software(board: RunningBoard) -> None:
    with socket.create_connection(("127.0.0.1", board.port)) as plain:
        plain.sendall(b"GET /api/health HTTP/1.0\r\n\r\n")
        assert b"tornado" not in plain.recv(4096).lower()

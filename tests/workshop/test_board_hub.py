"""The board as a JupyterHub's service, with JupyterHub's own code and a stand-in for the hub."""

import asyncio
import html
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from running import ROOT, RunningBoard, event, free_port
from tornado import web

from qkv_course import need_help
from qkv_course.errors import QkvError
from qkv_course.workshop.board.join import join, leave
from qkv_course.workshop.board.membership import membership_file, read_membership
from qkv_course.workshop.board.settings import Settings

pytest.importorskip("jupyterhub")

ACCESS = "access:services!service=qkv-board"
REPORT, READ = "custom:qkv-board:report", "custom:qkv-board:read"
CLIENT = "service-qkv-board"
# What each token is good for: name, kind, scopes.
TOKENS = {
    "ada": ("ada", "user", [ACCESS, REPORT]),
    "bob": ("bob", "user", [ACCESS, REPORT]),
    "no-report": ("ada", "user", [ACCESS]),
    "no-access": ("ada", "user", [REPORT, READ]),
    "service": ("cull", "service", [ACCESS, REPORT]),
    "teacher": ("teacher", "user", [ACCESS, READ]),
    "hostile": ('<img src=x onerror="alert(1)">', "user", [ACCESS, REPORT]),
}


class User(web.RequestHandler):
    """Says whose token it was asked with, as a hub does."""

    def get(self) -> None:
        token = self.request.headers.get("Authorization", "").partition(" ")[2]
        if token not in TOKENS:  # made up, revoked or expired
            self.set_status(403)
            self.finish({"status": 403, "message": "Forbidden"})
            return
        name, kind, scopes = TOKENS[token]
        self.finish({"name": name, "kind": kind, "scopes": scopes, "admin": False, "groups": []})


@pytest.fixture(scope="module")
def hub() -> Iterator[int]:
    """Run the stand-in; gives its port."""
    port, loop = free_port(), asyncio.new_event_loop()

    async def listen() -> None:
        web.Application([("/hub/api/user", User)], log_function=lambda h: None).listen(
            port, "127.0.0.1"
        )

    def run() -> None:
        loop.run_until_complete(listen())
        loop.run_forever()

    threading.Thread(target=run, daemon=True).start()
    yield port
    loop.call_soon_threadsafe(loop.stop)


class HubBoard(RunningBoard):
    """A board under a prefix, started as a hub starts it."""

    @property
    def url(self) -> str:
        return f"{super().url}/services/qkv-board"

    def start_for(self, hub: int) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "JUPYTERHUB_API_TOKEN": "the-service's-own",
            "JUPYTERHUB_API_URL": f"http://127.0.0.1:{hub}/hub/api",
            "JUPYTERHUB_BASE_URL": "/",
            "JUPYTERHUB_CLIENT_ID": CLIENT,
            "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps(["access:services", ACCESS]),
            "JUPYTERHUB_SERVICE_NAME": "qkv-board",
            "JUPYTERHUB_SERVICE_PREFIX": "/services/qkv-board/",
            "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{self.port}",
            "QKV_BOARD_FOLDER": str(self.folder),
        }
        command = [sys.executable, "-m", "qkv_course.workshop.board.supervise"]
        self.process = subprocess.Popen(command, env=environment)
        self.wait()

    def cookie(self, token: str) -> str:
        """Make the cookie that the hub's login leaves in a browser."""
        secret = Settings.read(self.folder).secret
        return f"{CLIENT}={web.create_signed_value(secret, CLIENT, token).decode()}"


@pytest.fixture(scope="module")
def board(hub: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubBoard]:
    """Run the board of the hub."""
    board = HubBoard(tmp_path_factory.mktemp("hub") / "board")
    board.start_for(hub)
    yield board
    board.stop()


def as_teacher(board: HubBoard) -> tuple[int, dict[str, Any]]:
    status, state = board.ask("GET", "api/state", token="teacher")
    return status, {row["name"]: row for row in state.get("rows", [])}


def test_the_hub_says_who_reports(board: HubBoard) -> None:
    assert board.report("ada", event(1, "dot", "passed"))[1]["learner"] == "ada"
    assert board.report("bob", event(1, "dot", "wrong"))[1]["learner"] == "bob"
    headers = {"X-Forwarded-User": "bob", "Remote-User": "bob"}
    answer = board.ask("POST", "api/events", {"events": [event(2)]}, "ada", headers=headers)[1]
    assert answer["learner"] == "ada"
    status, rows = as_teacher(board)
    assert status == 200 and rows["ada"]["cells"]["dot"]["passed"] == 1
    assert rows["bob"]["cells"]["dot"]["failed"] == 1 and "softmax" not in rows["bob"]["cells"]


@pytest.mark.parametrize("token", ["forged", "no-report", "no-access", "service", "teacher"])
def test_who_may_not_report_cannot(board: HubBoard, token: str) -> None:
    assert board.report(token, event(3))[0] == 403
    assert board.ask("GET", "api/me", token=token)[0] == 403


@pytest.mark.parametrize("token", ["forged", "ada", "no-access", "service"])
@pytest.mark.parametrize("path", ["api/state", "api/feed", "api/board.csv"])
def test_who_may_not_read_cannot(board: HubBoard, token: str, path: str) -> None:
    assert board.ask("GET", path, token=token)[0] == 403


def test_a_browser_needs_the_pages_token_for_data(board: HubBoard) -> None:
    browser = {"Cookie": board.cookie("teacher"), "Sec-Fetch-Mode": "navigate"}
    status, page = board.ask("GET", "", headers=browser)
    assert status == 200
    token = html.unescape(re.search('page-token" content="([^"]+)"', page).group(1))
    script = {"Cookie": f"{board.cookie('teacher')}; _xsrf={token}", "Sec-Fetch-Mode": "cors"}
    assert board.ask("GET", "api/state", headers=script)[0] == 403
    assert board.ask("GET", f"api/state?_xsrf={token}", headers=script)[0] == 200


def test_a_learners_browser_sees_and_sends_nothing(board: HubBoard) -> None:
    browser = {"Cookie": board.cookie("ada"), "Sec-Fetch-Mode": "navigate"}
    status, answer = board.ask("GET", "", headers=browser)
    assert status == 403 and "for teachers" in answer["error"]
    assert board.ask("POST", "api/events", {"events": [event(4)]}, headers=browser)[0] == 403


def test_a_forged_cookie_is_none(board: HubBoard) -> None:
    signed = web.create_signed_value("another secret" * 5, CLIENT, "teacher").decode()
    headers = {"Cookie": f"{CLIENT}={signed}"}
    assert board.ask("GET", "api/state", headers=headers)[0] == 403


def test_a_name_is_text(board: HubBoard) -> None:
    assert board.report("hostile", event(1, "dot", "passed"))[0] == 200
    assert TOKENS["hostile"][0] in as_teacher(board)[1]


def test_a_learner_on_the_hub_joins_reports_and_leaves(
    board: HubBoard, course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(QkvError, match="You have not joined a board"):
        join()
    monkeypatch.setenv("QKV_BOARD_URL", board.url)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "bob")
    need_help("softmax")
    assert "flag" not in as_teacher(board)[1].get("bob", {})  # the learner has not joined yet
    assert "as bob" in join()
    assert "bob" not in membership_file().read_text().replace('"learner": "bob"', "")
    need_help("softmax")
    assert as_teacher(board)[1]["bob"]["flag"]["exercise"] == "softmax"
    leave()
    assert "bob" not in as_teacher(board)[1] and read_membership() is None


def test_there_is_no_code_to_guess_on_a_hub(board: HubBoard) -> None:
    assert board.ask("POST", "api/join", {"code": ""})[0] == 404

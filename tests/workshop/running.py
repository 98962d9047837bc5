"""A board of its own for a test: settings, a process, and requests to it on loopback."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from qkv_course.workshop.board.catalogue import Catalogue
from qkv_course.workshop.board.joining import digest
from qkv_course.workshop.board.settings import Settings

ROOT = Path(__file__).parents[2]
CODE, KEY = "K7QM4X", "the-teacher's-key"
CATALOGUE = Catalogue(
    {"dot": "00_start_here", "scaled_scores": "04_scores_and_scaling", "softmax": "05_softmax"},
    {
        "dot": {},
        "scaled_scores": {"divided-by-d-k": "a division by d_k in place of √d_k"},
        "softmax": {"wrong-axis": "a softmax over the other axis"},
    },
)


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def event(number: int, exercise: str = "softmax", status: str = "wrong", **more: Any) -> dict:
    """Make an event as a learner's computer does, with a number for an id."""
    given = {"id": f"{number:032x}", "exercise": exercise, "status": status, "attempt": 1}
    return {**given, "time": 1_700_000_000.0, "mistake": None, **more}


@dataclass
class RunningBoard:
    """A board's folder and its process."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def prepare(self, **changes: Any) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        CATALOGUE.write(self.folder / "catalogue.json")
        settings = Settings("lan", "Attention & <b>Co</b>", "127.0.0.1", self.port, "/", self.url)
        Settings(**{**vars(settings), "code": CODE, "key": digest(KEY), **changes}).write(
            self.folder
        )

    def start(self) -> None:
        command = [sys.executable, "-m", "qkv_course.workshop.board", str(self.folder)]
        self.process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)})
        self.wait()

    def run_python(self, code: str) -> None:
        """Have the board's process be one that runs this code."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen([sys.executable, "-c", code], env=environment)

    def memory(self) -> int:
        """Say how many bytes the process holds."""
        assert self.process is not None
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def viewers(self) -> int:
        """Count the pages that watch."""
        return int(self.ask("GET", "api/health")[1]["viewers"])

    def wait(self) -> None:
        """Wait until it answers."""
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{self.url}/api/health", timeout=5).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("The board did not start.")

    def kill(self) -> None:
        """End it as a crash would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        token: str = "",
        teacher: bool = False,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Send a request. Returns the status and what was answered, decoded if it is JSON."""
        sent = {"Content-Type": "application/json"} if body is not None else {}
        if token:
            sent["Authorization"] = f"token {token}"
        if teacher:
            sent["Cookie"] = f"qkv-board-{self.port}={KEY}"
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/{path}", data, {**sent, **(headers or {})}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, decoded(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, decoded(error)

    def join(self) -> tuple[str, str]:
        """Join, and return the token and the name."""
        status, given = self.ask("POST", "api/join", {"code": CODE})
        assert status == 200, given
        return given["token"], given["learner"]

    def report(self, token: str, *events: dict) -> tuple[int, Any]:
        return self.ask("POST", "api/events", {"events": list(events)}, token)

    def row(self, name: str) -> dict[str, Any] | None:
        """Give a learner's row as the teacher sees it."""
        status, state = self.ask("GET", "api/state", teacher=True)
        assert status == 200
        return next((row for row in state["rows"] if row["name"] == name), None)


def decoded(answer: Any) -> Any:
    text = answer.read().decode()
    return json.loads(text) if "json" in answer.headers.get("Content-Type", "") else text

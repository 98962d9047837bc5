"""A process that is ready to run learners' code, and one session in it for each notebook."""

import json
import secrets
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from os import close
from typing import Any

import psutil

from qkv_course.errors import QkvError
from qkv_course.grading.given import COMMON
from qkv_course.grading.inside import wire
from qkv_course.grading.jail import SCRATCH, command, environment, readable_paths
from qkv_course.grading.limits import Limits

START = 120.0  # seconds in which a box has to be ready
GRACE = 2.0  # seconds beyond the limit that the process keeps to by itself
NAMELESS = {"Unreadable": "qkv_course.checks.settle"}


class CannotGrade(QkvError):
    """Learners' code cannot be run on this machine."""


class Ended(Exception):
    """The process in which a notebook runs ended, or answered something else than was asked."""


class TooSlow(Exception):
    """There was no answer in time; the process is gone."""


@dataclass(frozen=True)
class Usage:
    """What a session used: CPU seconds with what it took to make it, and bytes of memory."""

    status: int = 0
    cpu: float = 0.0
    memory: int = 0

    @property
    def ending(self) -> str:
        """Say how the process ended."""
        if number := self.status & 127:
            names = {int(s): s.name for s in signal.Signals}  # without most of the real-time ones
            return f"it was stopped by the signal {names.get(number, number)}"
        return f"it left with the status {self.status >> 8}"


class Box:
    """A warm process in a jail. It is started at once, and again if it has died.

    rung: "jail", "jail-lite", "landlock" or "process", from the ladder.
    Raises CannotGrade if it does not start.
    """

    def __init__(self, rung: str, limits: Limits | None = None) -> None:
        self.rung = rung
        self.limits = limits or Limits()
        self._start()

    def _start(self) -> None:
        self._control, theirs = socket.socketpair()
        jailed = self.rung.startswith("jail")
        self._scratch = None if jailed else tempfile.TemporaryDirectory(prefix="qkv-")
        self._process = subprocess.Popen(
            command(self.rung, "zygote", str(theirs.fileno())),
            pass_fds=[theirs.fileno()],
            env=environment(self._scratch.name if self._scratch else SCRATCH),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()
        deadline = time.monotonic() + START
        settings = {"rung": self.rung, "sources": COMMON, "paths": readable_paths()}
        try:
            wire.send(self._control, settings, deadline)
            wire.receive(self._control, deadline)
        except (wire.Closed, wire.WireError, TimeoutError) as error:
            self.close()
            raise CannotGrade(
                f"The process for learners' code did not start ({type(error).__name__})."
            ) from None
        self._base = self._address_space()

    def _address_space(self) -> int:
        """Measure how much address space the process has before it runs anything."""
        ours = psutil.Process(self._process.pid)
        return max(p.memory_info().vms for p in (ours, *ours.children(recursive=True)))

    def open(self, seconds: float | None = None) -> "Session":
        """Make a process for one notebook, which has so many seconds at most."""
        seconds = self.limits.seconds if seconds is None else seconds
        try:
            return Session(self._control, self._limits(), seconds)
        except OSError:  # it has died since the last one
            self.close()
            self._start()
            return Session(self._control, self._limits(), seconds)

    def _limits(self) -> dict[str, int]:
        return {
            "cpu": int(self.limits.seconds) + 1,
            "address_space": self._base + self.limits.memory,
            "temporary": self.limits.temporary,
            "file_size": self.limits.file_size,
        }

    def close(self) -> None:
        """End the process and all that it made."""
        self._control.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._scratch:
            self._scratch.cleanup()

    def __enter__(self) -> "Box":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Session:
    """A process for one notebook: it is asked, it answers, and it is killed at the end."""

    def __init__(self, control: socket.socket, limits: dict[str, int], seconds: float) -> None:
        self._control = control
        self._end = time.monotonic() + seconds
        self._channel, theirs = socket.socketpair()
        self._handle = -1
        self.usage: Usage | None = None
        control.settimeout(START)
        try:
            socket.send_fds(control, [json.dumps(limits).encode()], [theirs.fileno()])
            received, handles, _, _ = socket.recv_fds(control, 1, 1)
        finally:
            theirs.close()
        if not received or not handles:
            self._channel.close()
            raise OSError("the process that makes processes is gone")
        self._handle = handles[0]

    def ask(self, do: str, wait: float, **question: Any) -> dict[str, Any]:
        """Ask one question, and give the answer. Raises Ended or TooSlow; then all is over."""
        if self.usage is not None:
            raise Ended("it has ended already")
        number = secrets.randbits(53)
        deadline = min(self._end, time.monotonic() + wait + GRACE)
        try:
            wire.send(self._channel, {"do": do, "id": number, **question}, deadline)
            answer = wire.receive(self._channel, deadline, stand_in)
        except TimeoutError:
            self.close()
            raise TooSlow from None
        except wire.Closed:
            raise Ended(self.close().ending) from None
        except wire.WireError as error:
            self.close()
            raise Ended(f"it answered something that is no message: {error}") from None
        said = answer.pop("id", None) if isinstance(answer, dict) else None
        if type(said) is not int or said != number:
            self.close()
            raise Ended("it answered something that nobody had asked")
        return answer

    def close(self) -> Usage:
        """Kill the process, and say what it used."""
        if self.usage is None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
            close(self._handle)
            self._channel.close()
            self.usage = self._used()
        return self.usage

    def _used(self) -> Usage:
        try:
            return Usage(**wire.receive(self._control, time.monotonic() + START))
        except (wire.Closed, wire.WireError, TimeoutError, TypeError):
            return Usage(status=signal.SIGKILL)

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def stand_in(name: str, module: str) -> Any:
    """Stand for an object that was not sent: only its type's name and module are known."""
    from qkv_course.checks.settle import Unreadable

    if NAMELESS.get(name) == module:
        return Unreadable()
    safe = "".join(c for c in name if c.isprintable() and c.isascii()) or "object"
    return type(safe, (), {"__module__": module if module.isascii() else "unknown"})()

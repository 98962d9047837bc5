"""A process that is ready to run learners' code, and forks one for each notebook."""

import json
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from os import close

import psutil

from qkv_course.errors import QkvError
from qkv_course.grading.given import COMMON
from qkv_course.grading.inside import wire
from qkv_course.grading.jail import SCRATCH, command, environment, readable_paths
from qkv_course.grading.limits import Limits
from qkv_course.grading.session import Session, Usage

START = 120.0  # seconds in which a box has to be ready


class CannotGrade(QkvError):
    """Learners' code cannot be run on this machine."""


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
            cwd=self._scratch.name if self._scratch else "/",
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

    def open(self, seconds: float | None = None) -> Session:
        """Make a process for one notebook, which has so many seconds at most."""
        seconds = self.limits.seconds if seconds is None else seconds
        try:
            return self._fork(seconds)
        except OSError:  # it has died since the last one
            self.close()
            self._start()
            return self._fork(seconds)

    def _fork(self, seconds: float) -> Session:
        channel, theirs = socket.socketpair()
        self._control.settimeout(START)
        try:
            limits = json.dumps(self._limits()).encode()
            socket.send_fds(self._control, [limits], [theirs.fileno()])
            received, handles, _, _ = socket.recv_fds(self._control, 1, 1)
        finally:
            theirs.close()
        if not received or not handles:
            channel.close()
            raise OSError("the process that makes processes is gone")
        return Session(channel, Forked(self._control, handles[0]), seconds)

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


class Forked:
    """A process that the box has forked.

    control: the socket to the box, which says at the end what was used. handle: a pidfd, which
    reaches this process and no later one that has got its number.
    """

    def __init__(self, control: socket.socket, handle: int) -> None:
        self._control, self._handle = control, handle

    def kill(self) -> Usage:
        """End it and all that it made, and say what it used."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        close(self._handle)
        try:
            return Usage(**wire.receive(self._control, time.monotonic() + START))
        except (wire.Closed, wire.WireError, TimeoutError, TypeError):
            return Usage(status=signal.SIGKILL)

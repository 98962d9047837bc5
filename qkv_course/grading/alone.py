"""Boxes for systems on which nothing can be forked: a fresh process for each notebook."""

import secrets
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress

import psutil

from qkv_course.grading.box import START, Box, CannotGrade
from qkv_course.grading.given import COMMON
from qkv_course.grading.inside import wire
from qkv_course.grading.jail import command, environment
from qkv_course.grading.limits import Limits
from qkv_course.grading.session import Session, Usage


def open_box(rung: str, limits: Limits) -> "Box | FreshBox":
    """Give the box for a rung on this system."""
    return Box(rung, limits) if sys.platform == "linux" else FreshBox(limits)


class FreshBox:
    """Starts a process for each notebook, one ahead, since to get ready takes it seconds.

    Raises CannotGrade if none starts.
    """

    rung = "process"

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._next = Fresh(self.limits)

    def open(self, seconds: float | None = None) -> Session:
        """Give a process for one notebook, which has so many seconds at most."""
        process, self._next = self._next, Fresh(self.limits)
        seconds = self.limits.seconds if seconds is None else seconds
        return Session(process.ready(), process, seconds)

    def close(self) -> None:
        """End the process that was started ahead."""
        self._next.kill()

    def __enter__(self) -> "FreshBox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Fresh:
    """A process that gets ready while nobody waits for it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._scratch = tempfile.TemporaryDirectory(prefix="qkv-", ignore_cleanup_errors=True)
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = str(self._listener.getsockname()[1])
        self._password = secrets.token_hex(32)
        self._process = subprocess.Popen(
            command("process", "alone", port),
            env=environment(self._scratch.name),
            cwd=self._scratch.name,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        with suppress(OSError), self._process.stdin as pipe:
            pipe.write(f"{self._password}\n".encode())

    def ready(self) -> socket.socket:
        """Wait until it is ready, and give the channel to it."""
        deadline = time.monotonic() + START
        settings = {
            "sources": COMMON,
            "cpu": int(self._limits.seconds) + 1,
            "file_size": self._limits.file_size,
        }
        try:
            channel = self._connected(deadline)
            wire.send(channel, settings, deadline)
            wire.receive(channel, deadline)
        except (wire.Closed, wire.WireError, OSError) as error:
            self.kill()
            raise CannotGrade(
                f"The process for learners' code did not start ({type(error).__name__})."
            ) from None
        return channel

    def _connected(self, deadline: float) -> socket.socket:
        """Wait for the process to connect; others on this machine do not know the password."""
        while True:
            self._listener.settimeout(max(0.1, deadline - time.monotonic()))
            channel, _ = self._listener.accept()
            with suppress(wire.Closed, wire.WireError, TimeoutError):
                said = wire.receive(channel, time.monotonic() + 5)
                if isinstance(said, str) and secrets.compare_digest(said, self._password):
                    return channel
            channel.close()

    def kill(self) -> Usage:
        """End it and all that it made, and say what it used."""
        cpu = 0.0
        with suppress(psutil.Error):
            process = psutil.Process(self._process.pid)
            family = [process, *process.children(recursive=True)]
            times = process.cpu_times()
            cpu = times.user + times.system
            for one in family:
                with suppress(psutil.Error):
                    one.kill()
        status = self._process.wait()
        self._listener.close()
        self._scratch.cleanup()
        return Usage(status=-status if status < 0 else status << 8, cpu=cpu)

"""One notebook's process: it is asked, it answers, and it is killed at the end."""

import secrets
import signal
import socket
import time
from dataclasses import dataclass
from typing import Any, Protocol

from qkv_course.checks.settle import Unreadable
from qkv_course.grading.inside import wire

GRACE = 2.0  # seconds beyond the limit that the process keeps to by itself


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


class Process(Protocol):
    """What can be ended."""

    def kill(self) -> Usage:
        """End it and all that it made, and say what it used."""
        ...


class Session:
    """A process for one notebook, and the channel to it. It has so many seconds in all."""

    def __init__(self, channel: socket.socket, process: Process, seconds: float) -> None:
        self._channel, self._process = channel, process
        self._end = time.monotonic() + seconds
        self.usage: Usage | None = None

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
            self.usage = self._process.kill()
            self._channel.close()
        return self.usage

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def stand_in(name: str, module: str) -> Any:
    """Stand for an object that was not sent: only its type's name and module are known."""
    if (name, module) == (Unreadable.__name__, Unreadable.__module__):
        return Unreadable()
    safe = "".join(c for c in name if c.isprintable() and c.isascii()) or "object"
    return type(safe, (), {"__module__": module if module.isascii() else "unknown"})()

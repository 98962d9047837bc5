"""Stop a learner's function that does not end, and cut a flood of text to what can be read."""

import ctypes
import io
import re
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

Result = TypeVar("Result")


class OutOfTime(BaseException):
    """Raised inside the learner's function; not an Exception, so `except Exception` lets it by."""


REPEAT = 0.05  # seconds; a bare `except:` in a loop swallows one OutOfTime, so more follow


def within(seconds: float, task: Callable[[], Result]) -> Result:
    """Run a task, and raise OutOfTime in it when it takes longer than `seconds`."""
    alarm = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    return (_with_alarm if alarm else _with_watchdog)(seconds, task)


def _with_alarm(seconds: float, task: Callable[[], Result]) -> Result:
    guard: FrameType | None = None

    def guarded() -> Result:
        nonlocal guard
        guard = sys._getframe()
        return task()

    def stop(_signal: int, frame: FrameType | None) -> None:
        # Only inside the task: an alarm that went off in the lines below would be left on.
        while frame is not None:
            if frame is guard:
                raise OutOfTime
            frame = frame.f_back

    before = signal.signal(signal.SIGALRM, stop)
    timer = signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3), REPEAT)
    try:
        return guarded()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *timer)
        guard = None


def _with_watchdog(seconds: float, task: Callable[[], Result]) -> Result:
    # Windows, and threads other than the main one, have no alarm signal: another thread
    # asks the interpreter to raise in this one. It cannot cut short a wait in C code.
    thread, over, gate = threading.get_ident(), threading.Event(), threading.Lock()

    def watch() -> None:
        wait = max(seconds, 1e-3)
        while not over.wait(wait):
            with gate:
                if not over.is_set():
                    _raise_in(thread, ctypes.py_object(OutOfTime))
            wait = REPEAT

    threading.Thread(target=watch, daemon=True).start()
    try:
        return task()
    finally:
        try:
            over.set()
        finally:  # even if OutOfTime arrives at the very line above
            over.set()
        with gate:
            _raise_in(thread, None)  # take back one that has not arrived yet


def _raise_in(thread: int, error: "ctypes.py_object[type[BaseException]] | None") -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), error)


class BoundedText(io.TextIOBase):
    """A text stream that keeps the first `limit` characters and forgets the rest."""

    def __init__(self, limit: int = 2000) -> None:
        self._parts: list[str] = []
        self._room = limit

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self._room > 0:
            self._parts.append(text[: self._room])
            self._room -= len(self._parts[-1])
        return len(text)

    def getvalue(self) -> str:
        """Give what was kept."""
        return "".join(self._parts)


# Colors and other commands to a terminal; then signs that move, hide or reverse text.
COMMANDS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b.?")
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def readable(text: str, limit: int = 2000, lines: int = 20) -> str:
    """Cut a text that nobody vouches for to so many characters that any screen can show."""
    # Commands are cut as a whole, so that none is cut in the middle.
    text = CONTROLS.sub("", COMMANDS.sub("", text[: 2 * limit]))
    text = text.encode("utf-8", "replace").decode()  # half a character cannot be sent or saved
    kept = "\n".join(text.splitlines()[:lines])[:limit]
    return kept if len(kept) >= len(text.rstrip("\n")) else f"{kept} …"

"""Reports of checks, sent in the background: no check waits for the board, or fails with it."""

import atexit
import queue
import random
import sqlite3
import threading
import time
from pathlib import Path

from qkv_course.workshop.board.link import Refused, Unreachable
from qkv_course.workshop.board.membership import read_membership
from qkv_course.workshop.board.outbox import Outbox

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds
STILL = 1.0  # seconds that the end of a kernel may wait for the disk

Report = tuple[str, str, float, str | None]  # exercise, status, time, mistake


class Reporter:
    """One thread that keeps events in the outbox, and sends them when the board can be reached."""

    def __init__(self, path: Path, longest_pause: float = LONGEST_PAUSE) -> None:
        self._path, self._longest = path, longest_pause
        self._reports: queue.Queue[Report] = queue.Queue()
        self._handed = self._kept = self._sent = 0  # how many reports
        self._pause = 0.0
        threading.Thread(target=self._run, name="qkv-board", daemon=True).start()

    def report(self, exercise: str, status: str, mistake: str | None = None) -> None:
        """Hand over what happened; returns at once."""
        self._handed += 1
        self._reports.put((exercise, status, round(time.time(), 3), mistake))

    def wait(self, seconds: float) -> bool:
        """Say whether the board has all that was reported, after at most so many seconds."""
        end, wanted = time.monotonic() + seconds, self._handed
        while self._sent < wanted and time.monotonic() < end:
            time.sleep(0.01)
        return self._sent >= wanted

    def settle(self) -> None:
        """Wait until all is on the disk, but not long."""
        end = time.monotonic() + STILL
        while self._reports.unfinished_tasks and time.monotonic() < end:
            time.sleep(0.01)

    def _run(self) -> None:
        while True:
            try:
                self._keep_and_send()
            except (sqlite3.Error, OSError, ValueError):  # a full disk, a damaged file
                self._back_off()
                time.sleep(self._pause)

    def _keep_and_send(self) -> None:
        outbox = Outbox(self._path)
        try:
            while True:
                self._keep(outbox)
                if self._reports.empty():
                    self._send(outbox)
        finally:
            outbox.close()

    def _keep(self, outbox: Outbox) -> None:
        """Wait for a report, or for the end of the pause, and write the report down."""
        try:
            exercise, status, when, mistake = self._reports.get(timeout=self._pause or None)
        except queue.Empty:
            return
        try:
            outbox.put(exercise, status, when, mistake)
        finally:
            self._kept += 1
            self._reports.task_done()

    def _send(self, outbox: Outbox) -> None:
        member = read_membership()
        if member is None or not member.sends:
            self._pause = 0.0
            return
        try:
            outbox.deliver(member)
        except (Unreachable, Refused):
            self._back_off()
        else:
            self._pause, self._sent = 0.0, self._kept

    def _back_off(self) -> None:
        # Not all at the same moment, when a board comes back to a full room.
        longer = min(max(FIRST_PAUSE, 2 * self._pause), self._longest)
        self._pause = longer * random.uniform(0.7, 1.0)


_reporters: dict[Path, Reporter] = {}


def reporter_for(path: Path) -> Reporter:
    """Give this process's reporter for an outbox."""
    if path not in _reporters:
        _reporters[path] = Reporter(path)
        atexit.register(_reporters[path].settle)
    return _reporters[path]

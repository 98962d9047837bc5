"""A room of 300 learners on one live board, which is killed twice; then all check at once.

Each learner has an outbox of their own, and one page follows the feed. All of it is on this
computer, and ends by itself after some four minutes. It fails if an event is lost, kept twice, or
kept under another name.
"""

import http.client
import json
import os
import queue
import signal
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from qkv_course.workshop.board.host import settings_for
from qkv_course.workshop.board.joining import digest
from qkv_course.workshop.board.link import Unreachable, ask
from qkv_course.workshop.board.membership import Membership
from qkv_course.workshop.board.outbox import Outbox
from qkv_course.workshop.board.store import Store
from qkv_course.workshop.board.supervise import Supervisor, write_catalogue

LEARNERS, PORT, KEY = 300, 18767, "the key of this benchmark"
CALM = 180, 1.0, (60.0, 120.0)  # seconds, events a second, when the board is killed
BURST = 20, 30.0, ()


@dataclass
class Seen:
    """What was measured, in milliseconds."""

    posted: list[float] = field(default_factory=list)
    shown: list[float] = field(default_factory=list)
    back: list[float] = field(default_factory=list)


@dataclass
class Learner:
    """A learner's computer: what it sent, and when each attempt was handed over."""

    member: Membership
    folder: Path
    reports: "queue.Queue[str | None]" = field(default_factory=queue.Queue)
    handed: list[float] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def live(self, seen: Seen) -> None:
        """Send reports until there are no more, as a notebook's thread does."""
        outbox = Outbox(self.folder / f"{self.member.learner}.sqlite")
        while status := self.reports.get():
            self.ids.append(outbox.put("softmax", status, time.time()).id)
            while outbox.waiting():
                before = time.perf_counter()
                try:
                    outbox.deliver(self.member)
                    seen.posted.append(1000 * (time.perf_counter() - before))
                except Unreachable:
                    time.sleep(0.5)
        outbox.close()


def rows() -> Iterator[tuple[str, list[float]]]:
    """Run both loads and count what the board has kept."""
    folder = Path(tempfile.mkdtemp())
    settings_for(folder, "127.0.0.1", PORT, "Room", KEY).write(folder)
    write_catalogue(folder)
    people = _join(folder)
    supervisor = Supervisor(folder)
    running = threading.Thread(target=supervisor.run)
    running.start()
    _wait()
    try:
        for what, load in (("1 a second, two kills", CALM), ("30 a second", BURST)):
            seen = _run(people, supervisor, *load)
            yield f"post an event, {what}", seen.posted
            yield f"event on the page, {what}", seen.shown
            if seen.back:
                yield "the board is back after a kill", seen.back
    finally:
        supervisor.stop()
        running.join()
    _count(folder, people)


def _join(folder: Path) -> list[Learner]:
    store, boxes, people = Store(folder / "board.sqlite"), Path(tempfile.mkdtemp()), []
    for number in range(LEARNERS):
        name, token = f"learner-{number:03}", f"token-{number}"
        store.join(name, digest(token), LEARNERS)
        people.append(Learner(Membership(f"http://127.0.0.1:{PORT}", token, name), boxes))
    store.close()
    return people


def _run(
    people: list[Learner],
    supervisor: Supervisor,
    seconds: int,
    rate: float,
    kills: tuple[float, ...],
) -> Seen:
    seen, over = Seen(), threading.Event()
    lives = [threading.Thread(target=p.live, args=(seen,)) for p in people]
    page = threading.Thread(target=_watch, args=(people, seen, over))
    killer = threading.Thread(target=_kill, args=(supervisor, kills, seen))
    for thread in (*lives, page, killer):
        thread.start()
    start, first = time.time(), sum(len(p.handed) for p in people)
    for number in range(int(seconds * rate)):
        time.sleep(max(0.0, start + number / rate - time.time()))
        person = people[(first + number) * 7 % LEARNERS]
        person.handed.append(time.time())
        person.reports.put("passed" if number % 3 == 2 else "wrong")
    for person in people:
        person.reports.put(None)
    for thread in (*lives, killer):
        thread.join()
    time.sleep(1.0)  # for the page to hear of the last
    over.set()
    page.join()
    return seen


def _watch(people: list[Learner], seen: Seen, over: threading.Event) -> None:
    """Follow the feed as the page does, and note when each attempt is first shown."""
    by_name = {p.member.learner: p for p in people}
    shown = {name: len(p.handed) for name, p in by_name.items()}
    while not over.is_set():
        with suppress(OSError, ValueError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
            connection.request("GET", "/api/feed", headers={"Cookie": f"qkv-board-{PORT}={KEY}"})
            answer = connection.getresponse()
            while not over.is_set() and (line := answer.readline()):
                if line.startswith(b"data: "):
                    for row in json.loads(line[6:]).get("rows", []):
                        _note(by_name[row["name"]], row, shown, seen)
            connection.close()
        over.wait(0.2)


def _note(person: Learner, row: dict, shown: dict[str, int], seen: Seen) -> None:  # type: ignore[type-arg]
    attempts = row["cells"].get("softmax", {}).get("attempts", 0)
    for at in range(shown[row["name"]], attempts):
        seen.shown.append(1000 * (time.time() - person.handed[at]))
    shown[row["name"]] = max(attempts, shown[row["name"]])


def _kill(supervisor: Supervisor, kills: tuple[float, ...], seen: Seen) -> None:
    start = time.time()
    for when in kills:
        time.sleep(max(0.0, start + when - time.time()))
        before = supervisor.pid
        os.kill(before, signal.SIGKILL)
        killed = time.time()
        while supervisor.pid == before:
            time.sleep(0.01)
        _wait()
        seen.back.append(1000 * (time.time() - killed))


def _wait() -> None:
    for _ in range(1000):
        try:
            ask("GET", f"http://127.0.0.1:{PORT}/api/health")
            return
        except Unreachable:
            time.sleep(0.02)
    raise SystemExit("The board does not answer.")


def _count(folder: Path, people: list[Learner]) -> None:
    """Compare what was sent with what was kept."""
    query = "SELECT learner, id FROM event"
    kept = sqlite3.connect(folder / "board.sqlite").execute(query).fetchall()
    sent = {(p.member.learner, i) for p in people for i in p.ids}
    ids = {i for _, i in sent}
    lost, doubled = len(sent - set(kept)), len(kept) - len(set(kept))
    misattributed = sum(pair not in sent and pair[1] in ids for pair in kept)
    print(
        f"{len(sent)} events sent, {len(kept)} kept; lost {lost}, doubled {doubled}, "
        f"misattributed {misattributed}"
    )
    if lost or doubled or misattributed or len(sent) != len(kept):
        raise SystemExit("The board did not keep what was sent.")

"""Events that wait to be sent, on the disk: one leaves only when the board has acknowledged it."""

import json
import sqlite3
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qkv_course.progress import ATTEMPTS
from qkv_course.workshop.board.events import MOST_EVENTS, Event
from qkv_course.workshop.board.link import Refused, Unreachable, ask
from qkv_course.workshop.board.membership import Membership

SCHEMA = """
CREATE TABLE IF NOT EXISTS waiting(number INTEGER PRIMARY KEY, id TEXT UNIQUE, event TEXT) STRICT;
CREATE TABLE IF NOT EXISTS tried(exercise TEXT PRIMARY KEY, attempts INTEGER NOT NULL) STRICT;
"""
# The token is not known (yet): what waits may still be taken later.
NOT_ME = (401, 403, 404)


class Outbox:
    """A queue in one SQLite file, which several notebooks may share. Raises sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, timeout=10)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        self._db.close()

    def put(self, exercise: str, status: str, when: float, mistake: str | None = None) -> Event:
        """Add what happened, with an id of its own and the number of the attempt."""
        self._db.execute("BEGIN IMMEDIATE")
        attempt = self._count(exercise) if status in ATTEMPTS else 0
        event = Event(uuid.uuid4().hex, exercise, status, attempt, when, mistake)
        row = (event.id, json.dumps(event.as_dict()))
        self._db.execute("INSERT INTO waiting(id, event) VALUES(?, ?)", row)
        self._db.execute("COMMIT")
        return event

    def _count(self, exercise: str) -> int:
        counting = """INSERT INTO tried VALUES(?, 1)
          ON CONFLICT DO UPDATE SET attempts = attempts + 1 RETURNING attempts"""
        return int(self._db.execute(counting, (exercise,)).fetchone()[0])

    def waiting(self, most: int = MOST_EVENTS) -> list[dict[str, Any]]:
        """Give what was not acknowledged yet, oldest first."""
        query = "SELECT event FROM waiting ORDER BY number LIMIT ?"
        return [json.loads(event) for (event,) in self._db.execute(query, (most,))]

    def remove(self, ids: Iterable[str]) -> None:
        """Drop events that the board has, or never will."""
        self._db.executemany("DELETE FROM waiting WHERE id = ?", [(i,) for i in ids])

    def clear(self) -> None:
        """Drop all that waits, and start to count attempts anew."""
        self._db.executescript("DELETE FROM waiting; DELETE FROM tried;")

    def deliver(self, member: Membership) -> None:
        """Send all that waits. Raises Unreachable, and Refused if the board does not know us."""
        while events := self.waiting():
            try:
                self._send(member, events)
            except Refused as refusal:
                if refusal.status in NOT_ME:
                    raise
                self._send_one_by_one(member, events)

    def _send_one_by_one(self, member: Membership, events: list[dict[str, Any]]) -> None:
        # One that the board cannot take (a newer lesson's mistake) must not hold up the others.
        for event in events:
            try:
                self._send(member, [event])
            except Refused as refusal:
                if refusal.status in NOT_ME:
                    raise
                self.remove([event["id"]])

    def _send(self, member: Membership, events: list[dict[str, Any]]) -> None:
        answer = ask("POST", f"{member.url}/api/events", member.key, {"events": events})
        sent = {event["id"] for event in events}
        taken = answer.get("accepted") if isinstance(answer, dict) else None
        if not isinstance(taken, list) or set(map(str, taken)) != sent:
            raise Unreachable(f"What answers at {member.url} is no board.")
        self.remove(sent)

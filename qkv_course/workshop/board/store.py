"""What the board keeps, in one SQLite file: what is acknowledged is on the disk."""

import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qkv_course.errors import QkvError
from qkv_course.workshop.board.events import ALL_GOOD, FAILED, FLAGS, NEED_HELP, Event

SCHEMA = """
CREATE TABLE IF NOT EXISTS learner(
  name TEXT PRIMARY KEY, token TEXT UNIQUE, joined REAL NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS event(
  seq INTEGER PRIMARY KEY, learner TEXT NOT NULL, id TEXT NOT NULL, exercise TEXT NOT NULL,
  status TEXT NOT NULL, attempt INTEGER NOT NULL, time REAL NOT NULL, mistake TEXT,
  received REAL NOT NULL, UNIQUE(learner, id)) STRICT;
CREATE TABLE IF NOT EXISTS current(
  learner TEXT NOT NULL, exercise TEXT NOT NULL, status TEXT NOT NULL, passed INTEGER NOT NULL,
  attempts INTEGER NOT NULL, failed INTEGER NOT NULL, mistake TEXT, changed REAL NOT NULL,
  PRIMARY KEY(learner, exercise)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS flag(
  learner TEXT PRIMARY KEY, exercise TEXT NOT NULL, since REAL NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS made(
  exercise TEXT NOT NULL, mistake TEXT NOT NULL, learner TEXT NOT NULL,
  PRIMARY KEY(exercise, mistake, learner)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS made_by ON made(learner);
"""
ADD = """INSERT OR IGNORE INTO
  event(learner, id, exercise, status, attempt, time, mistake, received)
  VALUES(?, ?, ?, ?, ?, ?, ?, ?)"""
# A check that passed stays passed, whatever is tried later.
UPDATE = """INSERT INTO current VALUES(?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET status = excluded.status, passed = max(passed, excluded.passed),
    attempts = max(attempts, excluded.attempts), failed = failed + excluded.failed,
    mistake = excluded.mistake, changed = excluded.changed"""
# How many make a mistake now (their newest check named it, and none passed), and ever did.
MISTAKES = """SELECT made.exercise, made.mistake, count(*),
    coalesce(sum(current.mistake = made.mistake AND NOT current.passed), 0)
  FROM made LEFT JOIN current USING(learner, exercise) GROUP BY 1, 2"""
MOST_KEPT = 5000  # events of one learner


class BoardFull(QkvError):
    """There is no room for more learners, or for more events of this one."""


class NameTaken(QkvError):
    """Another learner has this name."""


class Store:
    """Events, and what follows from them: a cell for each learner and exercise, and the flags."""

    def __init__(self, path: Path) -> None:
        # One file, one process, one thread: transactions are begun by hand.
        self._db = sqlite3.connect(path, isolation_level=None, timeout=10)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA secure_delete = ON")  # what is forgotten is gone
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        self._db.close()

    def join(self, name: str, token: str, most: int) -> None:
        """Take in a learner who is known by a token's hash. Raises NameTaken, BoardFull."""
        if self._db.execute("SELECT count(*) FROM learner").fetchone()[0] >= most:
            raise BoardFull(f"The board is full: it has room for {most} learners.")
        try:
            self._db.execute("INSERT INTO learner VALUES(?, ?, ?)", (name, token, time.time()))
        except sqlite3.IntegrityError:
            raise NameTaken(f"There is a {name} already.") from None

    def learner_of(self, token: str) -> str | None:
        """Say whose token has this hash."""
        query = "SELECT name FROM learner WHERE token = ?"
        found = self._db.execute(query, (token,)).fetchone()
        return found[0] if found else None

    def add(self, learner: str, events: Iterable[Event]) -> int:
        """Keep the events that are new, all or none. Returns how many; raises BoardFull."""
        now, added = time.time(), 0
        self._db.execute("BEGIN IMMEDIATE")
        try:
            joining = "INSERT OR IGNORE INTO learner VALUES(?, NULL, ?)"
            self._db.execute(joining, (learner, now))
            for event in events:
                added += self._add_one(learner, event, now)
            query = "SELECT count(*) FROM event WHERE learner = ?"
            if self._db.execute(query, (learner,)).fetchone()[0] > MOST_KEPT:
                raise BoardFull(f"The board keeps at most {MOST_KEPT} events of one learner.")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        return added

    def _add_one(self, learner: str, e: Event, now: float) -> bool:
        fields = (learner, e.id, e.exercise, e.status, e.attempt, e.time, e.mistake, now)
        if not self._db.execute(ADD, fields).rowcount:
            return False
        if e.status in FLAGS:
            self._move_flag(learner, e, now)
            return True
        counts = int(e.status == "passed"), e.attempt, int(e.status in FAILED)
        self._db.execute(UPDATE, (learner, e.exercise, e.status, *counts, e.mistake, now))
        if e.mistake:
            made = "INSERT OR IGNORE INTO made VALUES(?, ?, ?)"
            self._db.execute(made, (e.exercise, e.mistake, learner))
        return True

    def _move_flag(self, learner: str, event: Event, now: float) -> None:
        if event.status == ALL_GOOD:
            self._db.execute("DELETE FROM flag WHERE learner = ?", (learner,))
        elif event.status == NEED_HELP:
            raising = """INSERT INTO flag VALUES(?, ?, ?)
              ON CONFLICT DO UPDATE SET exercise = excluded.exercise"""
            self._db.execute(raising, (learner, event.exercise, now))

    def rows(self, learner: str | None = None) -> dict[str, dict[str, Any]]:
        """Give the rows of the board by name: of all learners, or of one."""
        where, which = ("", ()) if learner is None else (" WHERE name = ?", (learner,))
        query = f"SELECT name FROM learner{where} ORDER BY joined"
        rows = {n: {"name": n, "cells": {}} for (n,) in self._db.execute(query, which)}
        where = where.replace("name", "learner")
        for name, exercise, since in self._db.execute(f"SELECT * FROM flag{where}", which):
            rows[name]["flag"] = {"exercise": exercise, "since": since}
        for name, exercise, *cell in self._db.execute(f"SELECT * FROM current{where}", which):
            names = ("status", "passed", "attempts", "failed", "mistake", "changed")
            rows[name]["cells"][exercise] = dict(zip(names, cell, strict=True))
        return rows

    def mistakes(self) -> list[dict[str, Any]]:
        """Count who makes each named mistake now and who ever made it, the most frequent first."""
        names = ("exercise", "mistake", "ever", "now")
        found = [dict(zip(names, row, strict=True)) for row in self._db.execute(MISTAKES)]
        return sorted(found, key=lambda m: (-m["now"], -m["ever"], m["exercise"], m["mistake"]))

    def events(self, learner: str) -> list[dict[str, Any]]:
        """Give all that is kept of a learner, oldest first."""
        query = """SELECT id, exercise, status, attempt, time, mistake, received
          FROM event WHERE learner = ? ORDER BY seq"""
        names = ("id", "exercise", "status", "attempt", "time", "mistake", "received")
        return [dict(zip(names, row, strict=True)) for row in self._db.execute(query, (learner,))]

    def forget(self, learner: str) -> int:
        """Delete all that is kept of a learner, the token too. Returns how many events."""
        self._db.execute("BEGIN IMMEDIATE")
        query = "SELECT count(*) FROM event WHERE learner = ?"
        kept: int = self._db.execute(query, (learner,)).fetchone()[0]
        for table in ("event", "current", "flag", "made"):
            self._db.execute(f"DELETE FROM {table} WHERE learner = ?", (learner,))
        self._db.execute("DELETE FROM learner WHERE name = ?", (learner,))
        self._db.execute("COMMIT")
        # Otherwise the log would go on holding what was deleted.
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return kept

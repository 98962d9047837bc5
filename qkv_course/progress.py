"""What a learner has done so far: an append-only log in the course folder."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ATTEMPTS = frozenset({"passed", "wrong", "raised", "timed out"})
STATUSES = ATTEMPTS | {"not attempted"}

# What the details of an event must be, for the kinds that are read back by name.
DETAILS: dict[str, dict[str, tuple[type, ...]]] = {
    "check": {"status": (str,), "mistake": (str, type(None))},
    "hint": {"level": (int,)},
    "answer": {"right": (bool,)},
}


@dataclass(frozen=True)
class ExerciseProgress:
    """How far one exercise has come.

    attempts: checks that ran the learner's code; a stub left as it was is no attempt.
    passed: one of them passed, whatever came later.
    last_mistake: the slug of the mistake named last, or None if none was ever named.
    """

    attempts: int = 0
    passed: bool = False
    last_mistake: str | None = None


def course_folder(start: Path | None = None) -> Path:
    """Find the folder of the course.

    start: where to look from; the current folder if None.
    Returns the folder in QKV_HOME if that is set; else the nearest folder, from `start`
    upward, that holds `notebooks/` and `pyproject.toml`; else `start` itself.
    Raises OSError if the current folder is gone.
    """
    home = os.environ.get("QKV_HOME")
    if home:
        return Path(home).absolute()
    here = Path.cwd() if start is None else Path(start).absolute()
    for folder in (here, *here.parents):
        if (folder / "notebooks").is_dir() and (folder / "pyproject.toml").is_file():
            return folder
    return here


def log_file() -> Path:
    """Give the path of the log, whether or not it exists. Raises OSError as course_folder does."""
    return course_folder() / ".qkv" / "progress.jsonl"


def record(kind: str, name: str, **details: Any) -> bool:
    """Add one event to the log.

    kind: "check", "hint", "answer" or "prediction". name: of the exercise or question.
    details: what belongs to the event, as plain JSON values.
    Returns whether it was written. Never raises: losing a line must not stop a lesson.
    """
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    event = {"time": now, "kind": kind, "name": name, **details}
    try:
        line = json.dumps(event, ensure_ascii=False).encode() + b"\n"
        return _append(log_file(), line)
    except (OSError, TypeError, ValueError, RecursionError):
        return False


def _append(path: Path, line: bytes) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without O_BINARY, Windows would turn every "\n" into "\r\n".
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o644)
    try:
        # A line that was cut off (a full disk) must not swallow this one.
        if _ends_mid_line(descriptor):
            line = b"\n" + line
        return os.write(descriptor, line) == len(line)
    finally:
        os.close(descriptor)


def _ends_mid_line(descriptor: int) -> bool:
    if os.lseek(descriptor, 0, os.SEEK_END) == 0:
        return False
    os.lseek(descriptor, -1, os.SEEK_END)
    return os.read(descriptor, 1) != b"\n"


def events() -> list[dict[str, Any]]:
    """Read all events, oldest first.

    Returns one dict an event. Lines that are damaged are skipped; a log that is missing
    or unreadable is an empty list.
    """
    try:
        lines = log_file().read_bytes().split(b"\n")
    except OSError:
        return []
    return [event for event in map(_parse, lines) if event is not None]


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and _is_event(event) else None


def _is_event(event: dict[str, Any]) -> bool:
    wanted = {"time": str, "kind": str, "name": str}
    if not all(isinstance(event.get(key), kind) for key, kind in wanted.items()):
        return False
    details = DETAILS.get(event["kind"], {})
    if not all(isinstance(event.get(key), kinds) for key, kinds in details.items()):
        return False
    return event["kind"] != "check" or event["status"] in STATUSES


def summary() -> dict[str, ExerciseProgress]:
    """Sum up the checks, an entry for each exercise that was attempted."""
    done: dict[str, ExerciseProgress] = {}
    for event in events():
        if event["kind"] != "check" or event["status"] not in ATTEMPTS:
            continue
        before = done.get(event["name"], ExerciseProgress())
        done[event["name"]] = replace(
            before,
            attempts=before.attempts + 1,
            passed=before.passed or event["status"] == "passed",
            last_mistake=event.get("mistake") or before.last_mistake,
        )
    return done


def last(kind: str, name: str) -> dict[str, Any] | None:
    """Give the newest event of this kind and name, or None."""
    for event in reversed(events()):
        if event["kind"] == kind and event["name"] == name:
            return event
    return None

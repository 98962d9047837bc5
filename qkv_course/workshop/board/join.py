"""`qkv join` and `qkv leave`: a learner joins a board, sees what it keeps, and has it deleted."""

import os
import re
import time
from typing import Any
from urllib.parse import urlsplit

from qkv_course.errors import QkvError
from qkv_course.workshop.board.joining import CODE_LENGTH, LETTERS, plain
from qkv_course.workshop.board.learner import what_is_sent
from qkv_course.workshop.board.link import Refused, Unreachable, ask
from qkv_course.workshop.board.membership import (
    Membership,
    delete_membership,
    membership_file,
    read_membership,
    switched_off,
    write_membership,
)
from qkv_course.workshop.board.outbox import Outbox

SHOWN = 12  # events that `qkv join` lists
TRIES = 5
HOW_TO_JOIN = (
    "To join, copy the line on your teacher's screen: an address and a code, as in\n"
    "  qkv join http://192.168.1.5:8765 K7Q-M4X"
)


def join(address: str = "", code: str = "") -> str:
    """Join a board, or say what it keeps if one was joined. Returns what to print.

    Raises QkvError if that cannot be done.
    """
    member = read_membership()
    if member is not None and member.left:
        _forget(member)
        member = None
    if member is not None:
        url = _url(address) if address else member.url
        if url != member.url:
            raise QkvError(f"You joined the board at {member.url}. Run `qkv leave` first.")
        return _kept(member)
    member = _by_code(_url(address), code) if address else _by_hub()
    outbox = Outbox(_outbox())
    outbox.clear()
    outbox.close()
    write_membership(member)
    off = "\nQKV_BOARD=off is set here, so nothing will be sent.\n" if switched_off() else ""
    return what_is_sent(member) + off


def leave() -> str:
    """Send nothing more, and have the board delete what it keeps. Returns what to print."""
    member = read_membership()
    if member is None:
        return "You have not joined a board, so nothing is sent."
    write_membership(Membership(**{**vars(member), "left": True}))
    outbox = Outbox(_outbox())
    outbox.clear()
    outbox.close()
    deleted = _forget(member)
    if deleted is None:
        return (
            f"Nothing more is sent. The board at {member.url} does not answer, so it could not be "
            "asked to delete what it keeps:\nrun `qkv leave` again when it does. A board in a "
            "room deletes everything when the teacher stops it."
        )
    delete_membership()
    return f"You left. The board has deleted what it kept about you ({deleted} events)."


def _forget(member: Membership) -> int | None:
    """Have the board delete all. Returns how many events, or None if it cannot be reached."""
    try:
        return int(ask("DELETE", f"{member.url}/api/me", member.key)["deleted"])
    except Refused:  # it does not know this learner, so it keeps nothing
        return 0
    except (Unreachable, KeyError, TypeError, ValueError):
        return None


def _by_code(url: str, code: str) -> Membership:
    letters = plain(code)
    if not re.fullmatch(f"[{LETTERS}]{{{CODE_LENGTH}}}", letters):
        seen = f"{code!r} is none" if code else "it is missing"
        raise QkvError(f"A code has {CODE_LENGTH} letters, as in K7Q-M4X; {seen}.\n{HOW_TO_JOIN}")
    answer = _patiently(f"{url}/api/join", {"code": letters})
    return Membership(url, str(answer["token"]), str(answer["learner"]))


def _patiently(url: str, body: dict[str, Any]) -> Any:
    """Ask again if many join at once. Raises Unreachable, Refused."""
    for attempt in range(TRIES):
        try:
            return ask("POST", url, body=body)
        except Unreachable as error:
            if not error.busy or attempt == TRIES - 1:
                raise
            time.sleep(1 + attempt)
    raise AssertionError


def _by_hub() -> Membership:
    url, token = os.environ.get("QKV_BOARD_URL"), os.environ.get("JUPYTERHUB_API_TOKEN")
    if not url or not token:
        raise QkvError(f"You have not joined a board.\n{HOW_TO_JOIN}")
    url = url.rstrip("/")
    return Membership(url, "", str(ask("GET", f"{url}/api/me", token)["learner"]))


def _url(address: str) -> str:
    """Take an address as people type it. Raises QkvError."""
    full = address if "://" in address else f"http://{address}"
    try:
        parts = urlsplit(full)
        right = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        right = False
    if not right:
        raise QkvError(f"{address} is no address of a board.\n{HOW_TO_JOIN}")
    return full.rstrip("/")


def _kept(member: Membership) -> str:
    """Say what the board keeps about a learner."""
    events = ask("GET", f"{member.url}/api/me", member.key)["events"]
    lines = [
        f"You joined the board at {member.url}, as {member.learner}.",
        f"It keeps {len(events)} events about you; `qkv leave` deletes them. The newest:",
    ]
    for event in events[-SHOWN:]:
        when = time.strftime("%H:%M:%S", time.localtime(event["time"]))
        parts = [when, event["exercise"], event["status"], event["mistake"]]
        lines.append("  " + "  ".join(part for part in parts if part))
    return "\n".join(lines if events else [lines[0], "It keeps nothing about you yet."])


def _outbox() -> Any:
    return membership_file().with_name("outbox.sqlite")

"""What a learner's notebook says to the board: the results of checks, and a flag for help."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from qkv_course import progress
from qkv_course.lessons import exercise_names
from qkv_course.workshop.board.membership import (
    Membership,
    membership_file,
    read_membership,
    switched_off,
    write_membership,
)

NOT_JOINED = (
    "You have not joined a board, so nobody would see your flag: ask aloud. To join, run "
    "`qkv join` in a terminal with the address and the code on your teacher's screen."
)
WAIT = 2.0  # seconds that a flag waits to hear from the board


def report(exercise: str, status: str, mistake: str | None = None) -> None:
    """Tell the board how a check went, if the learner joined one.

    Returns at once and never raises: a lesson goes on without the board.
    """
    try:
        member = read_membership()
        if member is not None and member.sends:
            _tell_once(member)
            _reporter().report(exercise, status, mistake)
    except Exception:  # whatever it is, it is no reason to stop a check
        return


def need_help(exercise: str | Callable[..., Any] | None = None) -> None:
    """Raise your flag on the teacher's board; `all_good()` takes it down.

    exercise: your function or its name; the one that you checked last, if you name none.
    """
    from qkv_course.workshop.board.events import NEED_HELP

    name = exercise if isinstance(exercise, str) else getattr(exercise, "__name__", "")
    if exercise is None:
        checks = [e["name"] for e in progress.events() if e["kind"] == "check"]
        name = checks[-1] if checks else ""
    name = name if name in exercise_names() else ""
    where = f" at {name}" if name else ""
    _move_flag(name, NEED_HELP, f"Your flag is up{where}. `all_good()` takes it down.")


def all_good() -> None:
    """Take your flag on the teacher's board down."""
    from qkv_course.workshop.board.events import ALL_GOOD

    _move_flag("", ALL_GOOD, "Your flag is down.")


def _move_flag(exercise: str, status: str, done: str) -> None:
    member = read_membership()
    if switched_off():
        return print("QKV_BOARD=off: nothing is sent, so nobody would see your flag. Ask aloud.")
    if member is None or not member.sends:
        return print(NOT_JOINED)
    _tell_once(member)
    reporter = _reporter()
    reporter.report(exercise, status)
    if reporter.wait(WAIT):
        print(done)
    else:
        print("The board does not answer right now. It will be told as soon as it does; ask aloud.")


def _reporter() -> Any:
    # Threads, SQLite and HTTP are loaded only by those who joined.
    from qkv_course.workshop.board.reporter import reporter_for

    return reporter_for(membership_file().with_name("outbox.sqlite"))


def _tell_once(member: Membership) -> None:
    """Say what will leave this computer, before anything does."""
    if not member.told:
        print(what_is_sent(member))
        write_membership(replace(member, told=True))


def what_is_sent(member: Membership) -> str:
    """Say what a board is told."""
    return (
        f"You joined the board at {member.url}, as {member.learner}. From now on, each check and "
        "each flag\nsends these fields there, and nothing else:\n"
        "  id        random, so that nothing counts twice\n"
        "  exercise  its name, such as attention\n"
        "  status    passed, wrong, raised, timed out, not attempted, need help, all good\n"
        "  attempt   how often you have checked it\n"
        "  time      of the check\n"
        "  mistake   the name of a mistake that the check recognized, such as not-scaled\n"
        "Your code and what it prints stay here, and no grade comes from the board. `qkv join` "
        "shows what it\nkeeps about you; `qkv leave` deletes that, and sends nothing more.\n"
    )

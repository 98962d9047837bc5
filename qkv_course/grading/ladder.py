"""How well learners' code can be shut in on this machine, found out by trying."""

import os
import subprocess
import sys
from dataclasses import dataclass

from qkv_course.errors import QkvError
from qkv_course.grading.jail import bubblewrap, command, environment

RUNGS = {
    "jail": "shut in completely: no network, no files but Python's, no sight of other processes, "
    "system calls filtered",
    "jail-lite": "shut in: no network, no files but Python's, system calls filtered",
    "landlock": "no network, no files but Python's, nothing can be written, system calls filtered",
    "process": "a process of its own with limits on time and memory; it can read files, and reach "
    "the network and other programs of yours",
}
"""From the best to the weakest, with what each does for learners' code."""

TRY = 30  # seconds


class TooWeak(QkvError):
    """Learners' code cannot be shut in well enough here."""


@dataclass(frozen=True)
class Ladder:
    """The best rung that holds, and why those above it do not."""

    rung: str
    failed: dict[str, str]

    @property
    def warning(self) -> str:
        """Say what a weak rung leaves open, or ""."""
        if self.rung != "process":
            return ""
        why = "; ".join(f"{rung}: {reason}" for rung, reason in self.failed.items())
        nothing = f" Nothing better holds on this machine ({why})." if why else ""
        return (
            f"Learners' code runs in {RUNGS['process']}. A hostile notebook could read the answers "
            f"and your files.{nothing}"
        )


def find_rung(allow_weak: bool = False, only: str | None = None) -> Ladder:
    """Find the best rung that holds.

    allow_weak: also take "process". only: try this rung alone.
    Raises TooWeak if only "process" is left and is not allowed, or for root, whom it does not stop.
    """
    failed: dict[str, str] = {}
    for rung in [only] if only else RUNGS:
        if rung not in RUNGS:
            raise TooWeak(f"There is no rung {rung!r}. There are: {', '.join(RUNGS)}.")
        reason = "" if rung == "process" else _try(rung)
        if not reason:
            ladder = Ladder(rung, failed)
            _refuse_if_weak(ladder, allow_weak)
            return ladder
        failed[rung] = reason
    raise TooWeak(f"The rung {only!r} does not hold here: {failed[str(only)]}.")


def _refuse_if_weak(ladder: Ladder, allow_weak: bool) -> None:
    if not ladder.warning:
        return
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        raise TooWeak(
            f"{ladder.warning} As root this is refused: run qkv as an ordinary user, or install "
            "bubblewrap (Debian, Ubuntu: apt install bubblewrap)."
        )
    if not allow_weak:
        raise TooWeak(
            f"{ladder.warning} Install bubblewrap (Debian, Ubuntu: apt install bubblewrap), or say "
            "--allow-weak if you trust everyone whose work you grade."
        )


def _try(rung: str) -> str:
    """Take a rung's steps in a process of its own. Returns why they fail, or ""."""
    if sys.platform != "linux":
        return "it is for Linux"
    if rung.startswith("jail") and bubblewrap() is None:
        return "bubblewrap is not installed"
    try:
        done = subprocess.run(
            command(rung, "probe", rung),
            env=environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TRY,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return type(error).__name__
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return "" if done.returncode == 0 else said[-1] if said else f"status {done.returncode}"

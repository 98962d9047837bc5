"""Whether this learner has joined a board, and which: a file in the course's folder.

Nothing is sent before `qkv join`, on a hub neither.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from qkv_course.progress import course_folder
from qkv_course.workshop.board.settings import write_private


@dataclass(frozen=True)
class Membership:
    """One board, joined.

    url: of the board. token: proves who reports; "" on a hub, where the server's own token does.
    learner: the name that the board shows. told: the learner has seen what will be sent.
    left: nothing is sent any more, but the board could not be asked to forget yet.
    """

    url: str
    token: str
    learner: str
    told: bool = False
    left: bool = False

    @property
    def key(self) -> str:
        """The token to send along, or "" if there is none."""
        return self.token or os.environ.get("JUPYTERHUB_API_TOKEN", "")

    @property
    def sends(self) -> bool:
        return not self.left and bool(self.key) and not switched_off()


def switched_off() -> bool:
    """Say whether QKV_BOARD=off forbids to send anything."""
    return os.environ.get("QKV_BOARD", "").strip().lower() in ("off", "0", "no", "false")


def membership_file() -> Path:
    return course_folder() / ".qkv" / "board.json"


def read_membership() -> Membership | None:
    """Read which board was joined, or None. Never raises."""
    try:
        given = json.loads(membership_file().read_text(encoding="utf-8"))
        member = Membership(**given)
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    texts = (member.url, member.token, member.learner)
    return member if all(isinstance(text, str) for text in texts) else None


def write_membership(member: Membership) -> None:
    """Write it where only this user can read. Raises OSError."""
    write_private(membership_file(), json.dumps(asdict(member), indent=1))


def delete_membership() -> None:
    """Forget which board was joined. Raises OSError."""
    membership_file().unlink(missing_ok=True)

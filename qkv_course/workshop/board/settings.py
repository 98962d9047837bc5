"""What a board is started with, kept in its folder so that a restart changes nothing."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from qkv_course.errors import QkvError


@dataclass(frozen=True)
class Settings:
    """How one board is reached, and by whom.

    door: "lan" (a join code, pseudonyms) or "hub" (JupyterHub says who is who).
    host, port: where it listens. prefix: the path under which a proxy shows it.
    address: what learners are told, as "http://192.168.1.5:8765".
    code: the join code. key: the SHA-256 of the teacher's key. secret: signs cookies.
    patience: seconds that a page may take to read one message of the feed.
    """

    door: Literal["lan", "hub"] = "lan"
    title: str = "QKV Course"
    host: str = "127.0.0.1"
    port: int = 8765
    prefix: str = "/"
    address: str = ""
    code: str = ""
    key: str = ""
    patience: float = 20.0
    secret: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)

    @classmethod
    def read(cls, folder: Path) -> "Settings":
        """Read a board's settings. Raises QkvError if there are none."""
        try:
            return cls(**json.loads((folder / "settings.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise QkvError(f"There is no board in {folder}: {error}.") from None

    def write(self, folder: Path) -> None:
        """Write them where only this user can read. Raises OSError."""
        write_private(folder / "settings.json", json.dumps(asdict(self)))


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user can read, whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(part, path)

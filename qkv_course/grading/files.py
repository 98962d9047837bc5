"""Names and writing of result files: safe for any learner's name, whole or not there at all."""

import hashlib
import os
import re
import secrets
import unicodedata
from pathlib import Path

# Lower case only: on some file systems, names that differ only in case are one file.
PLAIN = re.compile(r"[a-z0-9][a-z0-9_-]*(\.[a-z0-9_-]+)*")
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")  # devices on Windows
LONGEST = 100  # bytes of a name that are kept; file systems take 255, with all that is added


def file_name(name: str, ending: str) -> str:
    """Give a file name that no other name gets, on any file system.

    name: anything. Plain names stay as they are; others keep what can be read of them and get
    a part of their hash, which keeps them apart. ending: ".json" and the like.
    """
    name = unicodedata.normalize("NFC", name)
    if PLAIN.fullmatch(name) and len(name) <= LONGEST and not RESERVED.match(name):
        return name + ending
    readable = re.sub(r"[^\w-]+", "_", name).encode(errors="replace")[:LONGEST]
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:16]
    return f"{readable.decode(errors='ignore').strip('_-') or 'name'}~{digest}{ending}"


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is never seen half-written, even if the power goes.

    Raises OSError, and leaves what was there before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.parent / f".{secrets.token_hex(8)}.part"  # the same folder: a rename, not a copy
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def printable(text: str) -> str:
    """Replace what no text file may hold: halves of characters."""
    return text.encode(errors="surrogatepass").decode(errors="replace")

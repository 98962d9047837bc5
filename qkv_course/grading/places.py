"""A walk through folders and zips: it follows no link, opens no pipe, and believes no size."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import re
import stat
import struct
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from qkv_course.grading.notebooks import MAX_BYTES, UnreadableNotebook, read_bytes, unreadable

# What a browser or an editor may add to a notebook's name on the way.
NOTEBOOK = re.compile(r"\.ipynb(?:\.(?:json|txt))?$", re.I)
OTHERS = {
    ".py": "a Python script",
    ".html": "a web page",
    ".htm": "a web page",
    ".pdf": "a PDF document",
    ".docx": "a Word document",
    ".rar": "an archive, but no zip",
    ".7z": "an archive, but no zip",
    ".tar": "an archive, but no zip",
    ".gz": "an archive, but no zip",
    ".tgz": "an archive, but no zip",
}
SKIPPED = {"__macosx", "__pycache__", "node_modules", "site-packages"}
SOLUTIONS = "solutions"
NOT_GRADED = "holds the course's solutions, which are not graded"
DAMAGED = "cannot be opened as a zip: ask the learner to hand it in again"
GRADESCOPE_LIST = "submission_metadata.yml"

MAX_DEPTH = 20
MAX_NAME = 255  # characters of a file's name; a zip may have longer ones
MAX_DIRECTORY = 16 * 2**20  # bytes of a zip's own list of files: some 200,000 names
MAX_UNPACKED = 2**30  # bytes of the notebooks in one zip that lies among others
MAX_RATIO = 200  # of the size unpacked, if that is large, to the size packed
LARGE = 16 * 2**20


@dataclass(frozen=True)
class Place:
    """A file found.

    parts: its name, from the folder or zip that was searched; a zip counts as a folder.
    path: the file, or the zip that holds it. member: its name in that zip. inner: if `member`
    is itself a zip, the name in there. name: all its parts, as they may be printed.
    """

    parts: tuple[str, ...]
    path: Path
    member: str = ""
    inner: str = ""
    name: str = ""


@dataclass
class Found:
    """What a walk found. others: files that may be there instead of a notebook.

    lists: Gradescope's lists of who handed in what. ignored: what was passed over, and why.
    """

    notebooks: list[Place] = field(default_factory=list)
    others: list[Place] = field(default_factory=list)
    lists: list[Place] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    ignored: dict[str, str] = field(default_factory=dict)

    def ignore(self, parts: tuple[str, ...], why: str) -> None:
        """Note that something was passed over."""
        self.ignored.setdefault(printed(parts), why)

    def add(self, place: Place) -> None:
        """Keep a file, if it may matter."""
        name, parts = place.parts[-1], tuple(map(one_spelling, place.parts))
        place = replace(place, parts=parts, name=self._new(printed(parts)))
        if NOTEBOOK.search(name):
            self.notebooks.append(place)
        elif name == GRADESCOPE_LIST:
            self.lists.append(place)
        elif suffix(name) in OTHERS:
            self.others.append(place)

    def _new(self, name: str) -> str:
        # Names that differ only in what cannot be printed must stay two.
        tries = (name if n == 1 else f"{name} ({n})" for n in itertools.count(1))
        new = next(name for name in tries if name not in self.names)
        self.names.add(new)
        return new


def suffix(name: str) -> str:
    """Give the end of a file's name, in lower case, with its dot."""
    return os.path.splitext(name)[1].lower()


def printed(parts: tuple[str, ...]) -> str:
    """Give a file's name as it may be printed."""
    return "/".join(map(clean, parts))


def one_spelling(text: str) -> str:
    """Give a name as most systems spell it; macOS writes accents apart from their letters."""
    return unicodedata.normalize("NFC", text)


def clean(text: str) -> str:
    """Give a name in one spelling and on one line, without what a terminal would obey."""
    kept = (_printable(character) for character in one_spelling(text[:MAX_NAME]))
    return " ".join("".join(kept).split())


def _printable(character: str) -> str:
    # Cc: controls, Cf: invisible signs, that may turn the direction of writing; Cs: halves
    # of characters, and bytes of a name that is no UTF-8.
    category = unicodedata.category(character)
    return {"Cc": " ", "Cf": "", "Cs": "\ufffd", "Co": "\ufffd", "Cn": "\ufffd"}.get(
        category, character
    )


def search(path: Path) -> Found:
    """Find all notebooks at a path: a notebook, a zip, or a folder at any depth.

    Raises OSError and UnreadableNotebook if the path cannot be opened, and zipfile.BadZipFile.
    """
    found = Found()
    name, path = path.name, path.resolve()  # a link that was asked for is followed
    if path.is_dir():
        _folder(found, path, ())
    elif suffix(name) == ".zip":
        with open_file(path) as file:
            _zip(found, file, Place((), path), most=None)
    else:
        open_file(path).close()
        found.add(Place((name,), path))
    return found


# Folders


def _folder(found: Found, folder: Path, parts: tuple[str, ...]) -> None:
    if len(parts) > MAX_DEPTH:
        return found.ignore(parts, "lies too deep in folders to be looked at")
    with os.scandir(folder) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        if _is_skipped(entry.name):
            continue
        try:
            _entry(found, entry, (*parts, entry.name))
        except OSError as error:
            found.ignore((*parts, entry.name), f"cannot be opened ({str(error.strerror).lower()})")


def _entry(found: Found, entry: os.DirEntry[str], parts: tuple[str, ...]) -> None:
    path = Path(entry.path)
    if entry.is_symlink():
        found.ignore(parts, "is a link, and links are not followed")
    elif entry.is_dir(follow_symlinks=False):
        if entry.name.casefold() == SOLUTIONS:
            found.ignore(parts, NOT_GRADED)
        else:
            _folder(found, path, parts)
    elif not entry.is_file(follow_symlinks=False):
        found.ignore(parts, "is no ordinary file")
    elif suffix(entry.name) == ".zip":
        with open_file(path) as file:
            try:
                _zip(found, file, Place(parts, path), MAX_UNPACKED)
            # Archives raise half a dozen unrelated types for one damaged byte.
            except Exception:
                found.ignore(parts, DAMAGED)
    else:
        found.add(Place(parts, path))


def _is_skipped(name: str) -> bool:
    return (name.startswith(".") and name != "..") or name.casefold() in SKIPPED


def open_file(path: Path) -> BinaryIO:
    """Open an ordinary file for reading bytes. Raises OSError, UnreadableNotebook."""
    # A pipe must not make the grader wait, nor a link lead it elsewhere.
    flags = os.O_RDONLY
    for name in ("O_NONBLOCK", "O_NOFOLLOW", "O_BINARY"):
        flags |= getattr(os, name, 0)
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UnreadableNotebook(
            "This is no ordinary file: ask the learner for the .ipynb file itself."
        )
    return os.fdopen(descriptor, "rb")


def read(place: Place) -> bytes:
    """Read a file found. Raises UnreadableNotebook, and nothing else."""
    try:
        with open_file(place.path) as file:
            if not place.member:
                return read_bytes(file)
            data = _unpacked(file, place.member)
        if not place.inner:
            return data
        with io.BytesIO(data) as zipped:
            return _unpacked(zipped, place.inner)
    except UnreadableNotebook:
        raise
    # Archives raise half a dozen unrelated types for one damaged byte.
    except Exception as error:
        raise unreadable(error) from None


def _unpacked(file: BinaryIO, member: str) -> bytes:
    with zipfile.ZipFile(file) as archive, archive.open(member) as unpacked:
        return read_bytes(unpacked)


# Zips


def _zip(found: Found, file: BinaryIO, at: Place, most: int | None) -> None:
    """Look into a zip. at: where it lies. most: bytes that it may unpack to, if limited."""
    if _directory_size(file) > MAX_DIRECTORY:
        raise zipfile.BadZipFile
    with zipfile.ZipFile(file) as archive:
        # Of several files with one name, only the last can be read.
        members = {info.filename: info for info in archive.infolist() if not info.is_dir()}
        for info in sorted(members.values(), key=_parts):
            place = replace(
                at,
                parts=at.parts + _parts(info),
                member=at.member or info.filename,
                inner=info.filename if at.member else "",
            )
            if _is_wanted(found, place, len(at.parts)) and _is_safe(found, place, info, most):
                most = most - info.file_size if most is not None else None
                _member(found, archive, info, place)


def _parts(info: zipfile.ZipInfo) -> tuple[str, ...]:
    """Split a member's name. Some programs write backslashes, and UTF-8 that they call cp437."""
    name = info.filename
    if not info.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return tuple(part for part in name.replace("\\", "/").split("/") if part != ".")


def _is_wanted(found: Found, place: Place, start: int) -> bool:
    """Tell whether a member may matter. start: how many of the parts are the zip's own."""
    if any(map(_is_skipped, place.parts[start:])):
        return False
    for end in range(start + 1, len(place.parts)):
        if place.parts[end - 1].casefold() == SOLUTIONS:
            found.ignore(place.parts[:end], NOT_GRADED)
            return False
    name = place.parts[-1]
    return bool(NOTEBOOK.search(name)) or suffix(name) in {".zip", ".yml", *OTHERS}


def _is_safe(found: Found, place: Place, info: zipfile.ZipInfo, most: int | None) -> bool:
    parts = _parts(info)
    why = ""
    if ".." in parts or "" in parts or ":" in parts[0]:
        why = "has a name that leads out of its zip"
    elif len(info.filename) > MAX_DEPTH * MAX_NAME or max(map(len, parts)) > MAX_NAME:
        why = "has a name that is too long"
    elif stat.S_ISLNK(info.external_attr >> 16):
        why = "is a link, and links are not followed"
    elif info.flag_bits & 0x1:
        why = "is locked by a password: ask the learner to hand it in without one"
    elif info.file_size > MAX_BYTES:
        why = f"unpacks to more than {MAX_BYTES // 2**20} MB"
    elif info.file_size > LARGE and info.file_size > MAX_RATIO * max(info.compress_size, 1):
        why = f"unpacks to more than {MAX_RATIO} times its size"
    elif most is not None and info.file_size > most:
        why = f"lies in a zip that unpacks to more than {MAX_UNPACKED // 2**20} MB"
    if why:
        found.ignore(place.parts, why)
    return not why


def _member(found: Found, archive: zipfile.ZipFile, info: zipfile.ZipInfo, place: Place) -> None:
    if suffix(place.parts[-1]) != ".zip":
        found.add(place)
    elif place.inner:
        found.ignore(place.parts, "is a zip in a zip in a zip, and is not opened")
    else:
        try:
            with io.BytesIO(archive.read(info)) as file:
                _zip(found, file, place, MAX_UNPACKED)
        except Exception:  # as above
            found.ignore(place.parts, DAMAGED)


def _directory_size(file: BinaryIO) -> int:
    """Tell how many bytes a zip's list of files says it has, before any memory is given to it."""
    size = file.seek(0, os.SEEK_END)
    # The list's end is marked in the last 64 KB; 76 bytes before the mark are for large zips.
    file.seek(max(0, size - 2**16 - 22 - 76))
    tail = file.read()
    return max(_sizes(tail), default=0)


def _sizes(tail: bytes) -> Iterator[int]:
    for mark in re.finditer(rb"PK\x05\x06(?=.{18})", tail, re.S):
        at = mark.start()
        yield from (n for n in struct.unpack_from("<I", tail, at + 12) if n != 0xFFFFFFFF)
        if at >= 76 and tail[at - 20 :].startswith(b"PK\x06\x07"):
            yield from struct.unpack_from("<Q", tail, at - 76 + 40)

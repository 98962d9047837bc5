"""Who should hand something in: a CSV with a name, an id or an address for each learner."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qkv_course.errors import QkvError
from qkv_course.grading.places import clean

if TYPE_CHECKING:
    from qkv_course.grading.submissions import Submission

MAX_ROSTER = 16 * 2**20
MAX_ROWS = 100_000

# How lists call a column, without case, spaces and signs. Canvas's gradebook has Student, ID,
# SIS User ID, SIS Login ID; Moodle's grading worksheet has Identifier ("Participant 12345"),
# Full name, Email address, and its other lists First name, Last name, ID number, Username;
# Gradescope's roster has First Name, Last Name, SID, Email; nbgrader has id, first_name,
# last_name, email, lms_user_id.
COLUMNS = {
    "name": ("name", "fullname", "student", "studentname", "learner", "participant", "displayname"),
    "first": ("firstname", "givenname", "forename", "vorname"),
    "last": ("lastname", "surname", "familyname", "nachname"),
    "id": (
        "id",
        "sid",
        "studentid",
        "studentnumber",
        "userid",
        "identifier",
        "idnumber",
        "canvasid",
        "sisuserid",
        "lmsuserid",
        "matriculationnumber",
        "matrikelnummer",
    ),
    "login": ("login", "username", "user", "sisloginid", "loginid", "netid", "uniqname"),
    "email": ("email", "emailaddress", "mail", "emailadresse"),
}
MEANING = {title: kind for kind, titles in COLUMNS.items() for title in titles}


class BadRoster(QkvError, ValueError):
    """A list of learners that cannot be read."""


@dataclass(frozen=True)
class Learner:
    """One learner on the list. name: as shown; the others are empty if the list has none.

    ids: all numbers that the list gives, in the order of its columns.
    """

    name: str
    ids: tuple[str, ...] = ()
    login: str = ""
    email: str = ""


def read_roster(path: Path) -> list[Learner]:
    """Read who is on the list, in its order. Raises BadRoster."""
    rows = _rows(_text(path), path)
    file = f"The roster {clean(path.name)}"
    if not rows:
        raise BadRoster(f"{file} is empty: it needs a header, and a row for each learner.")
    kinds = [MEANING.get(_title(cell), "") for cell in rows[0]]
    if not any(kinds):
        seen = ", ".join(clean(cell) for cell in rows[0][:8])
        raise BadRoster(
            f"{file} has no column for a name, id, login or email. Its first row is: {seen}. "
            "Give one of these columns that title."
        )
    learners = [_learner(kinds, row) for row in rows[1:]]
    listed = list(dict.fromkeys(learner for learner in learners if learner is not None))
    _see_that_they_differ(listed, path)
    return listed


def _see_that_they_differ(learners: list[Learner], path: Path) -> None:
    """Raise BadRoster for two learners with one address: each would get the other's grades."""
    seen: dict[str, str] = {}
    for learner in learners:
        for key in filter(None, {learner.email.casefold(), learner.login.casefold()}):
            if key in seen:
                raise BadRoster(
                    f"{clean(path.name)} gives {clean(seen[key])} and {clean(learner.name)} the "
                    f"same address or login, {clean(key)}."
                )
            seen[key] = learner.name


def missing(roster: Iterable[Learner], submissions: Iterable[Submission]) -> list[Learner]:
    """List who handed in nothing, in the roster's order.

    A submission is somebody's by id, email or login if these are there, else by name; case,
    accents' spelling, spaces and the order of names do not matter.
    """
    learners = list(roster)
    by_id, by_name = _index(learners, _ids), _index(learners, _names)
    present: set[Learner] = set()
    for submission in submissions:
        ids = [submission.ids[kind] for kind in PERSONAL if submission.ids.get(kind)]
        for keys, index in (
            (ids, by_id),
            ([submission.learner], by_id),
            ([submission.learner], by_name),
        ):
            found = [who for key in keys for who in index.get(_fold(key), ())]
            present.update(found)
            if found:
                break
    return [learner for learner in learners if learner not in present]


# Those of a submission's ids that are the learner's, not the file's.
PERSONAL = ("canvas_user", "moodle_participant", "sid", "email")


def _index(
    learners: list[Learner], keys: Callable[[Learner], Iterable[str]]
) -> dict[str, list[Learner]]:
    index: dict[str, list[Learner]] = {}
    for learner in learners:
        for key in {_fold(text) for text in keys(learner)} - {""}:
            index.setdefault(key, []).append(learner)
    return index


def _ids(learner: Learner) -> Iterator[str]:
    yield from (*learner.ids, learner.login, learner.email, learner.email.partition("@")[0])
    # Moodle's worksheet says "Participant 12345" for what is 12345 in a folder's name.
    yield from (text.rpartition(" ")[2] for text in learner.ids)


def _names(learner: Learner) -> Iterator[str]:
    yield learner.name
    last, _, first = learner.name.partition(",")
    yield f"{first} {last}"
    words = learner.name.split()
    yield " ".join(words[-1:] + words[:-1])  # Canvas's files start with the last name


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(character for character in text if character.isalnum())


# Reading


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_ROSTER + 1)
    except OSError as error:
        why = str(error.strerror).lower()
        raise BadRoster(f"The roster {clean(path.name)} cannot be read ({why}).") from None
    if len(data) > MAX_ROSTER:
        raise BadRoster(f"The roster {clean(path.name)} is too large for a list of learners.")
    text = _decoded(data)
    if "\0" in text or data.startswith(b"PK\x03\x04"):
        raise BadRoster(f"The roster {clean(path.name)} is no CSV: save the list as CSV first.")
    return text


def _decoded(data: bytes) -> str:
    # Spreadsheets write UTF-16 as "Unicode text", and Windows's own encoding as plain CSV.
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _rows(text: str, path: Path) -> list[list[str]]:
    """Split a CSV, by whichever of comma, semicolon and tab its first row has most."""
    lines = text.lstrip("\r\n \ufeff")
    first = lines.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter):
            rows.append(row)
            if len(rows) > MAX_ROWS:
                raise BadRoster(f"The roster {clean(path.name)} has more than {MAX_ROWS} rows.")
    except csv.Error as error:
        raise BadRoster(
            f"The roster {clean(path.name)} is no CSV after row {len(rows)} ({error})."
        ) from None
    return rows


def _title(cell: str) -> str:
    return re.sub(r"[\W_]", "", cell).casefold()


def _learner(kinds: list[str], row: list[str]) -> Learner | None:
    """Read a row; None if it has nobody, as the rows of Canvas for points and for its own tests."""
    cells = [(kind, clean(cell)) for kind, cell in zip(kinds, row, strict=False) if kind]
    texts = {kind: cell for kind, cell in reversed(cells) if cell}
    ids = tuple(dict.fromkeys(cell for kind, cell in cells if kind == "id" and cell))
    name = texts.get("name") or f"{texts.get('first', '')} {texts.get('last', '')}".strip()
    login, email = texts.get("login", ""), texts.get("email", "")
    name = name or email or login or next(iter(ids), "")
    if not name or name in CANVAS_ROWS:
        return None
    return Learner(name, ids, login, email)


CANVAS_ROWS = ("Points Possible", "Student, Test")

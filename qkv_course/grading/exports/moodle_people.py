"""Who takes part, from a file that Moodle exported: participants or grades."""

import csv
import io

from qkv_course.grading.exports.grades import BadExport
from qkv_course.grading.exports.people import Person

# As in Moodle's English exports; "idnumber" and the like are the short names in uploads.
TITLES = {
    "email address": "email",
    "email": "email",
    "id number": "sis_id",
    "idnumber": "sis_id",
    "username": "login",
    "first name": "first",
    "firstname": "first",
    "last name": "last",
    "lastname": "last",
    "surname": "last",
    "full name": "name",
}


def people_in(data: bytes) -> list[Person]:
    """Read a file that Moodle exported. Raises BadExport."""
    how = "In Moodle, choose Participants, select all, and download as CSV."
    try:
        text = data.decode("utf-8-sig")
        delimiter = max(",;\t", key=text.partition("\n")[0].count)
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))
    except (UnicodeDecodeError, csv.Error):
        raise BadExport(f"This file is not CSV in UTF-8. {how}") from None
    people = [_person(row) for row in rows]
    if not any(person.get(key) for person in people for key in ("email", "sis_id", "login")):
        raise BadExport(f"This file has no e-mail addresses, ID numbers or usernames. {how}")
    return people


def _person(row: dict[str, str]) -> Person:
    cells = {TITLES.get((title or "").strip().lower(), ""): cell for title, cell in row.items()}
    person = {key: (cell or "").strip() for key, cell in cells.items() if isinstance(cell, str)}
    return {"name": f"{person.get('first', '')} {person.get('last', '')}".strip(), **person}

"""The gradebook file that Canvas exports, read and written again.

Its columns are those that Canvas's importer reads (canvas-lms, lib/gradebook_importer.rb).
"""

import csv
import io
import re
from dataclasses import dataclass

from qkv_course.grading.exports.csv_safe import defused
from qkv_course.grading.exports.grades import BadExport
from qkv_course.grading.exports.people import Person

STUDENT_COLUMNS = {
    "Student": "name",
    "LastName": "last",
    "FirstName": "first",
    "ID": "id",
    "SIS User ID": "sis_id",
    "SIS Login ID": "login",
    "Integration ID": "",
    "Root Account": "",
    "Section": "",
}
# What students can choose themselves. Canvas finds its rows by their ID, so that these may change.
CHOSEN = ("Student", "LastName", "FirstName", "Section")
HOW = "In Canvas, choose Grades, Export, Export Entire Gradebook, and give that file unchanged."


@dataclass
class Table:
    """The file as exported.

    rows: all but the header, as long as it. worth: the row "Points Possible".
    students: the other rows; one that says "Manual Posting" has no name and no ID.
    mark: the byte order mark, if there was one.
    """

    header: list[str]
    rows: list[list[str]]
    worth: list[str]
    students: list[list[str]]
    delimiter: str
    mark: str
    line_end: str

    def people(self) -> list[Person]:
        """Give what the file says of each student."""
        people: list[Person] = []
        for row in self.students:
            cells = dict(zip(self.header, row, strict=True))
            person = {key: cells.get(title, "") for title, key in STUDENT_COLUMNS.items() if key}
            person["email"] = person["login"]  # many schools log in by it
            person["name"] = person["name"] or f"{person['last']}, {person['first']}"
            people.append(person)
        return people

    def find_column(self, wanted: str) -> int:
        """Find an assignment by its header, title or number. Raises BadExport."""
        assignments = {
            i: header
            for i, header in enumerate(self.header)
            if len(_names(header)) > 1 and "read only" not in self.worth[i]
        }
        found = [i for i, header in assignments.items() if wanted in _names(header)]
        if len(found) == 1:
            return found[0]
        there = "; ".join(assignments.values()) or "none"
        fault = (
            f"the assignment {wanted} {len(found)} times" if found else f"no assignment {wanted}"
        )
        raise BadExport(f"Canvas's file has {fault}. It has: {there}.")

    def points_possible(self, column: int) -> float | None:
        """Read what an assignment is worth; some languages write a decimal comma."""
        whole, _, rest = self.worth[column].strip().replace(",", ".").rpartition(".")
        try:
            return float(f"{whole.replace('.', '')}.{rest}" if whole else rest)
        except ValueError:
            return None

    def text(self, columns: list[int]) -> str:
        """Write the students' columns and `columns`."""
        kept = [i for i, name in enumerate(self.header) if name in STUDENT_COLUMNS or i in columns]
        out = io.StringIO()
        writer = csv.writer(out, delimiter=self.delimiter, lineterminator=self.line_end)
        writer.writerow([self.header[i] for i in kept])
        for row in self.rows:
            writer.writerow([self._cell(row, i) for i in kept])
        return self.mark + out.getvalue()

    def _cell(self, row: list[str], column: int) -> str:
        safe = self.header[column] in CHOSEN and row[self.header.index("ID")]
        return defused(row[column]) if safe else row[column]


def read(data: bytes) -> Table:
    """Read the file that Canvas exported. Raises BadExport, with what to do."""
    if not data:
        raise BadExport(f"Canvas takes back only a file that it exported itself. {HOW}")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise BadExport(f"This file is not what Canvas exports: it is not UTF-8. {HOW}") from None
    mark, text = text[: text.startswith("\ufeff")], text.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    delimiter = max(",;", key=first.count)
    header, *rows = _parsed(text, delimiter)
    _check_header(header)
    rows = [(row + [""] * len(header))[: len(header)] for row in rows]
    worth = [row for row in rows if "Points Possible" in row[0]]
    if not worth:
        raise BadExport(f'This file has no row "Points Possible". {HOW}')
    students = [row for row in rows if row not in worth]
    line_end = "\r\n" if first.endswith("\r") else "\n"
    return Table(header, rows, worth[0], students, delimiter, mark, line_end)


def _parsed(text: str, delimiter: str) -> list[list[str]]:
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise BadExport(f"This file is not whole CSV ({error}). {HOW}") from None
    return [row for row in rows if any(row)] or [[]]


def _check_header(header: list[str]) -> None:
    names = ["LastName", "FirstName"] if "LastName" in header else ["Student"]
    absent = [name for name in (*names, "ID", "Section") if name not in header]
    if absent:
        raise BadExport(
            f"This is not a gradebook from Canvas: it has no column {', '.join(absent)}. "
            f"Its columns start with: {', '.join(header[:6]) or 'none'}. {HOW}"
        )


def _names(header: str) -> tuple[str, ...]:
    """Give what an assignment can be called: its header, its title and its number."""
    parts = re.fullmatch(r"(.*) \((\d+)\)", header, re.DOTALL)
    return (header, *parts.groups()) if parts else (header,)

"""CSV that a spreadsheet shows as text: nothing in it is run as a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

from qkv_course.grading.files import printable

# A cell that starts with one of these is a formula (OWASP, "CSV Injection"); the wide forms
# count in East Asian editions. A separator within a field starts a cell too, for a spreadsheet
# that splits at another separator than the file's.
UNSEEN = r"\s\x00-\x1f\u200b-\u200f\u2060\ufeff"
FORMULA = re.compile(rf"((?:^|[,;|\t\r\n])[{UNSEEN}\"']*)([=+\-@＝＋－＠])")
NUMBER = re.compile(r"[+-]?(\d+([.,]\d+)?|[.,]\d+)(e[+-]?\d{1,3})?|[+-]", re.IGNORECASE)

Field = str | int | float


def defused(text: str) -> str:
    """Put an apostrophe before whatever a spreadsheet would run; numbers stay as they are."""
    text = printable(text)
    if NUMBER.fullmatch(text):
        return text
    text = FORMULA.sub(r"\1'\2", text)
    return f"'{text}" if text[:1] in ("\t", "\r", "\n") else text


def csv_text(rows: Iterable[Sequence[Field]], delimiter: str = ",") -> str:
    """Write rows as CSV (RFC 4180), texts defused and in quotes."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_NONNUMERIC)
    for row in rows:
        writer.writerow([defused(field) if isinstance(field, str) else field for field in row])
    return out.getvalue()

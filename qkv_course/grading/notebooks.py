"""From the bytes that a learner handed in to code cells, whatever the damage."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import IO, Any

from qkv_course.errors import QkvError

# Outputs may fill a file up to MAX_BYTES; they are cut out before anything is parsed.
MAX_BYTES = 256 * 2**20
# A parsed value takes up to 25 times its bytes, so this bounds the memory of a hostile file.
MAX_TEXT = 16 * 2**20
MAX_PIECES = 20_000_000  # strings and brackets: some seconds of scanning
MAX_CELLS = 10_000
MAX_NAME = 200

AGAIN = "ask the learner to save the notebook in JupyterLab and hand it in again"
CLEAR = (
    "ask the learner to choose Edit > Clear Outputs of All Cells, save the notebook "
    "and hand it in again"
)


class UnreadableNotebook(QkvError, ValueError):
    """A file from which no cells can be read. Says what was seen and what to ask for."""


@dataclass(frozen=True)
class Cell:
    """One code cell.

    number: its place among the notebook's code cells, from 1; damaged ones count.
    source: its text, with \\n line ends, without NUL characters or lone surrogates.
    name: its nbgrader grade_id, else its cell id, else "". A learner can write anything there.
    """

    number: int
    source: str
    name: str


def read_cells(data: bytes | IO[bytes]) -> list[Cell]:
    """Read the code cells of a notebook, of format 3 or 4.

    data: the file's bytes, or the file open for reading bytes.
    Returns the cells in the file's order, without those that are damaged; an empty list if
    the notebook has no code. Raises UnreadableNotebook, and nothing else, for all the rest.
    """
    raw = data if isinstance(data, bytes) else read_bytes(data)
    if len(raw) > MAX_BYTES:
        raise too_large()
    _refuse_what_is_none(raw)
    text = _as_utf8(raw)
    _refuse_other_text(text)
    try:
        notebook = _parse(_without_outputs(text), text)
    except (RecursionError, MemoryError):
        raise UnreadableNotebook(
            f"The file is nested too deeply for a notebook: {AGAIN}."
        ) from None
    return _code_cells(_all_cells(notebook))


def read_bytes(file: IO[bytes]) -> bytes:
    """Read a file to its end, or to just beyond MAX_BYTES. Raises UnreadableNotebook."""
    try:
        return file.read(MAX_BYTES + 1)
    # Archives raise half a dozen unrelated types for one damaged byte.
    except Exception as error:
        raise unreadable(error) from None


def unreadable(error: Exception) -> UnreadableNotebook:
    """Say that a file cannot be read at all."""
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    why = why.partition("\n")[0][:100] or type(error).__name__
    return UnreadableNotebook(f"The file cannot be read ({why}): {AGAIN}.")


def too_large() -> UnreadableNotebook:
    """Say that a file is beyond MAX_BYTES."""
    size = MAX_BYTES // 2**20
    return UnreadableNotebook(f"The file is larger than {size} MB: {CLEAR}.")


# Encodings


def _as_utf8(raw: bytes) -> bytes:
    encoding = json.detect_encoding(raw)
    if encoding == "utf-8":
        return raw
    if encoding == "utf-8-sig":
        return raw[3:]
    # Text in memory takes up to four bytes a character.
    if len(raw) > MAX_BYTES // 8:
        raise too_large()
    return raw.decode(encoding, "replace").encode("utf-8", "replace")


# What is no notebook

# How a file starts that is something else under a notebook's name.
STARTS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"\xd0\xcf\x11\xe0", "an Office document"),
    (b"version https://git-lfs", "a Git LFS pointer to a notebook"),
)
PYTHON = re.compile(
    rb"^(?:import |from \S+ import |def \w+\(|class \w+|@\w+|# ?%%|# In\[|#!.*python|\w+ = )", re.M
)
CONFLICT = re.compile(rb"^(?:<{7}|>{7})(?: |$)", re.M)


def _refuse_what_is_none(raw: bytes) -> None:
    if not raw:
        raise UnreadableNotebook(f"The file is empty: {AGAIN}.")
    if not raw.strip(b"\0"):
        raise UnreadableNotebook(f"The file holds nothing but zero bytes: {AGAIN}.")
    for start, kind in STARTS:
        if raw.startswith(start):
            raise UnreadableNotebook(
                f"The file is {kind}, not a notebook: ask the learner for the .ipynb file itself."
            )


def _refuse_other_text(text: bytes) -> None:
    start = text[:100_000].lstrip()
    if not start:
        raise UnreadableNotebook(f"The file holds nothing but white space: {AGAIN}.")
    if start.startswith(b"{"):
        return
    if CONFLICT.search(start):
        raise _conflict()
    if start.startswith(b"<"):
        kind = "a web page"
    elif PYTHON.search(start):
        kind = "a Python script"
    else:
        kind = "some other kind of file"
    raise UnreadableNotebook(
        f"The file is {kind}, not a notebook: ask the learner for the .ipynb file itself."
    )


def _conflict() -> UnreadableNotebook:
    return UnreadableNotebook(
        "The file holds marks of an unresolved Git merge (lines of <<<<<<< and >>>>>>>): "
        "ask the learner to resolve the merge and hand the notebook in again."
    )


# JSON

# A string (one that is cut off ends with the file), a bracket, or the start of what is cut out.
# Possessive, for without it every escape in a long string costs memory.
PIECE = re.compile(
    rb'("(?:outputs|attachments|widgets)"\s*+:\s*+)[\[{]'
    rb'|"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)'
    rb"|[\[\]{}]",
    re.S,
)
STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def _without_outputs(data: bytes) -> bytes:
    """Put null in place of outputs, attachments and widget states, without parsing them."""
    kept: list[bytes] = []
    start, depth = 0, 0  # depth: of brackets, within what is cut out
    for count, piece in enumerate(PIECE.finditer(data)):
        if count > MAX_PIECES:
            raise UnreadableNotebook(f"The file holds millions of values: {CLEAR}.")
        if depth:
            depth += STEPS.get(data[piece.end() - 1], 0)
            start = piece.end()
        elif piece.end(1) > 0:
            kept += [data[start : piece.end(1)], b"null"]
            start, depth = piece.end(), 1
    if not depth:
        kept.append(data[start:])
    if sum(map(len, kept)) > MAX_TEXT:
        size = MAX_TEXT // 2**20
        raise UnreadableNotebook(
            f"The notebook's cells hold more than {size} MB, outputs not counted: "
            "ask the learner to take pasted data out of the notebook and hand it in again."
        )
    return b"".join(kept)


def _parse(cut: bytes, text: bytes) -> dict[str, Any]:
    """Parse a text from which outputs were cut out. text: as it was before."""
    lean = cut.decode("utf-8", "replace").strip()
    # Numbers are not needed, and a whole number of a million digits would take long.
    decoder = json.JSONDecoder(strict=False, parse_int=float)
    try:
        # What follows the notebook's last bracket is no part of it.
        notebook, _ = decoder.raw_decode(lean)
    except json.JSONDecodeError as error:
        raise _damaged(lean, error, text) from None
    if not isinstance(notebook, dict):
        raise _no_cells()
    return notebook


def _damaged(lean: str, error: json.JSONDecodeError, text: bytes) -> UnreadableNotebook:
    if CONFLICT.search(text):
        return _conflict()
    if error.pos >= len(lean) or error.msg.startswith("Unterminated string"):
        return UnreadableNotebook(
            "The file ends in the middle of the notebook: "
            "ask the learner to hand in the whole file again."
        )
    near = lean.count('"cell_type"', 0, error.pos)
    return UnreadableNotebook(
        f"The file is damaged near cell {max(near, 1)} (it is no valid JSON there): "
        "ask the learner for a copy that opens in JupyterLab."
    )


# Cells


def _no_cells() -> UnreadableNotebook:
    return UnreadableNotebook(
        "The file is JSON, but holds no list of cells, so it is no notebook: "
        "ask the learner for the .ipynb file itself."
    )


def _all_cells(notebook: dict[str, Any]) -> list[Any]:
    """Give the list of cells, of format 4, or of format 3 with its worksheets."""
    cells = notebook.get("cells")
    if isinstance(cells, list):
        return cells
    sheets = notebook.get("worksheets")
    if not isinstance(sheets, list):
        raise _no_cells()
    found = [s["cells"] for s in sheets if isinstance(s, dict) and isinstance(s.get("cells"), list)]
    if not found:
        raise _no_cells()
    return [cell for cells in found for cell in cells]


def _code_cells(cells: list[Any]) -> list[Cell]:
    whole = [cell for cell in cells if isinstance(cell, dict)]
    if cells and not whole:
        raise _no_cells()
    code = [cell for cell in whole if _is_code(cell)]
    if len(code) > MAX_CELLS:
        raise UnreadableNotebook(
            f"The notebook has {len(code)} code cells, and more than {MAX_CELLS} are not graded: "
            "ask the learner to hand in the lesson's own notebook."
        )
    sources = [_source(cell) for cell in code]
    if code and not any(source is not None for source in sources):
        raise UnreadableNotebook(f"The notebook's code cells hold no text: {AGAIN}.")
    return [
        Cell(number, source, _name(cell))
        for number, (cell, source) in enumerate(zip(code, sources, strict=True), 1)
        if source is not None
    ]


def _is_code(cell: dict[str, Any]) -> bool:
    if "cell_type" in cell:
        return bool(cell["cell_type"] == "code")
    # Only code cells have these.
    return "outputs" in cell or "execution_count" in cell or "input" in cell


def _source(cell: dict[str, Any]) -> str | None:
    """Give a cell's text, or None if it is no text."""
    source = cell.get("source", cell.get("input"))
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        return None
    return _clean(source.replace("\r\n", "\n").replace("\r", "\n"))


def _clean(text: str) -> str:
    """Put a question mark in place of what can be neither encoded nor compiled."""
    return re.sub("[\0\ud800-\udfff]", "\ufffd", text)


def _name(cell: dict[str, Any]) -> str:
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    for name in (grade_id, cell.get("id")):
        if isinstance(name, str) and 0 < len(name) <= MAX_NAME:
            return _clean(name)
    return ""

"""A damaged notebook gives its code cells or one sentence, never anything else."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qkv_course.grading import notebooks
from qkv_course.grading.notebooks import Cell, UnreadableNotebook, read_cells

COURSE = Path(__file__).parents[2]
REAL = (COURSE / "notebooks" / "04_scores_and_scaling.ipynb").read_bytes()


def code(source: Any, **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], **more}


def notebook(*cells: Any) -> bytes:
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}).encode()


def sources(data: bytes) -> list[str]:
    return [cell.source for cell in read_cells(data)]


def complaint(data: bytes) -> str:
    with pytest.raises(UnreadableNotebook) as caught:
        read_cells(data)
    return str(caught.value)


# What comes out of a notebook in order


def test_a_real_notebook_gives_its_code_in_order() -> None:
    wanted = [c for c in json.loads(REAL)["cells"] if c["cell_type"] == "code"]

    cells = read_cells(REAL)

    assert [c.source for c in cells] == ["".join(c["source"]) for c in wanted]
    assert [c.number for c in cells] == list(range(1, len(wanted) + 1))
    assert [c.name for c in cells if c.source.startswith("def ")] == [
        "attention_scores",
        "scaled_scores",
        "score_std",
    ]


def test_an_open_file_is_read_as_bytes_are() -> None:
    assert read_cells(io.BytesIO(REAL)) == read_cells(REAL)


def test_a_cell_is_called_by_its_grade_id_before_its_own_id() -> None:
    graded = {"nbgrader": {"grade_id": "softmax"}}

    cells = read_cells(notebook(code("a", id="x1", metadata=graded), code("b", id="x2"), code("c")))

    assert [c.name for c in cells] == ["softmax", "x2", ""]


def test_format_3_is_read_through_its_worksheets() -> None:
    old = {
        "nbformat": 3,
        "worksheets": [
            {"cells": [{"cell_type": "code", "input": ["a = 1\n", "b"], "outputs": []}]},
            {"cells": [{"cell_type": "heading", "source": "x"}, {"input": "c"}]},
        ],
    }

    assert sources(json.dumps(old).encode()) == ["a = 1\nb", "c"]


def test_a_notebook_without_code_is_an_empty_list() -> None:
    assert read_cells(notebook()) == []
    assert read_cells(notebook({"cell_type": "markdown", "source": "hi"})) == []


# Encodings, line ends, characters


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_any_unicode_encoding_is_read(encoding: str) -> None:
    data = json.dumps({"cells": [code("√d_k = 'é😀'")]}, ensure_ascii=False)

    assert sources(data.encode(encoding)) == ["√d_k = 'é😀'"]


def test_a_byte_that_is_no_utf8_costs_one_character() -> None:
    data = notebook(code("a = 1  # X"), code("b")).replace(b"X", b"\xff")

    assert sources(data) == ["a = 1  # \ufffd", "b"]


def test_all_line_ends_become_newlines() -> None:
    assert sources(notebook(code("a\r\nb\rc\n"), code(["d\r\n", "e"]))) == ["a\nb\nc\n", "d\ne"]


def test_what_cannot_be_encoded_or_compiled_is_replaced() -> None:
    cell = read_cells(notebook(code("a\ud800b\0c", id="\udfff")))[0]

    assert cell == Cell(1, "a\ufffdb\ufffdc", "\ufffd")


def test_pairs_of_surrogates_are_one_character() -> None:
    assert sources(rb'{"cells":[{"cell_type":"code","source":"\ud83d\ude00"}]}') == ["😀"]


def test_raw_control_characters_in_a_string_are_kept() -> None:
    assert sources(b'{"cells":[{"cell_type":"code","source":"a\tb\nc"}]}') == ["a\tb\nc"]


# Damage within the JSON


@pytest.mark.parametrize(
    "bad",
    [
        code(7),
        code(None),
        code({"a": 1}),
        code(["a", ["b"]]),
        code(["a", None]),
        {"cell_type": "code"},
        None,
        3,
        "text",
        [code("nested")],
        {},
        {"cell_type": ["code"], "source": "x"},
        {"source": "no telling what this is"},
    ],
)
def test_a_damaged_cell_loses_only_itself(bad: Any) -> None:
    assert sources(notebook(code("a"), bad, code("b"))) == ["a", "b"]


def test_a_damaged_code_cell_still_counts() -> None:
    assert [c.number for c in read_cells(notebook(code("a"), code(7), code("b")))] == [1, 3]


@pytest.mark.parametrize("metadata", [[], None, "x", 5, {"nbgrader": []}, {"nbgrader": {}}])
@pytest.mark.parametrize("name", [None, 5, [], "", "x" * 1000])
def test_forged_metadata_costs_only_the_name(metadata: Any, name: Any) -> None:
    assert read_cells(notebook(code("a", metadata=metadata, id=name))) == [Cell(1, "a", "")]


def test_a_code_cell_is_known_without_its_type() -> None:
    assert sources(notebook({"source": "a", "outputs": []})) == ["a"]
    assert sources(notebook({"source": "b", "execution_count": None})) == ["b"]


def test_the_last_of_two_keys_counts_as_in_jupyterlab() -> None:
    assert sources(b'{"cells":[],"cells":[{"cell_type":"code","source":"a","source":"b"}]}') == [
        "b"
    ]


def test_a_copied_or_moved_cell_is_read_where_it_stands() -> None:
    cells = read_cells(notebook(code("b", id="2"), code("a", id="1"), code("b", id="2")))

    assert [(c.number, c.source, c.name) for c in cells] == [
        (1, "b", "2"),
        (2, "a", "1"),
        (3, "b", "2"),
    ]


def test_numbers_that_json_forbids_do_not_matter() -> None:
    data = b'{"cells":[%s],"x":NaN,"y":-Infinity,"nbformat":%s}' % (
        json.dumps(code("a")).encode(),
        b"9" * 1_000_000,
    )

    assert sources(data) == ["a"]


def test_what_follows_the_notebook_is_ignored() -> None:
    assert sources(notebook(code("a")) + b"\n}}]\0\0\0") == ["a"]


# Outputs


def test_text_that_looks_like_outputs_stays() -> None:
    text = 'x = {"outputs": [1, 2], "widgets": {}}  # "outputs": ["'

    assert sources(notebook(code(text), code("b"))) == [text, "b"]


def test_brackets_and_quotes_in_outputs_do_not_end_them() -> None:
    tricky = [{"text": ['] } "outputs": [ \\', '\\"]}', "}"]}, [[{"outputs": [{}]}]]]

    assert sources(notebook(code("a", outputs=tricky), code("b", attachments={"x": "]"}))) == [
        "a",
        "b",
    ]


def test_outputs_do_not_count_toward_the_limit_on_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebooks, "MAX_TEXT", 1000)
    data = notebook(code("a", outputs=[{"text": ["line\n"] * 10_000}]), code("b"))

    assert sources(data) == ["a", "b"]
    assert "0 MB, outputs not counted" in complaint(notebook(code("a" * 2000)))


def test_a_string_without_end_is_scanned_once() -> None:
    # Every escaped quote is a place from which to look for the end; a second look is a hang.
    data = REAL[:-10] + rb'"outputs": ["' + rb"\"" * 2_000_000

    assert "damaged" in complaint(data) or "ends in the middle" in complaint(data)


# What is no notebook


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (b"", "is empty"),
        (b" \r\n\t ", "white space"),
        (b"\xef\xbb\xbf", "white space"),
        (b"\0" * 5000, "zero bytes"),
        (b"import numpy as np\n", "a Python script"),
        ("def f(x):\n".encode("utf-16"), "a Python script"),
        (b"<!doctype html><html>", "a web page"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"PK\x03\x04abc", "a zip archive"),
        (b"\x89PNG\r\n", "a picture"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"hello\n", "some other kind"),
        (b"[1, 2]", "some other kind"),
        (b"null", "some other kind"),
        (b"{}", "no list of cells"),
        (b'{"cells": {"0": {}}}', "no list of cells"),
        (b'{"cells": [1, 2]}', "no list of cells"),
        (b'{"worksheets": [null, {"cells": 4}]}', "no list of cells"),
        (notebook(code(5), code(None)), "code cells hold no text"),
        (REAL[: len(REAL) // 2], "ends in the middle"),
        (REAL.rstrip()[:-1], "ends in the middle"),
        (REAL.replace(b"],", b"],,", 1), "damaged near cell"),
        (b'{"cells": %s' % (b"[" * 100_000), "nested too deeply"),
        (b'{"cells": ' * 100_000, "nested too deeply"),
    ],
)
def test_each_is_named_for_what_it_is(data: bytes, seen: str) -> None:
    sentence = complaint(data)

    assert seen in sentence
    assert "ask the learner" in sentence and sentence.endswith(".") and "\n" not in sentence


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_an_unresolved_merge_is_called_so(line_end: bytes) -> None:
    middle = b'<<<<<<< HEAD\n   "id": "a",\n=======\n   "id": "b",\n>>>>>>> other\n   "source"'
    data = REAL.replace(b'   "source"', middle, 1).replace(b"\n", line_end)

    assert "Git merge" in complaint(data)
    assert "Git merge" in complaint(b"<<<<<<< HEAD\n" + REAL)


def test_marks_of_a_merge_in_the_code_are_the_learners_business() -> None:
    assert sources(notebook(code("<<<<<<< HEAD\na\n"))) == ["<<<<<<< HEAD\na\n"]


def test_too_large_too_many_values_and_too_many_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    many = notebook(*[code("a")] * 30)
    monkeypatch.setattr(notebooks, "MAX_CELLS", 29)
    assert "30 code cells" in complaint(many)
    monkeypatch.setattr(notebooks, "MAX_PIECES", 100)
    assert "millions of values" in complaint(many)
    monkeypatch.setattr(notebooks, "MAX_BYTES", len(many) - 1)
    assert "larger than" in complaint(many)
    with pytest.raises(UnreadableNotebook, match="larger than"):
        read_cells(io.BytesIO(many))


def test_a_file_that_stops_answering_is_a_sentence() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(UnreadableNotebook, match="cannot be read"):
        read_cells(Broken())


# Whatever else


SMALL = json.dumps(
    {
        "cells": [
            {"cell_type": "markdown", "id": "m", "metadata": {}, "source": ["# √\n", "x"]},
            code(["def f(x):\n", '    return "[{\\"" + x\n'], metadata={"nbgrader": {}}, id="a"),
            code("f(1)", outputs=[{"output_type": "stream", "text": ['"]}\\', "b"]}]),
        ],
        "metadata": {"widgets": {"state": {}}},
        "nbformat": 4,
        "nbformat_minor": 5,
    },
    indent=1,
    ensure_ascii=False,
).encode()
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["source", "outputs", "cells", "metadata"]), inner)
    ),
    max_leaves=6,
)
PIECES = st.binary(max_size=8) | st.sampled_from([b'"', b"\\", b"[", b"}", b'"outputs": [', b"\0"])


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A notebook with bytes overwritten, cut out, doubled and spliced in."""
    data = draw(st.sampled_from([SMALL, SMALL.decode().encode("utf-16"), REAL]))
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(data)))
        end = start + draw(st.integers(0, 40) | st.integers(0, len(data) - start))
        new = draw(PIECES | st.just(data[start:end] * 2))
        data = data[:start] + new + data[end:]
    return data


@st.composite
def swapped(draw: st.DrawFn) -> bytes:
    """A notebook in which some values are other values."""
    content: Any = json.loads(SMALL)
    for _ in range(draw(st.integers(1, 4))):
        place = content
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if not isinstance(place[key], (dict, list)) or draw(st.integers(0, 3)) == 0:
                place[key] = draw(VALUES)
                break
            place = place[key]
    return json.dumps(content).encode()


@settings(
    max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(damaged() | swapped() | st.binary(max_size=200))
def test_every_damage_ends_in_cells_or_in_one_sentence(data: bytes) -> None:
    try:
        cells = read_cells(data)
    except UnreadableNotebook as error:
        assert "ask the learner" in str(error) and "\n" not in str(error)
    else:
        assert all(c.source.encode() is not None and "\0" not in c.source for c in cells)
        assert [c.number for c in cells] == sorted({c.number for c in cells})

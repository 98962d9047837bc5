"""The gradebook: complete, sorted, the same every time, and harmless in a spreadsheet."""

import csv
import dataclasses
import io
import json
import random
from pathlib import Path

import pytest
from made_up import ADA, CLASS, EVIL, MASKS, MISSING, SOFTMAX, UNREADABLE, ZOE, result

from qkv_course.grading.exports.csv_safe import csv_text, defused
from qkv_course.grading.gradebook import (
    gradebook_csv,
    gradebook_json,
    totals_csv,
    write_gradebook,
)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_row_says_all_about_an_exercise() -> None:
    row = next(r for r in rows(gradebook_csv(CLASS)) if r["learner"] == ZOE)
    assert row == {
        "learner": ZOE,
        "lesson": SOFTMAX,
        "exercise": "softmax",
        "points": "0",
        "of": "2",
        "status": "wrong",
        "mistake": "over-the-first-axis",
        "seconds": "0.0",
        "rung": "jail",
        "seed": "7",
        "version": "0.1.0+abc",
        "source": f"{ZOE}/{SOFTMAX}",
        "problem": "",
    }


def test_rows_are_sorted_by_learner_lesson_and_exercise() -> None:
    there = [(r["learner"], r["lesson"], r["exercise"]) for r in rows(gradebook_csv(CLASS))]
    assert [key[0] for key in there] == ["'" + EVIL] * 4 + [ADA] * 8 + [ZOE] * 5
    assert [key[2] for key in there[4:8]] == [
        "softmax", "softmax_with_temperature", "entropy", "softmax_jacobian",
    ]  # fmt: skip
    assert there[8][1] == MASKS


def test_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    shuffled = random.Random(1).sample(CLASS, len(CLASS))
    first = [p.read_bytes() for p in write_gradebook(tmp_path / "a", CLASS, MISSING)]
    second = [p.read_bytes() for p in write_gradebook(tmp_path / "b", iter(shuffled), MISSING)]
    assert first == second


def test_who_is_missing_and_what_was_unreadable_has_a_row() -> None:
    table = rows(gradebook_csv(CLASS, MISSING))
    (grace,) = [r for r in table if r["learner"] == "Grace Hopper"]
    assert (grace["status"], grace["points"]) == ("no submission", "")
    (unread,) = [r for r in table if r["status"] == "not graded"]
    assert unread["learner"] == ZOE and unread["problem"] == UNREADABLE.problem
    assert (unread["points"], unread["of"]) == ("0", "6")
    names = [r["learner"].lower() for r in table]
    assert names == sorted(names)  # those who are missing, too


def test_totals_have_a_row_a_learner() -> None:
    table = rows(totals_csv(CLASS, MISSING))
    assert [list(row.values()) for row in table] == [
        ["'" + EVIL, "4", "", "4", "12"],
        [ADA, "6", "5", "11", "12"],
        ["Grace Hopper", "", "", "0", "12"],
        [ZOE, "3", "", "3", "12"],
    ]
    assert list(table[0]) == ["learner", SOFTMAX, MASKS, "total", "of"]


def test_who_handed_in_only_what_is_unreadable_has_a_total() -> None:
    assert [list(row.values()) for row in rows(totals_csv([UNREADABLE]))] == [[ZOE, "", "0", "6"]]


def test_a_second_notebook_never_lowers_a_total() -> None:
    worse = dataclasses.replace(result(ADA, SOFTMAX, "softmax"), source="a copy", digest="00" * 32)
    for results in ([worse, *CLASS], [*CLASS, worse]):
        assert rows(totals_csv(results))[1][SOFTMAX] == "6"


def test_json_says_the_same_unchanged() -> None:
    table = json.loads(gradebook_json(CLASS, MISSING))
    assert len(table) == len(rows(gradebook_csv(CLASS, MISSING)))
    assert table[0]["learner"] == EVIL and table[0]["points"] == 0


def test_excel_is_told_that_it_is_utf_8(tmp_path: Path) -> None:
    paths = {p.name: p.read_bytes() for p in write_gradebook(tmp_path, CLASS)}
    assert paths["gradebook.csv"].startswith(b"\xef\xbb\xbf")
    assert paths["totals.csv"].startswith(b"\xef\xbb\xbf")
    json.loads(paths["gradebook.json"])


def test_half_a_character_in_a_name_stops_nothing(tmp_path: Path) -> None:
    for path in write_gradebook(tmp_path, [result("bad\udcff", SOFTMAX)]):
        path.read_text("utf-8")


def test_no_results_give_empty_tables() -> None:
    assert rows(gradebook_csv([])) == rows(totals_csv([])) == json.loads(gradebook_json([])) == []


FORMULAS = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "－1", "\u00a0=1",
    "'=1", '"=1', "\x00=1", "\ufeff=1", "\tx", "\rx", "-", "--", "+A1", "-A1",
]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS, ids=ascii)
def test_no_field_starts_a_formula(text: str) -> None:
    if text == "-":  # a dash alone is text everywhere
        assert defused(text) == text
        return
    safe = defused(text).lstrip('\t\r\n \x00\u00a0"\ufeff')
    assert safe.startswith("'") and defused(text) != text


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "\r\n"])
def test_no_part_of_a_field_does_where_another_separator_counts(separator: str) -> None:
    assert f"{separator}'=1" in defused(f"name{separator}=1")
    (row,) = csv.reader(io.StringIO(csv_text([[f'a"{separator}=1', 2]]), newline=""))
    assert row == [f"a\"{separator}'=1", "2"]


@pytest.mark.parametrize(
    "text", ["", "7", "-7", "+7", "-0.5", "-0,5", "1e-5", "Ada", "a=b", "a-b", "x@y.org", "5 - 3"]
)
def test_numbers_and_plain_texts_stay_as_they_are(text: str) -> None:
    assert defused(text) == text

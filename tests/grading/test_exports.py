"""Exports are read by other systems: golden files, and what must never happen to a grade."""

import csv
import dataclasses
import io
import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from made_up import ADA, CLASS, EVIL, MASKS, SOFTMAX, UNREADABLE, ZOE, result

from qkv_course.grading.exports import EXPORTS, BadExport, Export, Options, known_people
from qkv_course.grading.exports.people import match

GOLDEN = Path(__file__).parent / "golden"
PEOPLE = {
    ADA: {"id": "1001", "email": "ada@example.edu", "sis_id": "u1001", "name": "Lovelace, Ada"},
    ZOE: {"email": "zoe@example.edu", "sis_id": "u1003", "login": "zoe", "name": "Zoë Noether"},
    EVIL: {"email": "=cmd@example.edu", "name": EVIL},
}
COLUMNS = {SOFTMAX: "Attention 1", MASKS: "Masks"}
CANVAS = (GOLDEN / "canvas_export.csv").read_bytes()


def export(name: str, results=CLASS, **options) -> Export:
    return EXPORTS[name](iter(results), Options(**{"people": PEOPLE, **options}))


def same_as_golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("QKV_GOLDEN") == "write":
        path.write_bytes(text.encode())
    assert text.encode() == path.read_bytes()


def table(text: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


# --- Golden files ---------------------------------------------------------------------------


def test_canvas() -> None:
    there = export("canvas", columns=COLUMNS, template=CANVAS)
    same_as_golden("canvas.csv", there.files["canvas.csv"])
    assert there.left_out[0] == f"{EVIL}: no row fits."
    assert there.left_out[1].startswith(f"{ZOE}: {MASKS} was not graded.")
    assert there.notes == (
        "05_softmax has 6 points, and Attention 1 (4711) is worth 12.00 in Canvas: the grades are "
        "the raw points. Ask for scaled ones, or change what it is worth in Canvas.",
    )


def test_moodle() -> None:
    there = export("moodle", columns=COLUMNS)
    same_as_golden("moodle_attention.csv", there.files["moodle_05_softmax.csv"])
    assert len(there.files) == 2
    assert there.left_out[0] == f"{EVIL}: a spreadsheet would run their address as a formula."
    assert there.notes[0] == "05_softmax: in Moodle, map users from email or idnumber."


def test_gradescope() -> None:
    there = export("gradescope", [r for r in CLASS if r.learner == ADA])
    same_as_golden("results.json", there.files["results.json"])


def test_nbgrader() -> None:
    same_as_golden("grades.csv", export("nbgrader", columns=COLUMNS).files["grades.csv"])


# --- Canvas -----------------------------------------------------------------------------------


def test_canvas_rows_are_never_added_and_keep_their_order() -> None:
    before = table(CANVAS.decode("utf-8-sig"))
    after = table(export("canvas", columns=COLUMNS, template=CANVAS).files["canvas.csv"])
    assert [row[1:4] for row in after] == [row[1:4] for row in before]


def test_canvas_takes_back_only_what_was_filled() -> None:
    after = table(export("canvas", columns=COLUMNS, template=CANVAS).files["canvas.csv"])
    assert after[0][5:] == ["Attention 1 (4711)", "Masks (4713)"]


@pytest.mark.parametrize("name", ["Attention 1 (4711)", "Attention 1", "4711"])
def test_an_assignment_is_found_by_header_title_and_number(name: str) -> None:
    there = export("canvas", columns={SOFTMAX: name}, template=CANVAS)
    assert table(there.files["canvas.csv"])[0][-1] == "Attention 1 (4711)"


def test_canvas_scales_to_the_points_of_the_assignment() -> None:
    there = export("canvas", columns={SOFTMAX: "4711"}, scaled=True, template=CANVAS)
    cells = {row[1]: row[-1] for row in table(there.files["canvas.csv"])[2:]}
    assert (cells["1001"], cells["1003"]) == ("12", "6")
    assert there.notes == ()


def test_canvas_can_take_the_sum_of_all_lessons() -> None:
    there = export("canvas", columns={"total": "4711"}, template=CANVAS)
    cells = {row[1]: row[-1] for row in table(there.files["canvas.csv"])}
    assert cells["1001"] == "11"


@pytest.mark.parametrize(("mark", "says"), [("EX", "excused"), ("N/A", "not have")])
def test_what_was_set_aside_in_canvas_stays(mark: str, says: str) -> None:
    template = CANVAS.replace(b"S1,,3,", f"S1,,{mark},".encode())
    there = export("canvas", columns={SOFTMAX: "4711"}, template=template)
    cells = {row[1]: row[-1] for row in table(there.files["canvas.csv"])}
    assert cells["1001"] == mark
    assert any(ADA in line and says in line for line in there.left_out)


def test_a_canvas_file_of_another_language_is_filled_in_its_own_form() -> None:
    template = CANVAS.decode("utf-8-sig").replace('"Lovelace, Ada"', "Lovelace").replace('"', "")
    template = template.replace(",", ";").replace("12.00", "1.012,50").replace("\n", "\r\n")
    there = export(
        "canvas", columns={SOFTMAX: "4711"}, scaled=True, template=template.encode()
    ).files["canvas.csv"]
    assert "\r\n" in there and "\ufeff" not in there
    cells = {row[1]: row[-1] for row in table(there, ";")}
    assert cells["1001"] == "1012.5"


def test_a_canvas_file_with_names_in_two_columns_is_read() -> None:
    lines = ["LastName,FirstName,ID,SIS Login ID,Section,Attention (1)"]
    lines += ["    Points Possible,,,,,6", "Lovelace,Ada,9,al,S1,", "Noether,Zoë,8,zn,S1,"]
    there = export("canvas", columns={SOFTMAX: "1"}, people={}, template="\n".join(lines).encode())
    assert [row[-1] for row in table(there.files["canvas.csv"])[2:]] == ["6", "3"]


def test_names_in_the_file_run_nothing_and_ids_stay_as_they_are() -> None:
    template = CANVAS.replace(b'"Lovelace, Ada"', b"=cmd()").replace(b"u1001", b"-u1001")
    there = export("canvas", columns={SOFTMAX: "4711"}, template=template)
    row = next(row for row in table(there.files["canvas.csv"]) if row[1] == "1001")
    assert row[0] == "'=cmd()" and row[2] == "-u1001" and row[-1] == "6"


BAD_FILES = {
    "nothing": (b"", "only a file that it exported itself"),
    "not UTF-8": ("Zoë".encode("utf-16"), "not UTF-8"),
    "no CSV": (b'Student,ID,Section,A (1)\n"x', "not whole CSV"),
    "Excel": (b"PK\x03\x04\xff", "not UTF-8"),
    "empty": (b"\n\n", "no column Student, ID, Section"),
    "another list": (b"name,email\na,b\n", "no column Student, ID, Section"),
    "no section": (b"Student,ID,A (1)\n", "no column Section"),
    "no points": (b"Student,ID,Section,A (1)\nAda,1,S,\n", 'no row "Points Possible"'),
}


@pytest.mark.parametrize(("data", "says"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_file_that_is_not_canvas_s_is_refused_with_what_to_do(data: bytes, says: str) -> None:
    with pytest.raises(BadExport, match=says) as caught:
        export("canvas", columns={SOFTMAX: "A"}, template=data)
    assert "choose Grades, Export" in str(caught.value)


@pytest.mark.parametrize("name", ["Attention 9", "Final Score", "2026", "ID", "Notes", ""])
def test_an_assignment_that_is_not_there_is_never_made(name: str) -> None:
    with pytest.raises(BadExport, match=r"It has: Attention 1 \(4711\); Homework"):
        export("canvas", columns={SOFTMAX: name}, template=CANVAS)


def test_an_assignment_that_is_there_twice_is_asked_for_by_number() -> None:
    template = CANVAS.replace(b"Masks (4713)", b"Attention 1 (4713)")
    with pytest.raises(BadExport, match="the assignment Attention 1 2 times"):
        export("canvas", columns={SOFTMAX: "Attention 1"}, template=template)


@pytest.mark.parametrize("name", EXPORTS)
def test_a_lesson_that_nobody_handed_in_is_named(name: str) -> None:
    with pytest.raises(BadExport, match="No submission for the lesson 06_context was graded"):
        export(name, columns={"06_context": "x"}, template=CANVAS)


# --- Who is who ---------------------------------------------------------------------------------

ROWS = [
    {"id": "1", "login": "ada@x.edu", "email": "ada@x.edu", "name": "Lovelace, Ada"},
    {"id": "2", "login": "grace@x.edu", "email": "grace@x.edu", "name": "Hopper, Grace"},
    {"id": "3", "login": "ada@y.edu", "email": "ada@y.edu", "name": "Byron, Ada"},
]


@pytest.mark.parametrize(
    ("learner", "person", "row"),
    [
        ("x", {"id": "2"}, 1),
        ("x", {"email": "GRACE@x.edu "}, 1),
        ("x", {"name": "Ada Lovelace"}, 0),
        ("lovelaceada", {}, 0),
        ("Ada Byron", {}, 2),
        ("grace", {}, 1),
        ("3", {}, 2),
        ("grace", {"id": "3"}, 2),
        ("grace", {"id": "99"}, 1),
    ],
)
def test_a_learner_is_found_by_what_is_known(learner: str, person: dict, row: int) -> None:
    assert match([learner], {learner: person}, ROWS) == ({learner: row}, [])


def test_who_could_be_two_is_neither() -> None:
    assert match(["ada"], {}, ROWS) == ({}, ["ada: 2 rows fit."])


def test_two_learners_who_could_be_one_row_get_no_grade() -> None:
    matched, left_out = match(["Grace Hopper", "hopper grace"], {}, ROWS)
    assert matched == {} and len(left_out) == 2
    assert left_out[0] == "Grace Hopper: the row that fits also fits 1 other."


def test_a_borrowed_name_takes_no_row_from_who_is_known_by_id() -> None:
    matched, left_out = match(["Grace Hopper", "x"], {"x": {"id": "2"}}, ROWS)
    assert matched == {"x": 1} and left_out[0].startswith("Grace Hopper: ")


def test_two_borrowed_names_do_not_take_it_either() -> None:
    names = ["Grace Hopper", "hopper grace", "x"]
    assert match(names, {"x": {"id": "2"}}, ROWS)[0] == {"x": 1}


def test_the_number_of_a_participant_is_no_id() -> None:
    submission = SimpleNamespace(learner="Grace Hopper", ids={"moodle_participant": "77"})
    learner = SimpleNamespace(name="Grace Hopper", ids=("Participant 77",), login="", email="g@x")
    assert known_people([submission], [learner]) == {
        "Grace Hopper": {"name": "Grace Hopper", "email": "g@x"}
    }


def test_people_are_known_from_their_files_and_the_roster() -> None:
    submission = SimpleNamespace(
        learner="hoppergrace", ids={"canvas_user": "2", "canvas_file": "5"}
    )
    learner = SimpleNamespace(name="Grace Hopper", ids=("2", "u2"), login="gh", email="g@x.edu")
    assert known_people([submission], [learner]) == {
        "hoppergrace": {
            "id": "2", "sis_id": "u2", "login": "gh", "email": "g@x.edu", "name": "Grace Hopper",
        }
    }  # fmt: skip


# --- The others ---------------------------------------------------------------------------------


def test_moodle_gets_no_empty_grade_and_no_unknown_user() -> None:
    people = {ADA: {"email": "ada@example.edu"}}
    there = export("moodle", columns={SOFTMAX: "A"}, people=people)
    (text,) = there.files.values()
    assert [row[0] for row in table(text)[1:]] == ["ada@example.edu"]
    assert {line.partition(":")[0] for line in there.left_out} == {EVIL, ZOE}


def test_moodle_refuses_more_than_a_hundred() -> None:
    with pytest.raises(BadExport, match="takes at most 100"):
        export("moodle", scaled=True, out_of=200)


def test_moodle_feedback_is_text() -> None:
    odd = result(ADA, SOFTMAX)
    first = dataclasses.replace(odd.exercises[0], headline="✗ <b>softmax</b>")
    odd = dataclasses.replace(odd, exercises=(first, *odd.exercises[1:]))
    (text,) = export("moodle", [odd]).files.values()
    assert "&lt;b&gt;softmax" in text and "<b>" not in text


def test_gradescope_has_a_file_a_learner_if_there_are_several(tmp_path: Path) -> None:
    there = export("gradescope")
    assert len(there.files) == 3
    for path in there.save(tmp_path):
        assert json.loads(path.read_text("utf-8"))["score"] >= 0


def test_gradescope_says_what_could_not_be_read() -> None:
    (text,) = export("gradescope", [r for r in CLASS if r.learner == ZOE]).files.values()
    data = json.loads(text)
    assert "cut off" in data["output"] and data["score"] == 3
    assert [test["status"] for test in data["tests"]] == ["failed", "passed", "failed", "passed"]


def test_gradescope_can_be_scaled() -> None:
    (text,) = export(
        "gradescope", [result(ZOE, SOFTMAX, "softmax", "entropy")], scaled=True, out_of=50
    ).files.values()
    assert json.loads(text)["score"] == 25


def test_nbgrader_gives_nothing_handed_in_a_zero() -> None:
    (text,) = export("nbgrader", people={"Grace": {"name": "Grace Hopper"}}).files.values()
    row = next(r for r in csv.DictReader(io.StringIO(text)) if r["student_id"] == "Grace")
    assert (row["score"], row["first_name"], row["last_name"]) == ("0.0", "Grace", "Hopper")


def test_nbgrader_says_what_a_lesson_is_worth_that_nobody_got_points_in() -> None:
    (text,) = export("nbgrader", [UNREADABLE]).files.values()
    (row,) = [r for r in csv.DictReader(io.StringIO(text)) if r["score"] == "0.0"][:1]
    assert row["max_score"] == "6.0"


@pytest.mark.parametrize("name", ["moodle", "nbgrader"])
def test_no_cell_of_an_export_starts_a_formula(name: str) -> None:
    people = {EVIL: {"email": "e@x.org", "login": "+1", "name": "@a, =b"}}
    there = export(name, people=people, columns={SOFTMAX: "=Attention"})
    for text in there.files.values():
        for cell in (cell for row in table(text) for cell in row):
            assert cell[:1] not in ("=", "@", "+") or cell == "+1"


@pytest.mark.parametrize("name", EXPORTS)
def test_the_same_results_give_the_same_bytes(name: str) -> None:
    one = export(name, columns=COLUMNS, template=CANVAS)
    assert one == export(name, reversed(CLASS), columns=COLUMNS, template=CANVAS)

"""However learners' work comes, it is found, it is theirs, and nothing else is touched."""

from __future__ import annotations

import io
import os
import pickle
import re
import struct
import sys
import unicodedata
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qkv_course.errors import QkvError, UnknownName
from qkv_course.grading import places, submissions
from qkv_course.grading.naming import read_file_name
from qkv_course.grading.notebooks import UnreadableNotebook
from qkv_course.grading.submissions import Collected, NoSubmissions, find_submissions

L04, L05 = "04_scores_and_scaling", "05_softmax"


def tree(root: Path, names: Iterable[str]) -> Path:
    """Make files, each with its own name as its content."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return root


def zipped(members: Iterable[str] | Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in members:
            data = members[name] if isinstance(members, Mapping) else name.encode()
            archive.writestr(name, data)
    return buffer.getvalue()


def taken(collected: Collected) -> dict[tuple[str, str], str]:
    """Who has what, for which lesson; each is checked to be the very file."""
    for submission in collected.submissions:
        name = submission.inner or submission.member or submission.name
        assert submission.read().decode().endswith(name)
    found = {(s.learner, s.lesson): s.name for s in collected.submissions}
    assert len(found) == len(collected.submissions)
    return found


def why(collected: Collected, name: str) -> str:
    return dict(collected.ignored)[name]


# Folders


def test_a_folder_for_each_learner_at_any_depth(tmp_path: Path) -> None:
    files = [
        f"alice/{L04}.ipynb",
        f"bob/notebooks/{L04}.ipynb",
        f"carol/qkv-course/notebooks/{L04}.ipynb",
        f"carol/qkv-course/notebooks/{L05}.IPYNB",
        f"Zoë van Dyk/work/mine {L05} final.ipynb",
        "dave/untitled.ipynb",
    ]

    assert taken(find_submissions(tree(tmp_path, files))) == {
        ("alice", L04): files[0],
        ("bob", L04): files[1],
        ("carol", L04): files[2],
        ("carol", L05): files[3],
        ("Zoë van Dyk", L05): files[4],
        ("dave", ""): files[5],
    }


def test_the_order_is_the_same_everywhere(tmp_path: Path) -> None:
    names = ["bob", "Alice", "alice", "Zoë", "_x", "10", "9"]
    found = find_submissions(tree(tmp_path, [f"{n}/{L04}.ipynb" for n in names]))

    assert [s.learner for s in found.submissions] == [
        "10",
        "9",
        "_x",
        "Alice",
        "alice",
        "bob",
        "Zoë",
    ]


def test_a_learners_own_course_is_theirs(tmp_path: Path) -> None:
    tree(tmp_path, [f"notebooks/{L04}.ipynb", f"notebooks/{L05}.ipynb", f"solutions/{L04}.ipynb"])

    inside = find_submissions(tmp_path / "notebooks")
    around = find_submissions(tmp_path, you="Ada")

    assert taken(inside) == {("you", L04): f"{L04}.ipynb", ("you", L05): f"{L05}.ipynb"}
    assert [s.learner for s in around.submissions] == ["Ada", "Ada"]
    assert "solutions" in why(around, "solutions")


def test_one_notebook_can_be_given(tmp_path: Path) -> None:
    path = tree(tmp_path, [f"alice_{L04}.ipynb"]) / f"alice_{L04}.ipynb"

    assert taken(find_submissions(path)) == {("alice", L04): path.name}


def test_loose_files_are_called_by_their_learners(tmp_path: Path) -> None:
    names = {
        "alice.ipynb": ("alice", ""),
        f"bob_{L04}.ipynb": ("bob", L04),
        f"{L04}-carol.ipynb": ("carol", L04),
        f"{L04} (dave).ipynb": ("dave", L04),
        "eve 04-Scores and Scaling.ipynb": ("eve", L04),
        f"{L04}_group_2.ipynb": ("group_2", L04),
        f"{L04}_12345678.ipynb": ("12345678", L04),
        f"{L04}-frank-Copy1.ipynb": ("frank", L04),
        f"grace_{L04}.ipynb.txt": ("grace", L04),
        "student (1).ipynb": ("student (1)", ""),
        "student (2).ipynb": ("student (2)", ""),
    }

    assert taken(find_submissions(tree(tmp_path, names))) == {v: k for k, v in names.items()}


@pytest.mark.parametrize(
    ("stem", "copy", "rest"),
    [
        (L04, False, ""),
        (f"{L04}-Copy1", True, ""),
        (f"{L04} (1)", True, ""),
        (f"{L04} copy 2", True, ""),
        (f"{L04} - Copy (2)", True, ""),
        (f"{L04} - Kopie", True, ""),
        (f"{L04}-Copy1 (1)", True, ""),
        (f"{L04}-checkpoint", True, ""),
        (f"{L04} (ann) (1)", True, "ann"),
        (f"{L04}_copycat", False, "copycat"),
    ],
)
def test_marks_of_a_copy_are_known(stem: str, copy: bool, rest: str) -> None:
    file = read_file_name(f"{stem}.ipynb")

    assert (file.lesson, file.copy, file.rest) == (L04, copy, rest)


def test_a_system_numbers_what_comes_again() -> None:
    file = read_file_name(f"{L04}-Copy1-3.ipynb", numbered=True)

    assert (file.rest, file.copy, file.number) == ("", True, 3)


def test_the_plain_name_counts_and_copies_are_listed(tmp_path: Path) -> None:
    names = [f"{L04}-Copy1", f"{L04} (1)", f"{L04} 2", f"{L04}_old", f"deep/{L04}", f"a/{L04}", L04]
    found = find_submissions(tree(tmp_path, [f"alice/{name}.ipynb" for name in names]))

    assert taken(found) == {("alice", L04): f"alice/{L04}.ipynb"}
    assert len(found.ignored) == 6
    assert all(f"alice/{L04}.ipynb was taken" in sentence for _, sentence in found.ignored)


def test_a_copy_counts_if_there_is_nothing_else(tmp_path: Path) -> None:
    found = find_submissions(tree(tmp_path, [f"alice/{L04}-Copy1.ipynb"]))

    assert taken(found) == {("alice", L04): f"alice/{L04}-Copy1.ipynb"}


def test_a_lesson_can_be_asked_for(tmp_path: Path) -> None:
    tree(tmp_path, [f"alice/{L05}.ipynb", f"alice/{L04}.ipynb", "bob/x.ipynb", f"eve/{L05}.ipynb"])
    tree(tmp_path, ["alice/scratch.ipynb"])

    found = find_submissions(tmp_path, lesson=L04)

    assert taken(found) == {("alice", L04): f"alice/{L04}.ipynb", ("bob", L04): "bob/x.ipynb"}
    with pytest.raises(UnknownName, match="Did you mean 04_scores_and_scaling"):
        find_submissions(tmp_path, lesson="04_scores_and_scalin")
    with pytest.raises(NoSubmissions, match="no notebook of lesson 06_context"):
        find_submissions(tmp_path / "eve", lesson="06_context")


def test_folders_around_the_learners_are_looked_through(tmp_path: Path) -> None:
    tree(tmp_path, [f"2026/class 3/alice/{L04}.ipynb", f"2026/class 3/bob/{L04}.ipynb"])

    assert {s.learner for s in find_submissions(tmp_path).submissions} == {"alice", "bob"}


def test_a_folder_for_each_lesson_is_no_learner(tmp_path: Path) -> None:
    names = [f"{L04}/alice/{L04}.ipynb", f"{L04}/bob.ipynb", f"{L05}/alice/{L05}.ipynb"]

    assert taken(find_submissions(tree(tmp_path, names))) == {
        ("alice", L04): names[0],
        ("bob", ""): names[1],
        ("alice", L05): names[2],
    }


def test_one_learners_folder_stays_theirs(tmp_path: Path) -> None:
    tree(tmp_path, [f"alice/{L04}.ipynb", f"alice/{L05}.ipynb", "alice/week 1/x.ipynb"])

    assert {s.learner for s in find_submissions(tmp_path).submissions} == {"alice"}


def test_other_files_are_named_where_a_notebook_is_missing(tmp_path: Path) -> None:
    tree(tmp_path, [f"alice/{L04}.ipynb", "alice/helper.py", "bob/essay.pdf", "bob/more.py"])
    tree(tmp_path, ["carol/04.rar", "notes.txt"])

    assert dict(find_submissions(tmp_path).ignored) == {
        "bob/essay.pdf": "is a PDF document, not a notebook",
        "carol/04.rar": "is an archive, but no zip, not a notebook",
    }


# nbgrader


def test_nbgraders_tree_is_read_from_itself_or_its_parent(tmp_path: Path) -> None:
    tree(
        tmp_path,
        [
            f"submitted/alice/ps1/{L04}.ipynb",
            f"submitted/alice/ps1/{L05}.ipynb",
            f"submitted/alice/ps2/{L04}-Copy1.ipynb",
            "submitted/bob/ps1/problem2.ipynb",
            "submitted/bob/ps1/timestamp.txt",
            f"source/ps1/{L04}.ipynb",
            f"autograded/alice/ps1/{L04}.ipynb",
        ],
    )
    for root in (tmp_path, tmp_path / "submitted"):
        found = find_submissions(root)
        assert [(s.learner, s.lesson, dict(s.ids)) for s in found.submissions] == [
            ("alice", L04, {"nbgrader_assignment": "ps1", "nbgrader_notebook": L04}),
            ("alice", L05, {"nbgrader_assignment": "ps1", "nbgrader_notebook": L05}),
            ("bob", "", {"nbgrader_assignment": "ps1", "nbgrader_notebook": "problem2"}),
        ]


def test_one_learner_in_nbgraders_tree_is_no_folder_around_others(tmp_path: Path) -> None:
    tree(tmp_path, ["submitted/alice/ps1/a.ipynb", "submitted/alice/ps2/b.ipynb"])

    assert {s.learner for s in find_submissions(tmp_path).submissions} == {"alice"}


# Canvas, Moodle, Gradescope


def test_canvas_names_tell_learner_and_ids(tmp_path: Path) -> None:
    tree(
        tmp_path,
        [
            f"lovelaceada_1001_55555_{L04}.ipynb",
            f"turingalan_LATE_1002_55556_{L04}.ipynb",
            f"anon_Ab3xY_55557_{L04}.ipynb",
            f"LATE_anon_Q2wer_55558_{L04}.ipynb",
            f"o_neil_1003_55559_{L04}.ipynb",
        ],
    )

    found = find_submissions(tmp_path).submissions

    assert [(s.learner, s.ids["canvas_user"], s.ids["canvas_file"]) for s in found] == [
        ("anon_Ab3xY", "anon_Ab3xY", "55557"),
        ("anon_Q2wer", "anon_Q2wer", "55558"),
        ("lovelaceada", "1001", "55555"),
        ("o_neil", "1003", "55559"),
        ("turingalan", "1002", "55556"),
    ]
    assert {s.lesson for s in found} == {L04}


def test_the_newest_of_canvas_counts(tmp_path: Path) -> None:
    names = [
        f"lovelaceada_1001_5555_{L04}.ipynb",
        f"lovelaceada_1001_5556_{L04}-1.ipynb",
        f"lovelaceada_1001_5557_{L04}-2.ipynb",
        f"turingalan_1002_5559_{L04}.ipynb",
        f"turingalan_1002_5560_{L04}.ipynb",
        f"turingalan_1002_5561_{L04}-Copy1-3.ipynb",
    ]

    found = find_submissions(tree(tmp_path, names))

    assert taken(found) == {("lovelaceada", L04): names[2], ("turingalan", L04): names[4]}


def test_two_who_are_called_alike_stay_two(tmp_path: Path) -> None:
    names = [f"wangwei_1001_55555_{L04}.ipynb", f"wangwei_1002_55556_{L04}.ipynb", "x/y.ipynb"]

    assert taken(find_submissions(tree(tmp_path, names))) == {
        ("wangwei (1001)", L04): names[0],
        ("wangwei (1002)", L04): names[1],
        ("x", ""): names[2],
    }


@pytest.mark.parametrize(
    "name",
    [
        f"eve_1003_55557_bob_1001_55555_{L04}.ipynb",
        f"eve_1003_55557_work/bob_1001_55555_{L04}.ipynb",
        f"eve_1003_55557_work/Bob Smith_12345_assignsubmission_file_/{L04}.ipynb",
        f"eve_1003_55557_work/submission_123/{L04}.ipynb",
    ],
)
def test_a_learners_own_names_cannot_be_anothers(tmp_path: Path, name: str) -> None:
    tree(tmp_path, [f"bob_1001_55555_{L04}.ipynb", name])

    learners = {s.name: s.learner for s in find_submissions(tmp_path).submissions}

    assert learners == {f"bob_1001_55555_{L04}.ipynb": "bob", name: "eve"}


@pytest.mark.parametrize(
    "folder", ["eve_1003_55557_work", "eve_12345_assignsubmission_file_", "eve_1003_55557_x.zip"]
)
def test_the_only_learner_is_no_folder_around_others(tmp_path: Path, folder: str) -> None:
    one, other = tmp_path / "1", tmp_path / "2"
    tree(one, [f"{folder}/{name}.ipynb" for name in (f"bob_1001_55555_{L04}", f"al_1_5555_{L05}")])
    tree(other, [f"{folder}/x.ipynb", f"{folder}/y.ipynb"])

    assert {s.learner for s in find_submissions(one).submissions} == {"eve"}
    assert {s.learner for s in find_submissions(other).submissions} == {"eve"}


def test_names_in_one_learners_folder_do_not_turn_the_rest_into_exports(tmp_path: Path) -> None:
    tree(tmp_path, [f"bob/{L04}.ipynb", f"eve/bob_1001_55555_{L04}.ipynb"])
    tree(tmp_path, ["eve/submission_metadata.yml"])

    assert {s.learner for s in find_submissions(tmp_path).submissions} == {"bob", "eve"}


@pytest.mark.parametrize("name", ["alice_24_11_hw", f"{L04}_2026_1124_alice", f"2026_1124_{L04}"])
def test_dates_are_not_taken_for_ids(tmp_path: Path, name: str) -> None:
    found = find_submissions(tree(tmp_path, [f"{name}.ipynb"])).submissions

    assert "alice" in found[0].learner or found[0].lesson == L04


def test_moodles_folders_tell_name_and_participant(tmp_path: Path) -> None:
    tree(
        tmp_path,
        [
            f"Ada Lovelace_12345_assignsubmission_file_/{L04}.ipynb",
            "Ada Lovelace_12345_assignsubmission_onlinetext_/onlinetext.html",
            f"Alan Turing_12346_assignsubmission_file/sub/{L04}.ipynb",
            f"Grace Hopper_12347_assignsubmission_file_{L04}.ipynb",
            "Only Text_12348_assignsubmission_onlinetext_/onlinetext.html",
            f"Participant_9_assignsubmission_file_/{L04}.ipynb",
            f"Participant_10_assignsubmission_file_/{L04}.ipynb",
        ],
    )

    found = find_submissions(tmp_path)

    assert {(s.learner, s.ids["moodle_participant"]) for s in found.submissions} == {
        ("Ada Lovelace", "12345"),
        ("Alan Turing", "12346"),
        ("Grace Hopper", "12347"),
        ("Participant (9)", "9"),
        ("Participant (10)", "10"),
    }
    assert [name for name, _ in found.ignored] == [
        "Only Text_12348_assignsubmission_onlinetext_/onlinetext.html"
    ]


GRADESCOPE = """\
submission_111:
  :submitters:
  - :name: Solo Student
    :sid: 0100
    :email: solo@example.org
  :created_at: 2026-13-99 25:00
  :history: []
submission_222:
  :submitters:
  - :name: Pair One
    :email: one@example.org
  - :name: "Pair Tw\\xF6"
    :sid: '0201'
submission_333: {}
"""


def test_gradescopes_list_names_the_learners_of_each_folder(tmp_path: Path) -> None:
    tree(tmp_path, [f"export/submission_{n}/{L04}.ipynb" for n in (111, 222, 333)])
    (tmp_path / "export" / "submission_metadata.yml").write_text(GRADESCOPE)

    found = find_submissions(tmp_path)

    assert [(s.learner, dict(s.ids)) for s in found.submissions] == [
        ("Pair One", {"email": "one@example.org", "gradescope_submission": "222"}),
        ("Pair Twö", {"sid": "0201", "gradescope_submission": "222"}),
        (
            "Solo Student",
            {"sid": "0100", "email": "solo@example.org", "gradescope_submission": "111"},
        ),
        ("submission_333", {"gradescope_submission": "333"}),
    ]


@pytest.mark.parametrize("text", ["", "[1", "- a\n", "submission_111: 5\n", "\x00", "a: &a [*a"])
def test_a_damaged_list_costs_only_names(tmp_path: Path, text: str) -> None:
    tree(tmp_path, [f"submission_111/{L04}.ipynb"])
    (tmp_path / "submission_metadata.yml").write_text(text)

    assert taken(find_submissions(tmp_path))[("submission_111", L04)]


def test_a_list_that_a_learner_handed_in_names_nobody(tmp_path: Path) -> None:
    tree(tmp_path, [f"submission_111/{L04}.ipynb"])
    (tmp_path / "submission_111" / "submission_metadata.yml").write_text(GRADESCOPE)

    assert find_submissions(tmp_path).submissions[0].learner == "submission_111"


# Zips


def test_a_systems_zip_with_learners_zips_in_it(tmp_path: Path) -> None:
    work = zipped([f"qkv-course/notebooks/{L04}.ipynb", f"qkv-course/solutions/{L04}.ipynb"])
    path = tmp_path / "submissions.zip"
    path.write_bytes(
        zipped(
            {
                "lovelaceada_1001_55555_work.zip": work,
                f"turingalan_1002_55556_{L04}.ipynb": f"turingalan_1002_55556_{L04}.ipynb".encode(),
                "hoppergrace_1003_55557_broken.zip": b"PK\3\4 and no more",
                f"__MACOSX/._turingalan_1002_55556_{L04}.ipynb": b"",
            }
        )
    )

    found = find_submissions(path)

    work_name = f"lovelaceada_1001_55555_work.zip/qkv-course/notebooks/{L04}.ipynb"
    assert taken(found) == {
        ("lovelaceada", L04): work_name,
        ("turingalan", L04): f"turingalan_1002_55556_{L04}.ipynb",
    }
    assert "cannot be opened as a zip" in why(found, "hoppergrace_1003_55557_broken.zip")
    assert "solutions" in why(found, "lovelaceada_1001_55555_work.zip/qkv-course/solutions")
    assert os.listdir(tmp_path) == ["submissions.zip"]


def test_a_folder_of_learners_zips(tmp_path: Path) -> None:
    for name in ("alice", f"bob_{L04}", "carol/my work"):
        path = tmp_path / f"{name}.zip"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(zipped([f"notebooks/{L04}.ipynb"]))

    assert {s.learner for s in find_submissions(tmp_path).submissions} == {"alice", "bob", "carol"}


def test_a_folder_of_a_systems_zips_one_for_each_lesson(tmp_path: Path) -> None:
    for number, lesson in enumerate((L04, L05)):
        names = [f"{who}_55{number}5{who[-1]}_{lesson}.ipynb" for who in ("ada_1001", "alan_1002")]
        (tmp_path / f"week {number}.zip").write_bytes(zipped(names))

    assert set(taken(find_submissions(tmp_path))) == {
        (who, lesson) for who in ("ada", "alan") for lesson in (L04, L05)
    }


@pytest.mark.parametrize(
    "name", [f"../{L04}.ipynb", f"/{L04}.ipynb", f"a/../../{L04}.ipynb", f"C:\\x\\{L04}.ipynb"]
)
def test_a_name_that_leads_out_of_its_zip_is_not_taken(tmp_path: Path, name: str) -> None:
    (tmp_path / "eve.zip").write_bytes(zipped([name, f"ok/{L05}.ipynb"]))

    found = find_submissions(tmp_path)

    assert [s.lesson for s in found.submissions] == [L05]
    assert "leads out of its zip" in found.ignored[0][1]


def test_names_of_old_and_foreign_zip_programs_are_read(tmp_path: Path) -> None:
    data = zipped([f"zo/notebooks/{L04}.ipynb"])
    # UTF-8 without the flag that says so, and backslashes, of the same length.
    data = data.replace(b"zo/notebooks/", "ë\\notebooks\\".encode())
    (tmp_path / "class.zip").write_bytes(data)

    found = find_submissions(tmp_path / "class.zip").submissions

    assert [(s.learner, s.name) for s in found] == [("ë", f"ë/notebooks/{L04}.ipynb")]
    assert found[0].read() == f"zo/notebooks/{L04}.ipynb".encode()


def test_links_and_locked_files_in_a_zip_are_not_taken(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo(f"{L04}.ipynb")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("locked.ipynb", b"x")
    data = bytearray(buffer.getvalue())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1  # the second file's flag for a password
    (tmp_path / "eve.zip").write_bytes(data)

    with pytest.raises(NoSubmissions) as caught:
        find_submissions(tmp_path)

    assert "links are not followed" in str(caught.value) and "password" in str(caught.value)


def test_zip_bombs_are_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "LARGE", 10_000)
    monkeypatch.setattr(places, "MAX_UNPACKED", 60_000)
    bomb = zipped({"eve/a.ipynb": b"0" * 50_000})
    (tmp_path / "ratio.zip").write_bytes(bomb)
    (tmp_path / "total.zip").write_bytes(
        zipped({f"{n}.ipynb": os.urandom(10_000) for n in range(7)} | {"!.zip": bomb})
    )
    (tmp_path / "deep.zip").write_bytes(zipped({"1.zip": zipped({"2.zip": bomb}), "x.ipynb": b""}))

    found = find_submissions(tmp_path)

    assert "200 times its size" in why(found, "ratio.zip/eve/a.ipynb")
    assert "lies in a zip that unpacks to more" in why(found, "total.zip/6.ipynb")
    assert "200 times its size" in why(found, "total.zip/!.zip/eve/a.ipynb")
    assert "zip in a zip in a zip" in why(found, "deep.zip/1.zip/2.zip")
    assert {s.name for s in found.submissions} == {
        "deep.zip/x.ipynb",
        *(f"total.zip/{n}.ipynb" for n in range(5)),
    }


def test_a_zip_that_lies_about_sizes_is_read_no_further(tmp_path: Path) -> None:
    data = bytearray(zipped({f"alice/{L04}.ipynb": b"0" * 100_000}))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", 10)
    (tmp_path / "class.zip").write_bytes(data)

    submission = find_submissions(tmp_path / "class.zip").submissions[0]

    with pytest.raises(UnreadableNotebook, match="cannot be read"):
        submission.read()


def test_a_zip_of_too_many_names_is_not_even_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = zipped([f"{n}.ipynb" for n in range(50)])
    tree(tmp_path, [f"alice/{L04}.ipynb"])
    (tmp_path / "eve.zip").write_bytes(many)
    (tmp_path / "mallory.zip").write_bytes(many + b"PK\x05\x06" + b"\0" * 18)
    monkeypatch.setattr(places, "MAX_DIRECTORY", 50 * 46)

    found = find_submissions(tmp_path)

    assert [s.learner for s in found.submissions] == ["alice"]
    assert "cannot be opened" in why(found, "eve.zip") and "mallory.zip" in dict(found.ignored)


def test_the_length_of_a_large_zips_list_is_read_where_large_zips_have_it() -> None:
    record = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 9, 9, 12345678, 0)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, 0, 1)
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 9, 9, 0xFFFFFFFF, 0xFFFFFFFF, 0)

    assert places._directory_size(io.BytesIO(record + locator + end)) == 12345678


def test_a_member_that_is_damaged_is_a_sentence_when_read(tmp_path: Path) -> None:
    data = bytearray(zipped({f"alice/{L04}.ipynb": os.urandom(1000)}))
    data[200] ^= 1
    (tmp_path / "class.zip").write_bytes(data)

    with pytest.raises(UnreadableNotebook, match="ask the learner"):
        find_submissions(tmp_path / "class.zip").submissions[0].read()


# Traps in folders


def test_links_are_never_followed(tmp_path: Path) -> None:
    tree(tmp_path / "outside", [f"{L04}.ipynb"])
    tree(tmp_path / "class", [f"alice/{L05}.ipynb"])
    (tmp_path / "class" / "bob").symlink_to(tmp_path / "outside")
    (tmp_path / "class" / "alice" / f"{L04}.ipynb").symlink_to(
        tmp_path / "outside" / f"{L04}.ipynb"
    )
    (tmp_path / "class" / "round").symlink_to(tmp_path / "class")

    found = find_submissions(tmp_path / "class")

    assert [s.lesson for s in found.submissions] == [L05]
    assert {name for name, sentence in found.ignored if "links are not followed" in sentence} == {
        "bob",
        "round",
        f"alice/{L04}.ipynb",
    }


def test_a_file_that_became_a_link_is_not_read(tmp_path: Path) -> None:
    tree(tmp_path, [f"class/alice/{L04}.ipynb", "secret"])
    submission = find_submissions(tmp_path / "class").submissions[0]
    submission.path.unlink()
    submission.path.symlink_to(tmp_path / "secret")

    with pytest.raises(UnreadableNotebook):
        submission.read()


def test_a_link_that_is_asked_for_is_followed(tmp_path: Path) -> None:
    tree(tmp_path, [f"real/{L04}.ipynb"])
    (tmp_path / f"alice_{L04}.ipynb").symlink_to(tmp_path / "real" / f"{L04}.ipynb")

    submission = find_submissions(tmp_path / f"alice_{L04}.ipynb").submissions[0]

    assert (submission.learner, submission.read()) == ("alice", f"real/{L04}.ipynb".encode())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_pipes_are_never_opened(tmp_path: Path) -> None:
    tree(tmp_path, [f"alice/{L05}.ipynb"])
    os.mkfifo(tmp_path / "alice" / f"{L04}.ipynb")
    os.mkfifo(tmp_path / "bob.zip")

    found = find_submissions(tmp_path)

    assert [s.lesson for s in found.submissions] == [L05]
    assert why(found, "bob.zip") == "is no ordinary file"
    with pytest.raises(NoSubmissions, match="ordinary file"):
        find_submissions(tmp_path / "bob.zip")


def test_a_file_that_is_gone_or_locked_is_a_sentence(tmp_path: Path) -> None:
    tree(tmp_path, [f"alice/{L04}.ipynb"])
    submission = find_submissions(tmp_path).submissions[0]
    submission.path.unlink()

    with pytest.raises(UnreadableNotebook, match=r"No such file.*ask the learner"):
        submission.read()


def test_a_folder_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    tree(tmp_path, [f"alice/{L04}.ipynb", f"bob/{L04}.ipynb"])
    (tmp_path / "bob").chmod(0)
    if os.access(tmp_path / "bob", os.R_OK):
        pytest.skip("this user may read all")
    try:
        assert "permission" in why(find_submissions(tmp_path), "bob")
    finally:
        (tmp_path / "bob").chmod(0o755)


def test_folders_without_end_are_left(tmp_path: Path) -> None:
    deep = "/".join(["x"] * 30)
    found = find_submissions(tree(tmp_path, [f"alice/{L04}.ipynb", f"eve/{deep}/{L04}.ipynb"]))

    assert [s.learner for s in found.submissions] == ["alice"]
    assert "too deep" in found.ignored[0][1]


def test_nobody_hands_in_a_thousand_notebooks(tmp_path: Path) -> None:
    tree(tmp_path, [f"eve/{n:04}.ipynb" for n in range(70)] + [f"eve/{L04}.ipynb", "bob/x.ipynb"])

    found = find_submissions(tmp_path)

    assert len([s for s in found.submissions if s.learner == "eve"]) == submissions.MAX_NOTEBOOKS
    assert {"bob", "eve"} == {s.learner for s in found.submissions}
    assert L04 in {s.lesson for s in found.submissions}
    assert "50 notebooks of this learner were taken" in found.ignored[0][1]


def test_hidden_files_and_checkpoints_are_passed_over_in_silence(tmp_path: Path) -> None:
    tree(
        tmp_path,
        [
            f"alice/{L04}.ipynb",
            f"alice/.ipynb_checkpoints/{L05}-checkpoint.ipynb",
            f"alice/.{L05}.ipynb",
            f"alice/._{L05}.ipynb",
            f"__MACOSX/alice/{L05}.ipynb",
            f"alice/env/lib/site-packages/{L05}.ipynb",
        ],
    )

    found = find_submissions(tmp_path)

    assert taken(found) == {("alice", L04): f"alice/{L04}.ipynb"} and not found.ignored


# Names


def test_two_spellings_of_an_accent_are_one_name(tmp_path: Path) -> None:
    one, other = (unicodedata.normalize(form, "Zoë") for form in ("NFC", "NFD"))
    tree(tmp_path, [f"{one}/{L04}.ipynb", f"{other}/{L05}.ipynb", f"x/{L04}.ipynb"])

    assert {(s.learner, s.lesson) for s in find_submissions(tmp_path).submissions} == {
        (one, L04),
        (one, L05),
        ("x", L04),
    }


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="no such names there")
def test_no_name_reaches_the_terminal_as_a_command(tmp_path: Path) -> None:
    evil = [
        "a\nb",
        "a b",
        "\x1b[2Jx",
        "\u202egnp.exe",
        os.fsdecode(b"\xff"),
        os.fsdecode(b"\xfe"),
        "\n",
    ]
    names = [f"{name}/{L04}.ipynb" for name in evil]
    names += [f"ok/{os.fsdecode(byte)}.ipynb" for byte in (b"\xff", b"\xfe")] + [
        f"ok/x\x1b]0;{name}.ipynb" for name in "ab"
    ]
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"{}")

    found = find_submissions(tmp_path).submissions

    assert len(found) == len(names)
    assert all(s.read() == b"{}" for s in found)
    assert len({s.label for s in found}) == len(names)
    assert len({(s.learner, s.name) for s in found}) == len(names)
    assert all(text.isprintable() for s in found for text in (s.learner, s.name, s.label))
    assert {s.learner for s in found if s.learner.startswith("a")} == {"a b", "a b (2)"}


def test_very_long_names_are_read(tmp_path: Path) -> None:
    long = "x" * 240
    found = find_submissions(tree(tmp_path, [f"{long}/{long}.ipynb", f"b/{L04}.ipynb"])).submissions

    assert found[1].read() and len(found[1].label) < 80


SAFE = re.compile(r"[\w][\w.-]*")


def test_labels_are_plain_where_names_are() -> None:
    def label(learner: str, lesson: str = L04, name: str = "n") -> str:
        return submissions.Submission(learner, lesson, Path("x"), name=name).label

    assert label("alice.b-2") == f"alice.b-2-{L04}"
    others = [
        label(x) for x in ("Alice", "alice b", "alice_b ", "../x", "", "CON", "ë", "x" * 99, "a/b")
    ]
    others += [label("alice", ""), label("alice", "", "m"), label("=cmd()")]
    assert len({text.casefold() for text in others}) == len(others)
    assert all(SAFE.fullmatch(text) and len(text.encode()) < 150 for text in others)


def test_a_submission_crosses_to_another_process_small(tmp_path: Path) -> None:
    tree(tmp_path, [f"lovelaceada_1001_55555_{L04}.ipynb"])
    submission = find_submissions(tmp_path).submissions[0]

    copy = pickle.loads(pickle.dumps(submission))

    assert copy == submission and hash(copy) == hash(submission)
    assert copy.read() and len(pickle.dumps(submission)) < 1000


# Nothing there


def test_nothing_to_grade_is_a_sentence(tmp_path: Path) -> None:
    tree(tmp_path, ["some/readme.md", "eve/x.py", "not.zip"])
    (tmp_path / "empty").mkdir()

    for path, sentence in {
        tmp_path / "nowhere": "nothing there: check the path",
        tmp_path / "empty": "no notebook in",
        tmp_path / "some": "no notebook in",
        tmp_path / "eve": "x.py is a Python script, not a notebook",
        tmp_path / "not.zip": "no zip, or a damaged one",
    }.items():
        with pytest.raises(NoSubmissions, match=sentence) as caught:
            find_submissions(path)
        assert isinstance(caught.value, QkvError) and str(caught.value).endswith(".")


# Whatever else

PARTS = st.sampled_from(
    [
        L04,
        L05,
        "notebooks",
        "solutions",
        "submitted",
        "alice",
        "..",
        "",
        ".",
        "ada_1001_55555_",
        "x.zip",
        "Ada_12_assignsubmission_file_",
        "submission_1",
        "_-Copy1",
        "(2)",
        "\x1b",
        "\n",
        "ë",
        "\\",
        "C:",
    ]
) | st.text(max_size=4)
NAMES = st.lists(st.lists(PARTS, min_size=1, max_size=3).map("".join), min_size=1, max_size=4)


@settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(st.lists(NAMES.map("/".join), min_size=1, max_size=6), st.sampled_from(["", L04]))
def test_any_names_in_a_zip_end_in_submissions_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], lesson: str
) -> None:
    path = tmp_path_factory.mktemp("zips") / "class.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in dict.fromkeys(names):
            name = name.encode(errors="replace").decode()
            archive.writestr(f"{name}.ipynb", b"{}")
    try:
        found = find_submissions(path, lesson)
    except NoSubmissions:
        return
    labels = {s.label.casefold() for s in found.submissions}
    assert len(labels) == len(found.submissions)
    assert all(
        s.learner and s.learner.isprintable() and s.read() == b"{}" for s in found.submissions
    )

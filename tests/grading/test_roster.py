"""A list of learners, from whatever wrote it, and who of them handed in nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from qkv_course.errors import QkvError
from qkv_course.grading.roster import BadRoster, Learner, missing, read_roster
from qkv_course.grading.submissions import Submission


def roster(tmp_path: Path, text: str | bytes) -> list[Learner]:
    path = tmp_path / "roster.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_roster(path)


def submission(learner: str, **ids: str) -> Submission:
    return Submission(learner, "04_scores_and_scaling", Path("x"), ids=ids)


CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Lesson 04 (901)\r\n"
    "    Points Possible,,,,,5\r\n"
    '"Lovelace, Ada",1001,S-77,ada1,A,\r\n'
    '"Wang, Wei",1002,S-78,wei1,A,4\r\n'
    '"Wang, Wei",1003,S-79,wei2,A,\r\n'
    '"Student, Test",1999,,abc123,A,\r\n'
)
MOODLE = (
    "Identifier,Full name,Email address,Status,Grade\n"
    "Participant 12345,Ada Lovelace,ada@example.org,Submitted,\n"
    "Participant 12346,Zoë van Dyk,zoe@example.org,No submission,\n"
)


def test_canvas_gradebook(tmp_path: Path) -> None:
    assert roster(tmp_path, "\ufeff" + CANVAS) == [
        Learner("Lovelace, Ada", ("1001", "S-77"), "ada1"),
        Learner("Wang, Wei", ("1002", "S-78"), "wei1"),
        Learner("Wang, Wei", ("1003", "S-79"), "wei2"),
    ]


def test_moodle_worksheet(tmp_path: Path) -> None:
    assert roster(tmp_path, MOODLE)[0] == Learner(
        "Ada Lovelace", ("Participant 12345",), "", "ada@example.org"
    )


@pytest.mark.parametrize(
    "text",
    [
        "First Name,Last Name,E-Mail\nAda,Lovelace,ada@x.org\n",
        "Vorname;Nachname;E-Mail-Adresse\nAda;Lovelace;ada@x.org\n",
        "last_name\tfirst_name\temail\nLovelace\tAda\tada@x.org",
        '\n\n"Name";"Group";"EMAIL ADDRESS"\n"Ada Lovelace";3;ada@x.org\n;;\n',
        "Full Name,mail\nAda Lovelace,ada@x.org\nAda Lovelace,ada@x.org\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_other_lists(tmp_path: Path, text: str, encoding: str) -> None:
    assert roster(tmp_path, text.encode(encoding)) == [Learner("Ada Lovelace", (), "", "ada@x.org")]


def test_lists_of_an_old_windows(tmp_path: Path) -> None:
    assert roster(tmp_path, "Name\nZoë\n".encode("cp1252")) == [Learner("Zoë")]


def test_who_has_no_name_is_called_by_what_there_is(tmp_path: Path) -> None:
    learners = roster(tmp_path, "name,id,login\n,7,\n,8,zoe\n,,\n")

    assert [learner.name for learner in learners] == ["7", "zoe"]


@pytest.mark.parametrize(
    ("learner", "ids"),
    [
        ("lovelaceada", {}),
        ("Ada Lovelace", {}),
        ("ada_LOVELACE", {}),
        ("ada1", {}),
        ("S-77", {}),
        ("somebody", {"canvas_user": "1001"}),
        ("somebody", {"sid": "s-77"}),
    ],
)
def test_one_is_found_by_name_id_or_login(
    tmp_path: Path, learner: str, ids: dict[str, str]
) -> None:
    learners = roster(tmp_path, CANVAS)

    assert missing(learners, [submission(learner, **ids)]) == learners[1:]


def test_one_is_found_by_moodles_number_or_address(tmp_path: Path) -> None:
    learners = roster(tmp_path, MOODLE)

    assert missing(learners, [submission("x", moodle_participant="12345")]) == learners[1:]
    assert missing(learners, [submission("x", email="ADA@example.org")]) == learners[1:]
    assert missing(learners, [submission("zoe")]) == learners[:1]
    assert missing(learners, [submission("Zoe\u0308 Van Dyk")]) == learners[:1]


def test_an_id_says_more_than_a_name(tmp_path: Path) -> None:
    learners = roster(tmp_path, CANVAS)

    assert missing(learners, [submission("wangwei", canvas_user="1003")]) == learners[:2]


def test_numbers_of_files_are_nobodys(tmp_path: Path) -> None:
    learners = roster(tmp_path, CANVAS)

    assert missing(learners, [submission("x", canvas_file="1001")]) == learners


def test_all_are_missing_where_nothing_is() -> None:
    assert missing([Learner("a"), Learner("")], []) == [Learner("a"), Learner("")]
    assert missing([Learner("?"), Learner("!")], [submission("-")]) == [Learner("?"), Learner("!")]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"PK\x03\x04 a spreadsheet", "save the list as CSV"),
        (b"name\0", "save the list as CSV"),
        (b"Group,Room\n1,2\n", "Its first row is: Group, Room"),
        (b"name\n" + b"x" * 200_000, "no CSV"),
    ],
)
def test_what_is_no_list_is_a_sentence(tmp_path: Path, data: bytes, sentence: str) -> None:
    with pytest.raises(BadRoster, match=sentence) as caught:
        roster(tmp_path, data)

    assert isinstance(caught.value, QkvError) and "roster.csv" in str(caught.value)


def test_a_list_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadRoster, match="no such file"):
        read_roster(tmp_path / "roster.csv")


def test_two_learners_with_one_address_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "class.csv"
    path.write_text("name,email\nAda,a@b.edu\nBob,A@b.edu\n")
    with pytest.raises(BadRoster, match=r"Ada and Bob the same address or login, a@b\.edu"):
        read_roster(path)

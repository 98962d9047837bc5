"""Results keep what they say, whatever happens to their files."""

import dataclasses
import json
from pathlib import Path

import pytest

from qkv_course.errors import QkvError
from qkv_course.grading.files import file_name, write_whole
from qkv_course.grading.results import BadResult, ExerciseResult, Result, Store, course_version

SOFTMAX = ExerciseResult(
    "softmax", 2, 2, "passed", headline="✓ softmax", code="def\ud800", seconds=1
)
ENTROPY = ExerciseResult("entropy", 0, 1, "wrong", "log-of-two", "✗ entropy", "…", "<div></div>")
RESULT = Result(
    "Zoë", "05_softmax", "Zoë/05_softmax", "ab" * 32, 7, "jail", "0.1.0+x", 0.5, 0.25,
    notes=("Cell 5 stopped with NameError.",), exercises=(SOFTMAX, ENTROPY),
)  # fmt: skip


def test_a_result_survives_its_file(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(RESULT)
    assert Store(tmp_path).get(RESULT.source) == RESULT
    assert list(Store(tmp_path)) == [RESULT]
    assert (RESULT.points, RESULT.of_points) == (2, 3)


def test_what_was_not_kept_is_none(tmp_path: Path) -> None:
    assert Store(tmp_path).get("alice") is None
    assert not Store(tmp_path).is_current("alice", "", "")


CHANGES = [
    {"digest": "cd" * 32},
    {"version": "0.1.0+y"},
    {"rung": "process"},
    {"seed": 8},
    {"settings": "seconds=9"},
    {"label": "zoë/05_softmax"},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: next(iter(c)))
def test_a_result_is_current_until_something_changes(tmp_path: Path, change: dict) -> None:
    store = Store(tmp_path)
    store.put(RESULT, settings="seconds=2")
    asked = {"label": RESULT.source, "digest": RESULT.digest, "version": RESULT.version}
    asked |= {"settings": "seconds=2"}
    assert store.is_current(**asked)
    assert store.is_current(**asked, rung="jail", seed=7)
    assert not store.is_current(**(asked | change))


def test_what_met_a_problem_is_tried_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(dataclasses.replace(RESULT, problem="The disk was full.", exercises=()))
    assert not store.is_current(RESULT.source, RESULT.digest, RESULT.version)


DAMAGE = {
    "cut": lambda text: text[: len(text) // 2],
    "empty": lambda text: "",
    "not JSON": lambda text: "\x00\xff",
    "deep": lambda text: "[" * 100_000,
    "a list": lambda text: "[]",
    "no learner": lambda text: text.replace('"learner"', '"pupil"'),
    "points as text": lambda text: text.replace('"points": 2', '"points": "2"'),
    "points as truth": lambda text: text.replace('"points": 2', '"points": true'),
    "more points than there are": lambda text: text.replace('"points": 2', '"points": 3'),
    "unknown status": lambda text: text.replace('"passed"', '"splendid"'),
    "no time": lambda text: text.replace('"cpu": 0.25', '"cpu": NaN'),
    "notes": lambda text: text.replace('"Cell 5 stopped with NameError."', "5"),
    "exercises": lambda text: text.replace('"exercises": [', '"exercises": [3, '),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_one_clear_error_and_is_graded_again(tmp_path: Path, damage) -> None:
    store = Store(tmp_path)
    store.put(RESULT)
    path = store.path(RESULT.source)
    path.write_text(damage(path.read_text()), encoding="latin-1")
    with pytest.raises(BadResult, match="Delete it and grade again") as caught:
        store.get(RESULT.source)
    assert str(path) in str(caught.value)
    assert not store.is_current(RESULT.source, RESULT.digest, RESULT.version)
    store.put(RESULT)
    assert store.get(RESULT.source) == RESULT


def test_leftovers_of_a_killed_run_are_no_results(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(RESULT)
    (store.folder / ".0123.part").write_text('{"settings"')
    assert list(store) == [RESULT]


def test_a_failed_write_leaves_what_was_there(tmp_path: Path, monkeypatch) -> None:
    store = Store(tmp_path)
    store.put(RESULT)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(QkvError, match="No space left on device"):
        store.put(dataclasses.replace(RESULT, seed=8))
    assert store.get(RESULT.source) == RESULT
    assert [p.name for p in store.folder.iterdir()] == [store.path(RESULT.source).name]


def test_a_file_of_another_name_is_not_this_result(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(RESULT)
    store.path(RESULT.source).rename(store.path("eve"))
    assert store.get("eve") is None


def test_plain_names_stay_readable() -> None:
    assert file_name("alice_04-x.y", ".json") == "alice_04-x.y.json"
    assert file_name("Ada Lovelace", ".html").startswith("Ada_Lovelace~")


HARD = [
    "CON", "con", "nul.txt", "com1", "Alice", "alice", "ALICE", "a/b", "a\\b", "..", ".", "", " ",
    "-rf", "a:b", "a\nb", "a\x00b", "\u202egnp.exe", "é", "e\u0302", "字" * 300, "字" * 301,
    "x" * 300, "x" * 301, "\ud800", "~", "a.", "a ", ".hidden", "<script>", "ﬁ", "fi", "alice.",
]  # fmt: skip


def test_hard_names_get_files_that_every_system_can_hold(tmp_path: Path) -> None:
    names = [file_name(name, ".json") for name in HARD]
    assert len({name.casefold() for name in names}) == len(HARD)
    for name in names:
        assert len(name.encode()) < 255
        assert not set(name) & set('/\\:*?"<>|\n\0\u202e ')
        assert name[0] not in ".-" and name.split(".")[0].lower() not in {"con", "nul", "com1"}
        write_whole(tmp_path / name, b"")
    assert len(list(tmp_path.iterdir())) == len(HARD)


def test_both_ways_to_write_an_accent_are_one_name() -> None:
    assert file_name("Zoe\u0308", ".json") == file_name("Zo\u00eb", ".json")


def test_the_version_changes_with_the_course(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "checks").mkdir()
    check = tmp_path / "checks" / "softmax.py"
    check.write_text("LIMIT = 1")
    monkeypatch.setattr("qkv_course.__file__", str(tmp_path / "__init__.py"))
    versions = set()
    for text in ("LIMIT = 1", "LIMIT = 2", "LIMIT = 2"):
        check.write_text(text)
        versions.add(course_version.__wrapped__())
    assert len(versions) == 2


def test_a_result_file_is_json_that_any_reader_takes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(RESULT)
    kept = json.loads(store.path(RESULT.source).read_bytes().decode("ascii"))
    assert kept["result"]["exercises"][1]["mistake"] == "log-of-two"

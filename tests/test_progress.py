"""The log: what is written comes back, and a bad line or a busy disk costs nothing else."""

import json
import multiprocessing
import os
from pathlib import Path

import pytest

from qkv_course import progress
from qkv_course.progress import ExerciseProgress


@pytest.fixture(autouse=True)
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "course"
    (folder / "notebooks" / "deep").mkdir(parents=True)
    (folder / "pyproject.toml").touch()
    monkeypatch.delenv("QKV_HOME", raising=False)
    monkeypatch.chdir(folder)
    return folder


def log(course: Path) -> Path:
    return course / ".qkv" / "progress.jsonl"


def test_what_is_recorded_comes_back() -> None:
    assert progress.record("check", "softmax", status="wrong", mistake="over-queries")
    assert progress.record("prediction", "bank-√", option="the river")

    first, second = progress.events()

    assert (first["kind"], first["name"], first["mistake"]) == ("check", "softmax", "over-queries")
    assert len(first["time"]) == len("2017-06-12T00:00:00Z") and first["time"].endswith("Z")
    assert (second["name"], second["option"]) == ("bank-√", "the river")


def test_nothing_recorded_is_no_error() -> None:
    assert progress.events() == []
    assert progress.summary() == {}
    assert progress.last("check", "softmax") is None


def test_a_sub_folder_writes_to_the_same_log(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(course / "notebooks" / "deep")
    assert progress.course_folder() == course
    progress.record("hint", "softmax", level=1)
    assert log(course).is_file()


def test_the_nearest_course_wins(course: Path) -> None:
    inner = course / "notebooks" / "deep"
    (inner / "notebooks").mkdir()
    (inner / "pyproject.toml").touch()
    assert progress.course_folder(inner / "notebooks") == inner


def test_outside_a_course_the_current_folder_is_used(tmp_path: Path) -> None:
    assert progress.course_folder(tmp_path) == tmp_path


def test_qkv_home_names_the_course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QKV_HOME", str(tmp_path / "elsewhere"))
    assert progress.record("hint", "softmax", level=1)
    assert log(tmp_path / "elsewhere").is_file()


GOOD = {"time": "2026-01-01T00:00:00Z", "kind": "check", "name": "dot", "status": "passed"}


@pytest.mark.parametrize(
    "damaged",
    [
        b'{"time": "2026-01-01T00:00:00Z", "kind": "che',
        b"not json",
        b"",
        b"\xff\xfe\x00",
        b"[1, 2]",
        b'"check"',
        b"null",
        b"[" * 100_000,
        json.dumps({**GOOD, "kind": 3}).encode(),
        json.dumps({**GOOD, "name": None}).encode(),
        json.dumps({**GOOD, "time": 12}).encode(),
        json.dumps({**GOOD, "status": ["passed"]}).encode(),
        json.dumps({**GOOD, "status": "perfect"}).encode(),
        json.dumps({**GOOD, "mistake": 7}).encode(),
        json.dumps({**GOOD, "kind": "answer", "right": "yes"}).encode(),
        json.dumps({**GOOD, "kind": "hint", "level": "two"}).encode(),
    ],
)
def test_a_damaged_line_is_skipped_and_its_neighbors_kept(course: Path, damaged: bytes) -> None:
    log(course).parent.mkdir()
    good = json.dumps(GOOD).encode()
    log(course).write_bytes(good + b"\n" + damaged + b"\n" + good + b"\n")
    assert progress.events() == [GOOD, GOOD]
    assert progress.summary() == {"dot": ExerciseProgress(2, True, None)}


def test_a_cut_off_line_does_not_swallow_the_next(course: Path) -> None:
    log(course).parent.mkdir()
    log(course).write_bytes(b'{"time": "2026-01')
    progress.record("check", "dot", status="passed", mistake=None)
    assert progress.summary()["dot"].passed


def test_summary_counts_attempts_and_keeps_a_pass() -> None:
    for status, mistake in [
        ("not attempted", None),
        ("raised", None),
        ("wrong", "no-scaling"),
        ("timed out", None),
        ("passed", None),
        ("wrong", None),
    ]:
        progress.record("check", "scaled_scores", status=status, mistake=mistake)
    assert progress.summary() == {"scaled_scores": ExerciseProgress(5, True, "no-scaling")}


def test_an_exercise_left_alone_is_not_in_the_summary() -> None:
    progress.record("check", "dot", status="not attempted", mistake=None)
    progress.record("answer", "dot", question="q1", option="b", right=True)
    assert progress.summary() == {}


def test_last_gives_the_newest_of_its_kind_and_name() -> None:
    progress.record("hint", "dot", level=1)
    progress.record("hint", "dot", level=2)
    progress.record("hint", "mix", level=3)
    progress.record("prediction", "dot", option="a")
    newest = progress.last("hint", "dot")
    assert newest is not None and newest["level"] == 2


def test_details_that_are_no_json_are_refused_quietly() -> None:
    assert progress.record("hint", "dot", level=object()) is False
    assert progress.events() == []


def test_a_folder_that_cannot_be_written_is_no_error(course: Path) -> None:
    (course / ".qkv").write_text("a file where the folder should be")
    assert progress.record("hint", "dot", level=1) is False
    assert progress.events() == []


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps the current folder")
def test_a_current_folder_that_is_gone_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    try:
        assert progress.record("hint", "dot", level=1) is False
        assert progress.events() == []
    finally:
        monkeypatch.undo()


def write_many(writer: int) -> None:
    for i in range(200):
        assert progress.record("hint", f"writer-{writer}", level=i, note="x" * 300)


def test_writers_at_the_same_time_lose_nothing() -> None:
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=write_many, args=(w,)) for w in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 4
    seen = sorted((e["name"], e["level"]) for e in progress.events())
    assert seen == [(f"writer-{w}", i) for w in range(4) for i in range(200)]

"""The timetables: what they promise adds up, and what they name is in the lessons."""

import re

import pytest
from typer.testing import CliRunner

from qkv_course import cli
from qkv_course.errors import BadAnswer, UnknownName
from qkv_course.lessons import LESSONS
from qkv_course.workshop import timetable as table
from qkv_course.workshop.outline import find_lesson, outline
from qkv_course.workshop.tracks import TRACKS, Part, Track

every_track = pytest.mark.parametrize("track", TRACKS.values(), ids=list(TRACKS))
LONGEST_SITTING = 80
PARTS = [i for t in TRACKS.values() for day in t.days for i in day if isinstance(i, Part)]


@every_track
def test_a_day_is_as_long_as_it_says_and_has_some_time_to_spare(track: Track) -> None:
    for blocks in table.days(track):
        assert sum(block.minutes for block in blocks) == track.minutes
        spare = sum(block.minutes for block in blocks if block.kind == "spare")
        assert 0.05 * track.minutes <= spare <= 0.15 * track.minutes


@every_track
def test_people_get_a_break_about_every_hour(track: Track) -> None:
    for blocks in table.days(track):
        sitting = 0
        for block in (b for b in blocks if b.kind != "spare"):
            sitting = 0 if block.kind == "rest" else sitting + block.minutes
            assert sitting <= LONGEST_SITTING, block.title


@pytest.mark.parametrize("lesson", LESSONS)
def test_an_outline_has_all_exercises_in_order(lesson: str) -> None:
    found = [name for section in outline(lesson).sections for name in section.exercises]
    assert found == list(LESSONS[lesson])


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_whole_lesson_takes_the_minutes_of_its_header(lesson: str) -> None:
    whole = table.part_block(Part(lesson))
    header = outline(lesson).teaching + outline(lesson).exercises
    assert abs(whole.minutes - header) <= 2, "rounding only"
    assert all(step.minutes >= 1 for step in whole.steps)
    assert list(whole.written) == list(LESSONS[lesson])


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.lesson)
def test_what_a_track_names_is_in_the_lesson(part: Part) -> None:
    titles = {section.title for section in outline(part.lesson).sections}
    assert set(part.leave_out) <= titles
    assert set(part.write or ()) <= set(LESSONS[part.lesson])
    left_out = {e for title in part.leave_out for e in _exercises_below(part.lesson, title)}
    assert not left_out.intersection(part.write or ()), "it would be written, but not shown"


def _exercises_below(lesson: str, title: str) -> tuple[str, ...]:
    return next(s for s in outline(lesson).sections if s.title == title).exercises


@every_track
def test_a_cut_takes_out_something_that_is_there(track: Track) -> None:
    blocks = {b.lesson: b for blocks in table.days(track) for b in blocks if b.lesson}
    for cut in track.cuts:
        shown = {title for step in blocks[cut.lesson].steps for title in step.sections}
        assert cut.what in shown or cut.what in blocks[cut.lesson].written
        assert table.saved(cut) >= 1


def test_the_room_writes_what_comes_after_it_is_shown() -> None:
    part = Part("04_scores_and_scaling", write=("scaled_scores",))
    kinds = [(step.kind, step.exercise) for step in table.part_block(part).steps]
    assert kinds == [("show", ""), ("write", "scaled_scores"), ("show", "")]


def qkv(*arguments: str) -> str:
    result = CliRunner().invoke(cli.app, ["timetable", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_times_go_on_from_the_start_to_the_end() -> None:
    seen = qkv("--track", "half-day", "--start", "13:30", "--learners", "40")
    times = re.findall(r"^(\d\d:\d\d) ", seen, re.M)
    assert (times[0], times[-1]) == ("13:30", "17:30")
    assert times == sorted(times)
    assert "4 or 5 helpers" in seen
    assert "1. 08 What heads are for: saves" in seen


def test_steps_fill_their_block() -> None:
    seen = qkv("--track", "90-minutes", "--steps")
    assert re.search(r"They write `soft_lookup`", seen)


@every_track
@pytest.mark.parametrize("steps", [(), ("--steps",)])
def test_markdown_is_made_of_whole_tables(track: Track, steps: tuple[str, ...]) -> None:
    seen = qkv("--track", track.name, "--markdown", *steps)
    rows = [line for line in seen.splitlines() if line.startswith("|")]
    assert rows
    assert all(row.count("|") == 5 and row.endswith("|") for row in rows)


@pytest.mark.parametrize("time", ["25:00", "nine", "9", "09:60", ""])
def test_a_time_that_is_none_is_said_in_a_sentence(time: str) -> None:
    with pytest.raises(BadAnswer, match="such as 09:00"):
        table.start_minutes(time)


def test_an_unknown_track_is_said_with_those_there_are() -> None:
    with pytest.raises(UnknownName, match="90-minutes, half-day, two-days"):
        table.find_track("week")


@pytest.mark.parametrize(
    ("learners", "helpers"),
    [(8, "1 helper"), (10, "1 or 2 helpers"), (12, "2 helpers"), (40, "4 or 5 helpers")],
)
def test_one_helper_for_8_to_10(learners: int, helpers: str) -> None:
    assert table.helpers_for(learners) == helpers


@pytest.mark.parametrize("given", ["4", "04", "04_scores", "04_scores_and_scaling"])
def test_a_lesson_is_found_by_how_it_starts(given: str) -> None:
    assert find_lesson(given) == "04_scores_and_scaling"


@pytest.mark.parametrize("given", ["", "99", "softmax"])
def test_a_lesson_that_is_none_is_said_with_those_there_are(given: str) -> None:
    with pytest.raises(UnknownName, match="05_softmax"):
        find_lesson(given)

"""What every lesson's notebook has, read without running it."""

from collections.abc import Callable

import nbformat

from qkv_course.authoring.fresh import out_of_date
from qkv_course.authoring.lesson import FRAME, NEEDS_A_REASON, headings
from qkv_course.authoring.tree import course_tree
from qkv_course.lessons import LESSONS

Read = Callable[[str, str], nbformat.NotebookNode]

# Getting started has little to predict or break, and a project has a shape of its own.
SHORTER = {"00_start_here": ("Build", "Take away"), "13_your_own_heads": ("Build", "Take away")}


def test_the_notebooks_are_what_the_sources_give() -> None:
    stale = out_of_date(course_tree(), list(LESSONS))
    assert not stale, "run `make build`:\n" + "\n".join(stale)


def test_the_headings_follow_the_frame(lesson: str, read: Read) -> None:
    found = headings(tuple(read("notebooks", lesson).cells))
    in_frame = [part for h in found for part in FRAME if h == part or h.startswith(f"{part}:")]
    wanted = SHORTER.get(lesson, FRAME)
    assert [part for part in in_frame if part in wanted] == list(wanted)


def test_the_title_is_the_first_line(lesson: str, read: Read) -> None:
    notebook = read("notebooks", lesson)
    title = f"# {lesson[:2]} · {notebook.metadata['qkv']['title']}"
    assert notebook.cells[0].source.splitlines()[0] == title


def test_a_sitting_takes_20_to_45_minutes(lesson: str, read: Read) -> None:
    """A longer lesson says where to pause."""
    notebook = read("notebooks", lesson)
    minutes = notebook.metadata["qkv"]["teaching"] + notebook.metadata["qkv"]["exercises"]
    sittings = 1 + sum("A good place for a pause" in cell.source for cell in notebook.cells)
    assert 20 <= minutes / sittings <= 45 or lesson in SHORTER


def test_an_output_is_left_unchecked_only_for_a_reason(lesson: str, read: Read) -> None:
    for cell in read("notebooks", lesson).cells:
        tags = NEEDS_A_REASON.intersection(cell.metadata.get("tags", []))
        assert not tags or cell.metadata.get("reason"), f"{tags} without :reason:\n{cell.source}"
        assert "NBVAL_" not in cell.source, f"use a tag, with a reason:\n{cell.source}"

import pytest

from qkv_course.authoring.lesson import Lesson, LessonError, headings, read_lesson


def test_reads_the_header_the_cells_and_the_exercises(lesson: Lesson) -> None:
    assert lesson.header["title"] == "A sample"
    assert lesson.header["teaching"] == 10
    assert lesson.exercises == ("attention_scores", "scaled_scores")
    assert [c.cell_type for c in lesson.cells[:3]] == ["markdown", "code", "markdown"]


def test_cell_options_become_metadata(lesson: Lesson) -> None:
    assert lesson.cells[2].metadata == {"slideshow": {"slide_type": "slide"}}
    timed = lesson.cells[-2].metadata
    assert timed == {"tags": ["nbval-ignore-output"], "reason": "a process id"}


def test_headings_leave_out_fenced_blocks(text: str) -> None:
    more = text + "\n```text\n## not a heading\n```\n\n## Last: one more\n"
    assert headings(read_lesson("x", more).cells) == ["Build", "Take away", "Last: one more"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  teaching: 10\n", "", "needs title, teaching, .*; it has exercises"),
        ("teaching: 10", "teaching: ten", "teaching is 'ten'; give whole minutes"),
        ("teaching: 10", "teaching: true", "give whole minutes"),
        ("    - test the build", "    - test: the build", "put it in quotes"),
        ("questions:\n    - Why a sample?", "questions: []", "one at least"),
        ("title: A sample", "title: [A", "cannot be read"),
        (":exercise: scaled_scores\n", ":exercise: scaled_scores\n\nx = 1\n", "has a body"),
        (":reason: a process id\n", "", "say why in a few words"),
        (":tags: [nbval-ignore-output]", ":tags: nbval-skip", "tags"),
    ],
)
def test_a_slip_in_the_text_is_named(text: str, old: str, new: str, message: str) -> None:
    assert old in text
    with pytest.raises(LessonError, match=message):
        read_lesson("40_sample", text.replace(old, new))

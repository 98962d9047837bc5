"""A lesson as a teacher sees it: its minutes, its sections, and what is in each of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import yaml

from qkv_course.errors import UnknownName
from qkv_course.lessons import LESSONS, lesson_folder

# A code cell in MyST's notebook format, with the options on top of it.
CELL = re.compile(r"^```\{code-cell\}[^\n]*\n((?::[^\n]*\n)*)(.*?)^```$", re.M | re.S)
HEADING = re.compile(r"^(##+) +(.+?) *$", re.M)
CALL = re.compile(r'^(ask|predict|break_it)\("([^"]+)"\)', re.M)


@dataclass(frozen=True)
class Piece:
    """A stretch of text, the source of a code cell, or the name of an exercise."""

    kind: Literal["text", "code", "exercise"]
    source: str


@dataclass(frozen=True)
class Section:
    """What stands below one heading, up to the next one.

    level: 2 for `##`, 3 for `###`.
    """

    title: str
    level: int
    pieces: tuple[Piece, ...]

    @property
    def exercises(self) -> tuple[str, ...]:
        """The exercises that are written here."""
        return tuple(p.source for p in self.pieces if p.kind == "exercise")

    @property
    def text(self) -> str:
        """All of its prose, in the notation of Markdown."""
        return "\n\n".join(p.source for p in self.pieces if p.kind == "text")

    def called(self, function: str) -> tuple[str, ...]:
        """Give the names with which `ask`, `predict` or `break_it` is called here."""
        code = "\n".join(p.source for p in self.pieces if p.kind == "code")
        return tuple(name for verb, name in CALL.findall(code) if verb == function)


@dataclass(frozen=True)
class Outline:
    """A lesson in order.

    teaching, exercises: minutes, as the lesson's header has them.
    goal: the sentence below its title.
    """

    name: str
    title: str
    teaching: int
    exercises: int
    questions: tuple[str, ...]
    objectives: tuple[str, ...]
    keypoints: tuple[str, ...]
    goal: str
    sections: tuple[Section, ...]

    @property
    def number(self) -> str:
        return self.name[:2]

    def called(self, function: str) -> tuple[str, ...]:
        """Give the names with which `ask`, `predict` or `break_it` is called in it."""
        return tuple(name for s in self.sections for name in s.called(function))

    def section_of(self, exercise: str) -> Section:
        """Find the section where an exercise is written."""
        return next(s for s in self.sections if exercise in s.exercises)


@cache
def outline(lesson: str) -> Outline:
    """Read a lesson's text, without the tools that authors have."""
    text = (lesson_folder(lesson) / "lesson.md").read_text(encoding="utf-8")
    _, front, body = re.split(r"^---$\n", text, maxsplit=2, flags=re.M)
    head: dict[str, Any] = yaml.safe_load(front)["qkv"]
    sections = tuple(_sections(body))
    return Outline(
        name=lesson,
        title=head["title"],
        teaching=head["teaching"],
        exercises=head["exercises"],
        questions=tuple(head["questions"]),
        objectives=tuple(head["objectives"]),
        keypoints=tuple(head["keypoints"]),
        goal=_goal(body),
        sections=sections,
    )


def find_lesson(given: str) -> str:
    """Find a lesson by its name, the start of it, or its number. Raises UnknownName."""
    start = given.zfill(2) if given.isdecimal() else given
    for lesson in LESSONS:
        if start and lesson.startswith(start):
            return lesson
    raise UnknownName(f"There is no lesson {given!r}. There are: {', '.join(LESSONS)}.")


def _goal(body: str) -> str:
    after = body.split("\n# ", 1)[1].split("\n", 1)[1]
    return after.strip().partition("\n")[0]


def _sections(body: str) -> Iterator[Section]:
    title, level, pieces = "", 1, list[Piece]()
    for piece in _pieces(body):
        if piece.kind != "text":
            pieces.append(piece)
            continue
        before, *rest = HEADING.split(piece.source)
        pieces += _prose(before)
        for marks, heading, text in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
            yield Section(title, level, tuple(pieces))
            title, level, pieces = heading, len(marks), _prose(text)
    yield Section(title, level, tuple(pieces))


def _prose(text: str) -> list[Piece]:
    return [Piece("text", text.strip())] if text.strip() else []


def _pieces(body: str) -> Iterator[Piece]:
    at = 0
    for cell in CELL.finditer(body):
        yield Piece("text", body[at : cell.start()])
        at = cell.end()
        exercise = re.search(r"^:exercise: *(\w+)", cell[1], re.M)
        source = cell[2].strip()
        yield Piece("exercise", exercise[1]) if exercise else Piece("code", source)
    yield Piece("text", body[at:])

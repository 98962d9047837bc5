"""`qkv timetable`: when what happens, from the minutes that the lessons themselves state."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from qkv_course.errors import BadAnswer, UnknownName
from qkv_course.lessons import LESSONS
from qkv_course.workshop.outline import Section, outline
from qkv_course.workshop.tracks import TRACKS, Cut, Fixed, Part, Track

Kind = Literal["show", "write", "rest", "talk", "spare"]

# A question takes a room about as long as reading so many words.
WORDS_A_QUESTION = 40
LEARNERS_A_HELPER = (8, 10)
OPENING = "Opening"
PROJECT = "They work on their own project"


@dataclass(frozen=True)
class Step:
    """A few minutes in which one thing happens.

    kind: the teacher shows, the room writes, everybody rests, somebody talks, or spare time.
    sections: titles of what is shown. exercise: what is written.
    """

    kind: Kind
    title: str
    minutes: int
    lesson: str = ""
    sections: tuple[str, ...] = ()
    exercise: str = ""


@dataclass(frozen=True)
class Block:
    """One line of a timetable: a part of a lesson with its steps, or fixed minutes."""

    title: str
    steps: tuple[Step, ...]
    lesson: str = ""

    @property
    def minutes(self) -> int:
        return sum(step.minutes for step in self.steps)

    @property
    def kind(self) -> Kind:
        return self.steps[0].kind

    @property
    def written(self) -> tuple[str, ...]:
        """The exercises that the room writes."""
        return tuple(step.exercise for step in self.steps if step.exercise)


def find_track(name: str) -> Track:
    """Find a track by its name. Raises UnknownName."""
    if name not in TRACKS:
        raise UnknownName(f"There is no track {name!r}. There are: {', '.join(TRACKS)}.")
    return TRACKS[name]


def days(track: Track) -> list[list[Block]]:
    """Give each day's blocks; what is left of its minutes stands as spare time before the end."""
    return [_day(track, items) for items in track.days]


def _day(track: Track, items: Sequence[Part | Fixed]) -> list[Block]:
    blocks = [_fixed(i) if isinstance(i, Fixed) else part_block(i) for i in items]
    spare = track.minutes - sum(block.minutes for block in blocks)
    if spare > 0:
        title = "Spare, for what took longer"
        blocks.insert(-1, Block(title, (Step("spare", title, spare),)))
    return blocks


def _fixed(item: Fixed) -> Block:
    return Block(item.title, (Step("rest" if item.rest else "talk", item.title, item.minutes),))


def part_block(part: Part) -> Block:
    """Lay a part of a lesson out in steps: what is shown, then what is written, in turn."""
    lesson = outline(part.lesson)
    kept = [s for s in lesson.sections if s.title not in part.leave_out]
    write = tuple(LESSONS[part.lesson]) if part.write is None else part.write
    groups = _groups(kept, write)
    taught = round(lesson.teaching * _words(kept) / _words(lesson.sections))
    shown = shares([_words(group) for group, _ in groups], max(taught, len(groups)))
    steps = list[Step]()
    for (group, exercise), minutes in zip(groups, shown, strict=True):
        titles = tuple(s.title or OPENING for s in group if s.pieces)
        steps.append(Step("show", " · ".join(titles), minutes, part.lesson, titles))
        if exercise:
            time = part_minutes(part.lesson, exercise)
            steps.append(Step("write", exercise, time, part.lesson, exercise=exercise))
    if not LESSONS[part.lesson]:  # a project: what is written there is each one's own
        steps.append(Step("write", PROJECT, lesson.exercises, part.lesson))
    return Block(f"{lesson.number} {lesson.title}", tuple(steps), part.lesson)


def _groups(sections: Sequence[Section], write: tuple[str, ...]) -> list[tuple[list[Section], str]]:
    """Put together what is shown before each exercise, and what is shown after the last."""
    groups, shown = list[tuple[list[Section], str]](), list[Section]()
    for section in sections:
        shown.append(section)
        for exercise in (name for name in section.exercises if name in write):
            groups.append((shown, exercise))
            shown = []
    if _words(shown):
        groups.append((shown, ""))
    # The second exercise of one section has nothing of its own to show before it.
    return [(group or groups[i - 1][0][-1:], e) for i, (group, e) in enumerate(groups)]


def _words(sections: Sequence[Section]) -> int:
    questions = sum(
        len(s.called(verb)) for s in sections for verb in ("ask", "predict", "break_it")
    )
    return sum(len(s.text.split()) for s in sections) + WORDS_A_QUESTION * questions


def shares(weights: Sequence[int], total: int) -> list[int]:
    """Split a total of minutes by weights, in whole minutes and at least 1 each.

    >>> shares([1, 1, 2], 9)
    [2, 2, 5]
    """
    exact = [total * weight / sum(weights) for weight in weights]
    given = [max(1, math.floor(minutes)) for minutes in exact]
    while sum(given) < total:
        neediest = max(range(len(given)), key=lambda i: (exact[i] - given[i], i))
        given[neediest] += 1
    while sum(given) > total and max(given) > 1:
        given[max(range(len(given)), key=lambda i: (given[i] - exact[i], given[i] > 1))] -= 1
    return given


def saved(cut: Cut) -> int:
    """Say how many minutes a cut gives back."""
    if cut.what in LESSONS[cut.lesson]:
        return part_minutes(cut.lesson, cut.what)
    lesson = outline(cut.lesson)
    section = next(s for s in lesson.sections if s.title == cut.what)
    return max(1, round(lesson.teaching * _words([section]) / _words(lesson.sections)))


def part_minutes(lesson: str, exercise: str) -> int:
    """Say how many minutes the room has for an exercise."""
    points = LESSONS[lesson]
    return round(outline(lesson).exercises * points[exercise] / sum(points.values()))


def start_minutes(text: str) -> int:
    """Read a time of day, such as 09:00, as minutes since midnight. Raises BadAnswer."""
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text.strip())
    if not found:
        raise BadAnswer(f"{text!r} is no time of day. Give hours and minutes, such as 09:00.")
    return int(found[1]) * 60 + int(found[2])


def clock(minutes: int) -> str:
    """Write minutes since midnight as a time of day."""
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def helpers_for(learners: int) -> str:
    """Say how many helpers a room needs, besides who teaches."""
    most, fewest = LEARNERS_A_HELPER
    low, high = math.ceil(learners / fewest), math.ceil(learners / most)
    number = f"{low}" if low == high else f"{low} or {high}"
    return f"{number} helper" if high == 1 else f"{number} helpers"


def as_text(track: Track, start: int, learners: int = 0, steps: bool = False) -> str:
    """Write a timetable as plain text."""
    lines = [track.title, ""]
    for number, blocks in enumerate(days(track), start=1):
        if len(track.days) > 1:
            lines += [f"Day {number}", ""]
        for at, block in timed(blocks, start):
            lines.append(f"{clock(at)}  {block.minutes:3} min  {block.title}{_writing(block)}")
            if steps and block.lesson:
                lines += [f"{'':9}{line}" for line in _step_lines(block, at)]
        lines += [f"{clock(start + track.minutes)}           End", ""]
    return "\n".join([*lines, *_late(track), *_people(learners)]).rstrip()


def as_markdown(track: Track, start: int, learners: int = 0, steps: bool = False) -> str:
    """Write a timetable as tables in Markdown."""
    lines = [f"# {track.title}", ""]
    for number, blocks in enumerate(days(track), start=1):
        if len(track.days) > 1:
            lines += [f"## Day {number}", ""]
        lines += ["| Time | Minutes | What | The room writes |", "| --- | ---: | --- | --- |"]
        for at, block in timed(blocks, start):
            names = ", ".join(f"`{name}`" for name in block.written)
            lines.append(f"| {clock(at)} | {block.minutes} | {block.title} | {names} |")
            for when, step in timed_steps(block, at) if steps and block.lesson else ():
                lines.append(f"| {clock(when)} | {step.minutes} | {_step_title(step)} | |")
        lines += [f"| {clock(start + track.minutes)} | | End | |", ""]
    late = _late(track)
    return "\n".join([*lines, f"**{late[0]}**", *late[1:], *_people(learners)]).rstrip()


def timed(blocks: Sequence[Block], start: int) -> list[tuple[int, Block]]:
    """Give every block the time when it starts."""
    at = [start + sum(b.minutes for b in blocks[:i]) for i in range(len(blocks))]
    return list(zip(at, blocks, strict=True))


def timed_steps(block: Block, start: int) -> list[tuple[int, Step]]:
    """Give every step of a block the time when it starts."""
    at = [start + sum(s.minutes for s in block.steps[:i]) for i in range(len(block.steps))]
    return list(zip(at, block.steps, strict=True))


def _writing(block: Block) -> str:
    return f": {', '.join(block.written)}" if block.written else ""


def _step_lines(block: Block, at: int) -> list[str]:
    return [
        f"{clock(when)}  {step.minutes:2} min  {_step_title(step)}"
        for when, step in timed_steps(block, at)
    ]


def _step_title(step: Step) -> str:
    return f"They write `{step.exercise}`" if step.exercise else step.title


def _late(track: Track) -> list[str]:
    lines = ["When you are late, cut in this order:", ""]
    for number, cut in enumerate(track.cuts, start=1):
        name = outline(cut.lesson).number
        lines.append(f"{number}. {name} {cut.what}: saves {saved(cut)} min. {cut.instead}")
    return [*lines, ""]


def _people(learners: int) -> list[str]:
    if not learners:
        return []
    return [f"For {learners} people: {helpers_for(learners)} besides you, one for 8 to 10."]

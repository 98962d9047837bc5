"""What is on the slides of a lesson: its own text, figures and questions, a dozen at most."""

import base64
import html
import inspect
import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from qkv_course.checks.question import LETTERS, Question
from qkv_course.lessons import find_exercise, find_question
from qkv_course.workshop.outline import CALL, HEADING, Outline, outline

MOST_SECTIONS = 5
MOST_VOTES = 2
MOST_WORDS = 45
MOST_WORDS_IN_A_LIST = 55
WIDE = 2.3  # width by height, from which a figure stands below the words
MOST_LINES, MOST_COLUMNS = 9, 74
NOT_A_SECTION = ("Predict", "Break", "Explain", "Take away", "What the course keeps")
# These sentences speak of a place on the page, and a slide is another page.
ABOUT_THE_PAGE = re.compile(
    r"\b(cells?|below|above|this list|here is|here are|before the table|make a guess first|"
    r"(right|left) map|map on the (left|right))\b",
    re.I,
)
BY_THE_COURSE = ("explore(", "break_it(")
CHECK = re.compile(r"^check\((\w+)\)", re.M)
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z(*`\"“])")


@dataclass(frozen=True)
class Figure:
    """A picture in PNG format.

    alt: what it shows, in words. made_by: explore, break_it, or "" for a plot.
    """

    png: bytes
    alt: str
    made_by: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """Its width and height in pixels, from the head of the file."""
        width, height = struct.unpack(">II", self.png[16:24])
        return width, height


@dataclass(frozen=True)
class Slide:
    """One slide.

    kind: opening, predict, section, break, vote or take-away.
    html: the words on it. notes: what only the speaker sees, in HTML too.
    printed: what the lesson's code prints. write: what the room writes now, in HTML.
    """

    kind: str
    title: str
    html: str = ""
    notes: str = ""
    figure: Figure | None = None
    printed: str = ""
    write: tuple[str, ...] = ()


@dataclass(frozen=True)
class Deck:
    """The slides of a lesson, in order."""

    lesson: str
    number: str
    title: str
    slides: tuple[Slide, ...]

    @property
    def has_mathematics(self) -> bool:
        return any("$" in slide.html + slide.notes for slide in self.slides)


@dataclass
class Stretch:
    """What stands below one heading of a solved notebook."""

    title: str
    texts: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)
    exercises: list[str] = field(default_factory=list)

    @property
    def figure(self) -> Figure | None:
        """The plot, or else the explorer, if that is all there is to see."""
        plots = [f for f in self.figures if not f.made_by]
        explorers = [f for f in self.figures if f.made_by == "explore"]
        return next(iter(plots or ([] if self.has_formula else explorers)), None)

    @property
    def has_formula(self) -> bool:
        return any("$$" in text for text in self.texts)

    @property
    def weight(self) -> int:
        """How much it has to show; explorers are played with in any case."""
        shown = 4 * bool(self.figure) + 3 * self.has_formula + bool(self.printed)
        return 8 * self.title.startswith("Play") + shown + 2 * bool(self.exercises)


def make_deck(lesson: str, notebook: dict[str, Any]) -> Deck:
    """Make the slides of a lesson from its solved notebook, with the outputs in it."""
    about = outline(lesson)
    stretches = list(_stretches(notebook["cells"]))
    sections = [s for s in stretches if s.texts and not s.title.startswith(NOT_A_SECTION)]
    best = sorted(sections[1:], key=lambda s: -s.weight)[: MOST_SECTIONS + 1]
    slides = [
        _opening(about),
        *_guess(about),
        *(_section(s) for s in sections if s in best),
        *_break(lesson, stretches),
        *_votes(about),
        _take_away(about, stretches),
    ]
    return Deck(lesson, about.number, about.title, tuple(slides))


def _stretches(cells: Iterable[dict[str, Any]]) -> Iterator[Stretch]:
    now = Stretch("")
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            _add_code(now, source, cell.get("outputs", []))
            continue
        before, *rest = HEADING.split(source)
        now.texts += [before] if before.strip() else []
        for title, text in zip(rest[1::3], rest[2::3], strict=True):
            yield now
            now = Stretch(title, [text] if text.strip() else [])
    yield now


def _add_code(stretch: Stretch, source: str, outputs: Iterable[dict[str, Any]]) -> None:
    stretch.exercises += CHECK.findall(source)
    for output in outputs:
        data = output.get("data", {})
        if "image/png" in data:
            alt = _alt("".join(data.get("text/plain", "")), stretch.title)
            made_by = source.partition("(")[0] if source.startswith(BY_THE_COURSE) else ""
            png = base64.b64decode("".join(data["image/png"]))
            stretch.figures.append(Figure(png, alt, made_by))
        if output["output_type"] == "stream" and not CALL.search(source):
            stretch.printed.append("".join(output["text"]).rstrip())


def _alt(text: str, title: str) -> str:
    # An explorer describes itself below its first line; a plot says its size only.
    described = " ".join(text.split("\n")[1:3]) if "\n" in text else ""
    return described[:300] or f"Figure: {title}"


def _opening(about: Outline) -> Slide:
    minutes = about.teaching + about.exercises
    words = markdown(about.goal) + listed(map(inline, about.questions))
    words += f"<p class='minutes'>{minutes} minutes</p>"
    notes = "<p>Afterwards they can:</p>" + listed(map(inline, about.objectives))
    return Slide("opening", f"{about.number} · {about.title}", words, notes)


def _guess(about: Outline) -> Iterator[Slide]:
    for name in about.called("predict")[:1]:
        question = find_question(name)
        yield Slide("predict", "Make a guess", _asked(question), answers(question))


def _section(stretch: Stretch) -> Slide:
    figure = stretch.figure
    return Slide(
        kind="section",
        title=stretch.title,
        html=markdown(lead(stretch.texts)),
        notes=markdown("\n\n".join(stretch.texts)),
        figure=figure,
        printed="" if figure else _short(stretch.printed),
        write=tuple(map(_to_write, stretch.exercises)),
    )


def _to_write(name: str) -> str:
    exercise = find_exercise(name)
    summary = (inspect.getdoc(exercise.reference) or "").partition("\n")[0]
    return f"<code>{name}({', '.join(exercise.parameters)})</code> {inline(summary)}"


def _short(printed: Iterable[str]) -> str:
    for text in printed:
        lines = text.split("\n")
        if len(lines) <= MOST_LINES and max(map(len, lines)) <= MOST_COLUMNS:
            return text
    return ""


def lead(texts: Iterable[str]) -> str:
    """Give the first sentences of a section, with its first list or formula, as Markdown."""
    blocks = [b.strip() for text in texts for b in re.split(r"\n\s*\n", text) if b.strip()]
    formula = next((b for b in blocks if b.startswith("$$")), "")
    lists = (b for b in blocks if re.match(r"(1\.|-) ", b))
    listing = next((b for b in lists if len(b.split()) <= MOST_WORDS_IN_A_LIST), "")
    room = MOST_WORDS - len(listing.split())
    prose = (b for b in blocks if re.match(r"[^\W\d]|[*`(\"“]", b))
    text = next(filter(None, (_first_sentences(b, room) for b in prose)), "")
    if text.endswith(":") and not (formula or listing):
        text = text[:-1] + "."  # what the colon announces is not shown
    return "\n\n".join(filter(None, [text, formula, listing]))


def _first_sentences(block: str, room: int) -> str:
    kept = list[str]()
    for sentence in SENTENCE_END.split(block):
        if ABOUT_THE_PAGE.search(sentence) or sentence.count("(") != sentence.count(")"):
            continue
        if kept and len(" ".join([*kept, sentence]).split()) > room:
            break
        kept.append(sentence)
    return " ".join(kept)


def _break(lesson: str, stretches: Iterable[Stretch]) -> Iterator[Slide]:
    figures = [f for s in stretches for f in s.figures if f.made_by == "break_it"]
    names = outline(lesson).called("break_it")
    if figures and names:
        mistakes = find_exercise(names[0]).mistakes
        notes = f"<p>Usual mistakes with <code>{names[0]}</code>:</p>"
        notes += listed(f"<b>{inline(m.title)}</b>. {inline(m.why)}" for m in mistakes)
        words = f"<p>Somebody wrote <code>{names[0]}</code>. How would you have noticed?</p>"
        yield Slide("break", "A usual mistake", words, notes, figures[0])


def _votes(about: Outline) -> Iterator[Slide]:
    asked = [n for s in about.sections if s.title == "Explain" for n in s.called("ask")]
    for name in asked[:MOST_VOTES]:
        question = find_question(name)
        yield Slide("vote", "Vote", _asked(question), answers(question))


def _take_away(about: Outline, stretches: Iterable[Stretch]) -> Slide:
    texts = [text for s in stretches if s.title == "Take away" for text in s.texts]
    return Slide(
        "take-away", "Take away", listed(map(inline, about.keypoints)), markdown("\n\n".join(texts))
    )


def _asked(question: Question) -> str:
    options = "".join(f"<li>{inline(option.text)}</li>" for option in question.options)
    return f"{paragraphs(question.prompt)}<ol class='options'>{options}</ol>"


def answers(question: Question) -> str:
    """Say for each option what speaks for it or against it, the right ones marked."""
    lines = [
        f"<b>{letter.upper()}{' (right)' if option.right else ''}</b> {inline(option.feedback)}"
        for letter, option in zip(LETTERS, question.options, strict=False)
    ]
    return "<p>Let them vote before anybody explains.</p>" + listed(lines)


def inline(text: str) -> str:
    """Turn a plain sentence into HTML; what stands in backticks is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


def paragraphs(text: str) -> str:
    """Turn plain text into paragraphs; indented lines stay as they are."""
    blocks = [b for b in text.split("\n\n") if b.strip()]
    return "".join(
        f"<pre>{html.escape(b)}</pre>" if b.startswith(" ") else f"<p>{inline(b)}</p>"
        for b in blocks
    )


def listed(lines: Iterable[str]) -> str:
    """Make a list of lines that are HTML already."""
    return "<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>"


def markdown(text: str) -> str:
    """Turn a lesson's Markdown into HTML; formulas stay as they are, between dollars."""
    from nbconvert.filters.markdown import markdown2html

    return str(markdown2html(text))

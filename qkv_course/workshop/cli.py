"""The commands of `qkv` for those who teach; what they need is imported when they run."""

from pathlib import Path
from typing import Annotated

import typer

from qkv_course.lessons import LESSONS

Lessons = Annotated[
    list[str] | None,
    typer.Argument(help="Only these lessons, such as 04 or 04_scores.", show_default=False),
]


def timetable(
    track: Annotated[str, typer.Option(help="90-minutes, half-day or two-days.")] = "half-day",
    start: Annotated[str, typer.Option(help="When a day begins.")] = "09:00",
    learners: Annotated[
        int, typer.Option(min=0, help="How many people come: says how many helpers you need.")
    ] = 0,
    steps: Annotated[
        bool, typer.Option("--steps", help="Also what is shown and written when.")
    ] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="As tables in Markdown.")] = False,
) -> None:
    """Print when what happens in a workshop, and what to cut when you are late."""
    from qkv_course.workshop import timetable as table

    write = table.as_markdown if markdown else table.as_text
    typer.echo(write(table.find_track(track), table.start_minutes(start), learners, steps))


def slides(
    lessons: Lessons = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The folder that takes the decks.")
    ] = Path("slides"),
    pdf: Annotated[bool, typer.Option("--pdf", help="Print each deck to a PDF as well.")] = False,
) -> None:
    """Make slides from the lessons, with notes for the speaker, that open without the network."""
    from qkv_course.workshop.decks import write_decks, write_pdf

    for deck in write_decks(output, _named(lessons)):
        typer.echo(f"{deck}: written")
        if pdf:
            typer.echo(f"{write_pdf(deck)}: printed")
    typer.echo(f"Open {output / 'index.html'} in a browser.")


def rehearse(lessons: Lessons = None) -> None:
    """Run the solutions here, and print what time and memory each lesson takes.

    Ends with 0 if all ran, with 1 if one failed.
    """
    from qkv_course.workshop.rehearse import main

    raise typer.Exit(main(_named(lessons), say=typer.echo))


def _named(given: list[str] | None) -> list[str]:
    from qkv_course.workshop.outline import find_lesson

    return list(dict.fromkeys(map(find_lesson, given or LESSONS)))

"""The commands of `qkv` for those who teach; what they need is imported when they run."""

from typing import Annotated

import typer


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

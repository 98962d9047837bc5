"""The commands of `qkv` for the live board; what they need is imported when they run."""

from typing import Annotated

import typer


def board(
    host: Annotated[
        str, typer.Option(help="This computer's address in the room's network.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where it listens.")] = 8765,
    title: Annotated[str, typer.Option(help="What stands above the board.")] = "QKV Course",
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep what the board knows when it stops.")
    ] = False,
    new: Annotated[
        bool, typer.Option("--new", help="Do not go on with a board of before.")
    ] = False,
) -> None:
    """Show live where a room is stuck (for teachers)."""
    from qkv_course.workshop.board.host import host_board

    raise typer.Exit(host_board(host, port, title, keep, new))


def join(
    address: Annotated[
        str, typer.Argument(help="As on the teacher's screen.", show_default=False)
    ] = "",
    code: Annotated[str, typer.Argument(help="The code beside it.", show_default=False)] = "",
) -> None:
    """Join your teacher's board; once you have, show what it keeps about you."""
    from qkv_course.workshop.board.join import join as join_board

    typer.echo(join_board(address, code))


def leave() -> None:
    """Leave the board: nothing more is sent, and what it keeps about you is deleted."""
    from qkv_course.workshop.board.join import leave as leave_board

    typer.echo(leave_board())

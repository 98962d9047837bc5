"""One board's process: `python -m qkv_course.workshop.board FOLDER`. `supervise` restarts it."""

import asyncio
import logging
import os
import signal
import sqlite3
import sys
from pathlib import Path

from tornado.httpserver import HTTPServer

from qkv_course.errors import QkvError
from qkv_course.workshop.board.requests import LARGEST
from qkv_course.workshop.board.server import make_board
from qkv_course.workshop.board.settings import Settings

CANNOT_START = 78  # to start it again would not help


async def serve(folder: Path) -> None:
    """Serve until asked to stop, or until the supervisor is gone.

    Raises OSError if the address cannot be had.
    """
    settings = Settings.read(folder)
    app, board = make_board(settings, folder)
    # What is a little too large is answered in a sentence, what is far too large is cut off.
    server = HTTPServer(app, xheaders=False, max_body_size=4 * LARGEST, idle_connection_timeout=300)
    server.listen(settings.port, settings.host)
    stop, parent, loop = asyncio.Event(), os.getppid(), asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: loop.call_soon_threadsafe(stop.set))
    while not stop.is_set() and os.getppid() == parent:
        try:
            await asyncio.wait_for(stop.wait(), 1)
        except TimeoutError:
            continue
    server.stop()
    board.store.close()


def main(arguments: list[str]) -> int:
    """Serve the board in a folder. Returns the exit status."""
    logging.basicConfig(level=logging.WARNING, format="board: %(message)s")
    try:
        asyncio.run(serve(Path(arguments[0])))
    except (QkvError, OSError, ImportError, ValueError, sqlite3.Error) as error:
        print(f"The board could not start: {error}", file=sys.stderr)
        return CANNOT_START
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

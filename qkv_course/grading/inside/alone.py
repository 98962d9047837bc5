"""Run one notebook in a process of its own, where processes cannot be forked: no Linux.

What keeps other programs safe from it is little: limits, where the system has them.
"""

import socket
import sys
from contextlib import suppress

from . import child, course, wire, zygote


def main(port: str) -> None:
    """Get ready, connect to the judge, and answer it.

    port: where the judge listens, on this machine alone. The first line of the standard input is
    what it wants to hear first, so that nobody else is taken for this process.
    """
    password = sys.stdin.readline().strip()
    channel = socket.create_connection(("127.0.0.1", int(port)))
    wire.send(channel, password)
    settings = wire.receive(channel)
    course.install()
    course.COURSE.give(settings["sources"])
    zygote.get_ready()
    if sys.platform != "win32":
        _limit(settings["cpu"], settings["file_size"])
    wire.send(channel, "ready")
    with suppress(wire.Closed):
        child.serve(channel)


def _limit(seconds: int, file_size: int) -> None:
    import resource

    for what, most in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_FSIZE, file_size)):
        with suppress(ValueError, OSError):  # macOS does not take every one of them
            resource.setrlimit(what, (most, most))

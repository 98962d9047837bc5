"""Try whether a rung of the ladder holds on this machine."""

import os
import sys

from . import confine


def main(rung: str) -> None:
    """Take the rung's own steps; an error ends the program with a status that is not 0."""
    if rung == "jail":
        confine.new_pid_namespace(os.pidfd_open(os.getpid()))
        if pid := os.fork():
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        confine.own_temporary_folder(os.environ["TMPDIR"], 1 << 20)
        confine.drop_capabilities()
    if rung in ("jail-lite", "landlock"):
        confine.only_read(["/"])
    confine.filter_calls()

"""Start a board, and start it again at once when it dies: a hub itself would look after 30 s.

A hub starts `python -m qkv_course.workshop.board.supervise` as its managed service.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from qkv_course.errors import QkvError
from qkv_course.workshop.board.__main__ import CANNOT_START
from qkv_course.workshop.board.settings import Settings

PAUSE = 0.5  # seconds before it is started again


def write_catalogue(folder: Path) -> None:
    """Have the lessons' exercises and mistakes written down, in a process that then goes away.

    Raises QkvError.
    """
    command = [sys.executable, "-m", "qkv_course.workshop.board.catalogue"]
    done = subprocess.run(
        [*command, str(folder / "catalogue.json")], capture_output=True, text=True
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise QkvError(f"The lessons could not be read: {last[0]}")


class Supervisor:
    """Keeps the process of one board alive until `stop()`."""

    def __init__(self, folder: Path, say: Callable[[str], None] = print) -> None:
        self._folder, self._say = folder, say
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The number of the board's process. Raises QkvError before there is one."""
        if self._child is None:
            raise QkvError("The board has not been started.")
        return self._child.pid

    def run(self) -> int:
        """Run the board; returns its exit status when it was asked to stop, or cannot start."""
        command = [sys.executable, "-m", "qkv_course.workshop.board", str(self._folder)]
        while True:
            self._child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
            if self._stopping.is_set():
                self._child.terminate()
            status = self._child.wait()
            if self._stopping.is_set() or status == CANNOT_START:
                return 0 if self._stopping.is_set() else status
            self._say("The board's process ended, and is started again. Nothing is lost.")
            if self._stopping.wait(PAUSE):
                return 0

    def stop(self) -> None:
        """Ask the board to stop, from a signal or another thread."""
        self._stopping.set()
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()

    def stop_on_signals(self) -> None:
        """Stop when the terminal or the hub says so."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: self.stop())


def hub_settings() -> tuple[Path, Settings]:
    """Read from the environment what a hub gives its services. Raises QkvError."""
    url = urlsplit(os.environ.get("JUPYTERHUB_SERVICE_URL", ""))
    if not url.hostname or not url.port:
        raise QkvError(
            "There is no JUPYTERHUB_SERVICE_URL: JupyterHub starts this, with the service's url "
            "set to an address such as http://127.0.0.1:18099. On a local network: `qkv board`."
        )
    folder = Path(os.environ.get("QKV_BOARD_FOLDER", "qkv-board")).absolute()
    settings = Settings(
        door="hub",
        title=os.environ.get("QKV_BOARD_TITLE", "QKV Course"),
        host=url.hostname,
        port=url.port,
        prefix=os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/"),
    )
    return folder, settings


def main() -> int:
    """Run a hub's board. Returns the exit status."""
    try:
        folder, settings = hub_settings()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (folder / "settings.json").exists():  # so that who is logged in stays so
            settings = Settings(**{**vars(settings), "secret": Settings.read(folder).secret})
        settings.write(folder)
        write_catalogue(folder)
    except (QkvError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    supervisor = Supervisor(folder, say=lambda text: print(text, file=sys.stderr, flush=True))
    supervisor.stop_on_signals()
    return supervisor.run()


if __name__ == "__main__":
    sys.exit(main())

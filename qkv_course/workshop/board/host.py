"""`qkv board`: a live board on the teacher's own computer, for those in the same network."""

import secrets
import shutil
import socket
from pathlib import Path

import psutil

from qkv_course.errors import QkvError
from qkv_course.progress import course_folder
from qkv_course.workshop.board.joining import digest, new_code, shown
from qkv_course.workshop.board.settings import Settings
from qkv_course.workshop.board.supervise import Supervisor, write_catalogue

OPEN_TO_ALL = ("0.0.0.0", "::")


def host_board(host: str, port: int, title: str, keep: bool, new: bool) -> int:
    """Run a board until Ctrl-C. Returns the exit status; raises QkvError."""
    folder = course_folder() / ".qkv" / "board"
    must_be_free(host, port)
    if new:
        shutil.rmtree(folder, ignore_errors=True)
    goes_on = (folder / "board.sqlite").exists()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = secrets.token_urlsafe(24)
    settings = settings_for(folder, host, port, title, key)
    print("Reading the lessons ...", flush=True)
    write_catalogue(folder)
    settings.write(folder)
    print(greeting(settings, key, goes_on, keep), flush=True)
    supervisor = Supervisor(folder)
    supervisor.stop_on_signals()
    status = supervisor.run()
    if status == 0 and not keep:
        shutil.rmtree(folder, ignore_errors=True)
        print("\nThe board has stopped, and all that it kept is deleted.")
    elif status == 0:
        print("\nThe board has stopped. `qkv board` goes on with it, `qkv board --new` does not.")
    return status


def settings_for(folder: Path, host: str, port: int, title: str, key: str) -> Settings:
    """Make a board's settings; a board that goes on keeps its code."""
    try:
        code = Settings.read(folder).code
    except QkvError:
        code = new_code()
    named = host
    if host in OPEN_TO_ALL:
        named = next(iter(local_addresses()), socket.gethostname())
    address = f"http://{f'[{named}]' if ':' in named else named}:{port}"
    return Settings("lan", title, host, port, "/", address, code, digest(key))


def must_be_free(host: str, port: int) -> None:
    """Raise QkvError if nothing can listen at an address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except (OSError, OverflowError) as error:
            addresses = ", ".join(["127.0.0.1", *local_addresses()])
            raise QkvError(
                f"The board cannot listen at {host}, port {port}: {error}.\n"
                f"This computer's addresses are: {addresses}. Another port: `--port 8766`."
            ) from None


def local_addresses() -> list[str]:
    """List the addresses by which others may reach this computer."""
    found = [a for several in psutil.net_if_addrs().values() for a in several]
    v4 = [str(a.address) for a in found if a.family == socket.AF_INET]
    return [address for address in v4 if not address.startswith("127.")]


def greeting(settings: Settings, key: str, goes_on: bool, keep: bool) -> str:
    """Say how the teacher and the learners get to the board."""
    lines = [
        "",
        "For you alone (the link is private; keep it off the projector):",
        f"  {settings.address}/?key={key}",
        "",
        "For the slide; learners run this in a terminal, or in a cell with ! in front:",
        f"  qkv join {settings.address} {shown(settings.code)}",
        "",
    ]
    if goes_on:
        lines.append("This goes on with the board of last time; `--new` begins an empty one.")
    if settings.host.startswith("127.") or settings.host in ("localhost", "::1"):
        there = ", ".join(local_addresses()) or "none seen"
        lines.append(
            "Only this computer can reach it. For a room, stop it and name one of this computer's\n"
            f"addresses ({there}): qkv board --host ADDRESS"
        )
    else:
        lines.append(
            "This is plain HTTP: others in this network can read along, and could send a false\n"
            "square. The board is no basis for grades. Some networks keep guests apart: try first."
        )
    lines.append("Ctrl-C stops the board" + (" and keeps it." if keep else " and deletes it."))
    return "\n".join(lines)

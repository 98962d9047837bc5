"""`qkv rehearse`: runs the solutions on this machine, and says what time and memory they take."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import qkv_course
from qkv_course.errors import QkvError
from qkv_course.progress import course_folder

SECONDS_A_CELL = 300.0
SECONDS_TO_START = 120.0
PEAK = "__import__('qkv_course.workshop.rehearse', fromlist=['peak_mib']).peak_mib()"


@dataclass(frozen=True)
class Rehearsal:
    """What one lesson took.

    seconds: from starting its kernel to its last cell. mib: the most memory its kernel held.
    failed: the cell that failed and what it said, or "".
    """

    lesson: str
    seconds: float
    mib: float
    failed: str = ""

    def __str__(self) -> str:
        line = f"{self.lesson:34} {self.seconds:7.1f} s {self.mib:7.0f} MiB"
        return f"{line}  failed\n{self.failed}" if self.failed else f"{line}  ok"


def main(lessons: Sequence[str], say: Callable[[str], object] = print) -> int:
    """Run some lessons' solutions, one after another. Gives 0, or 1 if any of them failed."""
    done = []
    for lesson in lessons:
        done.append(rehearse(course_folder() / "solutions" / f"{lesson}.ipynb"))
        say(str(done[-1]))
    failed = [r.lesson for r in done if r.failed]
    largest = max(done, key=lambda r: r.mib)
    say("")
    say(
        f"{sum(r.seconds for r in done):.0f} s in all; the most memory, {largest.mib:.0f} MiB, "
        f"in {largest.lesson}. JupyterLab itself comes on top."
    )
    say(f"Failed: {', '.join(failed)}." if failed else "Nothing failed.")
    return 1 if failed else 0


def rehearse(path: Path) -> Rehearsal:
    """Run a solved notebook from top to bottom in a kernel of its own, up to what fails.

    Raises QkvError if the notebook cannot be read.
    """
    cells = _code_cells(path)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as home:
        manager, client = _start(path.parent, home)
        try:
            failed = next(filter(None, (_run(client, source) for source in cells)), "")
            mib = _peak(client)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    return Rehearsal(path.stem, time.monotonic() - start, mib, failed)


def _code_cells(path: Path) -> list[str]:
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (OSError, ValueError, KeyError, TypeError):
        raise QkvError(
            f"{path} cannot be read as a notebook. Start qkv in the course's folder, or name "
            "that folder in QKV_HOME."
        ) from None


def _start(folder: Path, home: str) -> tuple[Any, Any]:
    from ipykernel.kernelspec import get_kernel_dict
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import KernelManager

    manager = KernelManager()
    manager._kernel_spec = KernelSpec(**get_kernel_dict())  # this Python, whatever is installed
    package = str(Path(qkv_course.__file__).parents[1])
    paths = filter(None, [package, os.environ.get("PYTHONPATH")])
    # Nobody's progress is written to, and no start-up files of the teacher's are read.
    own = {"QKV_HOME": home, "IPYTHONDIR": home, "PYTHONPATH": os.pathsep.join(paths)}
    others = {k: v for k, v in os.environ.items() if not k.startswith(("QKV_", "MPLBACKEND"))}
    env = {**others, **own, "PYTHONHASHSEED": "0"}
    manager.start_kernel(cwd=str(folder), env=env, stderr=subprocess.DEVNULL)
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=SECONDS_TO_START)
    except RuntimeError as error:
        manager.shutdown_kernel(now=True)
        raise QkvError(f"No kernel starts here: {error}. `qkv doctor` may say why.") from None
    return manager, client


def _run(client: Any, source: str) -> str:
    """Run one cell; say what failed, or nothing."""
    try:
        reply = client.execute_interactive(
            source, timeout=SECONDS_A_CELL, output_hook=lambda _: None, allow_stdin=False
        )
    except TimeoutError:
        return _failure(source, f"no answer after {SECONDS_A_CELL:.0f} s, or its kernel died")
    except RuntimeError as error:
        return _failure(source, f"the kernel died: {error}")
    content = reply["content"]
    if content["status"] == "ok":
        return ""
    said = str(content.get("evalue", "")).strip().partition("\n")[0]
    return _failure(source, f"{content.get('ename', 'Error')}: {said}")


def _failure(source: str, said: str) -> str:
    lines = [f"    {line}" for line in source.strip().splitlines()[-6:]]
    return "\n".join(["  This cell failed:", *lines, f"  {said}"])


def _peak(client: Any) -> float:
    try:
        reply = client.execute_interactive(
            "", silent=True, user_expressions={"peak": PEAK}, timeout=30, allow_stdin=False
        )
        return float(reply["content"]["user_expressions"]["peak"]["data"]["text/plain"])
    except (TimeoutError, RuntimeError, KeyError, ValueError):
        return float("nan")  # a kernel that died cannot be asked


def peak_mib() -> float:
    """Give the most memory that this process has held so far, in MiB."""
    if sys.platform == "win32":
        import psutil

        return float(psutil.Process().memory_info().peak_wset / 2**20)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)

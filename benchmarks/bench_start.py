"""How long the course's commands and imports take, each in a fresh Python."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial

from timing import measure

from qkv_course import progress


def rows() -> Iterator[tuple[str, list[float]]]:
    """Time each call."""
    return ((what, measure(call)) for what, call in calls().items())


def calls() -> dict[str, Callable[[], object]]:
    """What a learner waits for before anything is seen."""
    empty, used = tempfile.mkdtemp(), tempfile.mkdtemp()
    _fill(used)
    return {
        "python -c pass (the floor)": partial(_python, empty, "-c", "pass"),
        "import qkv_course": partial(_python, empty, "-c", "import qkv_course"),
        "from qkv_course import check": partial(
            _python, empty, "-c", "from qkv_course import check"
        ),
        "qkv --version": partial(_python, empty, "-m", "qkv_course.cli", "--version"),
        "qkv progress, nothing recorded": partial(
            _python, empty, "-m", "qkv_course.cli", "progress"
        ),
        "qkv progress, 1000 events": partial(_python, used, "-m", "qkv_course.cli", "progress"),
        "record one event": partial(progress.record, "hint", "dot", level=1),
    }


def _fill(folder: str) -> None:
    os.environ["QKV_HOME"] = folder
    for i in range(1000):
        progress.record("check", "dot", status="wrong" if i % 2 else "passed", mistake=None)


def _python(home: str, *arguments: str) -> None:
    environment = {**os.environ, "QKV_HOME": home}
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=environment)

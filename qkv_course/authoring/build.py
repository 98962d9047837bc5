"""`qkv build`: write notebooks/ and solutions/ from the lessons and the library."""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from qkv_course.authoring.execute import execute
from qkv_course.authoring.fresh import out_of_date, stale_cells, written_work
from qkv_course.authoring.lesson import LessonError
from qkv_course.authoring.notebook import as_text
from qkv_course.authoring.tree import Tree, course_tree, read_notebook


def main(
    check: bool = False,
    names: Sequence[str] = (),
    force: bool = False,
    tree: Tree | None = None,
) -> int:
    """Build the notebooks, or with `check` list what is out of date and write nothing.

    names: only these lessons; all of them if empty.
    force: run solutions again even if their cells have not changed.
    Returns 0, or 1 if something is out of date or could not be built.
    """
    tree = tree or course_tree()
    unknown = [n for n in names if n not in tree.lessons]
    if unknown:
        known = ", ".join(tree.lessons)
        print(f"no lesson {', '.join(unknown)}; there are: {known}", file=sys.stderr)
        return 1
    chosen = list(names or tree.lessons)
    return _check(tree, chosen) if check else _build(tree, chosen, force)


def build_lesson(tree: Tree, name: str, force: bool = False) -> None:
    """Write a lesson's two notebooks; the solution runs only if it changed or with `force`.

    Raises LessonError. A notebook that cannot be made leaves the old one as it was.
    """
    stubs, solved = tree.make(name, solved=False), tree.make(name, solved=True)
    target = tree.notebooks / f"{name}.ipynb"
    work = written_work(read_notebook(target))
    if work:
        raise LessonError(
            f"{name}: {target} holds someone's work on {', '.join(work)}; move it away, build again"
        )
    write_text(target, as_text(stubs))
    target = tree.solutions / f"{name}.ipynb"
    if force or stale_cells(read_notebook(target), solved):
        print(f"{name}: running the solution", flush=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_text(target, as_text(execute(solved, target.parent)))


def write_text(path: Path, text: str) -> None:
    """Write a whole file or nothing; a file that already says so is not touched."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(draft, 0o644)
    os.replace(draft, path)


def _check(tree: Tree, names: list[str]) -> int:
    lines = out_of_date(tree, names)
    if lines:
        print("Out of date, run `make build`:", *lines, sep="\n  ")
    return 1 if lines else 0


def _build(tree: Tree, names: list[str], force: bool) -> int:
    failed = []
    for name in names:
        try:
            build_lesson(tree, name, force)
            print(f"{name}: built", flush=True)
        except LessonError as error:
            failed.append(name)
            print(f"\n{error}\n", file=sys.stderr, flush=True)
    if failed:
        print(f"not built: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="LESSON", help="such as 04_scores_and_scaling")
    parser.add_argument("--check", action="store_true", help="write nothing, only compare")
    parser.add_argument("--force", action="store_true", help="run solutions again, changed or not")
    return parser.parse_args()


if __name__ == "__main__":
    arguments = _arguments()
    sys.exit(main(arguments.check, arguments.names, arguments.force))

"""Which lessons there are, and where their notebooks belong."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

import qkv_course
from qkv_course.authoring.lesson import Lesson, LessonError, read_lesson
from qkv_course.authoring.notebook import make_notebook
from qkv_course.checks.exercise import Exercise
from qkv_course.lessons import LESSONS, find_exercise, lesson_folder

read: Callable[..., NotebookNode] = nbformat.read  # published without types


@dataclass(frozen=True)
class Tree:
    """Where lessons are read and notebooks are written.

    lessons: for each notebook's name its exercises, in order.
    folder: gives the folder that holds a lesson's lesson.md.
    find: gives the exercise of a name.
    notebooks, solutions: the folders to write to.
    """

    lessons: dict[str, tuple[str, ...]]
    folder: Callable[[str], Path]
    find: Callable[[str], Exercise]
    notebooks: Path
    solutions: Path

    def read(self, name: str) -> Lesson:
        """Read a lesson and compare its exercises with the registry. Raises LessonError."""
        path = self.folder(name) / "lesson.md"
        if not path.is_file():
            raise LessonError(f"{name}: there is no {path}")
        lesson = read_lesson(name, path.read_text(encoding="utf-8"))
        if lesson.exercises != self.lessons[name]:
            raise LessonError(
                f"{name}: lesson.md has the exercises {_listed(lesson.exercises)}; "
                f"the registry has {_listed(self.lessons[name])}, in this order"
            )
        return lesson

    def make(self, name: str, solved: bool) -> NotebookNode:
        """Make a lesson's notebook, not executed. Raises LessonError."""
        return make_notebook(self.read(name), self.find, solved)

    def strangers(self) -> list[Path]:
        """List notebooks that are named like a lesson's, but belong to none."""
        found = [*self.notebooks.glob("*.ipynb"), *self.solutions.glob("*.ipynb")]
        return sorted(p for p in found if re.match(r"\d\d_", p.name) and p.stem not in self.lessons)


def course_tree() -> Tree:
    """Give the course's own tree, beside the package."""
    root = Path(qkv_course.__file__).parents[1]
    lessons = {lesson: tuple(names) for lesson, names in LESSONS.items()}
    return Tree(lessons, lesson_folder, find_exercise, root / "notebooks", root / "solutions")


def read_notebook(path: Path) -> NotebookNode | None:
    """Read a notebook as it stands, or give None where there is none to be read."""
    try:
        return read(path, as_version=4)
    except (FileNotFoundError, nbformat.reader.NotJSONError, nbformat.ValidationError):
        return None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "(none)"

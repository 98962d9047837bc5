"""Which exercises and named mistakes there are, without importing the lessons each time.

`python -m qkv_course.workshop.board.catalogue FILE` writes them down.
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from qkv_course.lessons import LESSONS, import_lesson


@dataclass(frozen=True)
class Catalogue:
    """What an event may speak of.

    lessons: of each exercise, in the order of the course.
    mistakes: of each exercise, from slug to title ("a division by d_k in place of √d_k").
    """

    lessons: dict[str, str]
    mistakes: dict[str, dict[str, str]]

    @classmethod
    def of_the_course(cls) -> "Catalogue":
        """Collect it from the lessons, which imports all of them, and torch with them."""
        lessons = {name: lesson for lesson, names in LESSONS.items() for name in names}
        exercises = [e for lesson in LESSONS for e in import_lesson(lesson).EXERCISES]
        titles = {e.name: {m.name: m.title for m in e.mistakes} for e in exercises}
        return cls(lessons, titles)

    @classmethod
    def read(cls, path: Path) -> "Catalogue":
        """Read what `write` wrote. Raises OSError, ValueError."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def write(self, path: Path) -> None:
        """Write it as JSON. Raises OSError."""
        path.write_text(json.dumps(asdict(self), ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    Catalogue.of_the_course().write(Path(sys.argv[1]))

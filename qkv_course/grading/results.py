"""What grading one submission gave, as plain data, and the folder that keeps it."""

import hashlib
import json
import math
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from functools import cache
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import qkv_course
from qkv_course.errors import QkvError
from qkv_course.grading.files import file_name, write_whole

STATUSES = frozenset(
    {"passed", "wrong", "raised", "timed out", "crashed", "not attempted", "missing"}
)
SOURCES = (".py", ".txt", ".json")  # files of the course that can change a result


class BadResult(QkvError, ValueError):
    """A result file that is damaged, or was not written by the grader."""


@dataclass(frozen=True)
class ExerciseResult:
    """How one exercise of a submission went.

    status: one of STATUSES. mistake: the slug of the named mistake, or "".
    headline, text, html: the report, in one line, in full, and as a card; its text is escaped.
    code: the cells of the learner that define it. seconds: how long its calls took.
    """

    exercise: str
    points: int
    of_points: int
    status: str
    mistake: str = ""
    headline: str = ""
    text: str = ""
    html: str = ""
    code: str = ""
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise BadResult(f"{self.exercise}: there is no status {self.status!r}.")
        if not 0 <= self.points <= self.of_points:
            raise BadResult(f"{self.exercise}: {self.points} of {self.of_points} points.")

    @property
    def passed(self) -> bool:
        return self.status == "passed"


@dataclass(frozen=True)
class Result:
    """How one submission went.

    source: the submission's label. digest: SHA-256 of the notebook's bytes.
    seed: draws the same inputs again. rung: how isolated it ran, one of `ladder.RUNGS`.
    version: of the course, as `course_version` gives it.
    seconds, cpu: wall and CPU time of everything for this submission.
    problem: one sentence on what could not be read, or "". notes: what else is worth knowing.
    """

    learner: str
    lesson: str
    source: str
    digest: str
    seed: int
    rung: str
    version: str
    seconds: float = 0.0
    cpu: float = 0.0
    problem: str = ""
    notes: tuple[str, ...] = ()
    exercises: tuple[ExerciseResult, ...] = ()

    @property
    def points(self) -> int:
        return sum(e.points for e in self.exercises)

    @property
    def of_points(self) -> int:
        return sum(e.of_points for e in self.exercises)

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Any) -> "Result":
        """Read what `to_dict` gave. Raises BadResult if anything is not as it should be."""
        values = _values(cls, data)
        exercises = tuple(ExerciseResult(**_values(ExerciseResult, e)) for e in values["exercises"])
        if not all(isinstance(note, str) for note in values["notes"]):
            raise BadResult("One of its notes is no text.")
        return cls(**{**values, "exercises": exercises})


def _values(kind: type, data: Any) -> dict[str, Any]:
    """Take from `data` what the dataclass `kind` has fields for, each of the right type."""
    if not isinstance(data, dict):
        raise BadResult(f"Where a {kind.__name__} should be, there is none.")
    values: dict[str, Any] = {}
    for field in fields(kind):
        value = data.get(field.name)
        if field.type is float and type(value) is int:
            value = float(value)
        wanted = field.type if field.type in (str, int, float) else list | tuple
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise BadResult(f"Its {field.name} is missing or of the wrong kind.")
        if isinstance(value, float) and not (math.isfinite(value) and value >= 0):
            raise BadResult(f"Its {field.name} is {value}.")
        values[field.name] = tuple(value) if isinstance(value, list) else value
    return values


@cache
def course_version() -> str:
    """Name the course as it is here: a change to a check or to a library is another version."""
    digest = hashlib.sha256()
    root = Path(qkv_course.__file__).parent
    for path in sorted(p for p in root.rglob("*") if p.suffix in SOURCES):
        digest.update(f"{path.relative_to(root).as_posix()}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    parts = [sys.version.split()[0], installed("numpy"), installed("torch")]
    digest.update(" ".join(parts).encode())
    return f"{qkv_course.__version__}+{digest.hexdigest()[:12]}"


class Store:
    """The result files of a cohort, one a submission, in `folder`/results.

    A run that was killed leaves whole files only; a later run grades what is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "results"

    def path(self, label: str) -> Path:
        """Give the path of a submission's result, whether or not it exists."""
        return self.folder / file_name(label, ".json")

    def put(self, result: Result, settings: str = "") -> None:
        """Keep a result, in place of an earlier one.

        settings: whatever else a result depends on (limits, say), in any fixed form.
        Raises QkvError if it cannot be written.
        """
        kept = {"settings": settings, "result": result.to_dict()}
        path = self.path(result.source)
        try:
            write_whole(path, json.dumps(kept, indent=1, allow_nan=False).encode())
        except OSError as error:
            raise QkvError(f"The result file {path} cannot be written: {error.strerror}.") from None

    def get(self, label: str) -> Result | None:
        """Give a submission's result, or None. Raises BadResult if its file is damaged."""
        path = self.path(label)
        if not path.exists():
            return None
        result = _read(path)[0]
        return result if result.source == label else None

    def is_current(
        self,
        label: str,
        digest: str,
        version: str,
        *,
        rung: str = "",
        seed: int | None = None,
        settings: str = "",
    ) -> bool:
        """Tell whether grading again could give nothing new.

        rung, seed: what is asked for; "" and None accept any. A damaged file is not current, nor
        is a result that names a problem: the problem may be gone.
        """
        path = self.path(label)
        try:
            result, had = _read(path)
        except BadResult:
            return False
        return (
            not result.problem
            and (result.source, result.digest, result.version) == (label, digest, version)
            and rung in ("", result.rung)
            and seed in (None, result.seed)
            and settings == had
        )

    def __iter__(self) -> Iterator[Result]:
        """Give all results that are kept, sorted by file name. Raises BadResult."""
        for path in sorted(self.folder.glob("*.json")):
            if not path.name.startswith("."):
                yield _read(path)[0]


def _read(path: Path) -> tuple[Result, str]:
    """Read one result file: the result, and the settings it was made with. Raises BadResult."""
    try:
        kept = json.loads(path.read_bytes())
        if not isinstance(kept, dict) or not isinstance(kept.get("settings"), str):
            raise BadResult("It holds no result.")
        return Result.from_dict(kept.get("result")), kept["settings"]
    except BadResult as error:
        fault = str(error)
    except OSError as error:
        fault = f"{error.strerror}."
    except (ValueError, RecursionError):
        fault = "It is not whole JSON."
    raise BadResult(
        f"The result file {path} cannot be used. {fault} "
        "Delete it and grade again: only this submission is then graded anew."
    )

"""What learners handed in, however it comes: folders, loose files, a learning system's zip."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from qkv_course.errors import QkvError, UnknownName
from qkv_course.grading import places
from qkv_course.grading.gradescope import read_teams
from qkv_course.grading.naming import CANVAS, Person, file_name_of, from_system, people_of
from qkv_course.grading.places import Found, Place, printed
from qkv_course.grading.roster import Learner, missing, read_roster
from qkv_course.grading.unwrap import unwrap
from qkv_course.lessons import LESSONS, unknown

__all__ = [
    "Collected",
    "Learner",
    "NoSubmissions",
    "Submission",
    "find_submissions",
    "missing",
    "read_roster",
]

MAX_NOTEBOOKS = 50  # a learner; the course has 14
PLAIN = re.compile(r"[a-z0-9][a-z0-9_-]*(\.[a-z0-9_-]+)*")


class NoSubmissions(QkvError):
    """There is nothing to grade at a path."""


@dataclass(frozen=True)
class Submission:
    """One notebook of one learner.

    learner: from the folder's or the file's name; the notebook itself has no say in it.
    lesson: as "04_scores_and_scaling", or "" if the file's name does not tell.
    path: the file, or the zip that holds it. member: its name in the zip. inner: if `member`
    is itself a zip, its name in there. name: where it lies, from what was searched.
    ids: what the system that it came from calls the learner, or the submission:
    "canvas_user", "canvas_file", "moodle_participant", "gradescope_submission", "sid" and
    "email" (as Gradescope's list has them), "nbgrader_assignment", "nbgrader_notebook".
    """

    learner: str
    lesson: str
    path: Path
    member: str = ""
    inner: str = ""
    name: str = ""
    ids: Mapping[str, str] = field(default_factory=dict, hash=False)

    def read(self) -> bytes:
        """Read the notebook's bytes. Raises UnreadableNotebook, and nothing else."""
        return places.read(Place((), self.path, self.member, self.inner))

    @property
    def label(self) -> str:
        """Its name in messages and result files: like no other's, and safe as a file's name."""
        text = f"{self.learner}-{self.lesson}"
        if self.lesson and PLAIN.fullmatch(text) and len(text) <= 80:
            return text
        readable = f"{self.learner}-{self.lesson or self.name.rpartition('/')[2]}".lower()
        readable = re.sub(r"\W+", "_", readable).strip("_")[:40]
        secret = repr((self.learner, self.lesson, self.name)).encode(errors="replace")
        return f"{readable or 'learner'}-{hashlib.sha256(secret).hexdigest()[:12]}"


@dataclass(frozen=True)
class Collected:
    """Submissions by learner and lesson; and what was passed over: its name, and why."""

    submissions: tuple[Submission, ...]
    ignored: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Entry:
    """A notebook and whose it is. rank: the lowest of a learner's for one lesson counts."""

    person: Person
    submission: Submission
    rank: tuple[bool, bool, int, int, int, str]


def find_submissions(path: Path, lesson: str = "", you: str = "you") -> Collected:
    """Find what learners handed in.

    path: a folder, a zip or a single notebook. lesson: take notebooks of this lesson only, and
    those whose name tells none for it. you: what a learner without a name is called.
    Raises NoSubmissions, and UnknownName for the lesson.
    """
    if lesson and lesson not in LESSONS:
        raise UnknownName(unknown(lesson, "lesson", list(LESSONS)))
    found = _search(path)
    notebooks, is_nbgrader = unwrap(found.notebooks, path.name)
    teams = {folder: people for list_ in found.lists for folder, people in read_teams(list_)}
    entries = [
        _entry(person, place, lesson, is_nbgrader)
        for place in notebooks
        for person in people_of(place, teams)
    ]
    entries = [entry for entry in entries if not lesson or entry.submission.lesson == lesson]
    chosen = _choose(entries, found)
    submissions = _named(chosen, you)
    if not submissions:
        raise NoSubmissions(_nothing(path, lesson, found))
    return Collected(tuple(submissions), tuple(sorted(found.ignored.items())))

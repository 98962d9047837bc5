"""What learners handed in, however it comes: folders, loose files, a learning system's zip."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from qkv_course.errors import QkvError, UnknownName
from qkv_course.grading import places
from qkv_course.grading.gradescope import read_teams
from qkv_course.grading.naming import Person, file_name_of, people_of, stem_of
from qkv_course.grading.notebooks import UnreadableNotebook
from qkv_course.grading.places import Found, Place, clean, printed
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
        readable = re.sub(r"\W+", "_", text.lower()).strip("_")[:40]
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
    is_nbgrader = unwrap(found, stem_of(path.resolve().name))
    teams = _teams(found)
    entries = [
        _entry(person, place, lesson, is_nbgrader)
        for place in found.notebooks
        for person in people_of(place, teams)
    ]
    wanted = [entry for entry in entries if not lesson or entry.submission.lesson == lesson]
    _note_others(found, {entry.person.key for entry in entries}, teams)
    submissions = _named(_choose(wanted, found), you)
    if not submissions:
        raise NoSubmissions(_nothing(path, lesson, found))
    ordered = sorted(submissions, key=lambda s: (s.learner.casefold(), s.learner, s.lesson, s.name))
    return Collected(tuple(ordered), tuple(sorted(found.ignored.items())))


def _search(path: Path) -> Found:
    try:
        return places.search(path)
    except FileNotFoundError:
        why = "There is nothing there: check the path."
    except OSError as error:
        why = f"It cannot be opened ({str(error.strerror).lower()})."
    except UnreadableNotebook:
        why = "It is neither a folder nor an ordinary file."
    # Archives raise half a dozen unrelated types for one damaged byte.
    except Exception:
        why = "It is no zip, or a damaged one: download it again."
    raise NoSubmissions(f"{printed((str(path),))}: {why}")


def _teams(found: Found) -> dict[str, list[Person]]:
    teams: dict[str, list[Person]] = {}
    for place in found.lists:
        read = read_teams(place) if len(place.parts) == 1 else {}  # else it is a learner's file
        if read is None:
            found.ignore((place.name,), "cannot be read, so it names no learners")
        teams |= read or {}
    return teams


def _entry(person: Person, place: Place, lesson: str, is_nbgrader: bool) -> _Entry:
    file = file_name_of(place)
    ids = dict(person.ids)
    if is_nbgrader and len(place.parts) > 2:
        ids["nbgrader_assignment"] = clean(place.parts[1])
        ids["nbgrader_notebook"] = clean(stem_of(place.parts[-1]))
    # Canvas numbers what is handed in again; elsewhere a number marks a copy.
    is_newest = int(ids.get("canvas_file", 0))
    is_copy = file.copy or bool(file.number and not is_newest)
    is_other = not file.lesson or file.rest.casefold() not in ("", person.name.casefold())
    rank = (is_copy, is_other, -file.number, -is_newest, len(place.parts), place.name)
    return _Entry(
        person,
        Submission(
            learner=person.name,
            lesson=file.lesson or lesson,
            path=place.path,
            member=place.member,
            inner=place.inner,
            name=place.name,
            ids=ids,
        ),
        rank,
    )


def _choose(entries: list[_Entry], found: Found) -> list[_Entry]:
    """Take one notebook a learner and lesson, and all whose lesson is not told."""
    chosen: dict[tuple[str, str], _Entry] = {}
    counts: Counter[str] = Counter()
    for entry in sorted(entries, key=lambda entry: entry.rank):
        new = entry.submission
        before = chosen.setdefault((entry.person.key, new.lesson or f"in {new.name}"), entry)
        if before is not entry:
            why = f"is one more of lesson {new.lesson}: {before.submission.name} was taken"
        elif counts[entry.person.key] == MAX_NOTEBOOKS:
            del chosen[entry.person.key, new.lesson or f"in {new.name}"]
            why = f"is one too many: {MAX_NOTEBOOKS} notebooks of this learner were taken"
        else:
            counts[entry.person.key] += 1
            continue
        found.ignored.setdefault(new.name, why)
    return list(chosen.values())


def _named(entries: list[_Entry], you: str) -> list[Submission]:
    """Give learners who are called alike a name each."""
    people = {entry.person.key: entry.person for entry in entries}
    alike = Counter(person.name for person in people.values())
    names: dict[str, str] = {}
    for key, person in sorted(people.items()):
        name = person.name or you
        number = next(iter(person.ids.values()), "") if alike[person.name] > 1 else ""
        name = f"{name} ({number})" if number else name
        again = 2
        while name in names.values():
            name = f"{person.name or you} ({again})"
            again += 1
        names[key] = name
    return [replace(e.submission, learner=names[e.person.key]) for e in entries]


def _note_others(found: Found, known: set[str], teams: Mapping[str, list[Person]]) -> None:
    """Name one file of each learner who handed in no notebook."""
    for place in found.others:
        keys = {person.key for person in people_of(place, teams)}
        if not keys & known:
            kind = places.OTHERS[places.suffix(place.name)]
            found.ignored.setdefault(place.name, f"is {kind}, not a notebook")
            known |= keys


def _nothing(path: Path, lesson: str, found: Found) -> str:
    what = f"notebook of lesson {lesson}" if lesson else "notebook"
    text = f"There is no {what} in {printed((str(path),))}."
    for name, why in sorted(found.ignored.items())[:3]:
        text += f" {name} {why}."
    return text

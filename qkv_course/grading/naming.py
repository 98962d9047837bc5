"""Whose notebook it is, and of which lesson: told by names of files and folders alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from qkv_course.grading.places import NOTEBOOK, Place, clean
from qkv_course.lessons import LESSONS

# The course's own folder for notebooks says nothing of whose they are.
COURSE_FOLDER = "notebooks"

# Canvas (lib/content_zipper.rb): name, _LATE if it was, user id, attachment id, the learner's
# own file name. A name has letters, digits and _ only, and no "_digits_" within; graded
# anonymously, "anon_" and five letters stand for name and id. Attachments with a name that was
# taken get -1, -2, and so on.
CANVAS = re.compile(
    r"(?:(?!LATE_)(?P<name>\w+?)_)?(?:LATE_)?(?:(?P<user>\d{1,20})|(?P<anonymous>anon_[^\W_]+))"
    r"_(?P<file>\d{3,20})_(?P<rest>.+)",
    re.S,
)
# Moodle (mod/assign/classes/downloader.php, and importziplib.php, which reads such names back):
# full name, participant id, "assignsubmission", plugin; a name has no _. A folder for each
# learner, with a _ at its end before 4.1; one folder for all, before 3.1 and on demand. The
# default group of a team submission has no id.
MOODLE = re.compile(
    r"(?P<name>[^_]*)_(?:(?P<user>\d{1,20})_)?assignsubmission_(?P<plugin>[a-z]+)(?:_(?P<rest>.*))?",
    re.S,
)
# Gradescope's export of an assignment: a folder for each submission, and beside them
# submission_metadata.yml, which says whose they are.
GRADESCOPE = re.compile(r"submission_(?P<user>\d{1,20})")

LESSON = re.compile(
    r"(?<![^\W_])(?:"
    + "|".join("(" + lesson.replace("_", r"[\W_]+") + ")" for lesson in LESSONS)
    + r")(?![^\W_])",
    re.I,
)
# JupyterLab: -Copy1. Windows: " - Copy (2)". macOS: " copy 2". Browsers: " (1)".
COPY = re.compile(
    r"(?:[-_ ]+cop(?:y|ie|ia)|[-_ ]+kopie)[-_ ]*\d*$|\s*\(\d{1,2}\)$|-checkpoint$", re.I
)
NUMBER = re.compile(r"[-_ ]+(\d{1,2})$")
NAMELESS = "no name"
AROUND = " _-.,()[]{}"


@dataclass(frozen=True)
class Person:
    """Who handed something in.

    key: what tells them from all others. name: as shown, "" if nothing tells. ids: those of
    the system that the files came from, as documented at Submission.
    """

    key: str
    name: str
    ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FileName:
    """What a file's name tells. rest: of the name, without the lesson and marks of a copy."""

    lesson: str
    rest: str
    copy: bool
    number: int  # of -1, -2 and the like at the end


def read_file_name(name: str, numbered: bool = False) -> FileName:
    """Take a notebook's name apart. numbered: a number at its end is none of the learner's."""
    stem = NOTEBOOK.sub("", name)
    found = LESSON.search(stem)
    if not found:
        return FileName("", clean(stem), False, 0)
    before, after = stem[: found.start()], stem[found.end() :]
    after, number = _numbered(after, numbered)
    after, copies = _without_copies(after)
    lesson = list(LESSONS)[next(n for n, group in enumerate(found.groups()) if group)]
    return FileName(lesson, clean(f"{before} {after}").strip(AROUND), copies, number)


def _numbered(text: str, always: bool) -> tuple[str, int]:
    # "04_scores_and_scaling 2" is a copy, "04_scores_and_scaling_group_2" is not.
    found = NUMBER.search(text) if always else NUMBER.fullmatch(text)
    if not found or COPY.search(text):
        return text, 0
    return text[: found.start()], int(found[1])


def _without_copies(text: str) -> tuple[str, bool]:
    shorter = COPY.sub("", text)
    while shorter != text:
        if COPY.sub("", shorter) == shorter:
            return shorter, True
        text, shorter = shorter, COPY.sub("", shorter)
    return text, False


def stem_of(part: str) -> str:
    """Give a name without .ipynb or .zip."""
    return re.sub(r"\.zip$", "", NOTEBOOK.sub("", part), flags=re.I)


def from_system(part: str) -> re.Match[str] | None:
    """Match the name of a file or folder that a learning system gave out."""
    found = MOODLE.fullmatch(part) or GRADESCOPE.fullmatch(part) or CANVAS.fullmatch(part)
    # Years and days look like ids, but no learner is called as a lesson.
    return None if found and LESSON.search(found.groupdict().get("name") or "") else found


def file_name_of(place: Place) -> FileName:
    """Take apart a file's name as the learner had it."""
    name = place.parts[-1]
    found = from_system(name) if len(place.parts) == 1 else None
    if found is None:
        return read_file_name(name)
    return read_file_name(found.groupdict().get("rest") or name, found.re is CANVAS)


def people_of(place: Place, teams: Mapping[str, list[Person]]) -> list[Person]:
    """Tell who handed in a file. teams: people by Gradescope's folder, if its list is there."""
    # Further in, names are the learner's own and could be anybody's.
    found = from_system(place.parts[0])
    if not found:
        return [_by_name(place)]
    if found.re is GRADESCOPE:
        ids = {"gradescope_submission": found["user"]}
        return teams.get(place.parts[0]) or [Person(found[0], found[0], ids)]
    if found.re is MOODLE:
        ids = {"moodle_participant": found["user"]} if found["user"] else {}
        name = clean(found["name"]) or NAMELESS
        return [Person(f"moodle {found['user'] or name}", name, ids)]
    name, user = found["name"] or "", found["user"] or found["anonymous"]
    ids = {"canvas_user": user, "canvas_file": found["file"]}
    return [Person(f"canvas {user}", clean(name) or user, ids)]


def _by_name(place: Place) -> Person:
    for part in place.parts[:-1]:
        if part.casefold() == COURSE_FOLDER:
            return Person("", "")
        file = read_file_name(stem_of(part))
        if not file.lesson:
            return Person(f"named {stem_of(part)}", clean(stem_of(part)) or NAMELESS)
        if file.rest:
            return Person(f"named {file.rest}", file.rest)
    name = read_file_name(place.parts[-1]).rest
    return Person(f"named {name}", name) if name else Person("", "")

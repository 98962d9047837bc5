"""Down to the level where learners' own folders and files begin."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from qkv_course.grading.naming import COURSE_FOLDER, from_system, read_file_name, stem_of
from qkv_course.grading.places import MAX_DEPTH, Found, Place

# nbgrader keeps submitted/<learner>/<assignment>/<notebook>.ipynb, beside folders of its own.
NBGRADER = "submitted"


def unwrap(found: Found, root: str) -> bool:
    """Take folders around the learners' off the places' parts.

    root: the name of what was searched. Returns whether it is nbgrader's tree.
    """
    if root.casefold() == NBGRADER:
        return True
    for _ in range(MAX_DEPTH):
        tops = {place.parts[0] for place in found.notebooks if len(place.parts) > 1}
        submitted = {top for top in tops if top.casefold() == NBGRADER}
        if any(p.parts[0] in submitted and len(p.parts) > 3 for p in found.notebooks):
            _enter(found, submitted)
            return True
        if not tops or any(len(place.parts) == 1 for place in found.notebooks):
            return False
        if not _are_exports(found.notebooks) and not _is_wrapper(found.notebooks):
            return False
        _enter(found, tops)
    return False


def _enter(found: Found, tops: Collection[str]) -> None:
    for places in (found.notebooks, found.others, found.lists):
        places[:] = [
            replace(place, parts=place.parts[1:])
            for place in places
            if len(place.parts) > 1 and place.parts[0] in tops
        ]


def _are_exports(notebooks: list[Place]) -> bool:
    """Tell whether each folder is what a learning system gave out, as one for each assignment."""
    # All of them, for one learner's folder can hold names that look like another's.
    tops = {place.parts[0] for place in notebooks}
    exports = {place.parts[0] for place in notebooks if from_system(place.parts[1])}
    return tops == exports and not any(map(from_system, tops))


def _is_wrapper(notebooks: list[Place]) -> bool:
    """Tell whether there is but one folder, and several learners' in it, at any depth."""
    for depth in range(MAX_DEPTH):
        names = {place.parts[depth] for place in notebooks}
        has_files = any(len(place.parts) == depth + 1 for place in notebooks)
        if any(from_system(name) or _is_of_one_learner(name) for name in names):
            return False
        if len(names) > 1:
            return depth == 1 or (depth > 1 and not has_files)
        if has_files:
            return False
    return False


def _is_of_one_learner(name: str) -> bool:
    """Tell whether a folder that holds such a file or folder is a learner's."""
    if name.casefold() == COURSE_FOLDER:
        return True
    file = read_file_name(stem_of(name))
    return bool(file.lesson and not file.rest)

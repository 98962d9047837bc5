"""Who handed in what, as Gradescope's export says."""

from __future__ import annotations

from typing import Any

import yaml

from qkv_course.grading.naming import Person
from qkv_course.grading.notebooks import UnreadableNotebook
from qkv_course.grading.places import Place, clean, read

MAX_LIST = 32 * 2**20
# Plain strings only: student numbers keep their zeros, and a bad date costs nothing.
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def read_teams(place: Place) -> dict[str, list[Person]] | None:
    """Read submission_metadata.yml: who handed in each folder, a team being several.

    The keys are Ruby's symbols: ":submitters", and for each of these ":name", ":sid", ":email".
    Returns None if the file is damaged.
    """
    try:
        data = read(place)
        content = yaml.load(data, LOADER) if len(data) <= MAX_LIST else None
    except (UnreadableNotebook, yaml.YAMLError, ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    return {str(folder): _people(str(folder), entry) for folder, entry in content.items()}


def _people(folder: str, entry: Any) -> list[Person]:
    people = entry.get(":submitters") if isinstance(entry, dict) else None
    found = [_person(folder, p) for p in people or [] if isinstance(p, dict)]
    return [person for person in found if person is not None]


def _person(folder: str, entry: dict[Any, Any]) -> Person | None:
    texts = {key: clean(entry[f":{key}"]) for key in ("name", "sid", "email") if _is(entry, key)}
    name = texts.get("name") or texts.get("email") or texts.get("sid")
    if not name:
        return None
    ids = {key: texts[key] for key in ("sid", "email") if texts.get(key)}
    key = next(iter(ids.values()), f"{folder} {name}")
    ids["gradescope_submission"] = folder.removeprefix("submission_")
    return Person(f"gradescope {key}", name, ids)


def _is(entry: dict[Any, Any], key: str) -> bool:
    return isinstance(entry.get(f":{key}"), str)

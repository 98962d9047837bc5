"""Which learner is which row of another system's file."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qkv_course.grading.roster import Learner
    from qkv_course.grading.submissions import Submission

Person = Mapping[str, str]  # "id", "sis_id", "login", "email", "name": those that are known
KEYS = ("id", "sis_id", "login", "email", "name")  # the surest first
# What a submission's ids mean to the system that it came from.
MEANING = {"canvas_user": "id", "sid": "sis_id", "email": "email"}
Index = Mapping[str, Mapping[str, set[int]]]  # by key, and by a form of the value: the rows


def known_people(
    submissions: Iterable["Submission"], roster: Sequence["Learner"] = ()
) -> dict[str, Person]:
    """Give what is known of each learner, from where the submissions came from and the roster."""
    people: dict[str, dict[str, str]] = defaultdict(dict)
    for submission in submissions:
        known = {MEANING[k]: value for k, value in submission.ids.items() if k in MEANING}
        people[submission.learner].update(known)
    rows = [_on_roster(learner) for learner in roster]
    for name, i in match(people, people, rows)[0].items():
        people[name] = {**rows[i], **people[name]}
    return dict(people)


def _on_roster(learner: "Learner") -> dict[str, str]:
    # Moodle's grading worksheet numbers participants, which nothing else in Moodle knows.
    ids = [i for i in learner.ids if not i.casefold().startswith("participant")]
    known = {"name": learner.name, "login": learner.login, "email": learner.email}
    if ids:
        known |= {"id": ids[0], "sis_id": ids[-1]}  # Canvas has both, others one
    return {key: value for key, value in known.items() if value}


def match(
    learners: Iterable[str], people: Mapping[str, Person], rows: Sequence[Person]
) -> tuple[dict[str, int], list[str]]:
    """Find each learner's row.

    people: what is known of a learner; the learner's own name is compared with everything.
    Returns the index of the row by learner, and a sentence on each learner who has none: one
    who fits two rows, and two who fit one row equally well, get none rather than a wrong one.
    """
    index = _index(rows)
    fits = {name: _best_fit(name, people.get(name, {}), index) for name in sorted(learners)}
    claims: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for name, (rank, found) in fits.items():
        if len(found) == 1:
            claims[min(found)].append((rank, name))
    matched = {}
    for row, claimants in claims.items():
        surest = min(claimants)[0]
        if [rank for rank, _ in claimants].count(surest) == 1:
            matched[min(claimants)[1]] = row
    return matched, [_why(name, fits[name], claims) for name in fits if name not in matched]


def _index(rows: Sequence[Person]) -> Index:
    index: dict[str, dict[str, set[int]]] = {key: defaultdict(set) for key in (*KEYS, "local")}
    for i, row in enumerate(rows):
        for key in KEYS:
            for form in _forms(key, row.get(key, "")):
                index[key][form].add(i)
        for address in (row.get("login", ""), row.get("email", "")):
            for form in _forms("local", address.partition("@")[0]):
                index["local"][form].add(i)
    return index


def _best_fit(learner: str, person: Person, index: Index) -> tuple[int, set[int]]:
    """Give how sure the surest fit is (0: the surest), and the rows that fit."""
    known = [(key, person.get(key, "")) for key in KEYS]
    tries = [*known, *((key, learner) for key in (*KEYS, "local"))]
    for rank, (key, value) in enumerate(tries):
        rows = {i for form in _forms(key, value) for i in index[key].get(form, ())}
        if rows:
            return rank, rows
    return len(tries), set()


def _forms(key: str, value: str) -> set[str]:
    """Give the forms in which two values may agree."""
    text = unicodedata.normalize("NFKC", value).casefold().strip()
    words = re.findall(r"\w+", text)
    if key == "name":  # "Lovelace, Ada", "Ada Lovelace", and "lovelaceada" in Canvas's file names
        return {"".join(words), "".join(sorted(words))} - {""}
    return {text} - {""}


def _why(learner: str, fit: tuple[int, set[int]], claims: Mapping[int, Sequence[object]]) -> str:
    rows = fit[1]
    if not rows:
        return f"{learner}: no row fits."
    if len(rows) > 1:
        return f"{learner}: {len(rows)} rows fit."
    others = len(claims[min(rows)]) - 1
    return f"{learner}: the row that fits also fits {others} other{'s' * (others > 1)}."

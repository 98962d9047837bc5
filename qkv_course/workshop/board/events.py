"""What a learner's computer tells the board: one closed record, whose every field is checked."""

import re
from dataclasses import asdict, dataclass
from typing import Any

from qkv_course.errors import QkvError
from qkv_course.progress import ATTEMPTS, STATUSES
from qkv_course.workshop.board.catalogue import Catalogue

NEED_HELP, ALL_GOOD = "need help", "all good"
FLAGS = frozenset({NEED_HELP, ALL_GOOD})
FAILED = ATTEMPTS - {"passed"}
FIELDS = ("id", "exercise", "status", "attempt", "time", "mistake")
ID = re.compile(r"[0-9a-f]{32}")
MOST_EVENTS = 100  # in one request
FARTHEST = 1e11  # seconds: a time beyond it is none


class BadEvent(QkvError, ValueError):
    """An event that the board does not take. The message says why."""


@dataclass(frozen=True)
class Event:
    """One check, or a flag that goes up or down.

    id: 128 random bits as hex digits, drawn by the learner's side, so that sending again is
        harmless. exercise: its name; "" only for a flag that belongs to none.
    status: as in a report, or "need help" or "all good". attempt: which it was, from 1; 0 for a
        stub or a flag. time: seconds since 1970, by the learner's clock.
    mistake: the slug of the named mistake, or None.
    """

    id: str
    exercise: str
    status: str
    attempt: int
    time: float
    mistake: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def read_event(given: object, catalogue: Catalogue) -> Event:
    """Take an event from decoded JSON. Raises BadEvent."""
    if not isinstance(given, dict):
        raise BadEvent("An event is an object with named fields.")
    if set(given) != set(FIELDS):
        odd = sorted(map(str, set(given) ^ set(FIELDS)))
        raise BadEvent(f"An event has the fields {', '.join(FIELDS)}. At odds: {odd!r:.200}.")
    event = Event(**given)
    if not (isinstance(event.id, str) and ID.fullmatch(event.id)):
        raise BadEvent("An event's id is 32 hex digits, in lower case.")
    if not isinstance(event.status, str) or event.status not in STATUSES | FLAGS:
        known = ", ".join(sorted(STATUSES | FLAGS))
        raise BadEvent(f"There is no status {event.status!r:.80}. There are: {known}.")
    _judge_numbers(event)
    _judge_names(event, catalogue)
    return event


def _judge_numbers(event: Event) -> None:
    if type(event.attempt) is not int or not 0 <= event.attempt < 100_000:
        raise BadEvent("An event's attempt is a whole number from 0 to 99999.")
    if type(event.time) not in (int, float) or not 0 <= event.time < FARTHEST:
        raise BadEvent("An event's time is in seconds since 1970.")


def _judge_names(event: Event, catalogue: Catalogue) -> None:
    if not isinstance(event.exercise, str):
        raise BadEvent("An event's exercise is a text.")
    if not (event.exercise in catalogue.lessons or (not event.exercise and event.status in FLAGS)):
        raise BadEvent(f"There is no exercise {event.exercise!r:.80} in the board's course.")
    if event.mistake is None:
        return
    slugs = catalogue.mistakes.get(event.exercise, {})
    if not isinstance(event.mistake, str) or event.mistake not in slugs:
        where = event.exercise or "no exercise"
        raise BadEvent(f"There is no mistake {event.mistake!r:.80} known for {where}.")
    if event.status not in FAILED:
        raise BadEvent(
            f"A mistake is named by a check that failed, not by one that {event.status}."
        )

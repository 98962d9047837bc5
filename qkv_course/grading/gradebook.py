"""The gradebook: a row for each learner and exercise, and totals with a row a learner."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from qkv_course.grading.exports.csv_safe import Field, csv_text
from qkv_course.grading.files import printable, write_whole
from qkv_course.grading.results import ExerciseResult, Result
from qkv_course.grading.tally import best, in_order, lessons_of, points_of, reading_order
from qkv_course.lessons import LESSONS

COLUMNS = (
    "learner",
    "lesson",
    "exercise",
    "points",
    "of",
    "status",
    "mistake",
    "seconds",
    "rung",
    "seed",
    "version",
    "source",
    "problem",
)
NO_SUBMISSION = "No submission was found."
# Excel takes a file without it for the old code page of the country; pandas, R and the
# spreadsheets that need no byte order mark skip it.
ENCODING = "utf-8-sig"

Row = dict[str, Field]


def write_gradebook(
    folder: Path, results: Iterable[Result], missing: Sequence[str] = ()
) -> list[Path]:
    """Write gradebook.csv, gradebook.json and totals.csv. Raises OSError.

    missing: names of learners on the roster who handed in nothing.
    """
    results = list(results)
    texts = {
        "gradebook.csv": gradebook_csv(results, missing).encode(ENCODING),
        "gradebook.json": gradebook_json(results, missing).encode(),
        "totals.csv": totals_csv(results, missing).encode(ENCODING),
    }
    for name, data in texts.items():
        write_whole(folder / name, data)
    return [folder / name for name in texts]


def gradebook_csv(results: Iterable[Result], missing: Sequence[str] = ()) -> str:
    """Write all rows as CSV that a spreadsheet opens safely."""
    rows = gradebook_rows(results, missing)
    return csv_text([COLUMNS, *([row[name] for name in COLUMNS] for row in rows)])


def gradebook_json(results: Iterable[Result], missing: Sequence[str] = ()) -> str:
    """Write the same rows as JSON, unchanged."""
    text = json.dumps(gradebook_rows(results, missing), indent=1, ensure_ascii=False)
    return printable(text) + "\n"


def totals_csv(results: Iterable[Result], missing: Sequence[str] = ()) -> str:
    """Write one row a learner: points by lesson, their sum, and how many there are to win.

    A lesson that was not handed in, or could not be read, is empty.
    """
    results = list(results)
    lessons, learners = lessons_of(results), best(results)
    full = sum(points_of(lesson) for lesson in lessons)
    rows: list[list[Field]] = [["learner", *lessons, "total", "of"]]
    for learner in sorted({*learners, *missing}, key=reading_order):
        done = learners.get(learner, {})
        cells: list[Field] = [done[n].points if n in done else "" for n in lessons]
        rows.append([learner, *cells, sum(r.points for r in done.values()), full])
    return csv_text(rows)


def gradebook_rows(results: Iterable[Result], missing: Sequence[str] = ()) -> list[Row]:
    """Give the rows, sorted by learner, lesson and exercise."""
    rows = [row for result in in_order(results) for row in _rows(result)]
    rows += [_absent(learner) for learner in missing]
    return sorted(rows, key=lambda row: reading_order(str(row["learner"])))  # a stable sort


def _rows(result: Result) -> list[Row]:
    names: Mapping[str, Any] = LESSONS.get(result.lesson, {})
    order = {name: i for i, name in enumerate(names)}
    exercises = sorted(result.exercises, key=lambda e: (order.get(e.exercise, 99), e.exercise))
    if not exercises:
        return [{**_common(result), "of": points_of(result.lesson), "status": "not graded"}]
    return [{**_common(result), **_of_exercise(e)} for e in exercises]


def _common(result: Result) -> Row:
    return {
        "learner": result.learner,
        "lesson": result.lesson,
        "exercise": "",
        "points": 0,
        "of": "",
        "status": "",
        "mistake": "",
        "seconds": round(result.seconds, 3),
        "rung": result.rung,
        "seed": result.seed,
        "version": result.version,
        "source": result.source,
        "problem": result.problem,
    }


def _of_exercise(exercise: ExerciseResult) -> Row:
    return {
        "exercise": exercise.exercise,
        "points": exercise.points,
        "of": exercise.of_points,
        "status": exercise.status,
        "mistake": exercise.mistake,
        "seconds": round(exercise.seconds, 3),
    }


def _absent(learner: str) -> Row:
    row: Row = dict.fromkeys(COLUMNS, "")
    return {**row, "learner": learner, "status": "no submission", "problem": NO_SUBMISSION}

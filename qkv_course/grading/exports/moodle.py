"""Moodle: a CSV for each lesson, for Grades, Import, CSV file.

What Moodle reads is in moodle, grade/import/csv/classes/load_data.php.
"""

from collections.abc import Iterable
from html import escape

from qkv_course.grading.exports.csv_safe import csv_text, defused
from qkv_course.grading.exports.grades import (
    BadExport,
    Export,
    Grade,
    Options,
    grades_by_lesson,
    not_graded,
    number_text,
)
from qkv_course.grading.exports.people import Person
from qkv_course.grading.results import Result

IDENTITY = {"email": "email", "idnumber": "sis_id", "username": "login"}  # column: what it holds
HIGHEST = 100  # Moodle refuses a higher grade, and the whole file with it


def write(results: Iterable[Result], options: Options) -> Export:
    """Write a file a lesson, with those learners who have a grade in it.

    An empty grade would take away the one that is there. Raises BadExport.
    """
    results = list(results)
    grades = grades_by_lesson(results, options)
    learners = {grade.learner for column in grades.values() for grade in column}
    people, left_out = _people(learners, options)
    files, notes = {}, []
    for lesson, column in grades.items():
        known = [grade for grade in column if grade.learner in people]
        if known:
            title = options.columns.get(lesson, lesson)
            files[f"moodle_{lesson}.csv"] = _file(known, title, people, options)
            notes.append(_which_column(lesson, [people[grade.learner] for grade in known]))
    return Export(files, (*left_out, *not_graded(results)), tuple(notes))


def _people(learners: Iterable[str], options: Options) -> tuple[dict[str, Person], list[str]]:
    """Find out how Moodle knows each learner; an unknown one would stop the whole import."""
    usable, left_out = {}, []
    for learner in sorted(learners):
        person = options.people.get(learner, {})
        values = [person.get(key, "") for key in IDENTITY.values()]
        if not any(values):
            left_out.append(f"{learner}: no e-mail address, ID number or username is known.")
        elif any(defused(value) != value for value in values):
            left_out.append(f"{learner}: a spreadsheet would run their address as a formula.")
        else:
            usable[learner] = person
    return usable, left_out


def _file(grades: list[Grade], title: str, people: dict[str, Person], options: Options) -> str:
    rows: list[list[str | float]] = [[*IDENTITY, title, f"{title} (feedback)"]]
    for grade in grades:
        points = grade.scaled(options.out_of) if options.scaled else grade.points
        if points > HIGHEST:
            raise BadExport(
                f"{grade.learner} has {number_text(points)} points, and Moodle takes at most "
                f"{HIGHEST}. Ask for scaled points."
            )
        person = people[grade.learner]
        identity = [person.get(key, "") for key in IDENTITY.values()]
        rows.append([*identity, number_text(points), _feedback(grade)])
    return csv_text(rows)


def _feedback(grade: Grade) -> str:
    """Sum up the results, in the course's own words; Moodle shows them as HTML."""
    headlines = [e.headline or e.exercise for r in grade.results for e in r.exercises]
    return escape("; ".join(headlines), quote=False)


def _which_column(lesson: str, people: list[Person]) -> str:
    """Say which columns name everybody: Moodle finds users by one only."""
    whole = [name for name, key in IDENTITY.items() if all(p.get(key) for p in people)]
    if whole:
        return f"{lesson}: in Moodle, map users from {' or '.join(whole)}."
    return f"{lesson}: no column names everybody, and Moodle skips a row where its column is empty."

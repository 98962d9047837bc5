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
    number_text,
)
from qkv_course.grading.exports.moodle_people import people_in
from qkv_course.grading.exports.people import Person, match
from qkv_course.grading.files import file_name
from qkv_course.grading.results import Result

IDENTITY = {"email": "email", "idnumber": "sis_id", "username": "login"}  # column: what it holds
HIGHEST = 100  # Moodle refuses a higher grade, and the whole file with it


def write(results: Iterable[Result], options: Options) -> Export:
    """Write a file a lesson, with those learners who have a grade in it.

    An empty grade would take away the one that is there. Raises BadExport.
    """
    grades = grades_by_lesson(results, options)
    learners = {grade.learner for column in grades.values() for grade in column}
    people, left_out = _people(learners, options)
    files, notes = {}, []
    for lesson, column in grades.items():
        known = [grade for grade in column if grade.learner in people]
        title = options.columns.get(lesson, lesson)
        files[f"moodle_{file_name(title, '.csv')}"] = _file(known, title, people, options)
        notes += _which_column(lesson, [people[grade.learner] for grade in known])
    return Export(files, tuple(left_out), tuple(notes))


def _people(learners: set[str], options: Options) -> tuple[dict[str, Person], list[str]]:
    """Find out how Moodle knows each learner; an unknown one would stop the whole import."""
    people: dict[str, Person] = dict(options.people)
    left_out: list[str] = []
    if options.template:
        rows = people_in(options.template)
        matched, left_out = match(learners, options.people, rows)
        people = {learner: rows[i] for learner, i in matched.items()}
        learners = set(matched)
    usable = {}
    for learner in sorted(learners):
        person = people.get(learner, {})
        values = [person.get(key, "") for key in IDENTITY.values()]
        if not any(values):
            left_out.append(f"{learner}: no e-mail address, ID number or username is known.")
        elif any(defused(value) != value for value in values):
            left_out.append(f"{learner}: a spreadsheet would run the address as a formula.")
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


def _which_column(lesson: str, people: list[Person]) -> list[str]:
    """Say which columns name everybody: Moodle finds users by one only."""
    whole = [c for c, key in IDENTITY.items() if people and all(p.get(key) for p in people)]
    if whole or not people:
        return [f"{lesson}: map users from {' or '.join(whole)}."] if whole else []
    return [
        f"{lesson}: no one column names everybody. Moodle skips rows where its column is empty."
    ]

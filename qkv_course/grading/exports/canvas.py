"""Canvas: the gradebook file that Canvas exported, with the grades filled in."""

from collections.abc import Iterable

from qkv_course.grading.exports.canvas_table import Table, read
from qkv_course.grading.exports.grades import (
    Export,
    Grade,
    Options,
    grades_by_lesson,
    not_graded,
    number_text,
)
from qkv_course.grading.exports.people import match
from qkv_course.grading.results import Result

# Canvas's marks for a student who has no grade here, and why.
SET_ASIDE = {"EX": "is excused in Canvas", "N/A": "does not have this assignment in Canvas"}


def write(results: Iterable[Result], options: Options) -> Export:
    """Fill in the file; only the students' columns and those that are filled stay in it.

    Other columns would write old grades over what was changed in Canvas since the export.
    Rows are never added; a learner without a row is listed. Raises BadExport.
    """
    results = list(results)
    grades = grades_by_lesson(results, options)
    table = read(options.template)
    columns = {n: table.find_column(options.columns.get(n, n)) for n in grades}
    learners = {grade.learner for column in grades.values() for grade in column}
    matched, left_out = match(learners, options.people, table.people())
    notes: list[str] = []
    for lesson, column in columns.items():
        notes += _worth_note(table, column, grades[lesson], options)
        for grade in grades[lesson]:
            if grade.learner in matched:
                row = table.students[matched[grade.learner]]
                left_out += _fill(table, row, column, grade, options)
    return Export(
        {"canvas.csv": table.text([*columns.values()])},
        (*left_out, *not_graded(results)),
        tuple(notes),
    )


def _fill(table: Table, row: list[str], column: int, grade: Grade, options: Options) -> list[str]:
    """Put a grade into its cell, or say why it stays as it is."""
    reason = SET_ASIDE.get(row[column].strip().upper())
    if reason:
        return [f"{grade.learner}: {reason} ({table.header[column]}), and stays so."]
    worth = table.points_possible(column)
    points = grade.scaled(options.out_of if worth is None else worth)
    row[column] = number_text(points if options.scaled else grade.points)
    return []


def _worth_note(table: Table, column: int, grades: list[Grade], options: Options) -> list[str]:
    if options.scaled or not grades or table.points_possible(column) == grades[0].of_points:
        return []
    worth = table.worth[column].strip() or "nothing"
    return [
        f"{grades[0].lesson} has {number_text(grades[0].of_points)} points, and "
        f"{table.header[column]} is worth {worth} in Canvas: the grades are the raw points. "
        "Ask for scaled ones, or change what it is worth in Canvas."
    ]

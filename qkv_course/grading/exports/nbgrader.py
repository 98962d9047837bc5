"""nbgrader: the grades.csv that `nbgrader export` writes (nbgrader/plugins/export.py)."""

from collections.abc import Iterable

from qkv_course.grading.exports.csv_safe import Field, csv_text
from qkv_course.grading.exports.grades import Export, Grade, Options, grades_by_lesson
from qkv_course.grading.results import Result
from qkv_course.grading.tally import points_of

COLUMNS = (
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
)


def write(results: Iterable[Result], options: Options) -> Export:
    """Write one row for each assignment and learner; like nbgrader, 0 without a submission.

    Raises BadExport.
    """
    results = list(results)
    learners = sorted({result.learner for result in results} | set(options.people))
    rows: list[list[Field]] = [list(COLUMNS)]
    for lesson, column in grades_by_lesson(results, options).items():
        by_learner = {grade.learner: grade for grade in column}
        for learner in learners:
            rows.append(_row(learner, lesson, column, by_learner.get(learner), options))
    return Export({"grades.csv": csv_text(rows)})


def _row(
    learner: str, lesson: str, column: list[Grade], grade: Grade | None, options: Options
) -> list[Field]:
    person = options.people.get(learner, {})
    last, _, first = person.get("name", "").partition(", ")
    if not first:
        first, _, last = person.get("name", "").rpartition(" ")
    full = column[0].of_points if column else points_of(lesson)
    worth = float(options.out_of if options.scaled else full)
    points = 0.0
    if grade is not None:
        points = float(grade.scaled(options.out_of) if options.scaled else grade.points)
    name = options.columns.get(lesson, lesson)
    student = person.get("login") or learner
    email = person.get("email", "")
    return [name, "", "", student, last, first, email, points, 0.0, points, worth]

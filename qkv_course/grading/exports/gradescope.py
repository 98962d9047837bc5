"""Gradescope: the results.json of its autograder, one for a learner."""

import json
from collections.abc import Iterable
from typing import Any

from qkv_course.grading.exports.grades import Export, Grade, Options, grades_by_lesson
from qkv_course.grading.files import file_name, printable
from qkv_course.grading.results import ExerciseResult, Result


def write(results: Iterable[Result], options: Options) -> Export:
    """Write results.json, or one in gradescope/ for each learner if there are several.

    Every exercise is a test. Scaled: the score is out of `options.out_of`. Raises BadExport.
    """
    results = list(results)
    by_learner: dict[str, list[Grade]] = {result.learner: [] for result in results}
    for column in grades_by_lesson(results, options).values():
        for grade in column:
            by_learner[grade.learner].append(grade)
    files = {}
    for learner, grades in sorted(by_learner.items()):
        own = [result for result in results if result.learner == learner]
        name = (
            f"gradescope/{file_name(learner, '.json')}" if len(by_learner) > 1 else "results.json"
        )
        files[name] = _text(grades, own, options)
    return Export(files)


def _text(grades: list[Grade], submitted: list[Result], options: Options) -> str:
    graded = {result.source: result for grade in grades for result in grade.results}
    points, full = (
        sum(grade.points for grade in grades),
        sum(grade.of_points for grade in grades),
    )
    if options.scaled:
        points = round(points * options.out_of / full, 2) if full else 0.0
    data = {
        "score": points,
        "execution_time": round(sum(result.seconds for result in submitted), 2),
        "output": "\n".join(_lines(submitted)),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "tests": [_test(r, e) for r in graded.values() for e in r.exercises],
        "extra_data": {r.lesson: _provenance(r) for r in graded.values()},
    }
    return printable(json.dumps(data, indent=1, ensure_ascii=False)) + "\n"


def _lines(results: list[Result]) -> list[str]:
    """Say what could not be read, and what else is worth knowing."""
    lines = [f"{r.lesson or r.source}: {r.problem}" for r in results if r.problem]
    return lines + [f"{r.lesson}: {note}" for r in results for note in r.notes]


def _test(result: Result, exercise: ExerciseResult) -> dict[str, Any]:
    number = [e.exercise for e in result.exercises].index(exercise.exercise) + 1
    return {
        "name": exercise.exercise,
        "number": f"{result.lesson[:2]}.{number}",
        "score": exercise.points,
        "max_score": exercise.of_points,
        "status": "passed" if exercise.passed else "failed",
        "output": exercise.text or exercise.headline,
        "tags": [tag for tag in (result.lesson, exercise.mistake) if tag],
        "visibility": "visible",
    }


def _provenance(result: Result) -> dict[str, Any]:
    return {
        "seed": result.seed,
        "isolation": result.rung,
        "version": result.version,
        "digest": result.digest,
    }

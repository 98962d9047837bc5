"""What a learner's code may use while it is graded holds no answers, and all that it needs."""

import ast
import inspect
import textwrap
from functools import cache
from pathlib import Path

import pytest

import qkv_course
from qkv_course.grading.given import COMMON, answers_of, given
from qkv_course.lessons import LESSONS, exercise_names, find_exercise, import_lesson, lesson_of

ORDER = list(LESSONS)
SHORT = 20  # characters, of a line that could stand anywhere
# Of one short line each; their names are looked for all the same.
WITHOUT = ["dot", "mix", "similarity", "project", "weighted_sum"]


def is_earlier(name: str, lesson: str) -> bool:
    return ORDER.index(lesson_of(name)) < ORDER.index(lesson)


def sources(lesson: str) -> dict[str, str]:
    return {**COMMON, **given(lesson)}


def statements(source: str) -> set[str]:
    """List the simple statements of a source, all written in one way."""
    tree = ast.parse(source)
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.Return | ast.Expr):
            text = ast.unparse(node)
            if not isinstance(getattr(node, "value", None), ast.Constant):
                found.add(text)
    return found


def defined(source: str) -> set[str]:
    kinds = ast.FunctionDef | ast.ClassDef
    return {node.name for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)}


@cache
def lines_of(name: str) -> frozenset[str]:
    """List the statements of a reference that are long enough to be its own."""
    source = textwrap.dedent(inspect.getsource(find_exercise(name).reference))
    return frozenset(text for text in statements(source) if len(text) >= SHORT)


@cache
def distinctive(name: str) -> frozenset[str]:
    """List the statements of a reference that no earlier one has."""
    earlier = (lines_of(other) for other in exercise_names() if is_earlier(other, lesson_of(name)))
    return lines_of(name).difference(*earlier)


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_answer_of_this_lesson_or_a_later_one_is_given(lesson: str) -> None:
    for module, source in sources(lesson).items():
        for name in exercise_names():
            if not is_earlier(name, lesson):
                assert name not in defined(source), f"{module} defines {name}"
                assert not distinctive(name) & statements(source), f"{module} has lines of {name}"


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_wrong_answer_of_a_check_is_given_either(lesson: str) -> None:
    wrong = [m.broken for e in import_lesson(lesson).EXERCISES for m in e.mistakes]
    for module, source in sources(lesson).items():
        for function in wrong:
            assert f'"""{function.__doc__}"""' not in source, f"{module} has {function.__name__}"


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_functions_of_earlier_lessons_are_given(lesson: str) -> None:
    library = set().union(*map(defined, given(lesson).values()))
    attention = Path(qkv_course.__file__).parent / "attention"
    for name in exercise_names():
        reference = find_exercise(name).reference
        in_library = Path(inspect.getfile(reference)).parent == attention
        if is_earlier(name, lesson) and in_library:
            assert name in library
            assert lines_of(name) <= set().union(*map(statements, given(lesson).values()))


def test_every_exercise_has_a_line_by_which_it_would_be_found() -> None:
    """Else the tests above would pass without looking for anything."""
    without = [name for name in exercise_names() if not distinctive(name)]
    assert without == WITHOUT


@pytest.mark.parametrize("lesson", LESSONS)
def test_what_is_given_stands_by_itself(lesson: str) -> None:
    """Every name that a module imports from the course is given as well."""
    all_given = sources(lesson)
    for module, source in all_given.items():
        compile(source, module, "exec")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("qkv_course"):
                assert node.module in all_given, f"{module} imports {node.module}"


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_text_of_the_course_says_what_an_answer_is(lesson: str) -> None:
    """Hints, cases and questions stay where they are."""
    for module, source in sources(lesson).items():
        assert "exercises" not in module
        for exercise in import_lesson(lesson).EXERCISES:
            for hint in exercise.hints:
                assert hint.splitlines()[0] not in source, module


def test_answers_are_those_of_the_lesson_and_of_all_after_it() -> None:
    assert answers_of("00_start_here") == frozenset(exercise_names())
    assert "softmax" in answers_of("05_softmax")
    assert "attention" in answers_of("05_softmax")
    assert "attention_scores" not in answers_of("05_softmax")

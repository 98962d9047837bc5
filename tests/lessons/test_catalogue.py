"""The catalogue of exercises keeps its word: right passes, every mistake is caught and named."""

import inspect

import numpy as np
import pytest

from qkv_course.checks import Exercise, Mistake, evaluate
from qkv_course.checks.arguments import arrays_in
from qkv_course.checks.calls import LiveTarget
from qkv_course.checks.compare import Trial
from qkv_course.checks.run import draw_cases, right_answer, safe_problem
from qkv_course.lessons import LESSONS, exercise_names, find_exercise, import_lesson

SEEDS = (1, 2, 3)
EXERCISES = [find_exercise(name) for name in exercise_names()]
MISTAKES = [(e, m) for e in EXERCISES for m in e.mistakes]
QUESTIONS = [q for lesson in LESSONS for q in import_lesson(lesson).QUESTIONS]

each_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.name)
each_mistake = pytest.mark.parametrize(
    ("exercise", "mistake"), MISTAKES, ids=[f"{e.name}-{m.name}" for e, m in MISTAKES]
)


@each_exercise
@pytest.mark.parametrize("seed", SEEDS)
def test_reference_passes(exercise: Exercise, seed: int) -> None:
    report = evaluate(exercise.name, exercise.reference, seed)
    assert report.passed, str(report)
    assert not report.remark, "the course's own solution needs no remark"


@each_mistake
@pytest.mark.parametrize("seed", SEEDS)
def test_mistake_is_caught_and_named(exercise: Exercise, mistake: Mistake, seed: int) -> None:
    report = evaluate(exercise.name, mistake.broken, seed)
    assert not report.passed
    assert report.mistake is not None, f"not named:\n{report}"
    assert report.mistake.name in (mistake.name, *mistake.same_as)
    assert report.mistake.title in str(report)


@each_exercise
def test_at_least_three_mistakes_and_three_hints(exercise: Exercise) -> None:
    assert len(exercise.mistakes) >= 3
    names = [m.name for m in exercise.mistakes]
    assert len(set(names)) == len(names)
    assert len(exercise.hints) == 3 and len(set(exercise.hints)) == 3


@each_mistake
def test_mistake_explains_itself(exercise: Exercise, mistake: Mistake) -> None:
    assert len(mistake.why) > 40 and mistake.why.endswith((".", ")"))
    assert (
        mistake.title[0].islower() or not mistake.title[0].isalpha() or mistake.title[1].isupper()
    )
    assert mistake.try_next.endswith(".")
    known = {m.name for m in exercise.mistakes}
    assert set(mistake.same_as) <= known - {mistake.name}
    for other in mistake.same_as:
        assert mistake.name in exercise.find_mistake(other).same_as


@each_exercise
def test_some_mistake_slips_through_without_some_inputs(exercise: Exercise) -> None:
    """The check has inputs that it needs: without one group of them, a mistake would pass."""
    cases = draw_cases(exercise, seed=1)
    groups = {case.group for case in cases}
    for mistake in exercise.mistakes:
        target = LiveTarget(exercise.applied(mistake.broken))
        catching = {
            case.group
            for case in cases
            if safe_problem(
                exercise,
                Trial(case, target.call(case.args, case.awkward), right_answer(exercise, case)),
            )
        }
        if len(catching) == 1 or catching < groups:
            return
    pytest.fail("every mistake is caught by every group of inputs: are the others needed?")


@each_exercise
def test_inputs_are_fresh_and_repeatable(exercise: Exercise) -> None:
    one, again, other = (draw_cases(exercise, seed) for seed in (5, 5, 6))
    assert str([c.args for c in one]) == str([c.args for c in again])
    assert str([c.args for c in one]) != str([c.args for c in other])


@each_exercise
def test_both_precisions_and_awkward_arrays_are_tried(exercise: Exercise) -> None:
    arrays = [a for case in draw_cases(exercise, 1) for a in arrays_in(case.args)]
    if any(a.dtype.kind == "f" for a in arrays):
        assert {a.dtype.name for a in arrays} >= {"float32", "float64"}
        assert any(case.awkward for case in draw_cases(exercise, 1))


@each_exercise
def test_first_case_can_be_read(exercise: Exercise) -> None:
    first = draw_cases(exercise, 1)[0]
    assert sum(np.size(a) for a in first.args) <= 24


@each_exercise
def test_stub_tells_all(exercise: Exercise) -> None:
    """The docstring that the stub shows has the parameters, the result and an example."""
    doc = inspect.getdoc(exercise.reference) or ""
    assert "Returns" in doc and ">>>" in doc
    for parameter in inspect.signature(exercise.reference).parameters:
        assert parameter in doc


@pytest.mark.parametrize("lesson", LESSONS)
def test_lesson_has_three_questions_and_a_prediction(lesson: str) -> None:
    module = import_lesson(lesson)
    assert [(e.name, e.points) for e in module.EXERCISES] == list(LESSONS[lesson].items())
    assert sum(not q.prediction for q in module.QUESTIONS) >= 3
    assert any(q.prediction for q in module.QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.name)
def test_question_has_one_right_option_and_feedback_for_each(question) -> None:
    assert sum(o.right for o in question.options) == 1
    assert all(len(o.feedback) > 15 for o in question.options)
    assert len({o.text for o in question.options}) == len(question.options) >= 2

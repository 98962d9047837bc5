"""Checks: call a learner's function, compare what it does, and name the mistake."""

from qkv_course.checks.exercise import Case, Exercise, Mistake, mistake
from qkv_course.checks.notebook import check, evaluate, explain_missing_names, hint
from qkv_course.checks.question import Option, Question
from qkv_course.checks.questions import ask, predict, reveal
from qkv_course.checks.report import Report
from qkv_course.errors import CheckFailed

__all__ = [
    "Case",
    "CheckFailed",
    "Exercise",
    "Mistake",
    "Option",
    "Question",
    "Report",
    "ask",
    "check",
    "evaluate",
    "hint",
    "mistake",
    "predict",
    "reveal",
]

explain_missing_names()

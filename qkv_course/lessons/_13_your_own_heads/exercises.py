"""Lesson 13 is a project: its card is checked in the notebook, so there are only questions here."""

from qkv_course.checks.exercise import Exercise
from qkv_course.lessons._13_your_own_heads.questions import QUESTIONS

__all__ = ["EXERCISES", "QUESTIONS"]

EXERCISES: tuple[Exercise, ...] = ()

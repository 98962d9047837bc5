"""Lesson 11's questions and predictions."""

from qkv_course.checks.question import Question

QUESTIONS: tuple[Question, ...] = ()

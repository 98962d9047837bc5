"""Lesson 11: measures of heads, and an attention of one's own inside a pretrained model."""

from qkv_course.lessons._11_inside_a_real_transformer.measures import MEASURES
from qkv_course.lessons._11_inside_a_real_transformer.questions import QUESTIONS
from qkv_course.lessons._11_inside_a_real_transformer.real_model import REAL_MODEL

__all__ = ["EXERCISES", "QUESTIONS"]

EXERCISES = (*MEASURES, REAL_MODEL)

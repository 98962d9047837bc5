"""Lesson 11: measures of heads, and an attention of one's own inside a pretrained model."""

from qkv_course.lessons._11_inside_a_real_transformer.measures import MEASURES
from qkv_course.lessons._11_inside_a_real_transformer.questions import QUESTIONS

__all__ = ["EXERCISES", "QUESTIONS"]

EXERCISES = MEASURES

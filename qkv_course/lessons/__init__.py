"""The lessons: one folder each, named as its notebook with an underscore in front."""

import difflib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from qkv_course.errors import UnknownName

if TYPE_CHECKING:
    from qkv_course.checks.exercise import Exercise
    from qkv_course.checks.question import Question

# Names only, so that one exercise can be found without importing every lesson.
LESSONS: dict[str, tuple[str, ...]] = {
    "00_start_here": ("dot",),
    "01_from_recurrence_to_attention": ("rnn_states", "rnn_influence", "mix"),
    "02_lookup": ("hard_lookup", "similarity", "soft_lookup"),
    "03_projections": ("project", "qkv", "projection_parameters"),
    "04_scores_and_scaling": ("attention_scores", "scaled_scores", "score_std"),
    "05_softmax": ("softmax", "softmax_with_temperature", "entropy", "softmax_jacobian"),
    "06_context": ("weighted_sum", "attention", "self_attention", "sinusoidal_positions"),
    "07_masks": ("causal_mask", "padding_mask", "mask_scores", "masked_attention"),
    "08_many_heads": ("head_dim", "split_heads", "merge_heads", "multi_head_attention"),
    "09_in_pytorch": ("torch_attention", "MultiHeadAttention", "load_torch_weights"),
    "10_what_it_costs": (
        "attention_flops",
        "kv_cache_bytes",
        "decode_step",
        "grouped_query_attention",
        "streaming_attention",
    ),
}


def exercise_names() -> list[str]:
    """List all exercises, in the order of the lessons."""
    return [name for names in LESSONS.values() for name in names]


def lesson_of(name: str) -> str:
    """Find the lesson that holds an exercise. Raises UnknownName."""
    for lesson, names in LESSONS.items():
        if name in names:
            return lesson
    raise UnknownName(unknown(name, "exercise", exercise_names()))


def find_exercise(name: str) -> "Exercise":
    """Find an exercise by its function's name. Raises UnknownName."""
    exercises: tuple[Exercise, ...] = import_lesson(lesson_of(name)).EXERCISES
    return next(e for e in exercises if e.name == name)


def find_question(name: str) -> "Question":
    """Find a question or prediction by its name, which starts with its lesson's number.

    Raises UnknownName.
    """
    known: list[str] = []
    for lesson in LESSONS:
        if lesson[:2] == name[:2] or not name[:2].isdigit():
            questions: tuple[Question, ...] = import_lesson(lesson).QUESTIONS
            known += [q.name for q in questions]
            if name in known:
                return next(q for q in questions if q.name == name)
    raise UnknownName(unknown(name, "question", known))


def import_lesson(lesson: str):  # type: ignore[no-untyped-def]  # a module with EXERCISES and QUESTIONS
    """Import a lesson's exercises module."""
    return import_module(f"qkv_course.lessons._{lesson}.exercises")


def lesson_folder(lesson: str) -> Path:
    """Give the folder that holds a lesson's text and exercises."""
    return Path(__file__).parent / f"_{lesson}"


def unknown(name: str, kind: str, known: list[str]) -> str:
    """Say that a name is not known, with the nearest one or all there are."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if near:
        return f"There is no {kind} called {name!r}. Did you mean {near[0]}?"
    return f"There is no {kind} called {name!r}. There are: {', '.join(known)}."

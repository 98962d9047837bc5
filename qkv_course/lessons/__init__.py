"""The lessons: one folder each, named as its notebook with an underscore in front."""

import difflib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from qkv_course.errors import UnknownName

if TYPE_CHECKING:
    from qkv_course.checks.exercise import Exercise
    from qkv_course.checks.question import Question

# Names and points only, so that neither one exercise nor a learner's progress needs all lessons.
LESSONS: dict[str, dict[str, int]] = {
    "00_start_here": {"dot": 1},
    "01_from_recurrence_to_attention": {"rnn_states": 2, "rnn_influence": 1, "mix": 1},
    "02_lookup": {"hard_lookup": 1, "similarity": 1, "soft_lookup": 2},
    "03_projections": {"project": 1, "qkv": 1, "projection_parameters": 1},
    "04_scores_and_scaling": {"attention_scores": 2, "scaled_scores": 2, "score_std": 1},
    "05_softmax": {
        "softmax": 2,
        "softmax_with_temperature": 1,
        "entropy": 1,
        "softmax_jacobian": 2,
    },
    "06_context": {
        "weighted_sum": 1,
        "attention": 3,
        "self_attention": 2,
        "sinusoidal_positions": 2,
    },
    "07_masks": {"causal_mask": 1, "padding_mask": 1, "mask_scores": 1, "masked_attention": 3},
    "08_many_heads": {"head_dim": 1, "split_heads": 2, "merge_heads": 2, "multi_head_attention": 4},
    "09_in_pytorch": {"torch_attention": 2, "MultiHeadAttention": 4, "load_torch_weights": 2},
    "10_what_it_costs": {
        "attention_flops": 1,
        "kv_cache_bytes": 1,
        "decode_step": 2,
        "grouped_query_attention": 2,
        "streaming_attention": 3,
    },
    "11_inside_a_real_transformer": {
        "mean_entropy": 1,
        "sink_mass": 1,
        "offset_accuracy": 1,
        "head_accuracy": 2,
        "best_head": 1,
        "real_model": 3,
    },
    "12_watch_heads_learn": {
        "ablate_heads": 1,
        "head_importance": 1,
        "role_mass": 2,
        "choose_heads": 1,
    },
    "13_your_own_heads": {},
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

"""A little language of your own: fields filled from one list of words, in any order.

A passage has one word for each field, marked with the field's name, and some filler. The last word
asks for all fields at once. The same words can fill every field, so whoever blends them no longer
knows which word was whose: one position needs several things, and has to keep them apart.

>>> post = slots("post", fields="from to", words="Ann Ben Cem", filler="please dear")
>>> drawn = post.draw(2, np.random.default_rng(0))
>>> for words, answers in zip(drawn.words, drawn.answers):
...     print(" ".join(post.spelled(words)), post.answered(answers))
please to:Ben please from:Cem please => {'from': 'Cem', 'to': 'Ben'}
to:Ann please dear from:Ben please => {'from': 'Ben', 'to': 'Ann'}
"""

from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np

from qkv_course.errors import BadAnswer
from qkv_course.languages.passages import Language, Passages

Words = str | Sequence[str]

QUESTION = "=>"
FILLER = 3  # words of a passage that do not matter


def slots(name: str, fields: Words, words: Words, filler: Words) -> Language:
    """Make a language of fields.

    name: such as "orders". fields: their names. words: what can fill a field. filler: words that
    do not matter; three stand in each passage. Lists, or one str with spaces.
    Returns a language to train on. Raises BadAnswer.
    """
    if not isinstance(name, str) or not name:
        raise BadAnswer(f"name is {name!r}; give a text, such as 'orders'.")
    named, known, rest = (
        _listed("fields", fields),
        _listed("words", words),
        _listed("filler", filler),
    )
    _check(named, known, rest)
    pieces = [
        *[("", ""), (QUESTION, ""), *((word, "") for word in rest)],
        *[(word, f"{field}:") for field in named for word in known],
    ]
    return Language(
        name=name,
        vocabulary=tuple(mark + word for word, mark in pieces),
        length=len(named) + FILLER + 1,
        features=tuple(named),
        classes=(tuple(known),) * len(named),
        roles=tuple(named),
        draw=partial(_draw, len(named), len(known), len(rest)),
        pieces=tuple(pieces),
    )


def _draw(n_fields: int, n_words: int, n_filler: int, n: int, rng: np.random.Generator) -> Passages:
    answers = rng.integers(n_words, size=(n, n_fields))
    marked = 2 + n_filler + n_words * np.arange(n_fields) + answers
    filler = rng.integers(2, 2 + n_filler, size=(n, FILLER))
    order = np.argsort(rng.random((n, n_fields + FILLER)), axis=1)
    shuffled = np.take_along_axis(np.hstack([marked, filler]), order, axis=1)
    words = np.hstack([shuffled, np.ones((n, 1), dtype=shuffled.dtype)])  # 1: the question
    return Passages(words, answers=answers, roles=np.argsort(order, axis=1)[:, :n_fields])


def _listed(kind: str, words: Words) -> list[str]:
    if isinstance(words, str):
        return words.split()
    listed = list(words) if isinstance(words, Iterable) else [None]
    odd = [word for word in listed if not isinstance(word, str) or not word]
    if odd:
        seen = f"holds {odd[0]!r}" if isinstance(words, Iterable) else f"is {words!r}"
        raise BadAnswer(f"{kind} {seen}; give words in a list, or as one text with spaces.")
    return [str(word) for word in listed]


def _check(fields: list[str], words: list[str], filler: list[str]) -> None:
    for kind, listed, least in (("fields", fields, 2), ("words", words, 2), ("filler", filler, 1)):
        if len(listed) < least:
            raise BadAnswer(f"{kind} has {len(listed)}, and needs {least} or more.")
        twice = [word for word in listed if listed.count(word) > 1]
        if twice:
            raise BadAnswer(f"{twice[0]!r} stands in {kind} more than once.")
    taken = [word for word in filler if word in (*words, "", QUESTION)]
    if taken:
        raise BadAnswer(f"{taken[0]!r} cannot be filler: it means something here already.")

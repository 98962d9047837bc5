"""Tiny reviews: grammar, meaning and feeling, all read at one position.

A review is three pieces in any order, between ``<s>`` and ``=>``:

- a subject, singular or plural, maybe after a phrase in front (``near the lamps ,``), maybe with
  phrases behind (``under the chair``), whose nouns distract;
- a word of two meanings and a place that tells which, maybe with adverbs, in any order;
- ``was`` and an adjective, in 35 % negated; in 40 % with a ``she did not come`` beside it, half
  of the time with a negation that is none of the adjective's business.

At ``=>`` the reader says three things. *grammar*: is the subject singular or plural? It is the
one noun whose ``the`` follows no preposition. *semantics*: which word has which meaning (twelve
answers)? *sentiment*: is the feeling negative or positive? It is the adjective's, turned around
if a negation stands between ``was`` and the adjective. Who guesses is right in 1/2, 1/12 and 1/2;
who knows the word of two meanings, but not the place, in 1/2.

>>> drawn = draw(3, np.random.default_rng(2))
>>> for words, answers in zip(drawn.words, drawn.answers):
...     print(" ".join(REVIEWS.spelled(words)).strip())
...     print("  ", *REVIEWS.answered(answers).values())
<s> was very cold bat often today museum the chairs =>
   plural bat (club) negative
<s> museum bat behind the guest , the plate under the chairs was never tasty =>
   singular bat (club) negative
<s> near the chairs , the chair was stale market bass often =>
   singular bass (music) negative
"""

from collections.abc import Sequence

import numpy as np

from qkv_course.languages.passages import Language, Passages

START, END = "<s>", "=>"
SINGULAR = ("plate", "table", "chair", "lamp", "cook", "waiter", "guest", "garden")
PLURAL = tuple(f"{noun}s" for noun in SINGULAR)
PREPOSITIONS = ("near", "behind", "beside", "under")
MEANINGS = {  # out of doors, and among people
    "bank": ("shore", "money"),
    "bat": ("animal", "club"),
    "bass": ("fish", "music"),
    "crane": ("bird", "machine"),
    "mint": ("herb", "coins"),
    "seal": ("animal", "stamp"),
}
AMBIGUOUS = tuple(MEANINGS)
OUTDOORS = ("river", "forest", "meadow", "island", "cave", "lake")
PEOPLE = ("office", "factory", "theater", "city", "market", "museum")
ADVERBS = ("today", "again", "often", "here")
NEGATIVE = ("bland", "cold", "awful", "stale", "rude", "dull")
POSITIVE = ("tasty", "warm", "lovely", "fresh", "kind", "superb")
NEGATIONS = ("not", "never", "hardly")
DEGREES = ("really", "very", "quite", "so")
PRONOUNS = ("she", "they")
VOCABULARY = (
    *("", START, END, "the", "was", "did", "come", ","),
    *(*PRONOUNS, *SINGULAR, *PLURAL, *PREPOSITIONS, *AMBIGUOUS, *OUTDOORS, *PEOPLE),
    *(*ADVERBS, *NEGATIVE, *POSITIVE, *NEGATIONS, *DEGREES),
)
NUMBER = {word: number for number, word in enumerate(VOCABULARY)}
ROLES = ("subject", "context", "adjective", "ambiguous", "not")
NEGATED, ASIDE = 0.35, 0.4
LENGTH = 23
WIDEST = 12  # places in the widest piece, with all of its optional words

# While a review is put together, a word is one number: that of the word, plus SIZE times one more
# than its role. 0 is a place without a word.
SIZE = len(VOCABULARY)


def draw(n: int, rng: np.random.Generator) -> Passages:
    """Draw n reviews of up to 23 words, filled up on the left."""
    subject, plural = _subject(n, rng)
    pair, meaning = _word_and_place(n, rng)
    verdict, positive = _verdict(n, rng)
    pieces = np.zeros((n, 3, WIDEST), dtype=np.int64)
    for at, piece in enumerate((subject, pair, verdict)):
        pieces[:, at, : piece.shape[1]] = piece
    body = _shuffled(pieces, rng).reshape(n, -1)
    start, end = (np.full((n, 1), NUMBER[word]) for word in (START, END))
    marked = _close_up(np.hstack([start, body, end]))
    words, role = marked % SIZE, marked // SIZE - 1
    where = role[:, None, :] == np.arange(len(ROLES))[:, None]  # (n, n_roles, length)
    roles = np.where(where.any(axis=2), where.argmax(axis=2), -1)
    return Passages(words, np.stack([plural, meaning, positive], axis=1), roles)


def _subject(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A subject with its phrases (n, 12), and whether it is plural (n,)."""
    plural = rng.integers(2, size=n)
    noun = np.where(plural, _any(PLURAL, n, rng), _any(SINGULAR, n, rng))
    in_front = rng.random(n) < 0.4
    behind = np.where(in_front, rng.integers(2, size=n), rng.choice((0, 1, 1, 2), size=n))
    comma, the = np.where(in_front, NUMBER[","], 0), np.full(n, NUMBER["the"])
    front = [*_phrase(in_front, rng), comma]
    back = [*_phrase(behind > 0, rng), *_phrase(behind > 1, rng)]
    return np.stack([*front, the, _as("subject", noun), *back], axis=1), plural


def _phrase(there: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    n = len(there)
    words = (_any(PREPOSITIONS, n, rng), NUMBER["the"], _any(SINGULAR + PLURAL, n, rng))
    return [np.where(there, word, 0) for word in words]


def _word_and_place(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A word of two meanings, a place, and adverbs (n, 4), and which of twelve meanings (n,)."""
    which, among_people = rng.integers(len(AMBIGUOUS), size=n), rng.integers(2, size=n)
    word = _as("ambiguous", which + NUMBER[AMBIGUOUS[0]])
    place = np.where(among_people, _any(PEOPLE, n, rng), _any(OUTDOORS, n, rng))
    count = rng.integers(3, size=n)
    adverbs = [np.where(count > i, _any(ADVERBS, n, rng), 0) for i in range(2)]
    piece = np.stack([word, _as("context", place), *adverbs], axis=1)
    return _shuffled(piece, rng), 2 * which + among_people


def _verdict(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A feeling, maybe with what somebody did not do (n, 8), and whether it is positive (n,)."""
    good, negated = rng.integers(2, size=n), rng.random(n) < NEGATED
    adjective = np.where(good, _any(POSITIVE, n, rng), _any(NEGATIVE, n, rng))
    negation = np.where(negated, _as("not", _any(NEGATIONS, n, rng)), 0)
    degree = np.where(rng.random(n) < 0.5, _any(DEGREES, n, rng), 0)
    was = np.full(n, NUMBER["was"])
    feeling = np.stack([was, negation, degree, _as("adjective", adjective)], axis=1)
    both = np.stack([feeling, _aside(n, rng)], axis=1)
    return _shuffled(both, rng).reshape(n, -1), good ^ negated


def _aside(n: int, rng: np.random.Generator) -> np.ndarray:
    there, negated = rng.random(n) < ASIDE, rng.random(n) < 0.5
    negation = np.where(negated, _any(NEGATIONS, n, rng), 0)
    words = np.broadcast_arrays(_any(PRONOUNS, n, rng), NUMBER["did"], negation, NUMBER["come"])
    return np.where(there[:, None], np.stack(words, axis=1), 0)


def _any(words: Sequence[str], n: int, rng: np.random.Generator) -> np.ndarray:
    return np.array([NUMBER[word] for word in words])[rng.integers(len(words), size=n)]


def _as(role: str, word: np.ndarray) -> np.ndarray:
    return word + SIZE * (ROLES.index(role) + 1)


def _shuffled(pieces: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Put what stands along axis 1 into another order for each passage."""
    order = rng.random(pieces.shape[:2]).argsort(axis=1)
    return np.take_along_axis(pieces, order.reshape(*order.shape, *[1] * (pieces.ndim - 2)), axis=1)


def _close_up(marked: np.ndarray) -> np.ndarray:
    """Move the words together to the right; as many places are kept as the longest review has."""
    order = np.argsort(marked > 0, axis=1, kind="stable")
    return np.take_along_axis(marked, order, axis=1)[:, -LENGTH:]


REVIEWS = Language(
    name="reviews",
    vocabulary=VOCABULARY,
    length=LENGTH,
    features=("grammar", "semantics", "sentiment"),
    classes=(
        ("singular", "plural"),
        tuple(f"{word} ({meaning})" for word, two in MEANINGS.items() for meaning in two),
        ("negative", "positive"),
    ),
    roles=ROLES,
    draw=draw,
)

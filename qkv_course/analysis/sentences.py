"""Sentences with the words that belong together, in a notation that people can read and write."""

import re
from dataclasses import dataclass
from pathlib import Path

from qkv_course.errors import QkvError

OWN = Path(__file__).parents[1] / "data" / "sentences.txt"
WORD = re.compile(r"[^\W_]+|[^\w\s]|_")  # as the model's tokenizer: a punctuation mark is a word
EXAMPLE = "The old dog barked. | adjective: old > dog | subject: dog > barked"


class BadLabel(QkvError, ValueError):
    """A line that is not in the notation of labeled sentences, or a label that does not fit."""


@dataclass(frozen=True)
class Pair:
    """Two words of a sentence that belong together, by their positions from 0."""

    relation: str
    query: int
    key: int


@dataclass(frozen=True)
class Sentence:
    """A sentence and its labels.

    text: as typed. words: cut as the pretrained model cuts them. pairs: the labels.
    """

    text: str
    words: tuple[str, ...]
    pairs: tuple[Pair, ...]


def read_sentences(text: str) -> list[Sentence]:
    """Read labeled sentences, one a line: the sentence | relation: query > key, query > key | …

    Empty lines and lines that begin with # do not count. A word that stands more than once in its
    sentence has a number: the.2 is the second "the". Raises BadLabel, which counts lines from the
    first, but for an empty one behind the opening quotes.

    >>> read_sentences("The old dog barked. | adjective: old > dog")[0].pairs
    (Pair(relation='adjective', query=1, key=2),)
    """
    if not isinstance(text, str):
        raise BadLabel(
            f"The sentences are of type {type(text).__name__}; give them as one text, "
            f"with a line for each, as: {EXAMPLE}"
        )
    lines = text.splitlines()
    first = 0 if lines and not lines[0].strip() else 1
    numbered = enumerate(lines, start=first)
    found = [_sentence(line, i) for i, line in numbered if line.strip() and line.strip()[0] != "#"]
    if not found:
        raise BadLabel(f"There is no sentence here. Write one in each line, as: {EXAMPLE}")
    return found


def own_sentences() -> list[Sentence]:
    """Give the course's own labeled sentences: grammar, semantics and sentiment."""
    return read_sentences(OWN.read_text("utf-8"))


def relations_of(sentences: list[Sentence]) -> list[str]:
    """List the relations that are labeled, in the order in which they first come up."""
    return list(dict.fromkeys(pair.relation for s in sentences for pair in s.pairs))


def _sentence(line: str, at: int) -> Sentence:
    text, *parts = (part.strip() for part in line.split("|"))
    words = tuple(WORD.findall(text))
    if not words:
        raise BadLabel(f"Line {at} has no sentence in front of its first |. Write: {EXAMPLE}")
    if not any(parts):
        raise BadLabel(f"Line {at} has no label: nothing stands behind a |. Write: {EXAMPLE}")
    pairs = [pair for part in parts for pair in _pairs(part, words, at)]
    twice = next((pair for pair in pairs if pairs.count(pair) > 1), None)
    if twice:
        named = f"{twice.relation}: {words[twice.query]} > {words[twice.key]}"
        raise BadLabel(f"Line {at} has a label twice, {named}. It would count twice.")
    return Sentence(text, words, tuple(pairs))


def _pairs(part: str, words: tuple[str, ...], at: int) -> list[Pair]:
    relation, colon, labels = part.partition(":")
    if not colon or not relation.strip() or not labels.strip():
        raise BadLabel(
            f"Line {at}: {part!r} is no label. "
            "Write the relation, a colon, and pairs of words: adjective: old > dog"
        )
    return [_pair(relation.strip(), label, words, at) for label in labels.split(",")]


def _pair(relation: str, label: str, words: tuple[str, ...], at: int) -> Pair:
    names = [name.strip() for name in label.split(">")]
    if len(names) != 2 or not all(names):
        raise BadLabel(
            f"Line {at}: {label.strip()!r} should be two words with > between them, "
            f"as in: {relation}: {_two_of(words)}"
        )
    query, key = (_position(name, words, at) for name in names)
    if query == key:
        raise BadLabel(f"Line {at}: {label.strip()!r} names one word twice; a pair has two.")
    return Pair(relation, query, key)


def _two_of(words: tuple[str, ...]) -> str:
    """Write a label that the sentence could have, or one of another sentence where it is short."""
    once = [w for w in words if w[0].isalnum() and words.count(w) == 1]
    return f"{once[0]} > {once[-1]}" if len(once) > 1 else "old > dog"


def _position(name: str, words: tuple[str, ...], at: int) -> int:
    word, dot, number = name.rpartition(".")
    if not (dot and number.isdigit() and word):
        word, number = name, ""
    places = [i for i, w in enumerate(words) if w == word]
    if not places:
        raise BadLabel(
            f"Line {at}: the sentence has no word {word!r}. Its words are: {' '.join(words)}"
        )
    if not number and len(places) > 1:
        raise BadLabel(
            f"Line {at}: {word!r} stands {len(places)} times in the sentence. "
            f"Say which: {word}.1 is the first."
        )
    if number and not 1 <= int(number) <= len(places):
        times = "once" if len(places) == 1 else f"{len(places)} times"
        raise BadLabel(f"Line {at}: there is no {name}: {word!r} stands {times} in the sentence.")
    return places[int(number) - 1 if number else 0]

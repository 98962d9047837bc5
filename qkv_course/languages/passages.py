"""What a little language is: passages, questions to each, and where the answers stand."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Passages:
    """Passages as numbers.

    words: (n, length), numbers of words in the language's vocabulary, filled up on the left with 0.
    answers: (n, n_features), for each feature the number of the right class.
    roles: (n, n_roles), the position of each role's word; -1 where the passage has none.
    """

    words: np.ndarray
    answers: np.ndarray
    roles: np.ndarray

    def __len__(self) -> int:
        return len(self.words)

    def __getitem__(self, which: np.ndarray | slice) -> "Passages":
        return Passages(self.words[which], self.answers[which], self.roles[which])


@dataclass(frozen=True)
class Language:
    """A little language whose passages are all read at their last word.

    vocabulary: its words; the first, "", fills up. length: of every passage, in words.
    classes: for each feature, its possible answers. roles: the words that matter.
    chance: for each feature, the accuracy of whoever looks at no passage.
    draw: draw(n, rng) gives n passages.
    pieces: for each word its pieces, say a stem and an ending, as many for every word; None: a
    word is one piece.
    """

    name: str
    vocabulary: tuple[str, ...]
    length: int
    features: tuple[str, ...]
    classes: tuple[tuple[str, ...], ...]
    roles: tuple[str, ...]
    draw: Callable[[int, np.random.Generator], Passages]
    pieces: tuple[tuple[str, ...], ...] | None = None

    @property
    def chance(self) -> dict[str, float]:
        """By feature, how often a guess without a look at the passage is right."""
        return {f: 1 / len(c) for f, c in zip(self.features, self.classes, strict=True)}

    def spelled(self, words: np.ndarray) -> list[str]:
        """One passage's numbers as words."""
        return [self.vocabulary[word] for word in words]

    def answered(self, answers: np.ndarray) -> dict[str, str]:
        """One passage's answers, by feature, as words."""
        named = zip(self.features, self.classes, answers, strict=True)
        return {feature: classes[answer] for feature, classes, answer in named}

    def numbered_pieces(self) -> tuple[tuple[int, ...], ...]:
        """For each word of the vocabulary the numbers of its pieces, counted as they turn up."""
        spelled = self.pieces or tuple((word,) for word in self.vocabulary)
        numbers: dict[str, int] = {}
        return tuple(tuple(numbers.setdefault(p, len(numbers)) for p in word) for word in spelled)

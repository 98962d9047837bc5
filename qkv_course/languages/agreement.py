"""Agreement: is or are? It hangs on the first word, and other nouns stand in between.

A passage is a subject, words of all kinds, and the question ``is/are?`` at the end. The answer is
the subject's number: 0 for singular (is), 1 for plural (are). About three in ten of the words in
between are nouns, too. Their numbers have nothing to do with the subject's, so they only distract.
The distance is counted from the subject to the question: a passage has distance + 1 words. A guess
is right half of the time.

>>> words, plural = draw(2, distance=7, rng=np.random.default_rng(2))
>>> for passage, answer in zip(words, plural):
...     print(" ".join(VOCABULARY[word] for word in passage), ANSWERS[answer])
letters small old boat small behind old is/are? are
letter red under under bridges road gardens is/are? is
"""

import numpy as np

SINGULAR = ("key", "book", "lamp", "road", "boat", "letter", "garden", "bridge")
PLURAL = tuple(f"{noun}s" for noun in SINGULAR)
OTHER = ("the", "a", "old", "small", "red", "near", "behind", "under", "with", "often", "still")
QUESTION = "is/are?"
ANSWERS = ("is", "are")
VOCABULARY = (QUESTION, *SINGULAR, *PLURAL, *OTHER)

NOUNS = len(SINGULAR)
ATTRACTORS = 0.3


def draw(n: int, distance: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw n passages.

    distance: from the subject to the question, at least 1.
    Returns (words, plural): (n, distance + 1) numbers of words in VOCABULARY, and (n,) 0 or 1.
    """
    shape = (n, distance + 1)
    nouns = rng.integers(1, 1 + 2 * NOUNS, size=shape)
    others = rng.integers(1 + 2 * NOUNS, len(VOCABULARY), size=shape)
    words = np.where(rng.random(shape) < ATTRACTORS, nouns, others)
    words[:, 0] = nouns[:, 0]
    words[:, -1] = 0
    return words, (words[:, 0] > NOUNS).astype(np.int64)

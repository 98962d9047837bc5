"""Agreement: the answer is the first word's number, and no other word tells it."""

import numpy as np
import pytest

from qkv_course.languages.agreement import PLURAL, SINGULAR, VOCABULARY, draw


def spelled(passage: np.ndarray) -> list[str]:
    return [VOCABULARY[word] for word in passage]


@pytest.mark.parametrize("distance", [1, 5, 60])
def test_the_subject_decides_and_stands_at_the_distance(distance: int) -> None:
    words, plural = draw(200, distance, np.random.default_rng(0))
    assert words.shape == (200, distance + 1)
    for passage, answer in zip(words, plural, strict=True):
        subject, *between, question = spelled(passage)
        assert subject in (PLURAL if answer else SINGULAR)
        assert question == "is/are?" and question not in between


def test_a_guess_from_the_words_in_between_is_no_better_than_chance() -> None:
    words, plural = draw(4000, 20, np.random.default_rng(1))
    nouns = [[word for word in spelled(p)[1:-1] if word in SINGULAR + PLURAL] for p in words]
    assert 0.25 < np.mean([len(n) for n in nouns]) / 19 < 0.35
    nearest = np.array([n[-1] in PLURAL if n else False for n in nouns])
    most = np.array([sum(word in PLURAL for word in n) * 2 > len(n) for n in nouns])
    assert 0.46 < plural.mean() < 0.54
    for guess in (nearest, most):
        assert 0.46 < (guess == plural).mean() < 0.54


def test_the_same_seed_draws_the_same_passages() -> None:
    first, again, other = (draw(50, 9, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])

"""Latin: the ending alone says who is who."""

import numpy as np
import pytest

from qkv_course.languages.latin import CASES, ENDINGS, LATIN, STEMS, VERB, VOCABULARY, draw


@pytest.fixture(scope="module")
def drawn():
    return draw(4000, np.random.default_rng(3))


def test_answers_are_what_the_endings_say(drawn):
    for words, answers in zip(drawn.words[:500], drawn.answers[:500], strict=True):
        *names, verb = LATIN.spelled(words)
        assert verb == VERB
        read = {}
        for name in names:
            # No name that ends in -ius or -us ends in another case's ending.
            ending = next(e for e in ("us", "um", "o", "i") if name.endswith(e))
            read[CASES[ENDINGS.index(ending)]] = name.removesuffix(ending) + "us"
        assert read == LATIN.answered(answers)


def test_roles_point_at_the_word_with_that_case(drawn):
    for at, ending in enumerate(ENDINGS):
        words = drawn.words[np.arange(len(drawn)), drawn.roles[:, at]]
        assert all(VOCABULARY[word].endswith(ending) for word in words[:200])


def test_order_is_free_and_tells_nothing(drawn):
    for case in range(len(CASES)):
        at = np.bincount(drawn.roles[:, case], minlength=5) / len(drawn)
        assert at[4] == 0 and np.abs(at[:4] - 1 / 4).max() < 0.04


def test_names_are_even_and_one_tells_nothing_of_another(drawn):
    for case in range(len(CASES)):
        assert np.bincount(drawn.answers[:, case], minlength=64).max() / len(drawn) < 2 / 64
    correlations = np.corrcoef(drawn.answers.T) - np.eye(len(CASES))
    assert np.abs(correlations).max() < 0.06


def test_words_are_all_different_and_made_of_a_stem_and_an_ending():
    assert len(set(VOCABULARY)) == len(VOCABULARY) == 2 + 64 * 4
    pieces = np.array(LATIN.numbered_pieces())
    assert pieces.shape == (258, 2) and len(np.unique(pieces, axis=0)) == 258
    assert len(np.unique(pieces[2:, 0])) == len(STEMS) and len(np.unique(pieces[2:, 1])) == 4


def test_the_same_seed_draws_the_same_and_another_does_not():
    first, again, other = (draw(50, np.random.default_rng(seed)) for seed in (7, 7, 8))
    assert np.array_equal(first.words, again.words) and not np.array_equal(first.words, other.words)

"""Tiny reviews: right answers by a reader of words, and no way around the reading."""

import numpy as np
import pytest

from qkv_course.languages import reviews
from qkv_course.languages.reviews import LENGTH, MEANINGS, REVIEWS, ROLES, draw


@pytest.fixture(scope="module")
def drawn():
    return draw(6000, np.random.default_rng(5))


@pytest.fixture(scope="module")
def spelled(drawn):
    return [REVIEWS.spelled(words) for words in drawn.words]


def read(words):
    """Read one review word by word, as a person would; give answers and where the words stand."""
    nouns = reviews.SINGULAR + reviews.PLURAL
    subjects = [
        at
        for at, word in enumerate(words)
        if word in nouns and words[at - 2] not in reviews.PREPOSITIONS
    ]
    ambiguous = [at for at, word in enumerate(words) if word in MEANINGS]
    places = [at for at, word in enumerate(words) if word in reviews.OUTDOORS + reviews.PEOPLE]
    adjectives = [
        at for at, word in enumerate(words) if word in reviews.NEGATIVE + reviews.POSITIVE
    ]
    assert [len(found) for found in (subjects, ambiguous, places, adjectives)] == [1, 1, 1, 1]
    (subject,), (word,), (place,), (adjective,) = subjects, ambiguous, places, adjectives
    was = words.index("was")
    negations = [at for at in range(was, adjective) if words[at] in reviews.NEGATIONS]
    good = (words[adjective] in reviews.POSITIVE) != bool(negations)
    meaning = MEANINGS[words[word]][words[place] in reviews.PEOPLE]
    answers = {
        "grammar": "plural" if words[subject] in reviews.PLURAL else "singular",
        "semantics": f"{words[word]} ({meaning})",
        "sentiment": "positive" if good else "negative",
    }
    return answers, [subject, place, adjective, word, *(negations or [-1])]


def test_answers_and_roles_are_those_of_a_reader(drawn, spelled):
    for at, words in enumerate(spelled[:2000]):
        answers, roles = read(words)
        assert answers == REVIEWS.answered(drawn.answers[at]), " ".join(words)
        assert roles == drawn.roles[at].tolist(), " ".join(words)


def test_answers_are_balanced(drawn):
    for at, classes in enumerate(REVIEWS.classes):
        shares = np.bincount(drawn.answers[:, at], minlength=len(classes)) / len(drawn)
        assert np.abs(shares - 1 / len(classes)).max() < 0.03


def test_one_answer_tells_nothing_of_another(drawn):
    correlations = np.corrcoef(drawn.answers.T) - np.eye(3)
    assert np.abs(correlations).max() < 0.05


def test_the_place_where_a_word_stands_tells_no_answer(drawn):
    from_the_right = LENGTH - drawn.roles
    for role in ("subject", "context", "adjective", "ambiguous"):
        where = from_the_right[:, ROLES.index(role)]
        for feature in (0, 2):
            answers = drawn.answers[:, feature]
            by_place = [
                answers[where == p].mean() for p in np.unique(where) if sum(where == p) > 300
            ]
            assert len(by_place) >= 3 and np.abs(np.array(by_place) - 0.5).max() < 0.12


def test_pieces_come_in_any_order(drawn, spelled):
    subject, place, adjective, word = drawn.roles[:, :4].T
    orders = np.argsort(np.stack([subject, word, adjective], axis=1), axis=1)
    _, counts = np.unique(orders, axis=0, return_counts=True)
    assert len(counts) == 6 and np.abs(counts / len(drawn) - 1 / 6).max() < 0.03
    assert 0.46 < np.mean(word < place) < 0.54
    asides = [words for words in spelled if "did" in words]
    assert 0.37 < len(asides) / len(spelled) < 0.43
    assert 0.46 < np.mean([words.index("did") < words.index("was") for words in asides]) < 0.54


def test_no_other_word_tells_an_answer(drawn):
    """Words beside the one that matters are no help, so a shortcut does not pay."""
    helps = {0: {*reviews.SINGULAR, *reviews.PLURAL}, 2: {*reviews.NEGATIVE, *reviews.POSITIVE}}
    for feature, allowed in helps.items():
        answers = drawn.answers[:, feature]
        for number, word in enumerate(REVIEWS.vocabulary):
            there = (drawn.words == number).any(axis=1)
            if word not in allowed and 300 < there.sum() < len(drawn) - 300:
                assert abs(answers[there].mean() - 0.5) < 0.1, word


def test_the_nearest_noun_and_the_adjective_alone_are_not_enough(drawn, spelled):
    nouns = reviews.SINGULAR + reviews.PLURAL
    last = [[w for w in words if w in nouns][-1] in reviews.PLURAL for words in spelled]
    assert 0.6 < np.mean(last == drawn.answers[:, 0]) < 0.85
    good = [bool(set(words) & set(reviews.POSITIVE)) for words in spelled]
    assert 0.6 < np.mean(good == drawn.answers[:, 2]) < 0.7
    turned = [
        g != bool(set(words) & set(reviews.NEGATIONS))
        for g, words in zip(good, spelled, strict=True)
    ]
    assert 0.8 < np.mean(turned == drawn.answers[:, 2]) < 0.93  # a "did not come" misleads


def test_words_close_up_to_the_end(drawn, spelled):
    assert drawn.words.shape == (6000, LENGTH)
    assert {words[-1] for words in spelled} == {"=>"}
    assert all("" not in words[words.index("<s>") :] for words in spelled)
    assert (drawn.words[:, 0] > 0).any()  # the longest fills all places


def test_the_same_seed_draws_the_same():
    first, again = (draw(50, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(first.words, again.words) and np.array_equal(first.roles, again.roles)

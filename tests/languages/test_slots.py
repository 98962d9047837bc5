"""A language of fields: each filled from the same words, in any order, between filler."""

import numpy as np
import pytest

from qkv_course.errors import BadAnswer
from qkv_course.languages.passages import Language
from qkv_course.languages.slots import slots

FIELDS, WORDS, FILLER = ("from", "to", "via"), "Ann Ben Cem Dan", ["please", "dear"]


@pytest.fixture
def language() -> Language:
    return slots("orders", FIELDS, WORDS, FILLER)


def test_every_field_stands_once_where_its_role_says(language: Language) -> None:
    drawn = language.draw(500, np.random.default_rng(0))
    for words, answers, roles in zip(drawn.words, drawn.answers, drawn.roles, strict=True):
        spelled = language.spelled(words)
        assert len(spelled) == language.length and spelled[-1] == "=>"
        for at, (field, answer) in enumerate(language.answered(answers).items()):
            assert [w for w in spelled if w.startswith(f"{field}:")] == [f"{field}:{answer}"]
            assert spelled[roles[at]] == f"{field}:{answer}"
        assert sum(word in FILLER for word in spelled) == 3


def test_words_and_places_are_balanced(language: Language) -> None:
    drawn = language.draw(7000, np.random.default_rng(0))
    for at, chance in enumerate(language.chance.values()):
        shares = np.bincount(drawn.answers[:, at]) / len(drawn)
        np.testing.assert_allclose(shares, chance, atol=0.03)
        places = np.bincount(drawn.roles[:, at], minlength=6) / len(drawn)
        np.testing.assert_allclose(places, 1 / 6, atol=0.03)


def test_a_word_is_the_same_piece_in_every_field(language: Language) -> None:
    pieces = dict(zip(language.vocabulary, language.numbered_pieces(), strict=True))
    assert pieces["from:Ann"][0] == pieces["to:Ann"][0] != pieces["from:Ben"][0]
    assert pieces["from:Ann"][1] == pieces["from:Ben"][1] != pieces["to:Ann"][1]


def test_the_seed_decides(language: Language) -> None:
    one, again, other = (language.draw(9, np.random.default_rng(s)).words for s in (1, 1, 2))
    assert (one == again).all() and (one != other).any()


def test_what_makes_no_language_is_refused() -> None:
    for fields, words, filler, message in (
        ("from", WORDS, FILLER, "fields has 1, and needs 2"),
        (FIELDS, ["Ann"], FILLER, "words has 1, and needs 2"),
        (FIELDS, WORDS, [], "filler has 0, and needs 1"),
        (FIELDS, "Ann Ben Ann", FILLER, "'Ann' stands in words more than once"),
        (FIELDS, WORDS, "please Ben", "'Ben' cannot be filler"),
        (FIELDS, WORDS, "=>", "'=>' cannot be filler"),
        (None, WORDS, FILLER, "fields is None; give words in a list"),
        (FIELDS, 3, FILLER, "words is 3; give words in a list"),
        (FIELDS, ["Ann", 3], FILLER, "words holds 3; give words"),
        (FIELDS, WORDS, [""], "filler holds ''; give words"),
    ):
        with pytest.raises(BadAnswer, match=message):
            slots("orders", fields, words, filler)  # type: ignore[arg-type]
    for name in (None, 3, ""):
        with pytest.raises(BadAnswer, match=r"name is .*; give a text"):
            slots(name, FIELDS, WORDS, FILLER)  # type: ignore[arg-type]

"""Texts that the model reads, and texts that it refuses in one sentence."""

from typing import Any

import numpy as np
import pytest

from qkv_course.errors import BadText, QkvError
from qkv_course.models import SentenceModel

REFUSED: list[tuple[str, Any, str]] = [
    ("empty", "", "has no words"),
    ("spaces only", " \t\n", "has no words"),
    ("no texts", [], "no text to read"),
    ("an empty text among others", ["Fine.", "", "Fine."], "Text 2 of 3 has no words"),
    ("ten thousand words", "word " * 10_000, "10,002 tokens"),
    ("one token too many", "word " * 511, "513 tokens"),
    ("a lone surrogate", "half \ud83d", "lone surrogate"),
    ("a lone surrogate among others", ["Fine.", "\udc00"], "Text 2 of 2 holds half"),
    ("None", None, "of type NoneType"),
    ("a number", 3, "of type int"),
    ("None among others", ["Fine.", None], "Text 2 of 2 is of type NoneType"),
    ("bytes among others", ["Fine.", b"bytes"], "Text 2 of 2 is of type bytes"),
    ("bytes", b"bytes", "of type"),
    ("a list in a list", [["Fine."]], "of type list"),
]


@pytest.mark.parametrize(("text", "words"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
@pytest.mark.parametrize("how", ("read", "embed"))
def test_refused_in_one_sentence(model: SentenceModel, how: str, text: Any, words: str) -> None:
    with pytest.raises(BadText) as caught:
        getattr(model, how)(text)
    assert isinstance(caught.value, QkvError)
    assert words in str(caught.value) and "\n" not in str(caught.value)


READ = {
    "one letter": "a",
    "emoji": "🙂🙃 👩‍👩‍👧‍👦 🏳️‍🌈",
    "other scripts": "東京 한국어 עברית العربية हिन्दी ไทย",
    "accents apart from their letters": "e\u0301te\u0301",
    "zero width": "zero\u200bwidth\ufeff",
    "control characters": "bell\x07and\x00nul",
    "a long word": "a" * 3000,
    "punctuation": "?!... -- (;)",
}


@pytest.mark.parametrize("text", READ.values(), ids=READ)
def test_read(model: SentenceModel, text: str) -> None:
    reading = model.read(text)
    assert np.isfinite(reading.hidden).all()
    np.testing.assert_allclose(reading.weights.sum(-1), 1, atol=1e-5)
    assert reading.tokens[0][0] == "[CLS]" and reading.tokens[0][-1] == "[SEP]"


def test_as_many_tokens_as_there_are_positions(model: SentenceModel) -> None:
    reading = model.read("word " * 510)
    assert reading.hidden.shape == (7, 1, 512, 384)
    assert len(reading.words[0]) == 510


def test_words_are_as_typed_and_tokens_know_theirs(model: SentenceModel) -> None:
    reading = model.read(["Don't feed UNBELIEVABLY cute Zürich cats!", "No."])
    assert reading.words[0] == [
        "Don", "'", "t", "feed", "UNBELIEVABLY", "cute", "Zürich", "cats", "!",
    ]  # fmt: skip
    for row, (tokens, words) in enumerate(zip(reading.tokens, reading.words, strict=True)):
        word_of = reading.word_of[row]
        assert word_of[0] == -1 and (word_of[len(tokens) - 1 :] == -1).all()
        assert sorted(set(word_of.tolist()) - {-1}) == list(range(len(words)))
        assert reading.real[row].sum() == len(tokens)
    pieces = [t for t, w in zip(reading.tokens[0], reading.word_of[0], strict=False) if w == 4]
    assert len(pieces) > 1 and "".join(p.removeprefix("##") for p in pieces) == "unbelievably"


def test_one_text_is_a_batch_of_one(model: SentenceModel) -> None:
    one, several = model.read("Snow fell."), model.read(["Snow fell."])
    np.testing.assert_array_equal(one.hidden, several.hidden)
    assert one.tokens == several.tokens == [["[CLS]", "snow", "fell", ".", "[SEP]"]]


def test_other_sequences_of_texts(model: SentenceModel) -> None:
    wanted = model.embed(["Snow fell.", "No."])
    np.testing.assert_allclose(model.embed(("Snow fell.", "No.")), wanted, atol=1e-6)
    np.testing.assert_allclose(model.embed(np.array(["Snow fell.", "No."])), wanted, atol=1e-6)
    np.testing.assert_allclose(model.embed(iter(["Snow fell.", "No."])), wanted, atol=1e-6)

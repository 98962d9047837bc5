"""Attention between words, against a slow and literal count."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from qkv_course.analysis.sentences import BadLabel, read_sentences
from qkv_course.analysis.words import word_weights


def reading_of(rng: np.random.Generator) -> SimpleNamespace:
    """Two texts of unlike length: [CLS] a b1 b2 c [SEP], and [CLS] a [SEP] with padding."""
    weights = rng.dirichlet(np.ones(6), size=(2, 2, 3, 6))  # 2 layers, 2 texts, 3 heads
    word_of = np.array([[-1, 0, 1, 1, 2, -1], [-1, 0, -1, -1, -1, -1]])
    return SimpleNamespace(weights=weights, word_of=word_of, words=[["a", "b", "c"], ["a"]])


def test_weights_into_a_word_are_added_and_those_out_of_it_averaged() -> None:
    reading = reading_of(np.random.default_rng(0))
    found = word_weights(reading)
    assert found.shape == (2, 2, 3, 3, 3)
    pieces = [[1], [2, 3], [4]]
    for query in range(3):
        for key in range(3):
            if query != key:
                rows = [reading.weights[1, 0, 2, i, pieces[key]].sum() for i in pieces[query]]
                assert np.isclose(found[0, 1, 2, query, key], np.mean(rows))


def test_the_word_itself_and_words_that_are_not_there_never_have_the_largest_weight() -> None:
    found = word_weights(reading_of(np.random.default_rng(1)))
    assert (found[:, :, :, range(3), range(3)] == -1).all()
    assert (found[1] == -1).all()  # a text of one word has no pair
    assert (found[0].argmax(axis=-1) != np.arange(3)).all()


def test_words_other_than_the_labels_count_are_refused_and_both_are_named() -> None:
    reading = reading_of(np.random.default_rng(0))
    label = "| r: a > b\n"
    fine = read_sentences(f"a b c {label}x a {label.replace('b', 'x')}")
    for first, second, said in (
        ("a d c", "a", "reads 'b' where the labels count 'd'"),
        ("a b", "a", "reads 'c' where the labels count nothing more"),
        ("a b c d", "a", "reads nothing more where the labels count 'd'"),
        ("a b c", "b", "In 'b' the model reads 'a'"),
    ):
        sentences = [replace(fine[0], text=t, words=tuple(t.split())) for t in (first, second)]
        with pytest.raises(BadLabel, match=said):
            word_weights(reading, sentences)
    with pytest.raises(BadLabel, match="2 texts were read, and the labels are of 1"):
        word_weights(reading, fine[:1])
    right = [fine[0], replace(fine[1], words=("a",))]
    np.testing.assert_array_equal(word_weights(reading, right), word_weights(reading))

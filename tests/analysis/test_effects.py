"""Cutting heads of an encoder, and how alike the words of a pair are then."""

import numpy as np
import pytest
import torch

from qkv_course.analysis.effects import (
    ablation_in_layer,
    loss_of_likeness,
    pair_likeness,
    word_vectors,
)
from qkv_course.models.encoder import Encoder, Sizes
from qkv_course.models.pretrained import Reading, SentenceModel

N_HEADS = 4
TEXTS, PAIRS = ["three"], [(0, 2, 0)]


class Numbers:
    """Stands in for a tokenizer: always the same text, of [CLS], three words and [SEP]."""

    longest = 8

    def __call__(self, texts: list[str]) -> "Numbers":
        return self

    ids = np.array([[1, 4, 5, 6, 2]])
    real = np.ones((1, 5), dtype=bool)
    word_of = np.array([[-1, 0, 1, 2, -1]])
    tokens = (("[CLS]", "a", "b", "c", "[SEP]"),)
    words = (("a", "b", "c"),)


@pytest.fixture
def model() -> SentenceModel:
    torch.manual_seed(0)
    sizes = Sizes(vocabulary=9, positions=8, d_model=16, d_hidden=32, n_heads=N_HEADS, n_layers=2)
    return SentenceModel(Encoder(sizes).eval(), Numbers())  # type: ignore[arg-type]


def reading(vectors: list[list[float]], word_of: list[int]) -> Reading:
    hidden = np.array(vectors)[None, None]
    words = [["w"] * (max(word_of) + 1)]
    real = np.ones((1, len(word_of)), dtype=bool)
    return Reading([], words, np.array([word_of]), real, hidden, np.zeros(0))


def test_a_words_vector_is_the_mean_of_its_pieces() -> None:
    given = reading([[9, 9], [3, 0], [1, 0], [0, 2], [9, 9]], [-1, 0, 0, 1, -1])
    np.testing.assert_allclose(word_vectors(given, 0), [[1, 0], [0, 1]])


def test_likeness_is_that_with_the_key_beside_that_with_the_others() -> None:
    given = reading([[1, 0], [1, 0], [0, 1], [-1, 0]], [0, 1, 2, 3])
    np.testing.assert_allclose(
        pair_likeness(given, [(0, 0, 1), (0, 0, 2), (0, 0, 3)]), [1.5, 0, -1.5], atol=1e-12
    )


def test_a_text_of_two_words_has_no_others() -> None:
    assert pair_likeness(reading([[1, 0], [1, 0]], [0, 1]), [(0, 0, 1)]) == pytest.approx(1)


def test_a_head_that_carries_the_key_is_the_one_that_costs_likeness(model: SentenceModel) -> None:
    """Only head 2 of the last layer gets anything through W_O: only its cut can matter."""
    with torch.no_grad():
        for block in model.encoder.blocks:
            block.attention.w_o.weight[:, :8] = 0
            block.attention.w_o.weight[:, 12:] = 0
        model.encoder.blocks[0].attention.w_o.weight[:] = 0
    heads = [(layer, head) for layer in range(2) for head in range(N_HEADS)]
    lost = loss_of_likeness(model, TEXTS, PAIRS, heads)
    assert lost[1, 2] != 0
    assert all(loss == 0 for head, loss in lost.items() if head != (1, 2))
    found = ablation_in_layer(model, TEXTS, PAIRS, (1, 2), N_HEADS)
    assert found["this head"] == lost[1, 2]
    assert found["another head, typically"] == found["another head, at most"] == 0


def test_the_model_is_whole_again_afterwards(model: SentenceModel) -> None:
    before = model.read(TEXTS).hidden
    loss_of_likeness(model, TEXTS, PAIRS, [(0, 1), (1, 3)])
    np.testing.assert_array_equal(model.read(TEXTS).hidden, before)

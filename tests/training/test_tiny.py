"""The tiny transformer: what it hides, what it leaves out, and how it counts distances."""

import pytest
import torch

from qkv_course.attention.layers import MultiHeadAttention
from qkv_course.models.tiny import RotaryAttention, TinySizes, TinyTransformer, turned
from qkv_course.training.threads import one_thread

SIZES = TinySizes(tuple((word,) for word in range(12)), classes=(2, 3), d_model=16, n_heads=2)


@pytest.fixture(autouse=True, scope="module")
def quietly():
    with one_thread():
        yield


def model(attention=RotaryAttention, sizes=SIZES):
    torch.manual_seed(0)
    return TinyTransformer(sizes, attention)


def test_only_the_last_word_is_computed_in_the_last_layer_and_nothing_is_lost():
    tiny, words = model(), torch.randint(1, 12, (3, 7))
    answers, (first, last) = tiny(words)
    mask = torch.ones(7, 7, dtype=torch.bool).tril()[None]
    x = tiny.embedding(words)
    for block in tiny.blocks:
        x, weights = block(x, 7, mask)
    at_end = tiny.norm(x[:, -1])
    torch.testing.assert_close(answers[1], tiny.questions[1](at_end))
    torch.testing.assert_close(last, weights[:, :, -1])
    assert first.shape == last.shape == (3, 2, 7)


def test_filling_up_on_the_left_changes_nothing():
    tiny, words = model(), torch.randint(1, 12, (3, 5))
    filled = torch.cat([torch.zeros(3, 4, dtype=torch.long), words], dim=1)
    answers, weights = tiny(words)
    others, longer = tiny(filled)
    torch.testing.assert_close(answers, others, atol=1e-5, rtol=1e-4)
    for row, long_row in zip(weights, longer, strict=True):
        assert (long_row[:, :, :4] == 0).all()
        torch.testing.assert_close(row, long_row[:, :, 4:], atol=1e-5, rtol=1e-4)


def test_order_matters_with_rotary_positions_and_not_without():
    words = torch.tensor([[3, 4, 5, 6, 1]])
    other = torch.tensor([[6, 3, 5, 4, 1]])
    one_layer = TinySizes(SIZES.pieces, (4,), d_model=16, n_heads=2, n_layers=1)
    for attention, expected in ((MultiHeadAttention, True), (RotaryAttention, False)):
        tiny = model(attention, one_layer)
        assert torch.allclose(tiny(words)[0][0], tiny(other)[0][0], atol=1e-5) is expected


def test_turned_scores_hang_on_the_distance_alone():
    q, k = torch.randn(1, 6), torch.randn(1, 6)

    def score(at_q, at_k):
        n = 40
        rows_q = turned(q.expand(n, 6), n)
        rows_k = turned(k.expand(n, 6), n)
        return float(rows_q[at_q] @ rows_k[at_k])

    assert score(9, 4) == pytest.approx(score(30, 25), abs=1e-4)
    assert score(9, 4) != pytest.approx(score(9, 5), abs=1e-3)


@pytest.mark.parametrize("d_head", [1, 2, 5])
def test_turning_keeps_lengths_and_counts_from_the_end(d_head):
    x = torch.randn(2, 3, 7, d_head)
    whole = turned(x, 7)
    torch.testing.assert_close(whole.norm(dim=-1), x.norm(dim=-1))
    torch.testing.assert_close(turned(x[..., -2:, :], 7), whole[..., -2:, :])


def test_a_word_is_the_sum_of_its_pieces():
    sizes = TinySizes(((0, 0), (1, 3), (1, 4), (2, 3)), classes=(2,), d_model=8, n_heads=2)
    vectors = model(sizes=sizes).embedding
    assert vectors.vectors.num_embeddings == 5
    _, a, b, c = vectors(torch.arange(4))
    torch.testing.assert_close(a - b, vectors.vectors.weight[3] - vectors.vectors.weight[4])
    torch.testing.assert_close(a - c, vectors.vectors.weight[1] - vectors.vectors.weight[2])

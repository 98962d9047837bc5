"""Readings and sentence vectors; blocked arrows; models with other attention, or untrained."""

import numpy as np
import pytest
import torch

from qkv_course.attention import FusedMultiHeadAttention, MultiHeadAttention
from qkv_course.errors import BadText
from qkv_course.models import SentenceModel, load_model, real_model, untrained_model
from qkv_course.models.encoder import EmptyAttention

TEXTS = ["A man plays a guitar on the stage.", "No.", "The new movie is awesome, she said."]


def test_a_text_is_read_alike_alone_and_beside_longer_ones(model: SentenceModel) -> None:
    together, alone = model.read(TEXTS), model.read(TEXTS[1])
    n = len(alone.tokens[0])
    np.testing.assert_allclose(together.hidden[:, 1, :n], alone.hidden[:, 0], atol=1e-5)
    np.testing.assert_allclose(together.weights[:, 1, :, :n, :n], alone.weights[:, 0], atol=1e-5)
    assert (together.weights[:, 1, :, :, n:] == 0).all(), "nobody looks at padding"


def test_vectors_have_length_one_and_keep_their_order(model: SentenceModel) -> None:
    texts = [f"{'very ' * (i % 7)}good text number {i}." for i in range(40)]
    vectors = model.embed(texts)
    assert vectors.shape == (40, 384) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    for i in (0, 6, 39):
        np.testing.assert_allclose(vectors[i], model.embed(texts[i])[0], atol=1e-6)
    np.testing.assert_allclose(model.embed(texts, batch_size=3), vectors, atol=1e-6)


def test_documented_cosines(model: SentenceModel) -> None:
    """The example on the model's card."""
    one, two, three = model.embed(
        ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    )
    cosines = (one @ two, one @ three, two @ three)
    np.testing.assert_allclose(cosines, (0.6660, 0.1046, 0.1411), atol=5e-5)


def test_blocked_arrow_gets_no_weight_in_any_head(model: SentenceModel) -> None:
    plain, blocked = model.read(TEXTS), model.read(TEXTS, blocked=[(0, 5, 3), (2, 1, 1)])
    assert (blocked.weights[:, 0, :, 5, 3] == 0).all()
    assert (blocked.weights[:, 2, :, 1, 1] == 0).all()
    assert (plain.weights[:, 0, :, 5, 3] > 0).all()
    np.testing.assert_allclose(blocked.weights[:, 0, :, 5].sum(-1), 1, atol=1e-5)
    np.testing.assert_allclose(blocked.weights[0, 0, :, 4], plain.weights[0, 0, :, 4], atol=1e-6)
    np.testing.assert_allclose(blocked.hidden[:, 1, :4], plain.hidden[:, 1, :4], atol=1e-5)


def test_all_arrows_of_a_query_may_be_blocked(model: SentenceModel) -> None:
    reading = model.read("Snow fell.", blocked=[(0, 1, key) for key in range(5)])
    assert (reading.weights[:, 0, :, 1] == 0).all() and np.isfinite(reading.hidden).all()


@pytest.mark.parametrize(
    "arrow",
    [(3, 0, 0), (-1, 0, 0), (1, 4, 0), (1, 0, 4), (1, 0, -1), (0, 1), "012", (0, 1.5, 2), 7],
)
def test_arrow_outside_the_text(model: SentenceModel, arrow: object) -> None:
    with pytest.raises(BadText, match="an arrow is") as caught:
        model.read(TEXTS, blocked=[arrow])  # type: ignore[list-item]
    assert "\n" not in str(caught.value)


def test_arrows_may_be_numpy_integers(model: SentenceModel) -> None:
    reading = model.read(TEXTS, blocked=np.array([[0, 5, 3]]))  # type: ignore[arg-type]
    assert (reading.weights[:, 0, :, 5, 3] == 0).all()


def test_untrained_model_is_the_same_for_a_seed_and_unlike_the_trained_one(
    model: SentenceModel,
) -> None:
    one, again, other = untrained_model(1), untrained_model(1), untrained_model(2)
    wanted = one.encoder.state_dict()
    assert all(torch.equal(w, again.encoder.state_dict()[n]) for n, w in wanted.items())
    for name, weight in wanted.items():
        if weight.ndim == 2:
            assert not torch.equal(weight, other.encoder.state_dict()[name])
            assert not torch.equal(weight, model.encoder.state_dict()[name])
            assert weight.std() == pytest.approx(0.02, rel=0.05)
    assert wanted.keys() == model.encoder.state_dict().keys()


def test_untrained_model_leaves_torchs_random_numbers_alone() -> None:
    before = torch.random.get_rng_state()
    untrained_model(1)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_places_stay_empty_until_they_are_filled(model: SentenceModel) -> None:
    empty = load_model(attention=None)
    assert all(type(b.attention) is EmptyAttention for b in empty.encoder.blocks)
    assert empty.encoder.blocks[5].attention.n_heads == 12
    assert real_model(empty.encoder) is empty.encoder
    assert all(type(b.attention) is MultiHeadAttention for b in empty.encoder.blocks)
    np.testing.assert_array_equal(empty.embed(TEXTS), model.embed(TEXTS))


def test_attention_that_gives_no_weights(model: SentenceModel) -> None:
    fused = load_model(attention=FusedMultiHeadAttention)
    reading = fused.read(TEXTS)
    assert reading.weights is None
    np.testing.assert_allclose(fused.embed(TEXTS), model.embed(TEXTS), atol=1e-6)


def test_models_share_nothing() -> None:
    one, other = load_model(), load_model()
    with torch.no_grad():
        one.encoder.blocks[0].attention.w_q.weight.zero_()
        one.encoder.embedding.token.weight.zero_()
    assert other.encoder.blocks[0].attention.w_q.weight.any()
    assert other.encoder.embedding.token.weight.any()

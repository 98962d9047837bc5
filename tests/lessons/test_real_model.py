"""The check of real_model: how precise it is, what it leaves alone, and its gallery."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from styles_11 import by_copy

from qkv_course.checks import evaluate
from qkv_course.errors import ModelUnavailable
from qkv_course.lessons._11_inside_a_real_transformer import probes
from qkv_course.lessons._11_inside_a_real_transformer.gallery import gallery
from qkv_course.lessons._11_inside_a_real_transformer.real_model import REAL_MODEL

Function = Callable[..., Any]


def test_weights_and_vectors_are_held_to_a_hundred_thousandth() -> None:
    def nudged(size: float) -> Function:
        def fill(encoder: Any) -> Any:
            with torch.no_grad():
                for block in by_copy(encoder).blocks:
                    block.attention.w_o.bias[0] += size
            return encoder

        return fill

    assert evaluate("real_model", nudged(1e-7), seed=1).passed
    assert not evaluate("real_model", nudged(1e-3), seed=1).passed


def test_damage_outside_the_attention_does_no_harm() -> None:
    def careless(encoder: Any) -> Any:
        by_copy(encoder)
        with torch.no_grad():
            for parameter in encoder.embedding.parameters():
                parameter.fill_(7.0)
            encoder.blocks[0].widen.weight.zero_()
        return encoder

    before = {n: w.clone() for n, w in probes.untouched().encoder.state_dict().items()}
    assert evaluate("real_model", careless, seed=1).passed
    after = probes.untouched().encoder.state_dict()
    assert all(torch.equal(w, before[n]) for n, w in after.items())


def test_every_batch_but_the_single_sentence_holds_padding() -> None:
    for case in REAL_MODEL.cases(np.random.default_rng(5)):
        (sentences,) = case.args
        real = probes.untouched().tokenizer(sentences).real
        assert real.all() == (len(sentences) == 1)


def test_places_of_the_course_are_empty_again_after_an_error() -> None:
    def raising(encoder: Any) -> Any:
        by_copy(encoder).blocks[3].attention.forward = None
        return encoder

    assert not evaluate("real_model", raising, seed=1).passed
    kinds = {type(block.attention).__name__ for block in probes.untouched().encoder.blocks}
    assert kinds == {"EmptyAttention"}


def test_gallery_shows_that_wrong_attention_can_look_plausible() -> None:
    right, *wrong = gallery()
    assert (right.largest, right.truth) == (0, pytest.approx(1))
    assert all(not row.largest <= 0.01 for row in wrong), "far from the truth, or nan"
    assert sum(row.alike > 0.7 and row.unlike < 0.1 for row in wrong) >= 5
    assert len(wrong) >= len(REAL_MODEL.mistakes) - 1  # one cannot read eight sentences


def test_without_the_models_files_the_check_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Any:
        raise ModelUnavailable("The pretrained model is not installed.")

    monkeypatch.setattr("qkv_course.models.pretrained.find_files", missing)
    probes.untouched.cache_clear()
    with pytest.raises(ModelUnavailable, match="not installed"):
        evaluate("real_model", by_copy, seed=1)

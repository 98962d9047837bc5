"""What the explorer of heads claims: published sizes, ranks, and how a learner's function does."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qkv_course.attention import multi_head_attention, softmax, split_heads
from qkv_course.errors import BadAnswer
from qkv_course.widgets import explore
from qkv_course.widgets.heads import MODELS, TOY, _inputs, compute, counts, describe


@pytest.mark.parametrize(
    ("model", "sizes"),
    [
        ("transformer base", (512, 8, 64)),
        ("bert-base", (768, 12, 64)),
        ("gpt-2 small", (768, 12, 64)),
        ("gpt-3", (12288, 96, 128)),
    ],
)
def test_real_models_have_their_published_sizes(model: str, sizes: tuple[int, ...]) -> None:
    r = compute(model, MODELS[model].heads)
    assert (r["d_model"], r["n_heads"], r["d_head"]) == sizes
    assert "the real one has" not in describe(model, MODELS[model].heads)
    assert "the real one has" in describe(model, 1)


@pytest.mark.parametrize("model", MODELS)
def test_parameters_stay_while_weights_grow_with_the_heads(model: str) -> None:
    results = [compute(model, n) for n in counts(MODELS[model].d_model)]
    assert {r["parameters"] for r in results} == {4 * MODELS[model].d_model ** 2}
    entries = np.array([r["entries"] / r["n_heads"] for r in results])
    assert (entries == MODELS[model].tokens ** 2).all()


def test_the_slider_has_every_divisor() -> None:
    assert counts(96) == [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 96]
    assert counts(12288)[-1] == 96 and counts(512)[-1] == 64


@pytest.mark.parametrize("n_heads", counts(96))
def test_every_head_of_the_toy_has_the_rank_that_its_size_allows(n_heads: int) -> None:
    x, w_q, w_k, *_ = _inputs()
    q, k = split_heads(x @ w_q, n_heads), split_heads(x @ w_k, n_heads)
    ranks = np.linalg.matrix_rank(q @ np.swapaxes(k, -1, -2), tol=1e-9)
    r = compute(TOY, n_heads)
    at = counts(96).index(n_heads)
    assert set(ranks) == {min(24, 96 // n_heads)} == {r["ranks"][at]} == {r["bounds"][at]}


def test_one_feature_makes_a_product_of_a_column_and_a_row() -> None:
    r = compute(TOY, 96)
    np.testing.assert_allclose(r["scores"][0], r["q"] * r["k"].T)
    assert r["favorites"][-1] <= 2 < r["favorites"][0]


@pytest.mark.parametrize("model", MODELS)
def test_the_browser_agrees_for_every_number_of_heads(
    model: str, run_js: Callable[[str, str], Any]
) -> None:
    settings: list[dict[str, Any]] = [{"model": model, "heads": n} for n in range(1, 97)]
    code = f"const answer = {json.dumps(settings)}.map((s) => describe(compute(s), s));"
    assert run_js("heads", code) == [describe(**s) for s in settings]


def test_a_number_of_heads_that_does_not_fit_is_named() -> None:
    text = str(explore("heads", heads=7))
    assert "7 heads cannot share 96 features evenly" in text and "6 heads of 16" in text
    with pytest.raises(BadAnswer, match="a whole number from 1 to 96"):
        explore("heads", heads=97)


def test_a_right_function_agrees_at_every_number_of_heads() -> None:
    widget = explore(multi_head_attention)
    for n in counts(96):
        widget.heads = n
        assert widget._yours["kind"] == "agrees"
        assert widget._yours["values"].keys() == {"output", "weights"}


def test_a_head_axis_made_by_reshaping_alone_differs() -> None:
    def straight(
        x: np.ndarray, w_q: Any, w_k: Any, w_v: Any, w_o: Any, n_heads: int, mask: Any = None
    ) -> tuple[np.ndarray, np.ndarray]:
        q, k, v = ((x @ w).reshape(n_heads, len(x), -1) for w in (w_q, w_k, w_v))
        weights = softmax(q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1]))
        return (weights @ v).reshape(x.shape) @ w_o, weights

    straight.__name__ = "multi_head_attention"
    widget = explore(straight, heads=1)
    assert widget._yours["kind"] == "agrees"
    widget.heads = 8
    assert widget._yours["kind"] == "differs"


def test_a_real_model_sends_the_learner_to_the_toy() -> None:
    widget = explore(multi_head_attention, model="gpt-3", heads=96)
    assert "choose the toy model" in str(widget)
    widget.model = TOY
    assert "Yours agrees" in str(widget)


def test_head_dim_is_compared_for_real_models_too() -> None:
    def head_dim(d_model: int, n_heads: int) -> int:
        return 64

    assert explore("heads", head_dim, model="gpt-2 small", heads=12)._yours["kind"] == "agrees"
    found = explore("heads", head_dim, model="gpt-3", heads=96)._yours
    assert found["kind"] == "differs" and "128" in found["text"]


@pytest.mark.parametrize("model", MODELS)
def test_every_model_has_a_poster(model: str) -> None:
    assert explore("heads", model=model, heads=96).poster() is not None

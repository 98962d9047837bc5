"""The mask painter: what may be painted, what leaks, and who notices a change of the last word."""

import json
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qkv_course.attention import causal_mask, padding_mask
from qkv_course.errors import BadAnswer
from qkv_course.widgets import explore
from qkv_course.widgets.masks import FILLS, PRESETS, MasksExplorer, N, compute


def numbers(**settings: Any) -> dict[str, Any]:
    return compute(**explore("masks", **settings).settings)


def random_masks(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(7)
    masks = [rng.random((N, N)) < p for p in rng.random(count)]
    masks[0][2] = False  # a row in which nothing is allowed
    return masks


def test_presets_are_the_library_s_masks() -> None:
    for preset in PRESETS[:4]:
        mask = numbers(preset=preset, length=4)["mask"]
        causal = causal_mask(N) if preset in ("causal", "both") else True
        real = padding_mask(np.array([4]), N)[0] if preset in ("padding", "both") else True
        np.testing.assert_array_equal(mask, np.ones((N, N), dtype=bool) & causal & real)


def test_hidden_weights_are_exactly_zero() -> None:
    for mask in random_masks(8):
        r = numbers(drawn=mask)
        np.testing.assert_array_equal(r["mask"], mask)
        assert (r["shown"][~mask] == 0).all() and (r["leaks"] == 0).all()
        np.testing.assert_allclose(r["totals"], mask.any(axis=-1), atol=1e-12)


def test_the_browser_computes_drawn_masks_alike(run_js: Callable[[str, str], Any]) -> None:
    settings = [
        explore("masks", drawn=mask, fill=fill, true_means=means, change_last=True).settings
        for mask in random_masks(3)
        for fill in FILLS
        for means in ("may attend", "hidden")
    ]
    code = f"const answer = {json.dumps(settings)}.map((s) => {{ const r = compute(s); return "
    code += "[describe(r, s), ...[r.shown, r.leaks, r.moves].map((t) => Array.from(t.data))]; });"
    for setting, (text, *answers) in zip(settings, run_js("masks", code), strict=True):
        r = compute(**setting)
        assert text == MasksExplorer.describe(**setting)
        for key, answer in zip(("shown", "leaks", "moves"), answers, strict=True):
            np.testing.assert_allclose(np.ravel(answer), r[key].ravel(), atol=1e-9)


@pytest.mark.parametrize(("fill", "most"), [("0", 1), ("-1e-12", 1), ("-10", 0.01)])
def test_what_is_not_negative_enough_leaks(fill: str, most: float) -> None:
    leaks = numbers(fill=fill)["leaks"]
    assert 0 < leaks.max() < most and leaks[-1] == 0  # the last word may look at all
    assert "They leak: " in explore("masks", fill=fill).words()


def test_a_mask_after_the_softmax_leaves_rows_short() -> None:
    r = numbers(fill="multiply")
    assert (r["leaks"] == 0).all() and (r["totals"][:-1] < 1).all()
    assert "row “the” sums to 0.01: the softmax saw all words" in str(
        explore("masks", fill="multiply")
    )


def test_an_empty_row_is_put_into_words() -> None:
    mask = np.ones((N, N), dtype=bool)
    mask[1] = False
    words = explore("masks", drawn=mask).words()
    assert "Nothing is allowed in row “cat”: all weights are 0 there" in words
    assert numbers(drawn=mask, fill="-1e9")["leaks"][1] == pytest.approx(1)


@pytest.mark.parametrize("length", range(1, N + 1))
def test_under_a_causal_mask_no_earlier_word_notices_the_last_one(length: int) -> None:
    for preset in ("causal", "both"):
        moves = numbers(preset=preset, length=length, change_last=True)["moves"]
        assert (moves[: length - 1] == 0).all() and moves[length - 1] > 0
        words = explore("masks", preset=preset, length=length, change_last=True).words()
        assert words.endswith("no word before it notices.")


@pytest.mark.parametrize("settings", [{"preset": "none"}, {"fill": "0"}, {"true_means": "hidden"}])
def test_a_leak_of_the_future_is_noticed(settings: dict[str, str]) -> None:
    words = explore("masks", change_last=True, **settings).words()
    assert "noticed by “the”, “cat”, “ate”, “up”, “my”." in words


def test_read_the_other_way_round_a_mask_hides_what_it_should_show() -> None:
    mask = random_masks(1)[0]
    np.testing.assert_array_equal(numbers(drawn=mask, true_means="hidden")["mask"], ~mask)


def test_a_mask_of_one_s_own_is_given_as_an_array_or_a_text() -> None:
    text = explore("masks", drawn=np.eye(N)).drawn
    assert text == "100000/010000/001000/000100/000010/000001"
    assert explore("masks", drawn=text, preset="none").preset == "none"
    widget = explore("masks")
    widget.drawn = np.eye(N, dtype=bool).tolist()
    assert widget.drawn == text and widget.preset == "causal"


def test_a_mask_of_torch_is_painted_without_a_warning() -> None:
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert explore("masks", drawn=torch.eye(N) > 0).drawn.startswith("100000/010000")


@pytest.mark.parametrize("bad", ["110", "x", np.eye(5), np.full((N, N), 0.5), None, 3])
def test_what_is_no_mask_is_refused_in_words(bad: object) -> None:
    with pytest.raises(BadAnswer, match=r"choose a mask of 6 rows of 6: an array, or a text"):
        explore("masks", drawn=bad)


def test_yours_is_judged_under_the_mask_on_the_screen() -> None:
    def causal_mask(n: int) -> np.ndarray:
        return np.tri(n, k=-1, dtype=bool)

    def masked_attention(q: Any, k: Any, v: Any, mask: Any) -> Any:
        scores = np.where(mask, q @ k.T / np.sqrt(q.shape[-1]), 0)
        exps = np.exp(scores)
        weights = exps / exps.sum(axis=-1, keepdims=True)
        return weights @ v, weights

    def padding_mask(lengths: Any, n: int) -> np.ndarray:
        return (np.arange(n) < np.asarray(lengths)[:, None])[:, None]

    assert explore(causal_mask)._yours["kind"] == "differs"
    assert explore(masked_attention)._yours["kind"] == "differs"
    assert explore(masked_attention, preset="none")._yours["kind"] == "agrees"
    assert explore(padding_mask)._yours["kind"] == "agrees"

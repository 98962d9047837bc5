"""What the explorer of splitting claims: NumPy's own reshape and swap, right and wrong."""

import json
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

from qkv_course.attention import merge_heads, split_heads
from qkv_course.errors import BadAnswer
from qkv_course.widgets import explore
from qkv_course.widgets.split import HEADS, compute, describe


@pytest.mark.parametrize("heads", HEADS)
def test_both_ways_are_numpys(heads: int, run_js: Callable[[str, str], Any]) -> None:
    settings = {"step": 0, "heads": heads, "token": 0, "column": 0}
    names = ["x", "reshaped", "split", "straight", "straight_back", "merged"]
    code = f"const r = compute({json.dumps(settings)});"
    code += f"const answer = {names}.map((n) => [r[n].shape, Array.from(r[n].data)]);"
    shown = {
        name: np.reshape(data, shape)
        for name, (shape, data) in zip(names, run_js("split", code), strict=True)
    }
    x = shown["x"]
    pieces = x.reshape(3, heads, 8 // heads)
    np.testing.assert_array_equal(shown["reshaped"], pieces)
    np.testing.assert_array_equal(shown["split"], pieces.swapaxes(0, 1))
    np.testing.assert_array_equal(shown["straight"], x.reshape(heads, 3, 8 // heads))
    np.testing.assert_array_equal(shown["straight_back"], x)
    np.testing.assert_array_equal(shown["merged"], x)


@pytest.mark.parametrize("heads", HEADS)
def test_what_is_not_marked_is_in_its_place(heads: int) -> None:
    r = compute(0, heads, 0, 0)
    marked = r["wrong_head"] | r["wrong_row"]
    np.testing.assert_array_equal(~marked, r["straight"] == r["split"])
    assert marked.any() == (heads > 1)
    assert not (r["wrong_head"] & r["wrong_row"]).any()


def test_the_words_follow_every_number_as_the_browser_does(
    run_js: Callable[[str, str], Any],
) -> None:
    names = ("step", "heads", "token", "column")
    settings = [
        dict(zip(names, values, strict=True))
        for values in product(range(4), HEADS, range(3), range(8))
    ]
    code = f"const answer = {json.dumps(settings)}.map((s) => describe(compute(s), s));"
    assert run_js("split", code) == [describe(**s) for s in settings]
    for s in settings:
        r = compute(**s)
        number = 10 * s["token"] + s["column"]
        for array, place in (("reshaped", "in_reshaped"), ("straight", "in_straight")):
            assert r[array][tuple(r[place])] == number


def test_the_path_is_said_with_its_indices() -> None:
    text = describe(2, 4, 1, 5)
    assert "15: token 1, column 5 → head 2, token 1, column 1." in text
    assert "Reshaped straight: head 2, row 0, column 1." in text
    assert "16 of 24 numbers are in a wrong head, and 4 in a wrong row" in text


def test_one_head_cannot_be_mixed_up() -> None:
    assert all("nothing to mix up" in describe(step, 1, 0, 0) for step in (2, 3))


def test_heads_that_do_not_divide_are_refused_in_words() -> None:
    with pytest.raises(BadAnswer, match="one of 1, 2, 4, 8"):
        explore("split", heads=3)


@pytest.mark.parametrize("function", [split_heads, merge_heads])
def test_right_functions_agree_and_are_sent_to_be_drawn(function: Any) -> None:
    widget = explore("split", function)
    for heads in HEADS:
        widget.heads = heads
        assert widget._yours["kind"] == "agrees" and len(widget._yours["values"]) == 1


def test_reshaping_alone_differs_for_both() -> None:
    def split(x: np.ndarray, n_heads: int) -> np.ndarray:
        return x.reshape(n_heads, len(x), -1)

    def merge(x: np.ndarray) -> np.ndarray:
        return x.reshape(x.shape[1], -1)

    for name, function in (("split_heads", split), ("merge_heads", merge)):
        function.__name__ = name
        found = explore(function, heads=4)._yours
        assert found["kind"] == "differs" and len(found["values"]) == 1
        assert explore(function, heads=1)._yours["kind"] == "agrees"


def test_the_poster_tells_both_ways() -> None:
    widget = explore("split")
    assert "Reshaped straight" in widget.caption() and widget.poster() is not None

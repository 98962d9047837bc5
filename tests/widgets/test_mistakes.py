"""break_it shows every mistake of every exercise, with words for each."""

import json
from typing import Any

import numpy as np
import pytest

from qkv_course.errors import UnknownName
from qkv_course.lessons import exercise_names, find_exercise
from qkv_course.widgets import break_it


def shown(widget: Any) -> list[dict[str, Any]]:
    """Give the scenes with their items, as the browser puts them together."""
    parts = ("given", "right", "wrong")
    return [{**s, **{p: [widget._items[i] for i in s[p]] for p in parts}} for s in widget._scenes]


@pytest.mark.parametrize("name", exercise_names())
def test_every_mistake_goes_visibly_wrong(name: str) -> None:
    widget = break_it(name)
    scenes = shown(widget)
    assert [s["name"] for s in scenes] == [m.name for m in find_exercise(name).mistakes]
    for scene in scenes:
        same = json.dumps(scene["right"]) == json.dumps(scene["wrong"])
        assert not same or scene["remark"], f"{scene['name']} looks right"
        widget.mistake = scene["name"]
        assert scene["title"] in str(widget) and scene["try"] in str(widget)
    stored = json.dumps([widget._scenes, widget._items], allow_nan=False)
    assert len(stored) < 50_000, "it stands in every notebook that was run"


def test_the_numbers_are_those_of_the_smallest_case() -> None:
    scene = next(s for s in shown(break_it("attention_scores")) if s["name"] == "scaled-already")
    assert [v["name"] for v in scene["given"]] == ["q", "k"]
    right, wrong = scene["right"][0], scene["wrong"][0]
    assert right == {"name": "scores", "shape": [2, 3], "data": [3, 0, 1, 5, 4, 3]}
    np.testing.assert_allclose(wrong["data"], np.array(right["data"]) / np.sqrt(2), rtol=1e-4)


def test_an_error_is_shown_in_words() -> None:
    widget = break_it("attention_scores", "elementwise-product")
    assert "It stops with ValueError: operands could not be broadcast" in str(widget)


def test_of_a_batch_the_matrix_that_differs_is_shown() -> None:
    scene = next(s for s in shown(break_it("attention_scores")) if s["name"] == "transposed-batch")
    assert scene["remark"] or len(scene["wrong"][0]["shape"]) <= 2


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: break_it("scaled_score"), "Did you mean scaled_scores?"),
        (lambda: break_it("scaled_scores", "not-scale"), "Did you mean not-scaled?"),
        (lambda: setattr(break_it("dot"), "mistake", "zzz"), "There is no mistake called 'zzz'."),
    ],
)
def test_an_unknown_name_is_answered_with_a_sentence(call: Any, sentence: str) -> None:
    with pytest.raises(UnknownName) as error:
        call()
    assert sentence in str(error.value)


def test_the_function_itself_will_do() -> None:
    assert str(break_it(find_exercise("dot").reference)) == str(break_it("dot"))

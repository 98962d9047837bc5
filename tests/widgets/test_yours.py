"""What an explorer says of a learner's own function, whatever that function does."""

import time
from typing import Any

import numpy as np
import pytest

from qkv_course.widgets import explore, yours


def yours_says(function: Any, **settings: Any) -> dict[str, Any]:
    function.__name__ = "scaled_scores"
    found: dict[str, Any] = explore(function, **settings)._yours
    return found


def test_a_right_function_agrees_and_its_numbers_are_sent() -> None:
    found = yours_says(lambda q, k: q @ k.T / np.sqrt(q.shape[-1]), d_k=16)
    assert found["kind"] == "agrees" and found["for"]["d_k"] == 16
    assert found["values"]["scaled"]["shape"] == [6, 8]


def test_a_wrong_number_is_named_with_its_place() -> None:
    def almost(q: np.ndarray, k: np.ndarray) -> np.ndarray:
        scores = q @ k.T / np.sqrt(q.shape[-1])
        scores[1, 2] = 0.25
        return scores

    found = yours_says(almost)
    assert found["kind"] == "differs"
    assert "`scaled[1, 2]` is 0.25 (1 of 48 entries differ)" in found["text"]
    assert "`scaled[1, 2]` should be" in found["text"]


def not_written(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    raise NotImplementedError


def endless(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    while True:
        time.sleep(0.01)


def changes_q(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    q /= np.sqrt(q.shape[-1])
    return q @ k.T


class Prickly:
    """An object that raises whatever is done to it."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


@pytest.mark.parametrize(
    ("function", "kind", "text"),
    [
        (not_written, "not written", "`scaled_scores` is not written yet"),
        (endless, "stopped", "did not finish within 0.2 seconds"),
        (changes_q, "differs", "changed `q`"),
        (lambda q, k: q @ k, "stopped", "raised ValueError"),
        (lambda q: q, "stopped", "raised TypeError"),
        (lambda q, k: None, "differs", "is None"),
        (lambda q, k: [[1.0]], "differs", "list"),
        (lambda q, k: k @ q.T, "differs", "has the shape (8, 6)"),
        (lambda q, k: Prickly(), "differs", ""),
        (lambda q, k: np.full((6, 8), np.nan), "differs", "is nan"),
    ],
)
def test_whatever_goes_wrong_is_put_into_words(
    function: Any, kind: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yours, "SECONDS", 0.2)
    found = yours_says(function)
    assert found["kind"] == kind and text in found["text"]


def test_results_of_another_shape_are_not_sent() -> None:
    assert yours_says(lambda q, k: k @ q.T)["values"] == {}


def test_numbers_that_json_does_not_know_are_sent_by_name() -> None:
    values = yours_says(lambda q, k: np.full((6, 8), np.nan))["values"]
    assert values["scaled"]["data"] == ["nan"] * 48


def test_yours_follows_the_settings() -> None:
    calls = []

    def scaled_scores(q: np.ndarray, k: np.ndarray) -> np.ndarray:
        calls.append(q.shape[-1])
        return q @ k.T / 8.0  # right for d_k = 64 only

    widget = explore(scaled_scores)
    assert "Yours agrees" in str(widget)
    widget.d_k = 16
    assert widget._yours["kind"] == "differs" and widget._yours["for"]["d_k"] == 16
    widget.d_k = 16
    assert calls == [64, 16]

"""Explorers without a browser: how they are found, set, described and saved."""

import base64
import inspect
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from qkv_course import lessons
from qkv_course.errors import BadAnswer, QkvError, UnknownName
from qkv_course.widgets import EXPLORERS, explore
from qkv_course.widgets.scaling import ScalingExplorer, compute, describe


def scaling() -> None:
    """A function that is named as an explorer, but as no function of a lesson."""


def bundle(widget: Any) -> dict[str, Any]:
    data: dict[str, Any] = widget._repr_mimebundle_()[0]
    return data


def test_a_function_and_a_name_find_the_same_explorer() -> None:
    def scaled_scores(q: np.ndarray, k: np.ndarray) -> np.ndarray:
        return q @ k.T

    assert isinstance(explore(scaled_scores), ScalingExplorer)
    assert isinstance(explore("scaled_scores"), ScalingExplorer)
    assert isinstance(explore("scaling"), ScalingExplorer)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: explore("scalin"), "Did you mean scaling?"),
        (lambda: explore(lambda q, k: q), "There is no explorer called '<lambda>'."),
        (lambda: explore(scaling), "There is no explorer called 'scaling'. There are: attention,"),
        (lambda: explore(3), "explore shows a function or the name of an explorer, not a int."),
        (lambda: explore("scaling", dk=3), "has no setting 'dk'. Its settings are: d_k, scale"),
        (lambda: explore("scaling", d_k=2000), "d_k is 2000; choose a whole number from 1 to 1024"),
        (lambda: explore("scaling", d_k="64"), "d_k is '64'; choose a whole number from 1 to 1024"),
        (lambda: explore("scaling", scale=2), "scale is 2; choose True or False."),
    ],
)
def test_a_wrong_call_is_answered_with_a_sentence(call: Any, sentence: str) -> None:
    with pytest.raises(QkvError) as error:
        call()
    assert sentence in str(error.value)


def test_a_setting_out_of_range_changes_nothing() -> None:
    widget = explore("scaling", d_k=16)
    with pytest.raises(BadAnswer, match="choose a whole number from 1 to 1024"):
        widget.d_k = 0
    assert widget.d_k == 16
    with pytest.raises(BadAnswer, match="has no setting 'dk'"):
        widget.dk = 3
    warm = explore("softmax")
    with pytest.raises(BadAnswer, match="temperature is nan; choose a number"):
        warm.temperature = float("nan")
    assert warm.temperature == 1


def test_a_numpy_number_is_a_number() -> None:
    assert explore("scaling", d_k=np.int64(32), scale=np.bool(True)).settings == {
        "d_k": 32,
        "scale": True,
        "seed": 0,
    }


def test_every_function_of_the_registry_is_an_exercise_with_a_call() -> None:
    for name, functions in EXPLORERS.items():
        assert set(functions) <= set(lessons.exercise_names())
        widget = explore(name)
        assert {call.function for call in type(widget).calls} >= set(functions)
        known = {**widget.settings, **type(widget).compute(**widget.settings)}
        for call in type(widget).calls:
            reference = lessons.find_exercise(call.function).reference
            assert len(call.takes) <= len(inspect.signature(reference).parameters)
            assert {*call.takes, *call.gives} <= known.keys()


def test_every_explorer_agrees_with_the_course_s_own_functions() -> None:
    for name, functions in EXPLORERS.items():
        for function in functions:
            widget = explore(lessons.find_exercise(function).reference)
            assert widget._yours["kind"] == "agrees", f"{name}: {widget._yours['text']}"


def test_the_text_twin_has_settings_numbers_and_an_invitation() -> None:
    text = str(explore("scaling", d_k=256))
    assert text.startswith("ScalingExplorer(d_k=256, scale=False, seed=0)\n")
    assert describe(256, False, 0) in text
    assert text.endswith("Run this cell to move the sliders.")
    assert f"{compute(256, False, 0)['spread']:.2f}" in text


def test_scores_spread_as_the_root_of_d_k_and_scaling_undoes_it() -> None:
    for d_k in (16, 256, 1024):
        raw, scaled = compute(d_k, False, 0), compute(d_k, True, 0)
        assert raw["spread"] == pytest.approx(d_k**0.5, rel=0.1) and raw["expected"] == d_k**0.5
        assert scaled["spread"] == pytest.approx(1, rel=0.1) and scaled["expected"] == 1
    sharp, even = compute(1024, False, 0)["weights"], compute(1024, True, 0)["weights"]
    assert sharp.max(axis=-1).mean() > 0.9 > 0.7 > even.max(axis=-1).mean()


@pytest.mark.parametrize("name", EXPLORERS)
def test_a_saved_notebook_shows_the_same_picture_and_text_each_time(name: str) -> None:
    first, second = bundle(explore(name)), bundle(explore(name))
    png = base64.b64decode(first["image/png"])
    assert png.startswith(b"\x89PNG") and len(png) < 120_000
    for kind in ("text/plain", "image/png"):
        assert first[kind] == second[kind]
    assert not re.search("0x[0-9a-f]{6}", first["text/plain"])
    assert "application/vnd.jupyter.widget-view+json" in first


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, qkv_course.widgets; from qkv_course import explore, break_it\n"
        "print([m for m in ('matplotlib', 'torch', 'anywidget', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert done.stdout.strip() == "[]", done.stderr
    more = "import qkv_course.widgets as w; w.explore('scaling')\n" + code
    done = subprocess.run([sys.executable, "-c", more], capture_output=True, encoding="utf-8")
    assert "matplotlib" not in done.stdout and "torch" not in done.stdout, done.stderr


def test_an_unknown_name_is_a_lookup_error_too() -> None:
    with pytest.raises(UnknownName):
        explore("nothing of the kind")

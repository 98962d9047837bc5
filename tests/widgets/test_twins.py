"""Every explorer computes and says in the browser what its Python twin computes and says."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import traitlets

from qkv_course.widgets import EXPLORERS, explore
from qkv_course.widgets.base import fixed
from qkv_course.widgets.random import normals, uniforms

# What JSON.stringify needs to write arrays and numbers that JSON does not know.
PLAIN = """
const plain = (x) => Number.isFinite(x) || typeof x !== "number" ? x : String(x);
const written = (r) => Object.fromEntries(Object.entries(r).map(([name, x]) =>
  [name, x?.data ? { shape: x.shape, data: Array.from(x.data, plain) } : plain(x)]));
"""


def variants(explorer: Any) -> Iterator[dict[str, Any]]:
    """Give the default settings, then change one setting at a time."""
    yield explorer.settings
    for name, value in explorer.settings.items():
        trait = explorer.traits()[name]
        choices = [getattr(trait, "min", None), getattr(trait, "max", None)]
        if isinstance(trait, traitlets.Bool):
            choices = [not value]
        elif isinstance(trait, traitlets.Enum):
            choices = list(trait.values)
        yield from ({**explorer.settings, name: c} for c in choices if c not in (None, value))


def array(written: Any) -> Any:
    if isinstance(written, dict):
        return np.array([float(x) for x in written["data"]]).reshape(written["shape"])
    return float(written)


@pytest.mark.parametrize("name", EXPLORERS)
def test_the_browser_computes_what_python_computes(
    name: str, run_js: Callable[[str, str], Any]
) -> None:
    explorer = explore(name)
    settings = list(variants(explorer))
    code = f"const answer = {json.dumps(settings)}.map((s) => written(module.compute(s)));"
    module = "const module = explorer({ compute, build });"
    answers = run_js(name, PLAIN + module + code)
    for setting, answer in zip(settings, answers, strict=True):
        right = type(explorer).compute(**setting)
        assert answer.keys() == right.keys()
        for key, value in right.items():
            np.testing.assert_allclose(
                array(answer[key]), value, rtol=1e-6, atol=1e-9, err_msg=f"{key} at {setting}"
            )


@pytest.mark.parametrize("name", EXPLORERS)
def test_the_browser_says_what_python_says(name: str, run_js: Callable[[str, str], Any]) -> None:
    explorer = explore(name)
    settings = list(variants(explorer))
    code = f"const answer = {json.dumps(settings)}.map((s) => describe(compute(s), s));"
    for setting, answer in zip(settings, run_js(name, code), strict=True):
        assert answer == type(explorer).describe(**setting)


def test_random_numbers_are_the_same_in_both(run_js: Callable[[str, str], Any]) -> None:
    seeds = [0, 1, 7, 4_000_003, 2**31]
    code = f"const seeds = {seeds};"
    code += "const answer = seeds.map((s) => [Array.from(uniforms(9, s)), normals([5], s).data]"
    code += ".map((x) => Array.from(x)));"
    for seed, (flat, normal) in zip(seeds, run_js("scaling", code), strict=True):
        np.testing.assert_array_equal(flat, uniforms(9, seed))
        np.testing.assert_allclose(normal, normals((5,), seed), rtol=1e-12)


def test_two_decimals_are_alike_in_both(run_js: Callable[[str, str], Any]) -> None:
    numbers = [
        0.0,
        -0.0,
        0.005,
        0.0049999999999,
        -0.001,
        -0.005,
        0.125,
        -0.125,
        1.005,
        12.5,
        -3.456,
    ]
    written = [fixed(x) for x in numbers]
    assert written == [
        *("0.00", "0.00", "0.01", "0.01", "0.00", "-0.01"),
        *("0.13", "-0.13", "1.01", "12.50", "-3.46"),
    ]
    assert run_js("dot", f"const answer = {json.dumps(numbers)}.map(fixed);") == written


def test_numbers_in_a_heatmap_can_be_read(run_js: Callable[[str, str], Any]) -> None:
    code = (
        "const answer = Array.from({ length: 1001 }, (_, i) => cividis(i / 1000)).concat(BRIGHT);"
    )
    *colors, bright = run_js("scaling", code)
    rgb = np.array(colors) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    white = np.arange(1001) / 1000 < bright
    contrast = np.where(white, 1.05 / (luminance + 0.05), (luminance + 0.05) / 0.05)
    assert contrast.min() >= 4.5  # WCAG 2.2, success criterion 1.4.3

"""The cost curves: numbers of real models, where curves cross, and sizes in words."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from qkv_course.widgets import explore
from qkv_course.widgets.cost import CostExplorer, compute, operations, size

GPT_3 = {"n_layers": 96, "n_heads": 96, "n_kv_heads": 96, "d_head": 128}
LLAMA = {"n_layers": 80, "n_heads": 64, "n_kv_heads": 8, "d_head": 128}


def numbers(**settings: int) -> dict[str, Any]:
    return compute(**explore("cost", **settings).settings)


def test_attention_overtakes_where_the_curves_cross() -> None:
    for model in ({}, GPT_3, LLAMA):
        projections, recurrent = (int(n) for n in numbers(**model)["crossings"])
        at = numbers(n=projections, **model)
        assert at["flops"] == at["projections"]
        at = numbers(n=recurrent, **model)
        assert at["flops"] == at["recurrent"]
        at = numbers(n=int(at["equal_at"]), **model)
        assert at["score_bytes"] == at["cache_bytes"]


def test_numbers_of_real_models() -> None:
    assert numbers(**GPT_3)["d_model"] == 12288 and numbers(**LLAMA)["d_model"] == 8192
    assert "KV cache of all 12 layers fills 36 MiB" in explore("cost").words()
    assert "all 80 layers fills 1.25 GiB" in explore("cost", n=4096, **LLAMA).words()


def test_projections_shrink_with_the_kv_heads() -> None:
    full = numbers(**{**LLAMA, "n_kv_heads": 64})
    shared = numbers(**LLAMA)
    assert full["projections"] == 8 * 1024 * 8192**2
    assert shared["projections"] == full["projections"] * (1 + 1 / 8) / 2


@pytest.mark.parametrize(
    ("heads", "asked", "used", "choices"),
    [
        (12, 12, 12, [12, 3, 1]),
        (12, 4, 4, [12, 4, 1]),
        (12, 5, 4, [12, 4, 1]),
        (64, 8, 8, [64, 8, 1]),
        (1, 12, 1, [1]),
        (2, 2, 2, [2, 1]),
        (7, 3, 1, [7, 1]),
    ],
)
def test_kv_heads_divide_the_query_heads(
    heads: int, asked: int, used: int, choices: list[int], run_js: Callable[[str, str], Any]
) -> None:
    settings = explore("cost", n_heads=heads, n_kv_heads=asked).settings
    r = compute(**settings)
    assert r["n_kv_heads"] == used and r["choices"].tolist() == choices
    assert r["choice_bytes"][choices.index(used)] == r["cache_bytes"]
    code = f"const r = compute({json.dumps(settings)});"
    code += "const answer = [r.n_kv_heads, Array.from(r.choices.data)];"
    assert run_js("cost", code) == [used, choices]


def test_counts_and_bytes_in_words_are_the_same_in_the_browser(
    run_js: Callable[[str, str], Any],
) -> None:
    counts = [*(int(1.7**i) for i in range(1, 66)), *(2**i for i in range(45)), 2304, 10240, 1023]
    code = f"const answer = {json.dumps(counts)}.map((x) => [operations(x), size(x)]);"
    for count, answer in zip(counts, run_js("cost", code), strict=True):
        assert answer == [operations(count), size(count)]
    assert operations(3_221_225_472) == "3.22 billion" and operations(999) == "999"
    assert size(36 * 2**20) == "36 MiB" and size(2304) == "2.25 KiB" and size(512) == "512 B"


def test_the_browser_says_the_same_of_any_length_and_model(
    run_js: Callable[[str, str], Any],
) -> None:
    models: list[dict[str, int]] = [{}, GPT_3, LLAMA]
    settings = [explore("cost", n=n, **m).settings for m in models for n in (16, 777, 5000, 131072)]
    code = f"const answer = {json.dumps(settings)}.map((s) => describe(compute(s), s));"
    for setting, answer in zip(settings, run_js("cost", code), strict=True):
        assert answer == CostExplorer.describe(**setting)


def test_yours_is_called_with_the_numbers_on_the_screen() -> None:
    def kv_cache_bytes(n: int, layers: int, heads: int, d_head: int, size: int = 2) -> int:
        return n * layers * heads * d_head * size

    def attention_flops(n: int, d_model: int) -> int:
        return 4 * n * n * d_model

    widget = explore(kv_cache_bytes)
    assert widget._yours["kind"] == "differs"
    assert "`cache_bytes` is 18874368" in widget._yours["text"]
    assert explore(attention_flops, **LLAMA)._yours["kind"] == "agrees"

"""Costs are those of real arrays, and every way to save gives what full attention gives."""

import tracemalloc

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from qkv_course import attention as course

SHAPES = [(), (2,), (3, 2)]


def draw(*shape: int, dtype: str = "float64") -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(dtype)


def close(ours: np.ndarray, theirs: np.ndarray | torch.Tensor, rtol: float = 1e-6) -> None:
    np.testing.assert_allclose(ours, np.asarray(theirs), rtol=rtol, atol=1e-8)


class Counted(float):
    """A number that counts the operations done with it and its like."""

    operations = 0

    def __mul__(self, other: float) -> "Counted":
        Counted.operations += 1
        return Counted(float(self) * float(other))

    def __add__(self, other: float) -> "Counted":
        Counted.operations += 1
        return Counted(float(self) + float(other))


@pytest.mark.parametrize(("n", "d_model"), [(3, 5), (4, 2)])
def test_operations_are_those_of_two_matrix_products(n: int, d_model: int) -> None:
    """Counted one by one; a sum starts from 0, so it takes as many additions as products."""

    def product(a: list[list[Counted]], b: list[list[Counted]]) -> list[list[Counted]]:
        out = [[Counted(0.0) for _ in b[0]] for _ in a]
        for i, row in enumerate(a):
            for j in range(len(b[0])):
                for x, other in zip(row, b, strict=True):
                    out[i][j] = out[i][j] + x * other[j]
        return out

    def numbers(rows: int, columns: int) -> list[list[Counted]]:
        return [[Counted(x) for x in row] for row in draw(rows, columns)]

    Counted.operations = 0
    scores = product(numbers(n, d_model), numbers(d_model, n))
    product(scores, numbers(n, d_model))
    assert course.attention_flops(n, d_model) == Counted.operations


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_cache_takes_the_bytes_of_real_arrays(dtype: str) -> None:
    n, n_layers, n_kv_heads, d_head = 7, 3, 2, 4
    layers = [
        (np.zeros((n_kv_heads, n, d_head), dtype), np.zeros((n_kv_heads, n, d_head), dtype))
        for _ in range(n_layers)
    ]
    real = sum(k.nbytes + v.nbytes for k, v in layers)
    width = np.dtype(dtype).itemsize
    assert course.kv_cache_bytes(n, n_layers, n_kv_heads, d_head, width) == real


def test_cache_is_of_two_bytes_a_value_by_default() -> None:
    assert course.kv_cache_bytes(7, 3, 2, 4) == course.kv_cache_bytes(7, 3, 2, 4, 2)


@pytest.mark.parametrize("lead", SHAPES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_steps_from_an_empty_cache_are_causal_attention(lead: tuple[int, ...], dtype: str) -> None:
    n, d_k, d_v = 6, 4, 3
    q, k, v = (draw(*lead, n, d, dtype=dtype) for d in (d_k, d_k, d_v))
    whole, _ = course.masked_attention(q, k, v, course.causal_mask(n))
    k_cache, v_cache = k[..., :0, :], v[..., :0, :]
    for t in range(n):
        now = (..., slice(t, t + 1), slice(None))
        context, k_cache, v_cache = course.decode_step(q[now], k[now], v[now], k_cache, v_cache)
        close(context, whole[now], rtol=1e-6 if dtype == "float64" else 1e-4)
    assert np.array_equal(k_cache, k) and np.array_equal(v_cache, v)
    assert k_cache.dtype == v_cache.dtype == dtype


def test_a_step_leaves_the_old_caches_alone() -> None:
    k_cache, v_cache = draw(3, 4), draw(3, 2)
    before = k_cache.copy(), v_cache.copy()
    course.decode_step(draw(1, 4), draw(1, 4), draw(1, 2), k_cache, v_cache)
    assert np.array_equal(k_cache, before[0]) and np.array_equal(v_cache, before[1])


@pytest.mark.parametrize("lead", [(1,), (2,), (3, 2)])
@pytest.mark.parametrize("h_kv", [1, 2, 3, 6])
def test_grouped_queries_are_torchs(lead: tuple[int, ...], h_kv: int) -> None:
    q, k, v = draw(*lead, 6, 3, 4), draw(*lead, h_kv, 5, 4), draw(*lead, h_kv, 5, 2)
    context, weights = course.grouped_query_attention(q, k, v)
    theirs = F.scaled_dot_product_attention(*map(torch.from_numpy, (q, k, v)), enable_gqa=True)
    close(context, theirs)
    assert weights.shape == (*lead, 6, 3, 5)
    close(weights.sum(axis=-1), np.ones((*lead, 6, 3)))


@pytest.mark.parametrize("lead", SHAPES)
@pytest.mark.parametrize("block", [1, 2, 3, 4, 7, 8, 100])
def test_streaming_is_attention_and_torchs(lead: tuple[int, ...], block: int) -> None:
    q, k, v = draw(*lead, 5, 4), draw(*lead, 7, 4), draw(*lead, 7, 3)
    context = course.streaming_attention(q, k, v, block)
    close(context, course.attention(q, k, v)[0])
    close(context, F.scaled_dot_product_attention(*map(torch.from_numpy, (q, k, v))))


@pytest.mark.parametrize("block", [1, 2, 3, 5, 9])
@pytest.mark.parametrize("order", ["mixed", "rising", "falling"])
def test_streaming_copes_with_scores_of_a_thousand(block: int, order: str) -> None:
    scores = np.array([-1000.0, 1000.0, 999.0, -1000.0, 1000.5, 0.0, -999.0, 998.0])
    k = {"mixed": scores, "rising": np.sort(scores), "falling": -np.sort(-scores)}[order][:, None]
    q, v = np.array([[1.0], [-1.0], [0.001]]), draw(8, 2)  # d_k is 1: a score is q * k
    context = course.streaming_attention(q, k, v, block)
    assert np.isfinite(context).all()
    close(context, course.attention(q, k, v)[0])
    close(context, F.scaled_dot_product_attention(*map(torch.from_numpy, (q, k, v))))


def test_streaming_keeps_the_precision_it_is_given() -> None:
    q, k, v = (draw(5, 4, dtype="float32") for _ in range(3))
    assert course.streaming_attention(q, k, v, 2).dtype == np.float32


def test_streaming_holds_far_less_than_all_scores() -> None:
    n, d, block = 1000, 8, 20
    q, k, v = draw(n, d), draw(n, d), draw(n, d)

    def peak(*, whole: bool) -> int:
        tracemalloc.start()
        _ = course.attention(q, k, v) if whole else course.streaming_attention(q, k, v, block)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(whole=True) > 8 * n * n  # so the measurement would see them
    assert peak(whole=False) < 8 * n * n / 4

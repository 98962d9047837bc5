"""Lesson 04: what is wrong is rejected, and never called by the name of another mistake."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from qkv_course.attention import attention_scores, scaled_scores
from qkv_course.checks import evaluate

Array = np.ndarray
Wrong = Callable[..., Any]


def one_sentence_only(q: Array, k: Array) -> Array:
    return q @ k.T if q.ndim == 2 else np.zeros((*q.shape[:-1], k.shape[-2]))


def first_sentence_for_all(q: Array, k: Array) -> Array:
    return attention_scores(q, k if k.ndim == 2 else np.broadcast_to(k[:1], k.shape))


def last_feature_left_out(q: Array, k: Array) -> Array:
    return attention_scores(q[..., :-1], k[..., :-1])


def cosine_of_scaled(q: Array, k: Array) -> Array:
    scores = scaled_scores(q, k)
    return scores / np.abs(scores).max()


def distance(q: Array, k: Array) -> Array:
    return -np.linalg.norm(q[..., :, None, :] - k[..., None, :, :], axis=-1)


def absolute(q: Array, k: Array) -> Array:
    return np.abs(attention_scores(q, k))


def swapped_when_square(q: Array, k: Array) -> Array:
    square = q.shape == k.shape and q.shape[-1] == q.shape[-2]
    return attention_scores(k, q) if square else attention_scores(q, k)


def swapped_and_not_scaled(q: Array, k: Array) -> Array:
    return attention_scores(k, q)


def twice_scaled(q: Array, k: Array) -> Array:
    return scaled_scores(q, k) / q.shape[-1] ** 0.25


def root_of_both(q: Array, k: Array) -> Array:
    return attention_scores(q, k) / math.sqrt(q.shape[-1] + k.shape[-2])


def rounded_root_of_d_k(q: Array, k: Array) -> Array:
    return attention_scores(q, k) / round(math.sqrt(q.shape[-1]))


def fixed_root(q: Array, k: Array) -> Array:
    return attention_scores(q, k) / math.sqrt(5)


def scaled_in_batches_only(q: Array, k: Array) -> Array:
    return attention_scores(q, k) if q.ndim == 2 else scaled_scores(q, k)


def of_a_small_sample(d_k: int) -> float:
    q, k = np.random.default_rng(0).normal(size=(2, 100, d_k))
    return float((q * k).sum(axis=-1).std())


def off_by_one(d_k: int) -> float:
    return math.sqrt(d_k + 1)


def without_bias(d_k: int) -> float:
    return math.sqrt(max(d_k - 1, 0))


def root_of_the_root(d_k: int) -> float:
    return d_k**0.25


def logarithm(d_k: int) -> float:
    return math.log2(d_k)


WRONG: dict[str, list[Wrong]] = {
    "attention_scores": [
        one_sentence_only,
        first_sentence_for_all,
        last_feature_left_out,
        cosine_of_scaled,
        distance,
        absolute,
        swapped_when_square,
    ],
    "scaled_scores": [
        swapped_and_not_scaled,
        twice_scaled,
        root_of_both,
        rounded_root_of_d_k,
        fixed_root,
        scaled_in_batches_only,
    ],
    "score_std": [
        of_a_small_sample,
        off_by_one,
        without_bias,
        root_of_the_root,
        logarithm,
    ],
}


def test_an_estimate_is_told_from_the_formula() -> None:
    def large_sample(d_k: int) -> float:
        q, k = np.random.default_rng(0).normal(size=(2, 20_000, d_k))
        return float((q * k).sum(axis=-1).std())

    assert "asks for the formula" in evaluate("score_std", large_sample, 1).likely

"""Lesson 00: what is wrong is rejected, and never called by the name of another mistake."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qkv_course.checks import evaluate

Array = np.ndarray
Wrong = Callable[..., Any]


def first_and_last_missing(a: Array, b: Array) -> Any:
    return a[1:-1] @ b[1:-1]


def one_product_too_many(a: Array, b: Array) -> Any:
    return a @ b + a[0] * b[0]


def starts_at_one_and_last_missing(a: Array, b: Array) -> Any:
    return 1 + a[:-1] @ b[:-1]


def neighbors_paired(a: Array, b: Array) -> Any:
    return a @ np.roll(b, 1)


def paired_backwards(a: Array, b: Array) -> Any:
    return a @ b[::-1]


def all_products_multiplied(a: Array, b: Array) -> Any:
    return np.prod(a * b)


def divided_by_one_length(a: Array, b: Array) -> Any:
    return a @ b / np.linalg.norm(a)


def divided_by_root_of_size(a: Array, b: Array) -> Any:
    return a @ b / np.sqrt(len(a))


def without_signs(a: Array, b: Array) -> Any:
    return np.abs(a * b).sum()


def size_of_the_result(a: Array, b: Array) -> Any:
    return abs(a @ b)


def wrong_sign(a: Array, b: Array) -> Any:
    return -(a @ b)


def b_with_itself(a: Array, b: Array) -> Any:
    return b @ b


def whole_number(a: Array, b: Array) -> int:
    return int(a @ b)


def rounded(a: Array, b: Array) -> float:
    return round(float(a @ b), 2)


def only_three_entries(a: Array, b: Array) -> Any:
    return sum(a[i] * b[i] for i in range(min(3, len(a))))


def three_entries_exactly(a: Array, b: Array) -> Any:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def a_row_times_a_column(a: Array, b: Array) -> Any:
    return a[None, :] @ b[:, None]


def nothing_returned(a: Array, b: Array) -> None:
    print((a * b).sum())


def half_precision(a: Array, b: Array) -> Any:
    return np.float16(a @ b)


def written_into_a(a: Array, b: Array) -> Any:
    a *= b
    return a.sum()


def total_outside() -> Wrong:
    """Forgets to start again: the total lives on from call to call."""
    total = [0.0]

    def dot(a: Array, b: Array) -> Any:
        total[0] += float(a @ b)
        return total[0]

    return dot


def remembered() -> Wrong:
    """Answers the second call of a length with what was right for the first."""
    seen: dict[Any, Any] = {}

    def dot(a: Array, b: Array) -> Any:
        return seen.setdefault((a.shape, a.dtype), a @ b)

    return dot


DOTS: list[Wrong] = [
    first_and_last_missing,
    one_product_too_many,
    starts_at_one_and_last_missing,
    neighbors_paired,
    paired_backwards,
    all_products_multiplied,
    divided_by_one_length,
    divided_by_root_of_size,
    without_signs,
    size_of_the_result,
    wrong_sign,
    b_with_itself,
    whole_number,
    rounded,
    only_three_entries,
    three_entries_exactly,
    a_row_times_a_column,
    nothing_returned,
    half_precision,
    written_into_a,
    total_outside(),
    remembered(),
]

WRONG = {"dot": DOTS}


def test_a_forgotten_return_is_put_into_words() -> None:
    report = evaluate("dot", nothing_returned, 1)
    assert "None" in report.saw and "`return`" in report.saw


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        (lambda a, b: [x * y for x, y in zip(a, b, strict=True)], None),
        (lambda a, b: np.array([x * y for x, y in zip(a, b, strict=True)]), "products-only"),
        (lambda a, b: sum(a) * sum(b), "sums-multiplied"),
        (lambda a, b: np.multiply.outer(a, b), "outer-product"),
        (lambda a, b: np.sum([a, b]), "all-added"),
        (lambda a, b: np.average(a * b), "mean-of-products"),
        (lambda a, b: sum(a[i] * b[i] for i in range(len(a) - 1)), "last-entry-missing"),
    ],
)
def test_a_mistake_is_named_however_it_is_written(wrong: Wrong, name: str | None) -> None:
    mistake = evaluate("dot", wrong, 1).mistake
    assert (mistake and mistake.name) == name

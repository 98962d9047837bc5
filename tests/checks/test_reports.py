"""What a report says: numbers that can be told apart, likely causes, pictures of the right part."""

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qkv_course.attention import (
    attention_scores,
    dot,
    projection_parameters,
    softmax,
)
from qkv_course.checks import Case, Exercise, Report, evaluate
from qkv_course.checks.calls import LiveTarget
from qkv_course.checks.compare import apart, number
from qkv_course.checks.report import Comparison
from qkv_course.checks.run import run_check

Array = np.ndarray


def run(f: Callable[..., Any], exercise: str = "softmax") -> Report:
    report = evaluate(exercise, f, seed=3)
    assert not report.passed
    return report


# --- numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (42000127, "42000127"),
        (1 / 3, "0.333333"),
        (-0.0, "0"),
        (np.False_, "False"),
        (1e-7, "1e-07"),
    ],
)
def test_a_number_is_short_but_counts_are_whole(value: Any, text: str) -> None:
    assert number(value) == text


def test_numbers_that_differ_are_written_apart() -> None:
    assert apart(2.0, 2.0000001) == ("2", "2.0000001")
    assert apart(1.0, 3.0) == ("1", "3")
    report = run(lambda a, b: dot(a, b) * (1 + 2e-6), "dot")
    assert "is 19.000038." in report.saw and "should be 19." in report.expected
    saw = run(lambda *sizes: projection_parameters(*sizes) + 10**9, "projection_parameters").saw
    assert "is 1000000042." in saw


def test_got_and_expected_are_printed_apart() -> None:
    text = run(lambda s: softmax(s) + 1e-5).comparison_text()
    got, expected = text.split("expected")
    assert re.findall(r"[\d.]+", got) != re.findall(r"[\d.]+", expected)


def test_the_learners_print_options_do_not_reach_a_report() -> None:
    report = run(lambda s: softmax(s) * 2)
    with np.printoptions(precision=1, threshold=2, formatter={"float": lambda x: "?"}):
        odd = str(report)
    assert odd == str(report)


def test_a_precision_other_than_the_usual_one_is_told() -> None:
    report = run(lambda s: softmax(s) * (2 if s.dtype == np.float32 else 1))
    assert "scores (float32) = [[" in str(report)


# --- pictures --------------------------------------------------------------------------------


def test_of_a_batch_the_matrix_with_the_first_difference_is_shown() -> None:
    def one_sentence_wrong(q: Array, k: Array) -> Array:
        scores = attention_scores(q, k)
        if q.ndim == 4:
            scores[4, 1] = 77.25
        return scores

    report = run(one_sentence_wrong, "attention_scores")
    assert "scores[4, 1, :, :]:\n  got      = [[77.25 77.25" in report.comparison_text()
    assert "<caption>got[4, 1, :, :]</caption>" in report._repr_html_()


def test_of_a_large_matrix_the_part_around_the_first_difference_is_shown() -> None:
    got, want = np.zeros((20, 30)), np.zeros((20, 30))
    got[11, 29] = 5.5
    comparison = Comparison("x", got, want, (11, 29))
    where, part = comparison.cut(got, 8)
    assert where == "[7:15, 22:30]" and part.shape == (8, 8) and part[4, 7] == 5.5
    assert eval(f"got{where}").tolist() == part.tolist()
    assert "5.5" in Report("x", "wrong", expected="0", comparison=comparison)._repr_html_()


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (1, 1), (2, 2, 2), (4, 1, 30, 1), (0, 3)])
@pytest.mark.parametrize("kind", [float, int, bool, np.float32, np.longdouble])
def test_any_numeric_array_can_be_drawn(shape: tuple[int, ...], kind: Any) -> None:
    got, want = np.ones(shape, kind), np.zeros(shape, kind)
    index = (0,) * len(shape) if got.size else None
    report = Report("x", "wrong", comparison=Comparison("x", got, want, index), expected="e")
    html = report._repr_html_()
    assert html.count("<table>") == (2 if shape else 0)
    shown = math.prod(min(n, 8) for n in shape[-2:]) if got.size and shape else 0
    assert html.count('class="qkv-wrong"') == 2 * shown
    str(report)


def test_every_entry_that_failed_is_marked_and_written_apart() -> None:
    html = run(lambda s: softmax(s) + 1e-5 * (softmax(s) > 0.5))._repr_html_()
    assert html.count('class="qkv-wrong"') == 4  # one in each of two rows, in both tables


def test_no_picture_where_all_numbers_are_right() -> None:
    report = run(lambda q, k: attention_scores(q, k).astype(np.float32), "attention_scores")
    assert report.comparison is None and "precision was lost" in report.saw


# --- what is likely --------------------------------------------------------------------------


def never_returns(a: Array, b: Array) -> None:
    print(a @ b)


def unbound(s: Array) -> Any:
    for row in s:
        total += row  # type: ignore[name-defined]  # noqa: F821
    return total


def forgot_to_return(s: Array) -> Any:
    return None


def into_whole_numbers(s: Array) -> Array:
    out = np.zeros(len(s))
    out[0] = s
    return out


def changes_a_read_only_input(q: Array, k: Array) -> Array:
    q *= 1
    return attention_scores(q, k)


def takes_a_shape_apart(q: Array, k: Array) -> Any:
    _, n, d = q.shape
    return q @ k.reshape(d, -1) / n


def takes_rows_for_columns(s: Array) -> Any:
    one, other = np.vstack([s, s, s])
    return one + other


LIKELY: list[tuple[Callable[..., Any], str, str]] = [
    (never_returns, "dot", "prints its result"),
    (lambda s: undefined_name(s), "softmax", "A slip in a name"),  # type: ignore[name-defined]  # noqa: F821
    (unbound, "softmax", "before it has a value"),
    (lambda s: forgot_to_return(s) / 2, "softmax", "has no `return`"),
    (lambda s: s(0), "softmax", "Parentheses"),
    (lambda s: math.exp(s), "softmax", "for a single number"),
    (lambda q, k: q @ k, "attention_scores", "two sizes in the middle"),
    (lambda q, k: np.dot(q, k), "attention_scores", "two sizes in the middle"),
    (lambda s: s / s.sum(axis=1)[:1].repeat(7), "softmax", "lines shapes up"),
    (lambda s: s if s > 0 else -s, "softmax", "`if`, `and` or `or`"),
    (into_whole_numbers, "softmax", "holds one number"),
    (lambda s: s.sum(axis=5), "softmax", "no such axis"),
    (lambda a, b: np.swapaxes(a, -1, -2), "dot", "has one axis only"),
    (takes_a_shape_apart, "attention_scores", "a shape has more axes"),
    (takes_rows_for_columns, "softmax", "gives n rows"),
    (lambda s: s[0, 0, 0], "softmax", "more indices than axes"),
    (lambda a, b: sum(a[i] * b[i] for i in range(len(a) + 1)), "dot", "the last n - 1"),
    (lambda s: s.softmax(-1), "softmax", "no such method"),
    (changes_a_read_only_input, "attention_scores", "belongs to its caller"),
    (lambda s: np.round(softmax(s), 7), "softmax", "nearly right, off by at most"),
]


@pytest.mark.parametrize(
    ("f", "exercise", "text"), LIKELY, ids=[text.replace("`", "") for _, _, text in LIKELY]
)
def test_common_errors_have_a_likely_cause(f: Callable[..., Any], exercise: str, text: str) -> None:
    report = run(f, exercise)
    assert text in report.likely, str(report)
    assert report.try_next


def test_a_float_in_place_of_a_count_is_told_how_to_stay_whole() -> None:
    assert "`//`" in run(lambda *s: projection_parameters(*s) / 1, "projection_parameters").try_next


def test_a_list_is_told_how_to_become_an_array_only_where_one_is_wanted() -> None:
    assert "np.array" in run(lambda s: softmax(s).tolist()).try_next
    assert "np.array" not in str(run(lambda a, b: [dot(a, b)], "dot"))


@pytest.mark.parametrize("fails", ["raises", "wrong shape", "wrong values"])
@pytest.mark.parametrize("beyond", [2, 3])
def test_right_up_to_some_number_of_batch_axes(fails: str, beyond: int) -> None:
    def f(q: Array, k: Array) -> Array:
        scores = attention_scores(q, k)
        if q.ndim <= beyond:
            return scores
        if fails == "raises":
            raise ValueError("for some reason")
        return scores[..., :1] if fails == "wrong shape" else scores**3

    report = run(f, "attention_scores")
    expected = "as long as no batch axes" if beyond == 2 else "with one batch axis"
    assert f"right {expected}" in report.likely and "from the end" in report.try_next


def test_wrong_on_some_batches_only_is_not_blamed_on_the_axes() -> None:
    report = run(lambda s: softmax(s) * (2 if s.shape[0] == 6 or s.ndim == 1 else 1))
    assert "batch" not in report.likely


def test_bools_are_compared_and_shown_as_such() -> None:
    def flags(scores: Array) -> Array:
        """Say which scores are above 0."""
        return scores > 0

    case = Case("two scores", (np.array([[1.0, -1.0]]),))
    exercise = Exercise(flags, 1, lambda rng: [case], (), ("", "", ""), ("flags",))
    report = run_check(exercise, LiveTarget(lambda s: s < 0), 1)
    assert "`flags[0, 0]` is False" in report.saw and "should be True" in report.expected
    assert "True</td>" in report._repr_html_()
    assert run_check(exercise, LiveTarget(lambda s: (s > 0) * 1.0), 1).status == "wrong"

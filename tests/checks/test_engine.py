"""The engine copes with anything that a learner's function returns, raises or does."""

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from qkv_course.attention import attention, attention_scores, score_std
from qkv_course.checks import Report, evaluate
from qkv_course.checks.calls import LiveTarget, Outcome


class Hostile:
    """Raises at every touch."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError("do not touch")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("do not compare")


class AlwaysEqual(np.ndarray):
    """A subclass that claims to equal everything."""

    def __eq__(self, other: object) -> Any:
        return np.ones(self.shape, bool)

    def __array_function__(self, *_: Any, **__: Any) -> Any:
        return True


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text for you")


def run(f: Callable[..., Any], name: str = "attention_scores", seconds: float = 5.0) -> Report:
    report = evaluate(name, LiveTarget(f, seconds), seed=1)
    assert "Traceback" not in str(report) and "qkv_course/" not in str(report)
    report._repr_html_()
    return report


RETURNS: list[tuple[str, Callable[..., Any], str]] = [
    ("none", lambda q, k: None, "`return` were missing"),
    ("list", lambda q, k: attention_scores(q, k).tolist(), "list"),
    ("tuple", lambda q, k: (attention_scores(q, k),), "tuple of 1"),
    ("generator", lambda q, k: (row for row in q), "generator"),
    ("function", lambda q, k: attention_scores, "function"),
    ("text", lambda q, k: "scores", "str"),
    ("number", lambda q, k: 3.0, "float 3.0"),
    ("torch tensor", lambda q, k: torch.ones(2, 3), "torch tensor"),
    ("objects", lambda q, k: attention_scores(q, k).astype(object), "dtype object"),
    ("complex", lambda q, k: attention_scores(q, k) + 0j, "complex"),
    ("bools", lambda q, k: attention_scores(q, k) > 0, "dtype bool"),
    ("wrong shape", lambda q, k: np.zeros((7, 7)), "(7, 7)"),
    ("empty", lambda q, k: np.zeros((0, 0)), "(0, 0)"),
    ("huge", lambda q, k: np.broadcast_to(1.0, (10**9, 10**9)), "shape (1000000000, 1000000000)"),
    ("nan", lambda q, k: attention_scores(q, k) * np.nan, "nan"),
    ("inf", lambda q, k: attention_scores(q, k) + np.inf, "inf"),
    ("claims to be equal", lambda q, k: np.zeros((len(q), len(k))).view(AlwaysEqual), "is 0"),
    ("hostile", lambda q, k: Hostile(), "cannot be read"),
    ("a class", lambda q, k: Hostile, "type"),
]


@pytest.mark.parametrize(("f", "text"), [r[1:] for r in RETURNS], ids=[r[0] for r in RETURNS])
def test_any_wrong_result_is_put_into_words(f: Callable[..., Any], text: str) -> None:
    report = run(f)
    assert report.status == "wrong"
    assert report.mistake is None
    assert text in report.saw + report.likely
    assert report.try_next


def raiser(error: BaseException) -> Callable[..., Any]:
    def f(q: np.ndarray, k: np.ndarray) -> np.ndarray:
        raise error

    return f


@pytest.mark.parametrize(
    "error",
    [
        ValueError("bad sizes"),
        SystemExit(0),
        MemoryError(),
        GeneratorExit(),
        RecursionError("too deep"),
        StopIteration(),
        Unprintable(),
        BaseException("odd"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_any_exception_is_reported_with_the_learners_line(error: BaseException) -> None:
    report = run(raiser(error))
    assert report.status == "raised"
    assert type(error).__name__ in report.saw
    assert "raise error" in report.saw  # the learner's own line


def test_error_inside_numpy_shows_the_learners_line() -> None:
    def f(q: np.ndarray, k: np.ndarray) -> np.ndarray:
        return np.matmul(q, k)

    assert "`return np.matmul(q, k)`" in run(f).saw


def test_real_recursion_ends_and_is_named() -> None:
    def f(q: np.ndarray, k: np.ndarray) -> np.ndarray:
        return f(q, k)

    assert "calls itself" in run(f).likely


def test_stub_is_not_attempted_yet() -> None:
    report = run(raiser(NotImplementedError()))
    assert report.status == "not attempted"
    assert "not attempted yet" in str(report)


def test_a_mistake_beside_nan_in_other_calls_is_told_as_one_of_two() -> None:
    def masked_attention(q, k, v, mask):
        scores = np.where(mask, q @ np.swapaxes(k, -1, -2), -np.inf)  # neither scaled
        exps = np.exp(scores - scores.max(-1, keepdims=True))  # nor safe in an empty row
        weights = exps / exps.sum(-1, keepdims=True)
        return weights @ v, weights

    report = evaluate("masked_attention", masked_attention, seed=1)
    assert report.mistake is None, "it is not that mistake alone"
    assert "Where the result is finite, it looks like scores that are not scaled" in report.likely
    assert "other calls give nan" in report.likely


def test_changed_parameters_show_the_stubs_first_line() -> None:
    assert "def attention_scores(q, k)" in run(lambda q: q).try_next


def test_torch_functions_on_arrays_are_named() -> None:
    assert "torch" in run(lambda q, k: torch.matmul(q, k)).likely


@pytest.mark.parametrize("swallow", [(), Exception, BaseException], ids=str)
@pytest.mark.parametrize("thread", ["main", "other"])
def test_endless_loop_is_stopped(swallow: Any, thread: str) -> None:
    def f(q: np.ndarray, k: np.ndarray) -> np.ndarray:
        end = time.monotonic() + 20
        rounds = 0
        while time.monotonic() < end and rounds < 3:
            try:
                while time.monotonic() < end:
                    pass
            except swallow:
                rounds += 1
        return q

    reports: list[Report] = []
    job = threading.Thread(target=lambda: reports.append(run(f, seconds=0.3)))
    if thread == "main":
        job.run()
    else:
        job.start()
        job.join()
    assert reports[0].status in ("timed out", "wrong")  # one that gives up swallowing comes back
    assert reports[0].status == "timed out" or swallow is BaseException
    time.sleep(0.15)  # nothing goes off later


def test_sleep_is_cut_short() -> None:
    if not hasattr(__import__("signal"), "setitimer"):
        pytest.skip("only an alarm signal can end a sleep")
    start = time.monotonic()
    assert run(lambda q, k: time.sleep(20), seconds=0.3).status == "timed out"
    assert time.monotonic() - start < 10


def test_flood_of_prints_is_cut_and_does_not_reach_the_screen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def f(q: np.ndarray, k: np.ndarray) -> np.ndarray:
        for i in range(50_000):
            print("step", i)
        print("oops", file=sys.stderr)
        return q

    report = run(f)
    assert report.printed.startswith("step 0") and len(report.printed) <= 2000
    assert "step 0" in str(report)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("how", ["entry", "shape", "sort"])
def test_changed_input_is_noticed(how: str) -> None:
    def f(q: np.ndarray, k: np.ndarray) -> np.ndarray:
        scores = attention_scores(q, k)
        if how == "entry":
            k[..., 0, 0] += 1
        elif how == "shape":
            q.shape = (q.size,)
        else:
            q.sort(axis=0)
        return scores

    report = run(f)
    assert report.status == "wrong" and "changed" in report.saw


def test_writing_into_a_read_only_input_alone_is_no_crash_of_ours() -> None:
    def f(q: np.ndarray, k: np.ndarray) -> np.ndarray:
        q *= 1  # changes nothing, but a read-only input refuses it
        return attention_scores(q, k)

    report = run(f)
    assert report.status == "raised" and "read-only" in report.saw


def test_right_once_and_wrong_later_is_caught() -> None:
    calls = 0

    def f(q: np.ndarray, k: np.ndarray) -> np.ndarray:
        nonlocal calls
        calls += 1
        return attention_scores(q, k) * (1 if calls < 12 else 2)

    report = run(f)
    assert report.status == "wrong" and report.group == "the first input once more"


def test_remembered_answers_are_caught() -> None:
    memory: dict[tuple[int, ...], np.ndarray] = {}

    def f(q: np.ndarray, k: np.ndarray) -> np.ndarray:
        return memory.setdefault((*q.shape, *k.shape), attention_scores(q, k))

    assert run(f).status == "wrong"


def test_random_answers_are_caught() -> None:
    assert run(lambda q, k: np.random.normal(size=(*q.shape[:-1], k.shape[-2]))).status == "wrong"


def test_wider_passes_with_a_remark_and_narrower_fails() -> None:
    wide = run(lambda q, k: attention_scores(q, k).astype(np.float64))
    assert wide.passed and "float64" in wide.remark
    narrow = run(lambda q, k: attention_scores(q, k).astype(np.float32))
    assert narrow.status == "wrong"


def test_same_values_in_a_subclass_pass() -> None:
    assert run(lambda q, k: attention_scores(q, k).view(np.memmap)).passed


def test_warnings_never_fail_a_check() -> None:
    def f(q: np.ndarray, k: np.ndarray) -> np.ndarray:
        np.log(np.zeros(1))
        __import__("warnings").warn("careful", stacklevel=1)
        return attention_scores(q, k)

    with np.errstate(all="raise"):
        assert run(f).passed


@pytest.mark.parametrize("kind", [float, np.float64, np.float32, np.asarray])
def test_a_number_may_be_of_any_kind(kind: Callable[..., Any]) -> None:
    report = run(lambda d_k: kind(score_std(d_k)), "score_std")
    assert report.passed or kind is np.float32  # rounded to single precision
    assert run(lambda d_k: [score_std(d_k)], "score_std").status == "wrong"
    assert run(lambda d_k: np.array([score_std(d_k)]), "score_std").status == "wrong"
    assert run(lambda d_k: True, "score_std").status == "wrong"
    assert run(lambda d_k: 10**400, "score_std").status == "wrong"


def test_several_results_may_be_a_list_but_not_one_or_three() -> None:
    assert run(lambda q, k, v: list(attention(q, k, v)), "attention").passed
    assert "2 results" in run(lambda q, k, v: attention(q, k, v)[0], "attention").expected
    assert "3 results" in run(lambda q, k, v: (*attention(q, k, v), 1), "attention").saw
    assert "`weights`" in run(lambda q, k, v: (attention(q, k, v)[0], None), "attention").saw


def test_a_combination_of_two_mistakes_is_not_given_one_name() -> None:
    def swapped_and_unscaled(q: np.ndarray, k: np.ndarray) -> np.ndarray:
        return attention_scores(k, q)

    report = run(swapped_and_unscaled, "scaled_scores")
    assert report.status == "wrong" and report.mistake is None


def test_a_mistake_on_some_sizes_only_is_not_given_the_name() -> None:
    def half_right(q: np.ndarray, k: np.ndarray) -> np.ndarray:
        return attention_scores(q, k) / (q.shape[-1] if q.ndim > 2 else np.sqrt(q.shape[-1]))

    assert run(half_right, "scaled_scores").mistake is None


def test_patterns_are_seen_where_no_mistake_matches() -> None:
    assert "-1.5 times" in run(lambda q, k: -1.5 * attention_scores(q, k)).likely
    assert "wrong sign" in run(lambda q, k: -attention_scores(q, k)).likely


def test_report_shows_the_smallest_failing_input_with_its_numbers() -> None:
    report = run(lambda q, k: attention_scores(k, q))
    text = str(report)
    assert "q = [[1. 0.]" in text and "seed 1" in text
    assert text.index("Saw:") < text.index("Expected:") < text.index("Likely:") < text.index("Try:")
    assert "Looks like queries and keys swapped" in text


def test_failure_beyond_the_first_case_shows_that_case() -> None:
    def one_sentence_only(q: np.ndarray, k: np.ndarray) -> np.ndarray:
        return q @ k.T

    report = run(one_sentence_only)
    assert report.group == "a batch of 2 sentences"
    assert "an array of shape (2, 3, 5)" in str(report)


def test_html_escapes_what_the_learner_wrote() -> None:
    def f(q: np.ndarray, k: np.ndarray) -> np.ndarray:
        print("<script>alert(1)</script>")
        raise ValueError("<img src=x onerror=alert(1)>")

    html = run(f)._repr_html_()
    assert "<script" not in html and "<img" not in html


def test_html_has_both_pictures_and_marks_the_wrong_entries() -> None:
    html = run(lambda q, k: attention_scores(q, k) * 2)._repr_html_()
    assert html.count("<table>") == 2
    assert "qkv-wrong" in html and "<caption>got</caption>" in html


def test_a_stand_in_is_asked_in_place_of_a_function() -> None:
    class StandIn:
        def call(self, args: tuple[Any, ...], awkward: bool = False) -> Outcome:
            return Outcome(attention_scores(*args))

    assert evaluate("attention_scores", StandIn()).passed


def test_seed_repeats_the_inputs() -> None:
    one, again = (evaluate("softmax", lambda s: s, seed=7) for _ in range(2))
    assert str(one) == str(again)
    assert evaluate("softmax", lambda s: s).seed != evaluate("softmax", lambda s: s).seed


@pytest.mark.skipif(os.name == "nt", reason="forks")
def test_os_exit_is_beyond_a_live_check_but_not_ours_to_hide() -> None:
    """os._exit ends any process that runs it; only a grader's separate process survives it."""
    pid = os.fork()
    if pid == 0:
        evaluate("attention_scores", lambda q, k: os._exit(7))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


def test_an_array_in_place_of_one_number_is_shown_beside_it() -> None:
    report = run(lambda a, b: a * b, "dot")
    assert "got      = [8. 5. 6.]" in str(report)
    assert report._repr_html_().count("<table>") == 2
    assert "<table>" not in run(lambda a, b: 1.0, "dot")._repr_html_()

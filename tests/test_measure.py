"""What is measured on a page is what there is to measure."""

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from qkv_course import measure


def test_time_is_that_of_the_fastest_run(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([0.0, 9.0, 10.0, 12.0, 20.0, 23.0])  # three runs of 9, 2 and 3 seconds
    monkeypatch.setattr(measure.time, "perf_counter", lambda: next(ticks))
    calls = []
    assert measure.seconds(lambda: calls.append(None), repeats=3) == 2.0
    assert len(calls) == 3


@pytest.mark.parametrize("tracing", [False, True])
def test_peak_counts_what_is_held_at_once(tracing: bool) -> None:
    if tracing:
        tracemalloc.start()
        np.ones(9 * 10**6)  # is gone before: an earlier peak is not the task's
        kept = np.ones(3 * 10**6)  # was there before, and stays: not the task's either

    def task() -> None:
        for _ in range(5):
            np.ones(10**6)  # one after the other, 8 MB each

    try:
        assert 8e6 <= measure.peak_bytes(task) < 8.2e6
        assert tracemalloc.is_tracing() == tracing
    finally:
        tracemalloc.stop()
    if tracing:
        assert kept.size


def test_a_failing_task_leaves_no_trace() -> None:
    with pytest.raises(ZeroDivisionError):
        measure.peak_bytes(lambda: 1 / 0)
    assert not tracemalloc.is_tracing()


@pytest.mark.parametrize("power", [-1.0, 0.0, 1.0, 2.0, 2.5])
def test_exponent_of_a_power_is_found(power: float) -> None:
    sizes = np.array([16, 64, 100, 1000])
    assert measure.exponent(sizes, 7.0 * sizes**power) == pytest.approx(power)


def test_exponent_of_noisy_values_is_near() -> None:
    sizes = 2.0 ** np.arange(4, 12)
    noise = np.random.default_rng(0).uniform(0.9, 1.1, size=8)
    assert measure.exponent(sizes, sizes**2 * noise) == pytest.approx(2, abs=0.05)


def test_progress_yields_every_item_and_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(measure.with_progress(["a", "b"])) == ["a", "b"]
    assert capsys.readouterr() == ("", "")


def test_progress_shows_a_bar_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    import IPython.display

    shown: list[int] = []

    class Bar:
        def __init__(self, total: int) -> None:
            self.total = total

        def display(self) -> None:
            shown.append(0)

        def __setattr__(self, name: str, value: int) -> None:
            if name == "progress":
                shown.append(value)

    monkeypatch.setattr("IPython.get_ipython", lambda: object())
    monkeypatch.setattr(IPython.display, "ProgressBar", Bar)
    assert list(measure.with_progress([5, 6, 7])) == [5, 6, 7]
    assert shown == [0, 1, 2, 3]


def test_import_is_light() -> None:
    code = "import sys, qkv_course.measure; print({'IPython', 'torch'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"

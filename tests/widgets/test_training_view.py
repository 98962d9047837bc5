"""A training's view: histories in both languages, live messages, plain text."""

import base64
import json
import re
import zlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from qkv_course.errors import BadAnswer, QkvError
from qkv_course.training import History, Snapshot, reference_history
from qkv_course.widgets import explore, training
from qkv_course.widgets.training import (
    LAST,
    PAUSE,
    TrainingExplorer,
    TrainingView,
    look,
    told,
    watch,
)
from qkv_course.widgets.training_data import sent, sheet

from .test_twins import PLAIN, array

WORDS = [["", "", "two", "words", "=>"], ["now", "three", "more", "words", "=>"]]


def snapshot(step: int, loss: float, read: float) -> Snapshot:
    """The reader attends to all words alike at first; in the end head 1 looks at one."""
    roles = np.full((1, 2, 2), 0.25)
    rows = np.full((1, 2, 2, 5), 0.2)
    if step:
        roles[0, 1] = [0.05, 0.91]
        rows[0, 1, 1] = [0.0, 0.0, 0.6, 0.4, 0.0]
    return Snapshot(step, loss, {"number": read, "tone": 1 - read / 2}, roles, rows)


def history(*snapshots: Snapshot) -> History:
    return History(
        language="toy",
        n_heads=2,
        d_model=4,
        seed=0,
        features=("number", "tone"),
        roles=("noun", "verb"),
        examples=WORDS,
        answers=[{"number": "one", "tone": "flat"}, {"number": "many", "tone": "sharp"}],
        snapshots=list(snapshots),
    )


WHOLE = history(snapshot(0, 2.0, 0.5), snapshot(20, 1.25, 0.625), snapshot(40, 0.5, 1.0))


class Run:
    """Acts as a training: it takes a snapshot every 20 steps, and may stop or fail on the way."""

    def __init__(self, steps: int = 200, until: int | None = None, fails: bool = False) -> None:
        self.step, self.steps, self.until, self.fails = 0, steps, until or steps, fails
        self.history, self.observers, self.stopped = history(), list[Any](), False

    @property
    def done(self) -> bool:
        return self.step >= self.steps

    @property
    def loss(self) -> float:
        return 2 - self.step / self.steps

    def stop(self) -> None:
        self.stopped = True

    def train(self) -> None:
        while True:
            if self.step not in self.history.steps:
                self.history.snapshots.append(snapshot(self.step, self.loss, 0.5))
            for observer in self.observers:
                observer(self)
            if self.fails:
                raise QkvError("The loss is nan.")
            if self.step >= self.until:
                return
            self.step += 20


def test_a_step_between_two_snapshots_shows_the_earlier_one() -> None:
    data = sheet(WHOLE)
    assert [look(data, step, 0, 0, 0)["step"] for step in (0, 19, 20, 39, 40, LAST)] == [
        *(0, 0, 20, 20, 40, 40),
    ]


def test_what_is_shown_is_what_the_history_holds() -> None:
    r = look(sheet(WHOLE), 40, 0, 1, 1)
    last = WHOLE.snapshots[-1]
    np.testing.assert_allclose(r["roles"], last.roles, atol=5e-4)
    np.testing.assert_allclose(r["row"], last.rows[0, 1, 1], atol=5e-3)
    assert r["accuracy"].tolist() == [1.0, 0.5] and r["loss"] == 0.5


def test_a_choice_past_the_last_is_the_last() -> None:
    data = sheet(WHOLE)
    assert told(data, LAST, 11, 63, 3) == told(data, 40, 0, 1, 1)


def test_the_words_name_the_strongest_head_and_what_the_chosen_one_looks_at() -> None:
    text = told(sheet(WHOLE), 40, 0, 1, 1)
    assert "Step 40, loss 0.50. Read right: number 100.0 %, tone 50.0 %." in text
    assert 'layer 0, head 1 puts 0.91 of its weight on "verb"' in text
    assert 'layer 0, head 1 attends most to "more": 0.60' in text


def test_the_browser_shows_a_history_of_one_s_own_as_python_does(
    run_js: Callable[[str, str], Any],
) -> None:
    data = json.loads(zlib.decompress(sent(WHOLE)))
    settings = [
        {"step": step, "layer": 0, "head": head, "example": example}
        for step in (0, 20, 25, LAST)
        for head in (0, 1, 5)
        for example in (0, 1)
    ]
    code = f"const data = {json.dumps(data)}; const answer = {json.dumps(settings)}.map((s) => {{"
    code += "const r = compute(s, data); return [written(r), describe(r, s, data)]; });"
    for setting, (numbers, text) in zip(settings, run_js("training", PLAIN + code), strict=True):
        for name, value in look(sheet(WHOLE), **setting).items():
            np.testing.assert_allclose(array(numbers[name]), value, rtol=1e-6)
        assert text == told(sheet(WHOLE), **setting)


def test_the_browser_has_the_stored_histories_of_the_course_without_asking() -> None:
    packed = re.search(r'atob\("([^"]+)"\)', TrainingExplorer._esm)
    assert packed is not None
    script = zlib.decompress(base64.b64decode(packed[1])).decode("utf-8")
    line = next(line for line in script.splitlines() if line.startswith("const STORED = "))
    stored = json.loads(line.removeprefix("const STORED = ").rstrip(";"))
    assert stored == {name: sheet(reference_history(name)) for name in ("reviews", "latin")}


def test_a_history_of_one_s_own_is_explored_and_has_no_language_to_choose() -> None:
    widget = explore("training", history=WHOLE, step=LAST, head=1, example=1)
    assert "history" not in widget.settings and "Step 40" in str(widget)
    assert widget.poster()
    with pytest.raises(BadAnswer, match="has no setting 'snapshot'"):
        explore("training", history=WHOLE, snapshot=3)


@pytest.mark.parametrize(
    ("given", "says"),
    [(history(), "no snapshot yet"), ("klingon", "one of 'reviews', 'latin'"), (3, "history is 3")],
)
def test_what_is_no_history_is_answered_with_a_sentence(given: Any, says: str) -> None:
    with pytest.raises(BadAnswer, match=says):
        explore("training", history=given)


def test_python_sends_little_and_not_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(training, "time", SimpleNamespace(monotonic=lambda: clock.now))
    run: Any = Run()
    run.history.snapshots.append(snapshot(0, 2.0, 0.5))
    view = TrainingView(run)
    seen: list[str] = []
    view.observe(lambda change: seen.append(change["name"]), ["_own", "_progress"])
    run.step = 10
    view.update(run)
    assert seen == []
    clock.now += PAUSE
    view.update(run)
    assert seen == ["_progress"]  # there is no new snapshot to send
    run.history.snapshots.append(snapshot(20, 1.0, 0.5))
    clock.now += PAUSE
    view.update(run)
    assert seen[1:] == ["_own", "_progress"] and "Step 20," in view.words()


def test_a_whole_training_takes_at_most_50_kb_of_a_notebook() -> None:
    state = explore("training", history=reference_history("reviews")).get_state()
    sizes = [
        len(v) * (4 / 3 if isinstance(v, bytes) else 1)
        for v in state.values()
        if isinstance(v, str | bytes)
    ]
    assert sum(sizes) < 49_000


def test_a_browser_that_cannot_interrupt_asks_python_to_stop() -> None:
    run: Any = Run()
    run.history.snapshots.append(snapshot(0, 2.0, 0.5))
    TrainingView(run)._handle_custom_msg({"stop": True}, [])
    assert run.stopped


@pytest.mark.parametrize("steps", [40, 200, 2000])
def test_without_a_notebook_there_are_at_most_ten_lines(
    steps: int, capsys: pytest.CaptureFixture[str]
) -> None:
    run: Any = Run(steps)
    watch(run)
    lines = capsys.readouterr().out.splitlines()
    assert 2 < len(lines) <= 10 and len(set(lines)) == len(lines)
    assert lines[0].startswith("step    0 of") and lines[-1].startswith(f"step {steps:4} of")
    assert "number 50.0%, tone 75.0%" in lines[0]


def test_a_stopped_training_says_how_to_go_on_and_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run: Any = Run(200, until=100)
    watch(run)
    assert "Stopped at step 100 of 200. To go on: watch(run)" in capsys.readouterr().out
    run.until = 200
    watch(run)
    assert "Stopped" not in capsys.readouterr().out and run.done


def test_nobody_watches_any_more_after_the_end_or_a_failure() -> None:
    run: Any = Run(fails=True)
    with pytest.raises(QkvError, match="The loss is nan"):
        watch(run)
    assert run.observers == []

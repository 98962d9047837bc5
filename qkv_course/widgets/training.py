"""Lesson 12's view: a training while it runs, and its snapshots afterwards."""

import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from qkv_course.checks.notebook import in_notebook
from qkv_course.errors import BadAnswer
from qkv_course.training.history import History
from qkv_course.widgets.base import Explorer, fixed, module, stylesheet
from qkv_course.widgets.training_data import (
    LANGUAGES,
    LEVELS,
    PARTS,
    Sheet,
    script_of_stored,
    sent,
    sheet,
    stored,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from qkv_course.training import Training

LAST = 100_000  # as a step: the last one that there is
PAUSE = 0.2  # seconds between two messages to the browser
LINES = 10  # of a report in plain text
COLORS = ("#0072b2", "#b84a00", "#00795a", "#8a4b78") * 3  # of base.css


def look(data: Sheet, step: int, layer: int, head: int, example: int) -> dict[str, Any]:
    """Give what the pictures show of a snapshot: the last one that is not after the step.

    layer, head, example: past the last, the last.
    Returns at, the snapshot's number, and its step and loss; accuracy (n_features,); roles
    (n_layers, n_heads, n_roles), mean weights; row (n,), what the chosen head attends to.
    """
    at = max((i for i, s in enumerate(data["steps"]) if s <= step), default=0)
    words, heads = data["examples"], (data["n_layers"], data["n_heads"])
    on_roles = np.array(data["on_roles"]).reshape(*heads, -1, len(data["steps"]))
    rows = np.array(data["rows"]).reshape(*heads, len(words), len(words[0]), -1)
    layer, head = min(layer, heads[0] - 1), min(head, heads[1] - 1)
    example = min(example, len(words) - 1)
    return {
        "at": at,
        "step": data["steps"][at],
        "loss": data["loss"][at],
        "accuracy": np.array(data["accuracy"][at]),
        "roles": on_roles[..., at] / PARTS,
        "row": rows[layer, head, example, :, at] / LEVELS,
    }


def told(data: Sheet, step: int, layer: int, head: int, example: int) -> str:
    """Say what is read right, which head looks most at a role, and what the chosen one sees."""
    r = look(data, step, layer, head, example)
    pairs = zip(data["features"], r["accuracy"], strict=True)
    read = ", ".join(f"{name} {100 * share + 1e-9:.1f} %" for name, share in pairs)
    top = np.argwhere(r["roles"] == r["roles"].max())[0]
    words, j = data["examples"][min(example, len(data["examples"]) - 1)], int(r["row"].argmax())
    layer, head = min(layer, data["n_layers"] - 1), min(head, data["n_heads"] - 1)
    return (
        f"Step {r['step']}, loss {fixed(r['loss'])}. Read right: {read}. "
        f"Most on a role: layer {top[0]}, head {top[1]} puts {fixed(r['roles'].max())} of its "
        f'weight on "{data["roles"][top[2]]}". In the example, layer {layer}, head {head} '
        f'attends most to "{words[j]}": {fixed(r["row"][j])}.'
    )


def compute(history: str, **chosen: int) -> dict[str, Any]:
    """Give what the pictures show of a stored history: see look."""
    return look(stored(history), **chosen)


def describe(history: str, **chosen: int) -> str:
    """Say the main numbers of a stored history's snapshot."""
    return told(stored(history), **chosen)


class TrainingExplorer(Explorer):
    """Go through a training step by step: what is read right, and where each head looks.

    history: "reviews" or "latin", stored ones, or a History such as `run.history`.
    step: the last snapshot up to there is shown; 100000 is the last of all. layer, head: counted
    from 0. example: which of the held-out passages.
    """

    title = "Watch heads learn"
    invitation = "Run this cell to move the slider."
    compute = staticmethod(compute)
    describe = staticmethod(describe)
    _esm = module("training", script_of_stored())
    _css = stylesheet("base", "training")

    _own = traitlets.Bytes().tag(sync=True)
    _progress = traitlets.Dict().tag(sync=True)

    history = traitlets.Enum(list(LANGUAGES), "reviews").tag(sync=True)
    step = traitlets.Int(150, min=0, max=LAST).tag(sync=True)
    layer = traitlets.Int(1, min=0, max=11).tag(sync=True)
    head = traitlets.Int(3, min=0, max=63).tag(sync=True)
    example = traitlets.Int(0, min=0, max=3).tag(sync=True)

    def __init__(
        self,
        function: Callable[..., Any] | None = None,
        history: str | History = "reviews",
        **settings: Any,
    ) -> None:
        self._data: Sheet | None = None
        if isinstance(history, History):
            self.take(history)
            kept = [name for name in self.setting_names() if name != "history"]
            settings |= {"_settings": kept, "_own": sent(history)}
        else:
            settings["history"] = history
        super().__init__(function, **settings)

    def take(self, history: History) -> None:
        """Keep a history's numbers. Raises BadAnswer where there is nothing to show yet."""
        if not history.snapshots:
            raise BadAnswer("This history has no snapshot yet. Train first: watch(run).")
        self._data = sheet(history)

    def shown(self) -> Sheet:
        """The numbers of the history that is shown."""
        return stored(self.history) if self._data is None else self._data

    def chosen(self) -> dict[str, Any]:
        """The settings that say what to look at in the history."""
        return {name: value for name, value in self.settings.items() if name != "history"}

    def said(self) -> str:
        """Say the main numbers."""
        return told(self.shown(), **self.chosen())

    def draw(self, figure: "Figure") -> None:
        """Draw the accuracies, with the step that is shown, and the weights on the roles."""
        from qkv_course.widgets.poster import heatmap

        data, r = self.shown(), look(self.shown(), **self.chosen())
        left, right = figure.subplots(1, 2)
        lines = zip(data["features"], np.transpose(data["accuracy"]), COLORS, strict=False)
        for i, (name, values, color) in enumerate(lines):
            left.plot(data["steps"], values, "--" if i % 2 else "-", label=name, color=color)
        left.axvline(r["step"], color="0.4", linestyle="--", linewidth=1)
        left.set(ylim=(0, 1.03), xlabel="step")
        left.set_title("Read right in held-out passages", fontsize=9)
        left.legend(fontsize=7)
        heads = [f"layer {i}, head {j}" for i, j in np.ndindex(data["n_layers"], data["n_heads"])]
        on_roles = r["roles"].reshape(len(heads), -1)
        title = f"Step {r['step']}: mean weight on each role"
        heatmap(right, on_roles, title, heads, data["roles"], (0, 1))


class TrainingView(TrainingExplorer):
    """A training's view while it runs: it follows the newest snapshot, and can stop it."""

    invitation = "Run this cell to train, and to move the slider."

    def __init__(self, run: "Training", **settings: Any) -> None:
        self._run, self._began, self._told = run, time.monotonic(), time.monotonic()
        super().__init__(history=run.history, **{"step": LAST, **settings})
        self._progress = self._state("training")
        self.on_msg(self._hear)

    def update(self, run: "Training") -> None:
        """Show what is new, but not too often."""
        if time.monotonic() - self._told >= PAUSE:
            self.show("training")

    def show(self, state: str) -> None:
        """Show what is new. state: "training", "stopped", "done" or "failed"."""
        self._told = time.monotonic()
        with self.hold_sync():
            if self.shown()["steps"] != self._run.history.steps:
                self.take(self._run.history)
                self._own = sent(self._run.history)
            self._progress = self._state(state)

    def _state(self, state: str) -> dict[str, Any]:
        return {
            "state": state,
            "step": self._run.step,
            "steps": self._run.steps,
            "loss": round(self._run.loss, 4),
            "seconds": round(time.monotonic() - self._began, 1),
        }

    def _hear(self, _widget: object, content: Mapping[str, Any], _buffers: object) -> None:
        """Stop, where the browser cannot interrupt the kernel itself."""
        if content.get("stop"):
            self._run.stop()


class Lines:
    """A training's report in plain text, ten lines at most."""

    def __init__(self) -> None:
        self._written = -1

    def update(self, run: "Training") -> None:
        """Write a line, when another ninth of the steps is made."""
        part, snapshots = run.step * (LINES - 1) // run.steps, run.history.snapshots
        if part <= self._written or snapshots[-1].step != run.step:
            return
        self._written = part
        accuracy = ", ".join(f"{f} {a:.1%}" for f, a in snapshots[-1].accuracy.items())
        print(f"step {run.step:4} of {run.steps}: loss {run.loss:.2f}; read right: {accuracy}")

    def end(self, run: "Training", state: str) -> None:
        """Say how to go on, where it was stopped."""
        if state == "stopped":
            print(
                f"Stopped at step {run.step} of {run.steps}. To go on: watch(run), or run.train()."
            )


class Front:
    """What shows a training: it appears with the first snapshot, and is drawn anew at the end."""

    def __init__(self, run: "Training") -> None:
        self._view: TrainingView | None = None
        self._handle: Any = None
        if run.history.snapshots:
            self.update(run)

    def update(self, run: "Training") -> None:
        """Show what is new."""
        if self._view is None:
            from IPython.display import display

            self._view = TrainingView(run)
            self._handle = display(self._view, display_id=True)  # type: ignore[no-untyped-call]
        self._view.update(run)

    def end(self, run: "Training", state: str) -> None:
        """Show how it ended; a saved notebook gets the picture of the end."""
        if self._view is not None:
            self._view.show(state)
            self._handle.update(self._view)


def watch(run: "Training") -> None:
    """Train in front of your eyes: a picture that grows, or lines of text where there is none.

    run: such as Training("reviews"). Stop it with the button in the picture, or with the
    notebook's ■: it keeps all that was learned, and watch(run) goes on from there.
    With QKV_REPORT=text in the environment, and outside of notebooks, it writes lines.
    """
    plain = os.environ.get("QKV_REPORT") == "text" or not in_notebook()
    front: Lines | Front = Lines() if plain else Front(run)
    state = "failed"
    run.observers.append(front.update)
    try:
        run.train()
        state = "done" if run.done else "stopped"
    finally:
        run.observers.remove(front.update)
        front.end(run, state)

"""Choose a usual mistake of an exercise and see what it does, beside the right result."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from qkv_course.checks.calls import LiveTarget, Outcome
from qkv_course.checks.compare import Problem, Trial, describe_value, find_problem, number
from qkv_course.checks.exercise import Case, Exercise, Mistake
from qkv_course.checks.report import value_text
from qkv_course.errors import UnknownName
from qkv_course.widgets.base import Widget, module
from qkv_course.widgets.yours import encoded, is_numeric

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SECONDS = 2.0
SIDE = 12  # rows and columns that are drawn of a larger matrix
SEED = 0  # any will do: the cases are shown, not judged


@dataclass(frozen=True)
class Scene:
    """One mistake at work: the same call, answered right and wrong.

    given, right, wrong: values by name. remark: what these do not show, or "".
    """

    mistake: Mistake
    given: dict[str, Any]
    right: dict[str, Any]
    wrong: dict[str, Any]
    remark: str = ""

    def words(self) -> str:
        """Write the scene out."""
        listed = "\n".join(
            f"{title} {name} = {value_text(value, len(title) + len(name) + 4)}"
            for title, values in (
                ("given", self.given),
                ("right", self.right),
                ("wrong", self.wrong),
            )
            for name, value in values.items()
        )
        m, remark = self.mistake, f"\n{self.remark}" if self.remark else ""
        return f"The mistake: {m.title} ({m.name}).\n{listed}{remark}\n{m.why}\nTry: {m.try_next}"

    def as_json(self) -> dict[str, Any]:
        """Write the scene for the browser."""
        m = self.mistake
        text = {"name": m.name, "title": m.title, "why": m.why, "try": m.try_next}
        parts = {"given": self.given, "right": self.right, "wrong": self.wrong}
        drawn = {k: _items(values) for k, values in parts.items()}
        return {**text, **drawn, "remark": self.remark}


def scene(exercise: Exercise, mistake: Mistake) -> Scene:
    """Run a mistake on the exercise's first call for which it goes wrong."""
    trial, problem = _first_wrong(exercise, mistake)
    names, lead = exercise.results, _first_matrix(trial, exercise.results)
    answers = () if trial.outcome.failure else _parts(trial.outcome.value, names)
    wanted = _parts(trial.right, names)
    if trial.case.raises:
        wanted = (f"no result, a {trial.case.raises}",)
    right, wrong = (_by_name(_names_of(parts, names), parts, lead) for parts in (wanted, answers))
    alike = _items(right) == _items(wrong)  # what is wrong is not in the numbers
    remark = problem.saw.replace("Your function", "It") if problem and alike else ""
    given = _by_name(exercise.parameters, trial.case.args, lead)
    return Scene(mistake, given, right, wrong, _stop(trial.outcome) or remark)


def _first_wrong(exercise: Exercise, mistake: Mistake) -> tuple[Trial, Problem | None]:
    target = LiveTarget(exercise.applied(mistake.broken), SECONDS)
    first = None
    for case, right in _answered(exercise):
        trial = Trial(case, target.call(case.args), right)
        problem = find_problem(trial, exercise.results, exercise.parameters, exercise.returned)
        if problem is not None:
            return trial, problem
        first = first or trial
    assert first is not None
    return first, None  # read-only inputs, which make it go wrong in a check, are not shown


@lru_cache(maxsize=1)
def _answered(exercise: Exercise) -> list[tuple[Case, Any]]:
    """Draw the exercise's calls, each with the right answer."""
    reference = LiveTarget(exercise.applied(exercise.reference), SECONDS)
    drawn = exercise.cases(np.random.default_rng(SEED))
    return [(case, reference.call(case.args).value) for case in drawn]


def _stop(outcome: Outcome) -> str:
    if (failure := outcome.failure) is None:
        return ""
    message = failure.message.strip(" .")
    return f"It stops with {failure.kind}: {message}." if message else f"It stops: {failure.kind}."


def _parts(value: Any, names: tuple[str, ...]) -> tuple[Any, ...]:
    several = isinstance(value, tuple | list) and len(value) == len(names) > 1
    return tuple(value) if several else (value,)


def _names_of(parts: tuple[Any, ...], names: tuple[str, ...]) -> tuple[str, ...]:
    """Name the parts of an answer; where one came in place of several, it is none of them."""
    return names if len(parts) == len(names) else ("result",)


def _first_matrix(trial: Trial, names: tuple[str, ...]) -> tuple[int, ...]:
    """Say where in the batch, or in which head, the first difference is, if there are several."""
    parts = (_parts(value, names) for value in (trial.outcome.value, trial.right))
    for got, want in zip(*parts, strict=False):
        if not (is_numeric(got) and is_numeric(want) and np.shape(got) == np.shape(want)):
            continue
        apart = np.argwhere(~np.isclose(got, want, rtol=1e-6, atol=1e-8, equal_nan=True))
        if len(apart):
            return tuple(int(i) for i in apart[0][:-2])
    return ()


def _by_name(
    names: tuple[str, ...], values: tuple[Any, ...], lead: tuple[int, ...]
) -> dict[str, Any]:
    """Name the values; of a batch, take the one matrix at `lead`, or the first."""
    named = {}
    for name, value in zip(names, values, strict=False):
        extra = max(np.ndim(value) - 2, 0) if isinstance(value, np.ndarray) else 0
        at = (lead + (0,) * extra)[:extra]
        if extra and any(i >= n for i, n in zip(at, value.shape, strict=False)):
            at = (0,) * extra  # an input with fewer heads than the result
        if extra == 0 or value.size == 0:
            named[name] = value
        else:
            named[f"{name}[{', '.join(map(str, at))}]"] = value[at]
    return named


def _items(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [_item(name, value) for name, value in values.items()]


def _item(name: str, value: Any) -> dict[str, Any]:
    if not is_numeric(value):
        plain = value is None or isinstance(value, str | tuple | list | dict)
        return {"name": name, "text": value_text(value)[:200] if plain else describe_value(value)}
    array = np.asarray(value, dtype=np.float64)[(slice(SIDE),) * np.ndim(value)]
    bools = {"bools": True} if np.asarray(value).dtype.kind == "b" else {}
    return {"name": name, **bools, **encoded(_brief(array))}


def _brief(array: np.ndarray) -> np.ndarray:
    """Leave each number the five digits that a picture can use; the notebook stores them all."""
    return np.array([float(f"{x:.5g}") for x in array.ravel()]).reshape(array.shape)


def _with_places(scene: dict[str, Any], items: list[dict[str, Any]]) -> dict[str, Any]:
    """Put a scene's items into the list, and their places in it into the scene."""
    for part in ("given", "right", "wrong"):
        items += [item for item in scene[part] if item not in items]
        scene[part] = [items.index(item) for item in scene[part]]
    return scene


class MistakesWidget(Widget):
    """The mistakes of one exercise to choose from, each with its picture and explanation."""

    title = "What if it were wrong?"
    invitation = "Run this cell to choose a mistake."
    _esm = module("mistakes")

    mistake = traitlets.Unicode().tag(sync=True)
    # Many scenes show the same numbers; each is kept once, and a scene has its place in _items.
    _items = traitlets.List(traitlets.Dict()).tag(sync=True)
    _scenes = traitlets.List(traitlets.Dict()).tag(sync=True)

    def __init__(self, exercise: Exercise, mistake: str | None = None) -> None:
        self._exercise = exercise.name
        self._by_slug = {m.name: scene(exercise, m) for m in exercise.mistakes}
        items: list[dict[str, Any]] = []
        super().__init__(
            _title=f"{exercise.name}: what if it were wrong?",
            _scenes=[_with_places(s.as_json(), items) for s in self._by_slug.values()],
            _items=items,
            mistake=exercise.mistakes[0].name if mistake is None else mistake,
        )

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "mistake" and value not in self._by_slug:
            from qkv_course.lessons import unknown

            raise UnknownName(unknown(str(value), "mistake", list(self._by_slug)))
        super().__setattr__(name, value)

    def words(self) -> str:
        """Write out what the chosen mistake does."""
        return self._by_slug[self.mistake].words()

    def caption(self) -> str:
        """Say what the chosen mistake is and why it is one."""
        chosen = self._by_slug[self.mistake]
        return f"The mistake: {chosen.mistake.title}. {chosen.remark}\n{chosen.mistake.why}"

    def draw(self, figure: "Figure") -> None:
        """Draw the first result that is wrong beside the right one, on one color scale."""
        right, wrong = self._by_slug[self.mistake].right, self._by_slug[self.mistake].wrong
        names = list(right)
        name = next((n for n in names if str(right[n]) != str(wrong.get(n))), names[0])
        pair = [("right", right[name]), ("wrong", wrong.get(name))]
        limits = _color_scale([value for _, value in pair])
        for axes, (title, value) in zip(figure.subplots(1, 2), pair, strict=True):
            _draw_result(axes, f"{title}: {name}", value, limits)

    def __repr__(self) -> str:
        return f"break_it({self._exercise!r}, mistake={self.mistake!r})"


def _color_scale(values: list[Any]) -> tuple[float, float] | None:
    """Give the least and the greatest number of several results, if there are any."""
    finite = [np.asarray(x, dtype=np.float64).ravel() for x in values if is_numeric(x)]
    numbers = np.concatenate([x[np.isfinite(x)] for x in finite] or [np.zeros(0)])
    return (float(numbers.min()), float(numbers.max())) if numbers.size else None


def _draw_result(
    axes: "Axes", title: str, value: Any, limits: "tuple[float, float] | None"
) -> None:
    """Draw a matrix or a vector as colors, and anything else as words."""
    from qkv_course.widgets.poster import heatmap

    if is_numeric(value) and np.size(value) > 1:
        heatmap(axes, value, title, limits=limits)
        return
    axes.set_axis_off()
    axes.set_title(title, fontsize=9)
    single = is_numeric(value) and np.size(value) == 1
    said = number(np.asarray(value).item()) if single else "no such result"
    axes.text(0.5, 0.5, said, ha="center", va="center", fontsize=16)

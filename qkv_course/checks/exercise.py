"""What an exercise is made of: a reference, cases, named mistakes, properties and hints."""

import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from qkv_course.checks.arguments import narrowed

Function = Callable[..., Any]


@dataclass(frozen=True)
class Case:
    """One call that a check makes.

    group: why the call is made, in a few words that a learner reads ("two tokens, by
        hand"). Cases of the same shape share a group.
    args: what the function is called with.
    awkward: hand the arrays over read-only and not contiguous, as slices often are.
    raises: the error with which the call must be refused ("ValueError"), or "".
    limits: how far from the right result counts as equal (rtol, atol); None: by its dtype.
    mistake_limits: the same for a mistake's result; None: as `limits`. A mistake can make
        rounding grow, so that two ways to write it differ more than two right ones.
    """

    group: str
    args: tuple[Any, ...]
    awkward: bool = False
    raises: str = ""
    limits: tuple[float, float] | None = None
    mistake_limits: tuple[float, float] | None = None

    def as_float32(self) -> "Case":
        """Give the same call in single precision."""
        narrow = tuple(narrowed(a) for a in self.args)
        return replace(self, group=f"{self.group}, float32", args=narrow)

    def for_mistakes(self) -> "Case":
        """Give the same call with the limits for a mistake's result."""
        return replace(self, limits=self.mistake_limits or self.limits)


@dataclass(frozen=True)
class Mistake:
    """A wrong implementation that real learners write, and what to say about it.

    title: fits after "looks like", in a few words.
    broken: the wrong implementation; its docstring is the explanation that learners read.
    try_next: one sentence on what to do, without giving the line away.
    same_as: names of other mistakes of the exercise that compute the same.
    name: a slug, from the name of `broken`.
    """

    title: str
    broken: Function
    try_next: str
    same_as: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.broken.__name__)  # of a class
        return words.strip("_").replace("_", "-").lower()

    @property
    def why(self) -> str:
        return " ".join(inspect.getdoc(self.broken).split())  # type: ignore[union-attr]


def mistake(
    title: str, try_next: str, same_as: Iterable[str] = ()
) -> Callable[[Function], Mistake]:
    """Turn a wrong implementation into a named mistake; its docstring explains it."""

    def name_it(broken: Function) -> Mistake:
        return Mistake(title, broken, try_next, tuple(same_as))

    return name_it


# A property takes the call's arguments and the (right-shaped) result, as one array or a
# tuple of arrays, and says in one sentence what does not hold, or None.
Property = Callable[[tuple[Any, ...], Any], str | None]


@dataclass(frozen=True)
class Exercise:
    """One function that a learner writes, and all that is needed to check it.

    reference: the right implementation, from the course's own library. Its name is the
        exercise's name, its docstring the stub's, its source the solution.
    points: what the exercise is worth.
    cases: draws the calls, smallest and most readable first.
    mistakes: wrong implementations, each named when a learner's results match it.
    hints: a nudge, the idea, the code with a hole in it.
    results: what the results are called, in order ("context", "weights").
    properties: tried in order when no named mistake matches.
    probe: how to call what learners write, `probe(function, *args)`, where it does not take
        and return NumPy arrays itself: a torch function, say, or a class.
    returned: how many of the results what learners write returns itself; the probe measures
        the others. None: all.
    if_measured: what to try when only a measured result is wrong, in a sentence or two.
    tensors: whether it takes and returns torch tensors.
    """

    reference: Function
    points: int
    cases: Callable[[np.random.Generator], Iterable[Case]]
    mistakes: tuple[Mistake, ...]
    hints: tuple[str, str, str]
    results: tuple[str, ...] = ("result",)
    properties: tuple[Property, ...] = field(default=())
    probe: Function | None = None
    returned: int | None = None
    if_measured: str = ""
    tensors: bool = False

    @property
    def name(self) -> str:
        return self.reference.__name__

    @property
    def parameters(self) -> tuple[str, ...]:
        """What the arguments of a case are called."""
        if self.probe is not None:
            return tuple(inspect.signature(self.probe).parameters)[1:]
        return tuple(inspect.signature(self.reference).parameters)

    def applied(self, function: Function) -> Function:
        """Give what to call with a case's arguments in order to try `function`."""
        return function if self.probe is None else partial(self.probe, function)

    @property
    def how_to_start(self) -> str:
        """One sentence with the parameters of the stub, with defaults and without types."""
        full = inspect.signature(self.reference)
        bare = [p.replace(annotation=p.empty) for p in full.parameters.values()]
        call = f"{self.name}{full.replace(parameters=bare, return_annotation=full.empty)}"
        for default in (p.default for p in bare if inspect.isclass(p.default)):
            call = call.replace(repr(default), default.__name__)
        if inspect.isclass(self.reference):
            return f"Write the class so that `{call}` makes one, and keep the stub's methods."
        return f"Start it with `def {call}:`."

    def find_mistake(self, name: str) -> Mistake:
        """Find a mistake by its slug. Raises KeyError."""
        return {m.name: m for m in self.mistakes}[name]

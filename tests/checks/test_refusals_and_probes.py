"""Calls that must be refused with an error, and things that are called through a probe."""

from dataclasses import replace

import numpy as np
import pytest

from qkv_course.checks import evaluate
from qkv_course.checks.advice import on_error
from qkv_course.checks.calls import Complaint, Failure, LiveTarget
from qkv_course.checks.exercise import Case, Exercise, mistake
from qkv_course.checks.report import Report
from qkv_course.checks.run import run_check
from qkv_course.widgets.mistakes import scene


def halves(n):
    """Halve an even number."""
    if n % 2:
        raise ValueError(f"{n} is odd")
    return n // 2


@mistake("a number rounded down", "Ask first whether it is even.")
def rounded_down(n):
    """It has no half among the whole numbers."""
    return n // 2


@mistake("an assert", "Raise a ValueError.")
def asserted(n):
    """An assert is for the author's own slips."""
    assert n % 2 == 0
    return n // 2


@mistake("a double", "Divide.")
def doubled(n):
    """It goes the wrong way."""
    if n % 2:
        raise ValueError
    return n * 2


def draw(rng):
    yield Case("a small one", (int(rng.integers(2, 9)) * 2,))
    yield Case("an odd number", (int(rng.integers(2, 9)) * 2 + 1,), raises="ValueError")


HALVES = Exercise(halves, 1, draw, (rounded_down, asserted, doubled), ("a", "b", "c"))


def judged(f, exercise: Exercise = HALVES) -> Report:
    return run_check(exercise, LiveTarget(exercise.applied(f)), seed=1)


class OddNumber(ValueError):
    pass


@pytest.mark.parametrize("error", [ValueError, OddNumber, UnicodeError])
def test_the_error_or_one_derived_from_it_passes(error: type[Exception]) -> None:
    def refusing(n):
        if n % 2:
            raise error("odd") if error is not UnicodeError else UnicodeError("odd")
        return n // 2

    assert judged(refusing).passed


def test_a_result_where_an_error_is_due_is_named() -> None:
    report = judged(lambda n: n // 2)
    assert report.mistake is rounded_down
    assert "returned" in report.saw and "should raise ValueError" in report.expected
    assert report.group == "an odd number" and report.comparison is None


def test_another_error_than_the_one_due_is_named_by_its_kind() -> None:
    def f(n):
        assert not n % 2
        return n // 2

    def g(n):
        if n % 2:
            raise KeyError(n)
        return n // 2

    assert judged(f).mistake is asserted
    report = judged(g)
    assert report.mistake is None and "raised KeyError" in report.saw
    assert "`raise ValueError(...)`" in report.try_next


def test_an_error_where_none_is_due_is_not_forgiven() -> None:
    def f(n):
        raise ValueError

    assert not judged(f).passed and judged(f).mistake is None


def test_refusing_rightly_and_answering_wrongly_is_still_the_wrong_answer() -> None:
    assert judged(doubled.broken).mistake is doubled
    assert "raises" not in str(judged(doubled.broken).saw)


def test_break_it_says_that_an_error_is_right() -> None:
    shown = scene(HALVES, rounded_down)
    assert shown.right == {"result": "no result, a ValueError"}
    assert "right result = no result, a ValueError" in shown.words()
    assert "AssertionError" in scene(HALVES, asserted).remark


# --- probes -------------------------------------------------------------------------------


class Scaler:
    """Multiply by a factor."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, x):
        return [self.factor * x]


@mistake("a factor that is forgotten", "Use it.")
class FactorForgotten(Scaler):
    """It gives back what it was given."""

    def __call__(self, x):
        return [x]


def use(scaler, factor, numbers):
    """Make a scaler and call it."""
    made = scaler(factor)
    if not hasattr(made, "factor"):
        raise Complaint("Your object has no `factor`.")
    return made(numbers["x"])[0]


SCALER = Exercise(
    Scaler,
    1,
    lambda rng: [Case("by hand", (2.0, {"x": rng.normal(size=3)})).as_float32()],
    (FactorForgotten,),
    ("a", "b", "c"),
    probe=use,
)


def test_a_class_is_judged_through_its_probe() -> None:
    assert judged(Scaler, SCALER).passed
    report = judged(FactorForgotten.broken, SCALER)
    assert report.mistake is FactorForgotten and FactorForgotten.name == "factor-forgotten"
    assert (
        report.inputs.keys() == {"factor", "numbers"} and "numbers = x = [" in report.inputs_text()
    )


def test_a_probe_can_complain_in_its_own_words() -> None:
    class Bare:
        def __init__(self, factor):
            pass

    report = judged(Bare, SCALER)
    assert report.saw == "Your object has no `factor`."
    assert "Complaint" not in str(report)


def test_arrays_in_a_dict_are_narrowed_and_watched() -> None:
    class Writing(Scaler):
        def __call__(self, x):
            x *= self.factor
            return [x]

    (case, *_) = SCALER.cases(np.random.default_rng(0))
    assert case.args[1]["x"].dtype == np.float32
    assert "changed `numbers`" in judged(Writing, SCALER).saw


def test_wrong_parameters_of_a_class_show_the_right_ones() -> None:
    _, advice = on_error(SCALER, Failure("TypeError", "Other() takes no arguments"))
    assert "`Scaler(factor)`" in advice


def test_a_method_that_does_not_fit_the_call_is_told_what_it_lacks() -> None:
    def advice(message: str) -> str:
        return on_error(SCALER, Failure("TypeError", message))[1]

    no_mask = "Mine.forward() got an unexpected keyword argument 'mask'"
    assert advice(no_mask) == "Give `forward` a parameter `mask=None`."
    assert "`memory=None`" in advice(
        "f.<locals>.Mine.forward() missing 1 required positional argument: 'memory'"
    )
    too_few = "Mine.forward() takes 1 positional argument but 2 were given"
    assert "the parameters of `forward`" in advice(too_few)
    without_self = "Mine.forward() got multiple values for argument 'mask'"
    assert "`self` first" in advice(without_self)
    assert "`Scaler(factor)`" in advice(too_few.replace("Mine.forward", "Scaler.scale"))
    assert "Scaler" not in advice("unsupported operand type(s) for +: 'int' and 'str'")
    of_the_class = "Scaler.__init__() missing 1 required positional argument: 'other'"
    assert "`Scaler(factor)`" in advice(of_the_class)
    assert "`Scaler(factor)`" in advice("scaler() missing 1 required positional argument: 'other'")


def test_a_class_among_the_defaults_is_written_by_its_name() -> None:
    def scaled(x, scaler=Scaler, factor=2.0):
        """Scale."""

    assert replace(SCALER, reference=scaled).how_to_start == (
        "Start it with `def scaled(x, scaler=Scaler, factor=2.0):`."
    )


def try_and_count(function, n):
    """Halve a number, and count the calls."""
    counted = []
    value = function(n, counted)
    return value, len(counted)


def counts_once(n, counted):
    """Halve, and count."""
    counted.append(n)
    return n // 2


@mistake("a count too many", "Count once.")
def counts_twice(n, counted):
    """It counts before and after."""
    counted += [n, n]
    return n // 2


COUNTED = Exercise(
    counts_once,
    1,
    lambda rng: [Case("by hand", (int(rng.integers(2, 9)),))],
    (counts_twice,),
    ("a", "b", "c"),
    results=("half", "calls counted"),
    probe=try_and_count,
    returned=1,
    if_measured="Count less.",
)


def test_advice_on_tensors_speaks_of_torch() -> None:
    def unbatched(q, k, v, mask=None):
        weights = (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1)
        return (weights @ v)[..., None], weights

    report = evaluate("torch_attention", unbatched, seed=1)
    assert "should be a tensor of shape" in report.expected
    assert "NumPy" not in str(report)


def test_what_a_probe_measures_is_judged_but_not_asked_for() -> None:
    def thrice(n, counted):
        counted += [n] * 3
        return n // 2

    assert judged(counts_twice.broken, COUNTED).mistake is counts_twice
    report = judged(thrice, COUNTED)
    assert report.saw == "`calls counted` is 3."
    assert report.try_next == "Count less."
    stopped = judged(lambda n, counted: 1 / 0, COUNTED)
    assert stopped.expected == "It should return a whole number (an int)."


def test_a_complaint_about_what_returns_nothing_says_itself_what_is_expected() -> None:
    def complaining(n, counted):
        raise Complaint("It kept no count; it should count once")

    measured = replace(COUNTED, returned=0)
    assert "Expected" not in str(judged(complaining, measured))
    stopped = judged(lambda n, counted: 1 / 0, measured)
    assert stopped.expected == "It should come to its end."

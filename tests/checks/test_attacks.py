"""Whatever a learner's function does, the check answers in words, and the session goes on."""

import builtins
import functools
import math
import os
import signal
import sys
import time
import warnings
from collections import namedtuple
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qkv_course import CheckFailed, ask, check, predict, reveal
from qkv_course.attention import attention, attention_scores, dot, projection_parameters
from qkv_course.checks import Report, evaluate
from qkv_course.checks.calls import LiveTarget
from qkv_course.errors import QkvError, UnknownName

Array = np.ndarray


def swapped(q: Array, k: Array) -> Array:
    return attention_scores(k, q)


def session() -> dict[str, Any]:
    """All that a learner's function could change for everyone who comes after it."""
    return {
        "streams": (sys.stdout, sys.stderr),
        "timer": signal.getitimer(signal.ITIMER_REAL),
        "handlers": (signal.getsignal(signal.SIGALRM), signal.getsignal(signal.SIGINT)),
        "errors": np.geterr(),
        "print options": np.get_printoptions(),
        "recursion": sys.getrecursionlimit(),
        "folder": os.getcwd(),
        "filters": list(warnings.filters),
        "names": [dict(vars(m)) for m in (builtins, math, np, np.linalg, signal, time, warnings)],
        "warnings": sys.modules.get("warnings"),
    }


@pytest.fixture(autouse=True)
def the_session_goes_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("QKV_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    before = session()
    yield
    after = session()
    for names, earlier in zip(after["names"], before["names"], strict=True):
        assert earlier.items() <= names.items()  # a module may be imported meanwhile
    assert {**after, "names": None} == {**before, "names": None}
    assert evaluate("attention_scores", lambda q, k: q @ np.swapaxes(k, -1, -2)).passed
    report = evaluate("attention_scores", swapped)
    assert report.mistake is not None and report.mistake.name == "queries-and-keys-swapped"


def run(f: Callable[..., Any], exercise: str = "attention_scores", seconds: float = 5.0) -> Report:
    report = evaluate(exercise, LiveTarget(f, seconds), seed=1)
    for text in (str(report), report._repr_html_()):
        assert "qkv_course/" not in text and "\x1b" not in text and "<script" not in report.headline
        assert len(text) < 8000 and text.count("\n") < 100, "a flood"
        text.encode()
    assert "<script" not in report._repr_html_()
    return report


# --- strange right answers -------------------------------------------------------------------


def lying(base: type) -> type:
    """A subclass of which every method and attribute lies or raises."""

    def refuse(self: Any, *_: Any, **__: Any) -> Any:
        raise SystemExit("do not touch")

    methods = ("__eq__", "__len__", "__iter__", "__getitem__", "__repr__", "__format__")
    more = ("__float__", "__index__", "__array__", "__array_function__", "__array_ufunc__")
    return type("Lying", (base,), {**dict.fromkeys(methods + more, refuse), "shape": (1, 2, 3)})


Pair = namedtuple("Pair", "context weights")
BUFFERS: dict[Any, Array] = {}


def one_buffer_for_all(q: Array, k: Array) -> Array:
    scores = attention_scores(q, k)
    buffer = BUFFERS.setdefault((scores.shape, scores.dtype), np.empty_like(scores))
    buffer[...] = scores
    return buffer


def recursive(a: Array, b: Array) -> Any:
    return a[0] * b[0] + recursive(a[1:], b[1:]) if len(a) else 0.0


class Callee:
    def __call__(self, a: Array, b: Array) -> Any:
        return a @ b


RIGHT: dict[str, tuple[Callable[..., Any], str]] = {
    "array subclass": (
        lambda q, k: attention_scores(q, k).view(lying(np.ndarray)),
        "attention_scores",
    ),
    "float subclass": (lambda a, b: lying(float)(dot(a, b)), "dot"),
    "int subclass": (
        lambda a, b, c: lying(int)(projection_parameters(a, b, c)),
        "projection_parameters",
    ),
    "tuple subclass": (lambda q, k, v: lying(tuple)(attention(q, k, v)), "attention"),
    "list subclass": (lambda q, k, v: lying(list)(attention(q, k, v)), "attention"),
    "named tuple": (lambda q, k, v: Pair(*attention(q, k, v)), "attention"),
    "matmul with out": (
        lambda q, k: np.matmul(
            q, k.swapaxes(-1, -2), out=np.empty((*q.shape[:-1], k.shape[-2]), q.dtype)
        ),
        "attention_scores",
    ),
    "Fortran order": (lambda q, k: np.asfortranarray(attention_scores(q, k)), "attention_scores"),
    "negative strides": (
        lambda q, k: attention_scores(q, k)[..., ::-1].copy()[..., ::-1],
        "attention_scores",
    ),
    "long double": (
        lambda q, k: attention_scores(q.astype(np.longdouble), k),
        "attention_scores",
    ),
    "one buffer": (one_buffer_for_all, "attention_scores"),
    "masked, nothing hidden": (
        lambda q, k: np.ma.array(attention_scores(q, k)),
        "attention_scores",
    ),
    "0-d array": (lambda a, b: np.array(a @ b), "dot"),
    "recursion": (recursive, "dot"),
    "generator inside": (lambda a, b: sum(x * y for x, y in zip(a, b, strict=True)), "dot"),
    "partial": (functools.partial(np.einsum, "i,i->"), "dot"),
    "object with __call__": (Callee(), "dot"),
    "any arguments": (lambda *args: args[0] @ args[1], "dot"),
    "more parameters": (lambda a, b, scale=1.0, **options: scale * (a @ b), "dot"),
    "check inside": (lambda a, b: a @ b * evaluate("dot", Callee(), seed=2).passed, "dot"),
}


@pytest.mark.parametrize(("f", "exercise"), RIGHT.values(), ids=RIGHT)
def test_strange_but_right_passes(f: Callable[..., Any], exercise: str) -> None:
    report = run(f, exercise)
    assert report.passed, str(report)


def test_a_lambda_is_found_by_the_name_that_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    f = eval("lambda a, b: a @ b", space := {})
    with pytest.raises(UnknownName, match=r"check\(f, exercise="):
        check(f)
    space["dot"] = f
    check(f)


@pytest.mark.parametrize("f", [functools.partial(np.dot), Callee()], ids=["partial", "object"])
def test_what_has_no_name_is_found_in_the_notebook(
    f: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UnknownName, match="it was given an object"):
        check(f)
    monkeypatch.setattr(sys.modules["__main__"], "dot", f, raising=False)
    check(f)


# --- strange wrong answers -------------------------------------------------------------------


def endless(*_: Any, **__: Any) -> Any:
    while True:
        pass


def with_method(name: str, method: Any) -> Any:
    return type("Odd", (), {name: method})()


async def coroutine(q: Array, k: Array) -> Array:
    return attention_scores(q, k)


async def async_generator(q: Array, k: Array) -> AsyncIterator[Array]:
    yield attention_scores(q, k)


FIELDS = [(f"field{i}", float) for i in range(2000)]

WRONG: dict[str, tuple[Callable[..., Any], str, str]] = {
    "class raises": (
        lambda q, k: with_method("__class__", property(lambda self: 1 / 0)),
        "attention_scores",
        "cannot be read",
    ),
    "class lies": (
        lambda q, k: with_method("__class__", np.ndarray),
        "attention_scores",
        "cannot be read",
    ),
    "endless __array__": (lambda a, b: with_method("__array__", endless), "dot", "type Odd"),
    "endless __len__": (lambda a, b: with_method("__len__", endless), "dot", "type Odd"),
    "endless part": (
        lambda q, k, v: (2 * attention(q, k, v)[0], with_method("__array__", endless)),
        "attention",
        "`context[0, 0]` is",
    ),
    "all hidden": (
        lambda q, k: np.ma.array(attention_scores(q, k), mask=True),
        "attention_scores",
        "entries are hidden",
    ),
    "structured": (lambda q, k: np.zeros((2, 3), FIELDS), "attention_scores", "field0"),
    "dates": (lambda q, k: np.zeros((2, 3), "M8[s]"), "attention_scores", "datetime64"),
    "texts": (lambda q, k: attention_scores(q, k).astype(str), "attention_scores", "dtype <U"),
    "empty": (lambda q, k: np.zeros((0, 3, 4)), "attention_scores", "(0, 3, 4)"),
    "long class name": (
        lambda q, k: type("A<script>\x1b[31m" * 999, (), {})(),
        "attention_scores",
        "A<script>A<script>",
    ),
    "list of itself": (
        lambda q, k, v: (several := [], several.append(several), several.append(1))[0],
        "attention",
        "`context` is a list of 2",
    ),
    "lying float": (lambda a, b: lying(float)(3.5), "dot", "is 3.5"),
    "lying int": (lambda a, b, c: lying(int)(1), "projection_parameters", "is 1"),
    "coroutine": (coroutine, "attention_scores", "a coroutine"),
    "async generator": (async_generator, "attention_scores", "async_generator"),
}


@pytest.mark.parametrize(("f", "exercise", "text"), WRONG.values(), ids=WRONG)
def test_strange_and_wrong_is_rejected_in_words(
    f: Callable[..., Any], exercise: str, text: str, recwarn: pytest.WarningsRecorder
) -> None:
    report = run(f, exercise)
    assert report.status == "wrong" and report.mistake is None
    assert text in report.saw
    assert not recwarn.list


def raises(error: BaseException) -> Callable[..., Any]:
    def f(q: Array, k: Array) -> Array:
        raise error

    return f


class Sly(Exception):
    """Its attributes are traps."""

    def __str__(self) -> str:
        raise RuntimeError

    @property
    def __class__(self) -> type:  # type: ignore[override]
        raise RuntimeError


class Nameless(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise RuntimeError


class Anonymous(Exception, metaclass=Nameless):
    pass


TELLING = "\x1b[31mred\x1b[0m\x1b[2J\x07 </div><script>alert(1)</script> `code \ud800"
RAISED: dict[str, tuple[BaseException, str]] = {
    "huge": (ValueError("x" * 10**7), "xxx"),
    "many lines": (ValueError("line\n" * 1000), "line"),
    "colors and markup": (ValueError(TELLING), "red </div>"),
    "group": (ExceptionGroup("many", [ValueError(1), TypeError(2)]), "2 sub-exceptions"),
    "sly": (Sly(), "Sly"),
    "anonymous": (Anonymous(), "an exception"),
}


@pytest.mark.parametrize(("error", "text"), RAISED.values(), ids=RAISED)
def test_any_message_can_be_shown(error: BaseException, text: str) -> None:
    report = run(raises(error))
    assert report.status == "raised"
    assert text in report.saw


def test_an_endless_message_is_cut_short() -> None:
    error = type("Talker", (Exception,), {"__str__": endless})
    assert run(raises(error()), seconds=0.3).status == "timed out"


@pytest.mark.parametrize("text", [TELLING, "line\n" * 900, "x" * 10**6, "\r" * 5000 + "end"])
def test_any_print_can_be_shown(text: str) -> None:
    def f(q: Array, k: Array) -> Array:
        print(text)
        return q

    assert run(f).status == "wrong"


# --- what a function does to the session -----------------------------------------------------


def replace(module: Any, *names: str) -> Callable[[], None]:
    return lambda: [setattr(module, name, None) for name in names] and None


def lose_the_streams() -> None:
    del sys.stdout, sys.stderr


def lose_the_folder() -> None:
    os.mkdir("gone")
    os.chdir("gone")
    os.rmdir("../gone")


def take_the_signals() -> None:
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 0.01)


def settle_for_errors() -> None:
    warnings.simplefilter("error")
    np.seterr(all="raise")
    np.set_printoptions(precision=1, threshold=1, formatter={"float": lambda x: "BOO" * 99})


DEEDS: dict[str, Callable[[], Any]] = {
    "claims that all is close": lambda: setattr(np, "isclose", lambda *a, **k: np.True_),
    "loses NumPy": replace(np, "asarray", "array_equal", "exp", "ndarray", "errstate", "sqrt"),
    "loses norms": replace(np.linalg, "norm", "matrix_power"),
    "loses builtins": replace(builtins, "isinstance", "len", "zip", "next", "getattr", "setattr"),
    "loses imports": replace(builtins, "__import__", "open", "print"),
    "loses warnings": replace(warnings, "catch_warnings", "simplefilter", "filters"),
    "loses a module": lambda: sys.modules.pop("warnings"),
    "turns the clock": lambda: setattr(time, "monotonic", lambda: "noon"),
    "loses signals": replace(signal, "setitimer", "signal"),
    "takes the signals": take_the_signals,
    "loses the streams": lose_the_streams,
    "closes the stream": lambda: sys.stdout.close(),
    "loses the folder": lose_the_folder,
    "lowers the recursion limit": lambda: sys.setrecursionlimit(100),
    "sets up for errors": settle_for_errors,
}


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
@pytest.mark.parametrize("then", ["right", "wrong", "raises"])
def test_the_session_is_as_before(deed: Callable[[], Any], then: str) -> None:
    def f(q: Array, k: Array) -> Array:
        scores = attention_scores(q, k)
        deed()
        if then == "raises":
            raise ValueError("after all this")
        return scores * (2 if then == "wrong" else 1)

    report = run(f)
    assert report.status == {"right": "passed"}.get(then, then.replace("raises", "raised"))
    assert (report.likely == "Every entry is 2 times what it should be.") == (then == "wrong")


def test_what_the_learner_set_up_before_does_not_reach_the_check() -> None:
    with warnings.catch_warnings(), np.errstate(all="raise"), np.printoptions(precision=1):
        warnings.simplefilter("error")
        loud = run(lambda q, k: attention_scores(q, k) * 1e308 * 1e308)
    assert "inf" in loud.saw
    assert str(loud) == str(run(lambda q, k: attention_scores(q, k) * 1e308 * 1e308))


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_alarm_outside_of_the_function_does_no_harm(
    when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine the alarm may go off while it is being set or taken back."""
    really = signal.setitimer

    def go_off() -> None:
        if callable(signal.getsignal(signal.SIGALRM)):
            os.kill(os.getpid(), signal.SIGALRM)

    def with_alarm(*args: Any) -> Any:
        if when == "before":
            go_off()
        result = really(*args)
        if when == "after":
            go_off()
        return result

    with monkeypatch.context() as patch:
        patch.setattr(signal, "setitimer", with_alarm)
        assert run(attention_scores).passed


def test_an_interrupt_leaves_the_session_in_order() -> None:
    with pytest.raises(CheckFailed, match="interrupted"):
        check(raises(KeyboardInterrupt()), exercise="attention_scores")


# --- what is said about it -------------------------------------------------------------------


def test_a_line_without_its_source_is_no_change_of_parameters() -> None:
    exec("def f(q, k): return len(q.shape[0])", space := {})
    assert "parameters" not in run(space["f"]).likely


def test_only_the_first_call_tells_that_nothing_was_attempted() -> None:
    def f(q: Array, k: Array) -> Array:
        if q.ndim > 2:
            raise NotImplementedError
        return attention_scores(q, k)

    assert run(f).status == "raised"


def test_a_stub_that_is_called_is_named() -> None:
    def weighted_sum(weights: Array, v: Array) -> Array:
        raise NotImplementedError("weighted_sum: not attempted yet")

    report = run(lambda q, k, v: (weighted_sum(q, v), 1), "attention")
    assert report.status == "raised"
    assert "calls weighted_sum, which is not written yet" in report.likely
    own = NotImplementedError("attention_scores: not attempted yet")
    assert run(raises(own)).status == "not attempted"


# --- what is handed to the course's own functions --------------------------------------------


def my_dot(a: Array, b: Array) -> Any:
    return a @ b


MISUSE: list[tuple[Callable[[], Any], str]] = [
    (lambda: check(3, exercise="dot"), "takes the function that you wrote"),
    (lambda: check(my_dot, exercise=3), "an object of type int"),
    (lambda: check(my_dot, exercise="dot", seed="7"), "A seed is a whole number"),
    (lambda: check(my_dot, exercise="dot", seed=-1), "A seed is a whole number"),
    (lambda: evaluate("dot", my_dot, seed=0.5), "A seed is a whole number"),
    (lambda: evaluate(my_dot, "dot"), "name first"),
    (lambda: ask(4), "name in quotes"),
    (lambda: predict(None), "name in quotes"),
    (lambda: reveal(my_dot), "name in quotes"),
]


@pytest.mark.parametrize(("call", "text"), MISUSE)
def test_misuse_is_told_in_one_sentence(call: Callable[[], Any], text: str) -> None:
    with pytest.raises(QkvError, match=text):
        call()


def test_the_exercise_may_be_given_as_a_function() -> None:
    check(my_dot, exercise=dot)


def test_a_name_that_is_no_function_any_more_is_no_change_of_parameters() -> None:
    assert "no function" in run(3.5, "dot").likely  # type: ignore[arg-type]

import functools
import inspect
from typing import Any

import numpy as np
import pytest

from qkv_course.attention import scaled_scores
from qkv_course.authoring.lesson import LessonError
from qkv_course.authoring.source import bound_names, called_names, solution, stub, unknown_names


class Layer:
    """Sized things.

    >>> Layer(2)(3)
    6
    """

    unit = 1

    def __init__(
        self,
        size: int,  # of the thing
    ) -> None:
        # The solution's own thought.
        super().__init__()
        self.size = size

    def __call__(self, x: int) -> int:
        """Multiply."""
        return self._times(x)

    @property
    def half(self) -> int:
        return self.size // 2

    def _times(self, x: int) -> int:
        return self.size * x


@functools.lru_cache
def decorated(x: int) -> int:
    """Add one."""
    return x + 1


def bare(x: int) -> int:
    return x


def run(code: str, name: str) -> Any:
    scope: dict[str, Any] = {"np": np}
    exec(code, scope)
    return scope[name]


def test_a_stub_keeps_signature_and_docstring_and_is_not_attempted() -> None:
    stubbed = run(stub(scaled_scores), "scaled_scores")
    assert stubbed.__annotations__ == scaled_scores.__annotations__
    assert inspect.signature(stubbed) == inspect.signature(scaled_scores)
    assert stubbed.__doc__ == scaled_scores.__doc__
    assert ">>> scaled_scores(q, k)" in stubbed.__doc__
    with pytest.raises(NotImplementedError, match="scaled_scores: not attempted yet"):
        stubbed(np.eye(2), np.eye(2))


def test_a_stub_tells_nothing_of_the_body() -> None:
    assert "# Your code here" in stub(scaled_scores)
    assert "sqrt" not in stub(scaled_scores)


def test_a_class_stub_has_its_public_methods_only() -> None:
    code = stub(Layer)
    assert "size: int,  # of the thing" in code
    assert "super().__init__()" in code
    assert "    @property\n    def half(self) -> int:\n        # Your code here" in code
    assert "unit" not in code and "_times" not in code and "own thought" not in code
    stubbed = run(code, "Layer")
    assert stubbed.__doc__ == Layer.__doc__
    with pytest.raises(NotImplementedError, match="Layer: not attempted yet"):
        stubbed(2)
    with pytest.raises(NotImplementedError):
        stubbed.__call__(None, 3)


def test_a_solution_is_the_source_without_decorators() -> None:
    assert solution(scaled_scores) == inspect.getsource(scaled_scores).rstrip()
    assert solution(decorated).startswith("def decorated(x: int)")
    assert run(solution(Layer), "Layer")(2)(3) == 6


def test_a_reference_without_a_docstring_is_refused() -> None:
    with pytest.raises(LessonError, match="bare has no docstring"):
        stub(bare)


@pytest.mark.parametrize(
    ("code", "missing"),
    [
        ("def f(x: np.ndarray):\n    return math.sqrt(len(x))", ["math", "np"]),
        ("def f(x):\n    y = x\n    return [y for _ in g(x)] + [f(x)]", ["g"]),
        (
            "def f(x, n=SIZE):\n    def h():\n        return inner(x)\n    return h",
            ["SIZE", "inner"],
        ),
        ("class C(nn.Module):\n    def f(self):\n        return helper(self)", ["helper", "nn"]),
        ("def f(x):\n    import math\n    return math.pi * x", []),
    ],
)
def test_names_that_a_solution_needs(code: str, missing: list[str]) -> None:
    assert unknown_names(code, known=set()) == missing
    assert unknown_names(code, known=set(missing)) == []


def test_names_that_a_cell_defines_and_calls() -> None:
    code = "import numpy as np\nfrom math import pi\nx = f(g)\n%timeit h(x)\ndef k(): pass"
    assert bound_names(code) == {"np", "pi", "x", "k"}
    assert "f" in called_names(code)
    assert "g" not in called_names(code)

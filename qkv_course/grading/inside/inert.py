"""Stands in for the course where it is not there: for its widgets, its demonstrations, its answers.

While cells run, anything may be done with such an object, and nothing comes of it, so that a
demonstration does not stop the cells below it. While the judge calls a learner's function, using
one raises NotHere: the course's own function is no answer.
"""

from typing import Any


class NotHere(Exception):
    """The course's own functions are not there while work is graded."""


class Phase:
    """Whether the judge is calling."""

    judging = False


class Inert:
    """An object of the course that does nothing."""

    def __init__(self, path: str) -> None:
        self.__dict__["_path"] = path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Inert(f"{self._path}.{name}")

    def __setattr__(self, name: str, value: Any) -> None:
        self._used()

    def __getitem__(self, key: Any) -> Any:
        return self._used()

    def __setitem__(self, key: Any, value: Any) -> None:
        self._used()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._used()

    def __iter__(self) -> Any:
        self._used()
        return iter(())

    def __len__(self) -> int:
        self._used()
        return 0

    def __bool__(self) -> bool:
        self._used()
        return False

    def __enter__(self) -> Any:
        return self._used()

    def __exit__(self, *_: object) -> None:
        self._used()

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (object,)

    def __array__(self, *_: Any, **__: Any) -> Any:
        import numpy as np

        self._used()
        return np.zeros(())

    def __float__(self) -> float:
        self._used()
        return 0.0

    def __index__(self) -> int:
        self._used()
        return 0

    def __format__(self, spec: str) -> str:
        return str(self)

    def __str__(self) -> str:
        return f"<{self._path}>"

    __repr__ = __str__
    __hash__ = object.__hash__

    def _used(self, *_: Any) -> Any:
        if Phase.judging:
            raise NotHere(f"{self._path} is the course's own, and not there when work is graded")
        return self


TWO_SIDED = "add sub mul matmul truediv floordiv mod pow and or xor"
ONE_SIDED = "neg pos abs invert lt le gt ge eq ne"
for _operator in (*TWO_SIDED.split(), *(f"r{o}" for o in TWO_SIDED.split()), *ONE_SIDED.split()):
    setattr(Inert, f"__{_operator}__", Inert._used)

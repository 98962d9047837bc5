"""Names of a package that are loaded when they are first used."""

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(
    package: str, homes: Mapping[str, Iterable[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make a package's `__getattr__` and `__dir__`.

    package: its `__name__`. homes: which of its modules has which names.
    The package repeats the names in `__all__`, and imports them `if TYPE_CHECKING`: both are for
    editors and type checkers, which run nothing.
    """
    home_of = {name: f"{package}.{home}" for home, names in homes.items() for name in names}

    def __getattr__(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        try:
            value = getattr(import_module(home_of[name]), name)
        except ModuleNotFoundError as error:
            _explain(error)
            raise
        setattr(sys.modules[package], name, value)
        return value

    def __dir__() -> list[str]:
        return sorted({*vars(sys.modules[package]), *home_of})

    return __getattr__, __dir__


def _explain(error: ModuleNotFoundError) -> None:
    """Say what to do where a package that the course needs is not installed."""
    from qkv_course.errors import QkvError

    package = (error.name or "").split(".")[0]
    if package == "qkv_course":
        return
    raise QkvError(
        f"The Python that runs this has no {package}, which the course needs.\n"
        f"It is {sys.executable}.\n"
        "Open the notebook with `make lab` (or `qkv lab`), so that the course's own Python "
        "runs it. If it still fails, `python -m qkv_course.doctor` says what is missing."
    ) from None

"""The course as learners' code finds it when it is graded: the modules that the judge gave, in
memory, and inert ones for all others.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType
from typing import Any

from .inert import Inert

ROOT = "qkv_course"


class CourseModule(ModuleType):
    """A module of the course, of which all is inert that was not given."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []  # a package: any module may be imported below it

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        whole = f"{self.__name__}.{name}"
        if any(f"{given}.".startswith(f"{whole}.") for given in COURSE.sources):
            return import_module(whole)
        return Inert(whole)


class Course(MetaPathFinder, Loader):
    """Finds `qkv_course` and everything below it among the sources that were given.

    sources: by the module's name.
    """

    def __init__(self) -> None:
        self.sources: dict[str, str] = {}

    def give(self, sources: dict[str, str]) -> None:
        """Add modules, or put others in the place of those with the same names."""
        self.sources.update(sources)
        for name in sources:
            sys.modules.pop(name, None)

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] != ROOT:
            return None
        return spec_from_loader(name, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return CourseModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        if (source := self.sources.get(module.__name__)) is not None:
            # Where checks look in order to leave the course's own lines out of what they show.
            module.__file__ = f"/{module.__name__.replace('.', '/')}.py"
            exec(compile(source, module.__file__, "exec", dont_inherit=True), vars(module))


COURSE = Course()


def install() -> None:
    """Find the course here, before any other that may lie on the path."""
    sys.meta_path.insert(0, COURSE)

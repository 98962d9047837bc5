"""What is put back after each call of a learner's function: of all modules, only a few.

The checks copy the whole table of modules before a call, and write it back after it. Here it
has thousands of entries, which takes longer than most calls; and the first copy touches each of
the objects, so that their memory, shared until then, is copied as well.
"""

import sys
from importlib import import_module
from types import ModuleType


class FewModules:
    """The modules that the checks need, as they are now, to be written back to `sys.modules`."""

    def __init__(self) -> None:
        # Without the course's own, which the judge replaces, and those that stand for a program.
        self._modules = {n: m for n, m in sys.modules.items() if not n.startswith(("qkv_", "__"))}
        self.update = sys.modules.update  # itself: when it is called, any builtin may be gone

    def copy(self) -> dict[str, ModuleType]:
        """Give what is to be written back."""
        return self._modules


def keep_few_modules() -> None:
    """Let the checks keep those modules only that have been imported so far."""
    session = import_module("qkv_course.checks.session")
    session.KEPT[:] = [FewModules() if names is sys.modules else names for names in session.KEPT]

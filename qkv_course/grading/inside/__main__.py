"""Start a program of this folder, where the rest of the course is not: `python FOLDER PROGRAM`."""

import os
import sys
from importlib import import_module, util

HOME = os.path.dirname(os.path.abspath(__file__))
PACKAGE = "inside"


def main(program: str, *arguments: str) -> None:
    """Make a package of this folder, and run the `main` of one of its modules."""
    sys.dont_write_bytecode = True
    sys.path[:] = [path for path in sys.path if path != HOME]
    start = os.path.join(HOME, "__init__.py")
    spec = util.spec_from_file_location(PACKAGE, start, submodule_search_locations=[HOME])
    assert spec is not None and spec.loader is not None
    sys.modules[PACKAGE] = util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[PACKAGE])
    import_module(f"{PACKAGE}.{program}").main(*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])

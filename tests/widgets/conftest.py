"""Run an explorer's JavaScript under node, without a browser."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qkv_course.widgets.base import script
from qkv_course.widgets.training_data import script_of_stored

DATA = {"training": script_of_stored}  # what comes along with an explorer's own script
NO_NODE = "There is no node: installing nodejs, or pytest-playwright, which brings one, gives it."


def _node() -> str | None:
    if found := shutil.which("node"):
        return found
    try:
        from playwright._impl._driver import compute_driver_executable
    except ImportError:
        return None
    return str(compute_driver_executable()[0])


@pytest.fixture(scope="session")
def run_js(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Any]:
    """Give a function that adds code to an explorer's module, runs it and returns `answer`."""
    node = _node()
    if node is None:
        pytest.fail(NO_NODE) if os.environ.get("CI") else pytest.skip(NO_NODE)
    folder: Path = tmp_path_factory.mktemp("js")

    def run(name: str, code: str) -> Any:
        module = folder / f"{name}.mjs"
        show = "process.stdout.write(JSON.stringify(answer));"
        whole = script(name, DATA[name]() if name in DATA else "")
        module.write_text(f"{whole}\n{code}\n{show}", encoding="utf-8")
        done = subprocess.run([node, module], capture_output=True, encoding="utf-8", timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run

"""Set-up for pytest: notebooks run on this checkout, and a failing check reads as in the notebook.

`pytest --nbval-lax notebooks/04_scores_and_scaling.ipynb` validates a learner's own notebook.
"""

import os
import re
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the environment that kernels inherit."""
    path = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(path)
    os.environ.setdefault("PYTHONHASHSEED", "0")  # as when the solutions were made
    if "QKV_HOME" not in os.environ:  # a test run is nobody's progress
        home = tempfile.TemporaryDirectory(prefix="qkv-home-")
        os.environ["QKV_HOME"] = home.name
        config.add_cleanup(home.cleanup)
    if getattr(config.option, "nbval_lax", False):
        # Plain --nbval compares with saved outputs, so there reports stay as they are.
        os.environ.setdefault("QKV_REPORT", "text")
    if not getattr(config.option, "nbval_kernel_name", None):
        config.option.nbval_current_env = True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a failing notebook cell say what failed, in pytest's summary line too."""
    report = yield
    if report.failed and call.excinfo is not None and hasattr(item, "test_outputs"):
        report.longrepr = _cell_report(item, call.excinfo.value)
    return report


def _cell_report(item: Any, failure: BaseException) -> str:
    headline = str(failure)
    details = getattr(failure, "inner_traceback", None) or ""
    errors = [o for o in item.test_outputs or [] if "ename" in o]
    if errors and headline == "Cell execution caused an exception":
        headline = _what_it_said(errors[-1])
    cell = "\n".join(f"    {line}" for line in item.cell.source.splitlines())
    # The summary line shows the first line only.
    return f"{headline}\n\nThe cell:\n\n{cell}\n\nWhat it says:\n{ANSI.sub('', details)}\n"


def _what_it_said(error: Any) -> str:
    first = str(error["evalue"]).strip().partition("\n")[0]
    return first if error["ename"] == "CheckFailed" else f"{error['ename']}: {first}"

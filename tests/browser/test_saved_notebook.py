"""A notebook that was run and saved: opened again the next day, and exported."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import expect

from qkv_course.cli import SETTINGS

from .lab import environment

pytestmark = pytest.mark.browser

CELLS = [
    "from qkv_course import break_it, explore",
    "explore('attention', heads=96)",
    "break_it('multi_head_attention')",
]
CLOSE = "() => jupyterapp.shell.currentWidget.context.sessionContext.shutdown()"


@pytest.fixture(scope="module")
def saved(run_notebook: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run a notebook, save it, end its kernel, and give a copy of the file."""
    page = run_notebook(CELLS)
    expect(page.locator(".qkv")).to_have_count(2)
    page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
    page.evaluate(CLOSE)
    copy = tmp_path_factory.mktemp("saved") / "saved.ipynb"
    shutil.copy(page.path, copy)
    return copy


def test_widgets_come_back_without_a_kernel(saved: Path, open_notebook: Callable[..., Any]) -> None:
    page = open_notebook(saved)
    widgets = page.locator(".qkv")
    expect(widgets).to_have_count(2)
    slider = widgets.first.get_by_role("slider", name="d_k")
    slider.press("End")
    expect(widgets.first.locator(".qkv-summary")).to_contain_text("d_k = 256")


def test_a_saved_widget_takes_at_most_50_kb(saved: Path) -> None:
    notebook = nbformat.read(saved, as_version=4)
    state = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    sizes = {
        key: len(str(model)) for key, model in state.items() if "_esm" in model.get("state", {})
    }
    assert len(sizes) == 2 and max(sizes.values()) <= 50_000, sizes


def test_an_export_to_html_has_pictures_and_words(saved: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "nbconvert", "--to", "html", str(saved), "--output-dir", "."]
    own = {**environment(tmp_path), "JUPYTER_CONFIG_PATH": str(SETTINGS)}
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path, env=own)
    page = (tmp_path / "saved.html").read_text("utf-8")
    assert len(re.findall(r"<img[^>]*data:image/png;base64", page)) == 2

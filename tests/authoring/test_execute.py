import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from qkv_course.authoring.execute import WIDGET, execute
from qkv_course.authoring.lesson import LessonError
from qkv_course.authoring.notebook import as_text
from qkv_course.authoring.tree import Tree

NAME = "40_sample"
Rewrite = Callable[[str, str], None]

LOOK_AROUND = """\
import sys
print(sys.executable, os.environ["QKV_HOME"], os.getcwd(), "QKV_REPORT" in os.environ, sep="\\n")"""

SHOW_WIDGET = f"""\
from IPython.display import display
live = {{"{WIDGET}": {{"model_id": "x"}}}}
display({{**live, "text/plain": "a picture"}}, raw=True, metadata={{"{WIDGET}": {{}}}})
display(live, raw=True)"""

TALK = """\
import sys
print({'x', 'y', 'z'}, flush=True)
print(1, file=sys.stderr, flush=True)
print(2, flush=True)"""


def outputs(tree: Tree, folder: Path) -> list:
    notebook = execute(tree.make(NAME, solved=True), folder)
    return next(c.outputs for c in notebook.cells if "reason" in c.metadata)


def test_runs_with_this_python_and_a_home_of_its_own(
    tree: Tree, rewrite: Rewrite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "kernels" / "python3" / "kernel.json"
    other.parent.mkdir(parents=True)
    other.write_text('{"argv": ["/bin/false"], "display_name": "x", "language": "python"}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("QKV_HOME", str(tmp_path / "mine"))
    monkeypatch.setenv("QKV_REPORT", "text")
    rewrite("os.getpid()", LOOK_AROUND)
    python, home, folder, report = outputs(tree, tmp_path)[0].text.splitlines()
    assert python == sys.executable
    assert home != str(tmp_path / "mine") and not os.path.exists(home)
    assert os.path.samefile(folder, tmp_path)
    assert report == "False"


def test_a_live_widget_leaves_what_can_be_read_without_it(
    tree: Tree, rewrite: Rewrite, tmp_path: Path
) -> None:
    rewrite("os.getpid()", SHOW_WIDGET)
    (only,) = outputs(tree, tmp_path)
    assert only.data == {"text/plain": "a picture"}
    assert only.metadata == {}


def test_two_runs_give_the_same_file(tree: Tree, rewrite: Rewrite, tmp_path: Path) -> None:
    rewrite("os.getpid()", TALK)
    first, second = (execute(tree.make(NAME, solved=True), tmp_path) for _ in range(2))
    assert as_text(first) == as_text(second)
    assert first.metadata == tree.make(NAME, solved=True).metadata
    printed = next(c.outputs for c in first.cells if "reason" in c.metadata)
    assert [o.name for o in printed] == ["stdout", "stderr"]  # one each, however they interleave


def test_a_kernel_that_dies_is_reported(tree: Tree, rewrite: Rewrite, tmp_path: Path) -> None:
    rewrite("os.getpid()", "os._exit(1)")
    with pytest.raises(LessonError, match=f"{NAME}: the run stopped: "):
        outputs(tree, tmp_path)

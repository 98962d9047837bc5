"""Running a notebook from top to bottom, the same way on every machine."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path

from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

import qkv_course
from qkv_course.authoring.lesson import LessonError

WIDGET = "application/vnd.jupyter.widget-view+json"
SECONDS_A_CELL = 300


class ThisPython(KernelSpecManager):
    """Starts kernels with the running interpreter, whatever kernels are installed."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(**get_kernel_dict())


def execute(notebook: NotebookNode, folder: Path, allow_errors: bool = False) -> NotebookNode:
    """Run all cells and give the notebook back with its outputs.

    folder: where the kernel runs.
    allow_errors: go on after a cell that fails, and keep its error as an output.
    Raises LessonError with the first cell that fails, unless errors are allowed.
    """
    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_spec_manager=ThisPython()),
        timeout=SECONDS_A_CELL,
        allow_errors=allow_errors,
        store_widget_state=False,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    metadata = deepcopy(notebook.metadata)
    with _clean_environment() as environment, _plain_errors(notebook):
        # The kernel's own log says nothing about the lesson; cells' stderr comes as outputs.
        client.execute(env=environment, stderr=subprocess.DEVNULL)
    notebook.metadata = metadata  # the kernel adds its exact version of Python
    _strip(notebook)
    return notebook


@contextmanager
def _clean_environment() -> Iterator[dict[str, str]]:
    """Keep the author's progress, settings and start-up files out of the lesson's outputs."""
    package = str(Path(qkv_course.__file__).parents[1])
    path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    others = {k: v for k, v in os.environ.items() if not k.startswith(("QKV_", "MPLBACKEND"))}
    with tempfile.TemporaryDirectory() as home:
        yield {
            **others,
            "QKV_HOME": home,
            "IPYTHONDIR": home,
            "PYTHONPATH": path,
            "PYTHONHASHSEED": "0",
        }


@contextmanager
def _plain_errors(notebook: NotebookNode) -> Iterator[None]:
    name = notebook.metadata["qkv"]["lesson"]
    try:
        yield
    except CellExecutionError as error:
        source = _failed_source(notebook)
        raise LessonError(
            f"{name}: this cell failed:\n\n{source}\n\n{error.ename}: {error.evalue}"
        ) from error
    except (RuntimeError, TimeoutError) as error:  # no kernel, a dead one, or a slow cell
        reason = str(error).strip().partition("\n")[0]
        raise LessonError(f"{name}: the run stopped: {reason}") from error


def _failed_source(notebook: NotebookNode) -> str:
    cells = [c for c in notebook.cells if c.cell_type == "code"]
    failed = [c for c in cells if any(o.output_type == "error" for o in c.outputs)]
    return str(failed[-1].source) if failed else "(a cell that left no output)"


def _strip(notebook: NotebookNode) -> None:
    """Take out what differs from run to run, and live widgets, which need a kernel."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if _without_widget(o)]


def _without_widget(output: NotebookNode) -> bool:
    """Take the live view off an output; say whether anything is left of it."""
    if "data" not in output:
        return True
    output.data.pop(WIDGET, None)
    output.metadata.pop(WIDGET, None)
    return bool(output.data)

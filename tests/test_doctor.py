"""The doctor, driven with broken set-ups: each is found, and the line says how to mend it."""

import json
import os
import subprocess
import sys
from collections import namedtuple
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace

import pytest

from qkv_course import doctor
from qkv_course.doctor import Finding
from qkv_course.lessons import LESSONS

ROOT = Path(__file__).parents[1]
Release = namedtuple("Release", "major minor micro releaselevel serial")


def install(monkeypatch: pytest.MonkeyPatch, **releases: str) -> None:
    """Let only these packages seem to be installed."""

    def version(name: str) -> str:
        if name not in releases:
            raise PackageNotFoundError(name)
        return releases[name]

    monkeypatch.setattr(doctor, "version", version)


def uninstall(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    """Let an import of this module fail."""
    monkeypatch.setitem(sys.modules, module, None)


def test_an_old_python_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", Release(3, 10, 14, "final", 0))
    found = doctor.check_python()
    assert (found.level, found.saw) == ("problem", "3.10.14")
    assert "3.11 or newer" in found.mend


@pytest.mark.parametrize(
    ("installed", "level"),
    [
        ("2.13.0", "ok"),
        ("2.13.0+cpu", "ok"),
        ("2.12.1", "warning"),
        ("2.13.0.post1", "warning"),
        ("1.13.0", "problem"),
    ],
)
def test_a_package_of_another_version(
    monkeypatch: pytest.MonkeyPatch, installed: str, level: str
) -> None:
    install(monkeypatch, torch=installed)
    found = doctor.check_package("torch", "2.13.0")
    assert found.level == level
    assert installed in found.saw
    assert bool(found.mend) == (level != "ok")


def test_a_missing_package_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    found = doctor.check_package("anywidget", "0.11.0")
    assert found.level == "problem"
    assert "not installed" in found.saw and "0.11.0" in found.saw
    assert doctor.INSTALL in found.mend


def test_every_pin_is_checked_and_comments_are_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = "# a==1\n\nnumpy==2.4.6  # arrays, not b==2\n-r other.txt\ntyper == 0.29.2\n"
    (tmp_path / "requirements.txt").write_text(text)
    install(monkeypatch, numpy="2.4.6")
    found = {f.name: f.level for f in doctor.check_packages(tmp_path)}
    assert found == {"numpy": "ok", "typer": "problem"}


def test_outside_the_course_the_doctor_says_where_to_start(tmp_path: Path) -> None:
    (found,) = doctor.check_packages(tmp_path)
    assert found.level == "problem"
    assert str(tmp_path) in found.saw and "QKV_HOME" in found.mend


def write_kernel(folder: Path, program: str) -> None:
    kernel = folder / "kernels" / "python3"
    kernel.mkdir(parents=True)
    spec = {"argv": [program, "-m", "ipykernel_launcher"], "display_name": "Python 3"}
    (kernel / "kernel.json").write_text(json.dumps(spec))


@pytest.mark.parametrize("program", ["python", "python3", sys.executable])
def test_a_kernel_of_this_python_is_fine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str
) -> None:
    write_kernel(tmp_path, program)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    assert doctor.check_kernel().level == "ok"


def test_a_kernel_of_another_python_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # As another venv's: it leads to the same file, yet finds other packages.
    other = tmp_path / "other-venv" / "bin" / "python"
    other.parent.mkdir(parents=True)
    other.symlink_to(Path(sys.executable).resolve())
    write_kernel(tmp_path, str(other))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    found = doctor.check_kernel()
    assert found.level == "problem"
    assert str(other) in found.saw
    assert "ipykernel install" in found.mend


def test_a_missing_kernel_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    from jupyter_client.kernelspec import KernelSpecManager

    monkeypatch.setattr(KernelSpecManager, "find_kernel_specs", lambda self: {})
    monkeypatch.setattr(KernelSpecManager, "_find_spec_directory", lambda self, name: None)
    found = doctor.check_kernel()
    assert found.level == "problem"
    assert "python3" in found.saw and "ipykernel install" in found.mend


def test_a_damaged_kernel_is_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "kernels" / "python3").mkdir(parents=True)
    (tmp_path / "kernels" / "python3" / "kernel.json").write_text('{"argv": [')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    found = doctor.check_kernel()
    assert found.level == "problem"
    assert "cannot be read" in found.saw and "ipykernel install" in found.mend


def test_no_jupyter_client_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    uninstall(monkeypatch, "jupyter_client.kernelspec")
    assert doctor.check_kernel().level == "problem"


def write_extension(folder: Path, name: str, text: str) -> None:
    extension = folder / "labextensions" / name
    extension.mkdir(parents=True)
    (extension / "package.json").write_text(text)


MANAGER = "@jupyter-widgets/jupyterlab-manager"


@pytest.mark.parametrize(
    ("name", "package", "text", "level"),
    [
        ("anywidget", "anywidget", '{"version": "0.11.0"}', "ok"),
        ("anywidget", "anywidget", '{"version": "0.9.3"}', "problem"),
        ("anywidget", "anywidget", "{}", "problem"),
        ("anywidget", "anywidget", "[", "problem"),
        (MANAGER, "ipywidgets", '{"version": "5.0.16"}', "ok"),
        (MANAGER, "ipywidgets", '{"version": "3.1.11"}', "problem"),
    ],
)
def test_a_front_end_has_to_fit_its_package(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
    package: str,
    text: str,
    level: str,
) -> None:
    # Found first, as an extension left over from an older installation would be.
    write_extension(tmp_path, name, text)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    install(monkeypatch, anywidget="0.11.0", ipywidgets="8.1.9")
    found = doctor.check_front_end(name, package)
    assert found.level == level
    assert bool(found.mend) == (level != "ok")


def test_a_missing_front_end_is_a_problem() -> None:
    found = doctor.check_front_end("no-such-extension", "anywidget")
    assert found.level == "problem"
    assert "pip install" in found.mend


def test_a_front_end_without_its_package_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_extension(tmp_path, "anywidget", '{"version": "0.11.0"}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    install(monkeypatch)
    assert doctor.check_front_end("anywidget", "anywidget").level == "problem"


def test_without_the_pretrained_model_there_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qkv_course.models.weights.find_spec", lambda module: None)
    found = doctor.check_model()
    assert found.level == "warning" and "lesson 11" in found.saw
    assert "requirements-model.txt" in found.mend


@pytest.mark.parametrize(
    ("total", "available", "level", "word"),
    [
        (16.0, 8.0, "ok", ""),
        (3.9, 3.0, "warning", "one notebook"),
        (16.0, 1.4, "warning", "Close"),
        (4.0, 1.5, "ok", ""),
    ],
)
def test_little_memory_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, total: float, available: float, level: str, word: str
) -> None:
    memory = SimpleNamespace(total=total * 2**30, available=available * 2**30)
    monkeypatch.setattr("psutil.virtual_memory", lambda: memory)
    found = doctor.check_memory()
    assert found.level == level
    assert word in found.mend


def test_memory_that_cannot_be_measured_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    uninstall(monkeypatch, "psutil")
    assert doctor.check_memory().level == "warning"


def test_a_folder_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    # A file in the way stops even an administrator, whom permissions do not.
    (tmp_path / ".qkv").touch()
    found = doctor.check_write_access(tmp_path)
    assert found.level == "problem"
    assert str(tmp_path) in found.saw


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.TemporaryFile", lambda dir: open("/dev/full", "wb"))  # noqa: SIM115
    found = doctor.check_write_access(tmp_path)
    assert found.level == "problem"
    assert "No space left" in found.saw


def test_trying_to_write_leaves_nothing_behind(tmp_path: Path) -> None:
    assert doctor.check_write_access(tmp_path).level == "ok"
    assert list((tmp_path / ".qkv").iterdir()) == []


def test_a_missing_notebook_is_named(tmp_path: Path) -> None:
    (tmp_path / "notebooks").mkdir()
    for lesson in LESSONS:
        (tmp_path / "notebooks" / f"{lesson}.ipynb").touch()
    assert doctor.check_notebooks(tmp_path).level == "ok"
    (tmp_path / "notebooks" / "02_lookup.ipynb").unlink()
    found = doctor.check_notebooks(tmp_path)
    assert (found.level, found.saw) == ("problem", "missing: 02_lookup")
    # It names the missing file alone: more would undo a learner's work in the others.
    assert found.mend.endswith("git checkout -- notebooks/02_lookup.ipynb")


@pytest.mark.parametrize(
    ("levels", "code", "last_line"),
    [
        (["ok", "ok"], 0, "All is well."),
        (["ok", "warning"], 0, "0 problems, 1 warning."),
        (["problem", "warning", "warning"], 1, "1 problem, 2 warnings."),
    ],
)
def test_only_a_problem_makes_it_fail(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    levels: list[doctor.Level],
    code: int,
    last_line: str,
) -> None:
    found = [Finding(f"part {i}", level, "seen", "Mend it.") for i, level in enumerate(levels)]
    monkeypatch.setattr(doctor, "examine", lambda: found)
    assert doctor.main() == code
    lines = capsys.readouterr().out.splitlines()
    assert lines[: len(levels)] == [
        f"{level:<8} part {i}: seen. Mend it." for i, level in enumerate(levels)
    ]
    assert lines[-1] == last_line


def test_the_doctor_speaks_when_nothing_is_installed(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "QKV_HOME": str(ROOT)}
    # -S leaves out site-packages: only the standard library is there.
    seen = subprocess.run(
        [sys.executable, "-S", "-m", "qkv_course.doctor"],
        env=environment,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert seen.returncode == 1
    assert seen.stderr == ""
    assert "problem  numpy: not installed" in seen.stdout
    assert "problem  kernel: jupyter_client is missing" in seen.stdout

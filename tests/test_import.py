"""Importing the course is quick and light, and its parts agree about what to install."""

import os
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import qkv_course
from qkv_course import lazy
from qkv_course.doctor import pinned
from qkv_course.errors import QkvError

ROOT = Path(__file__).parents[1]
NAMES = ["CheckFailed", "ask", "break_it", "check", "evaluate", "explore", "hint", "predict"]


def run_python(code: str) -> str:
    seen = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert seen.returncode == 0, seen.stderr
    return seen.stdout.strip()


def test_import_loads_nothing_heavy() -> None:
    code = (
        "import sys, qkv_course; print(sorted({'numpy', 'torch', 'matplotlib', 'IPython', "
        "'ipywidgets'} & set(sys.modules)))"
    )
    assert run_python(code) == "[]"


@pytest.mark.parametrize("package", ["analysis", "attention", "models", "training"])
def test_a_package_loads_neither_torch_nor_matplotlib(package: str) -> None:
    code = (
        f"import sys, qkv_course.{package}; print(sorted({{'torch', 'matplotlib'}} & "
        "set(sys.modules)))"
    )
    assert run_python(code) == "[]"


def test_check_loads_neither_torch_nor_matplotlib() -> None:
    code = (
        "import sys; from qkv_course import check; "
        "print(sorted({'torch', 'matplotlib'} & set(sys.modules)))"
    )
    assert run_python(code) == "[]"


@pytest.mark.parametrize("name", [*NAMES, "reveal"])
def test_names_are_offered_and_load(name: str) -> None:
    assert name in dir(qkv_course) and name in qkv_course.__all__
    assert callable(getattr(qkv_course, name))


@pytest.mark.parametrize("package", ["analysis", "attention", "models", "training"])
def test_every_name_of_a_package_is_offered_and_loads(package: str) -> None:
    whole = import_module(f"qkv_course.{package}")
    assert set(whole.__all__) <= set(dir(whole))
    for name in whole.__all__:
        assert getattr(whole, name).__name__ == name
        assert vars(whole)[name] is getattr(whole, name)  # the second time it is there at once
    with pytest.raises(AttributeError, match="nobody"):
        whole.nobody  # noqa: B018


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="chekc"):
        qkv_course.chekc  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'chekc'"):
        exec("from qkv_course import chekc")


def test_a_python_without_the_packages_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_numpy(name: str) -> object:
        raise ModuleNotFoundError("No module named 'numpy'", name="numpy.linalg")

    monkeypatch.delattr(qkv_course, "check", raising=False)
    monkeypatch.setattr(lazy, "import_module", without_numpy)
    with pytest.raises(QkvError) as caught:
        qkv_course.__getattr__("check")
    assert "no numpy" in str(caught.value)
    assert sys.executable in str(caught.value)
    assert "make lab" in str(caught.value)


def requirement_names(requirements: list[str]) -> dict[str, str]:
    pairs = (requirement.split(">=") for requirement in requirements)
    return {name: least for name, least in pairs}


def as_numbers(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))


@pytest.mark.parametrize("extra", [False, True])
def test_the_pins_are_what_the_package_asks_for(extra: bool) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    if extra:
        asked = [r for names in project["optional-dependencies"].values() for r in names]
        pins = pinned(ROOT / "requirements-dev.txt")
    else:
        asked, pins = project["dependencies"], pinned(ROOT / "requirements.txt")
    least = requirement_names(asked)
    assert least.keys() == pins.keys()
    for name, release in pins.items():
        assert as_numbers(release) >= as_numbers(least[name]), name


def test_the_readme_says_what_each_dependency_does() -> None:
    readme = (ROOT / "README.md").read_text()
    for name in {
        **pinned(ROOT / "requirements.txt"),
        **pinned(ROOT / "requirements-dev.txt"),
    }:
        assert f"\n- **{name}**: " in readme, f"README.md says nothing about {name}"

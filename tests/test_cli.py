"""The command `qkv`, as a learner types it."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

import qkv_course
from qkv_course import cli, doctor, progress
from qkv_course.errors import QkvError
from qkv_course.lessons import LESSONS, find_exercise

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "course"
    (folder / "notebooks").mkdir(parents=True)
    (folder / "pyproject.toml").touch()
    for lesson in LESSONS:
        (folder / "notebooks" / f"{lesson}.ipynb").write_text("{}")
    monkeypatch.delenv("QKV_HOME", raising=False)
    monkeypatch.delenv("QKV_REPORT", raising=False)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(folder)
    return folder


def qkv(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli.app, arguments)
    assert result.exit_code == code, result.output
    return result.output


def test_version() -> None:
    assert qkv("--version").strip() == qkv_course.__version__


def test_without_a_command_it_lists_them() -> None:
    seen = CliRunner().invoke(cli.app, []).output
    assert all(command in seen for command in ("lab", "progress", "doctor", "build"))


# --- progress


def test_nothing_recorded_is_said_in_a_sentence(course: Path) -> None:
    seen = qkv("progress")
    assert "Nothing is recorded yet" in seen
    assert "qkv lab" in seen
    assert not (course / ".qkv").exists()


def practice() -> None:
    slug = find_exercise("scaled_scores").mistakes[0].name
    progress.record("check", "scaled_scores", status="wrong", mistake=slug)
    progress.record("check", "attention_scores", status="wrong", mistake="forgotten-by-now")
    progress.record("check", "attention_scores", status="passed", mistake=None)
    progress.record("check", "dot", status="raised", mistake=None)
    progress.record("check", "an_exercise_of_another_course", status="wrong", mistake="x")


def test_progress_counts_exercises_points_and_attempts() -> None:
    practice()
    lines = {line.lesson: line for line in cli.progress_lines(progress.summary())}
    assert list(lines) == list(LESSONS)
    scores = lines["04_scores_and_scaling"]
    assert (scores.passed, scores.exercises) == (1, 3)
    assert (scores.points, scores.of_points, scores.attempts) == (2, 5, 3)
    assert scores.last_mistake == "", "attention_scores has passed since its mistake"
    first = lines["00_start_here"]
    assert (first.passed, first.points, first.attempts, first.last_mistake) == (0, 0, 1, "")


def test_the_newest_mistake_is_shown_by_its_title() -> None:
    practice()
    progress.record("check", "score_std", status="wrong", mistake="forgotten-by-now")
    lines = {line.lesson: line for line in cli.progress_lines(progress.summary())}
    assert lines["04_scores_and_scaling"].last_mistake == "score_std: forgotten-by-now"
    known = find_exercise("scaled_scores").mistakes[0]
    progress.record("check", "scaled_scores", status="wrong", mistake=known.name)
    lines = {line.lesson: line for line in cli.progress_lines(progress.summary())}
    assert lines["04_scores_and_scaling"].last_mistake == f"scaled_scores: {known.title}"


def test_progress_is_a_table_with_a_row_for_each_lesson() -> None:
    practice()
    seen = qkv("progress")
    row = next(line for line in seen.splitlines() if "04_scores_and_scaling" in line)
    assert all(cell in row for cell in ("1/3", "2/5", "3"))
    assert all(lesson in seen for lesson in LESSONS)


def test_progress_as_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QKV_REPORT", "text")
    practice()
    lines = qkv("progress").splitlines()
    assert len(lines) == len(LESSONS)
    assert lines[0] == "00_start_here: 0 of 1 exercises passed, 0 of 1 points, attempts: 1."
    assert lines[4].startswith("04_scores_and_scaling: 1 of 3 exercises passed, 2 of 5 points")
    assert "".join(lines).isascii()


def test_progress_works_from_a_sub_folder(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    practice()
    monkeypatch.chdir(course / "notebooks")
    assert "1/3" in qkv("progress")


def test_progress_loads_neither_torch_nor_matplotlib(course: Path) -> None:
    practice()
    code = (
        "import sys; from qkv_course import cli; cli.progress_lines(cli.summary()); "
        "print(sorted({'torch', 'matplotlib', 'jupyterlab', 'IPython'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    seen = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=course
    )
    assert seen.stdout.strip() == "[]", seen.stderr


# --- lab


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What JupyterLab would have been started with."""
    from jupyterlab.labapp import LabApp

    given: list[str] = []
    monkeypatch.setattr(LabApp, "launch_instance", given.extend)
    monkeypatch.setenv("PATH", os.environ["PATH"])
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "")
    return given


def opened(arguments: list[str]) -> str:
    found = [a.partition("=")[2] for a in arguments if a.startswith("--LabApp.default_url=")]
    assert len(found) == 1
    return found[0]


def test_lab_opens_the_first_lesson(course: Path, launched: list[str]) -> None:
    qkv("lab")
    assert opened(launched) == "/lab/tree/notebooks/00_start_here.ipynb"
    assert f"--ServerApp.root_dir={course}" in launched


@pytest.mark.parametrize(
    "named", ["02_lookup", "02", "notebooks/02_lookup.ipynb", "notebooks/02_lookup"]
)
def test_lab_opens_the_lesson_that_is_named(course: Path, launched: list[str], named: str) -> None:
    qkv("lab", named)
    assert opened(launched) == "/lab/tree/notebooks/02_lookup.ipynb"


def test_lab_hands_options_on_in_their_order(course: Path, launched: list[str]) -> None:
    qkv("lab", "--no-browser", "--port", "9999", "--ip=0.0.0.0")
    assert opened(launched).endswith("00_start_here.ipynb")
    assert launched[-4:] == ["--no-browser", "--port", "9999", "--ip=0.0.0.0"]
    launched.clear()
    qkv("lab", "03_projections", "--no-browser", "--debug")
    assert opened(launched).endswith("03_projections.ipynb")
    assert launched[-2:] == ["--no-browser", "--debug"]


def test_lab_works_from_a_sub_folder(
    course: Path, launched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(course / "notebooks")
    qkv("lab", "06_context.ipynb")
    assert opened(launched) == "/lab/tree/notebooks/06_context.ipynb"
    assert Path.cwd() == course


def test_lab_opens_a_notebook_from_elsewhere(tmp_path: Path, launched: list[str]) -> None:
    (tmp_path / "my notes.ipynb").write_text("{}")
    qkv("lab", "../my notes.ipynb")
    assert opened(launched) == "/lab/tree/my%20notes.ipynb"
    assert f"--ServerApp.root_dir={tmp_path}" in launched


@pytest.mark.parametrize(("user", "asked"), [(0, True), (1000, False)])
def test_lab_starts_in_a_container_too(
    launched: list[str], monkeypatch: pytest.MonkeyPatch, user: int, asked: bool
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
    qkv("lab")
    assert ("--allow-root" in launched) == asked


def test_a_terminal_in_jupyterlab_finds_qkv(launched: list[str]) -> None:
    qkv("lab")
    assert os.environ["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)


def run_main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    monkeypatch.setattr(sys, "argv", ["qkv", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return str(stopped.value.code)


def test_a_lesson_that_is_not_there_is_said_in_a_sentence(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = run_main(monkeypatch, "lab", "99_the_end")
    assert "no notebook 99_the_end" in said
    assert "00_start_here, 01_from" in said


def test_without_jupyterlab_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jupyterlab.labapp", None)
    said = run_main(monkeypatch, "lab")
    assert "JupyterLab is not installed" in said and "make lab" in said


@pytest.fixture
def server(course: Path, tmp_path: Path) -> Iterator[str]:
    """A JupyterLab started by `qkv lab`; gives its address, token included."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
        "JUPYTER_DATA_DIR": str(tmp_path / "data"),
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
    }
    command = [sys.executable, "-m", "qkv_course.cli", "lab", "--no-browser"]
    log = tmp_path / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, "--ServerApp.port=0"], cwd=course, env=environment, stdout=out, stderr=out
        )
    try:
        yield wait_for_address(process, log)
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_for_address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:\d+/\S*token=\w+", log.read_text())
        if found:
            return found.group()
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def fetch(address: str) -> str:
    """Get a page; the address is printed shortly before the server listens."""
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                text: str = answer.read().decode()
                return text
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_jupyterlab_starts_and_asks_nothing(server: str, tmp_path: Path) -> None:
    assert "/lab/tree/notebooks/00_start_here.ipynb?token=" in server
    base, token = server.partition("/lab/tree")[0], server.rpartition("token=")[2]
    plugin = "@jupyterlab/apputils-extension:notification"
    settings = json.loads(fetch(f"{base}/lab/api/settings/{plugin}?token={token}"))
    properties = settings["schema"]["properties"]
    assert properties["fetchNews"]["default"] == "false"
    assert properties["checkForUpdates"]["default"] is False
    # The learner's own settings stay theirs.
    assert not (tmp_path / "config" / "lab").exists()


# --- doctor and build


@pytest.mark.parametrize("code", [0, 1])
def test_doctor_hands_on_its_exit_code(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    monkeypatch.setattr(doctor, "main", lambda: code)
    qkv("doctor", code=code)


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ((), {"check": False, "names": (), "force": False}),
        (("--check",), {"check": True, "names": (), "force": False}),
        (("02_lookup", "--force"), {"check": False, "names": ["02_lookup"], "force": True}),
    ],
)
def test_build_hands_on_its_options_and_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], asked: dict[str, object]
) -> None:
    seen: dict[str, object] = {}
    monkeypatch.setattr("qkv_course.authoring.build.main", lambda **given: seen.update(given) or 1)
    qkv("build", *options, code=1)
    assert seen == asked


def test_build_without_the_authoring_tools_says_how_to_get_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in [m for m in sys.modules if m.startswith("qkv_course.authoring")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.delattr("qkv_course.authoring", raising=False)
    monkeypatch.setitem(sys.modules, "jupytext", None)
    result = CliRunner().invoke(cli.app, ["build"])
    assert isinstance(result.exception, QkvError)
    assert "jupytext" in str(result.exception)
    assert "requirements-dev.txt" in str(result.exception)


def test_without_typer_it_says_how_to_get_it() -> None:
    code = "import sys; sys.modules['typer'] = None; import qkv_course.cli"
    seen = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert seen.returncode == 1
    assert "needs the package typer" in seen.stderr
    assert "Traceback" not in seen.stderr

"""The command `qkv`: open the course, see your progress, mend the set-up, build the notebooks."""

import os
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from qkv_course import __version__
from qkv_course.errors import QkvError
from qkv_course.progress import ExerciseProgress, course_folder, events, log_file, summary

try:
    import typer
except ModuleNotFoundError:
    raise SystemExit(
        "The command qkv needs the package typer, which is not installed here.\n"
        "Set the course up with `make lab`, or with `pip install -r requirements.txt`.\n"
        "`python -m qkv_course.doctor` lists all that is missing."
    ) from None

from qkv_course.grading.cli import grade  # these need typer as well
from qkv_course.workshop.board.cli import board, join, leave
from qkv_course.workshop.cli import rehearse, slides, timetable

if TYPE_CHECKING:
    from rich.table import Table

FIRST_NOTEBOOK = "00_start_here"
# Read besides the learner's own settings, which stay as they are: the course works offline,
# so JupyterLab does not ask whether it may fetch news. Saved notebooks keep their widgets, which
# otherwise leave an error when they are opened again; and an export to HTML shows the pictures.
SETTINGS = Path(__file__).parent / "jupyter"

app = typer.Typer(
    help="QKV Course: queries, keys and values, learned by building them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """QKV Course: queries, keys and values, learned by building them."""


@app.command(context_settings={"ignore_unknown_options": True})
def lab(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NOTEBOOK] [OPTIONS FOR JUPYTERLAB]...",
            help="A lesson such as 02_lookup, or the path of a notebook.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Open a lesson in JupyterLab: the first one, if you name none."""
    given, folder = list(arguments or []), course_folder()
    lesson = given.pop(0) if given and not given[0].startswith("-") else FIRST_NOTEBOOK
    notebook = find_notebook(lesson, folder)
    try:
        from jupyterlab.labapp import LabApp
    except ImportError:
        raise QkvError(
            "JupyterLab is not installed here. Set the course up with `make lab`, "
            "or with `pip install -r requirements.txt`."
        ) from None
    root = folder if notebook.is_relative_to(folder) else notebook.parent
    _enter(root)
    # As an address rather than a file: it is printed too, for those who open it by hand.
    address = "/lab/tree/" + quote(notebook.relative_to(root).as_posix())
    options = [f"--ServerApp.root_dir={root}", f"--LabApp.default_url={address}"]
    LabApp.launch_instance([*options, *_for_root(), *given])


def _for_root() -> list[str]:
    # In a container there is often no other user, and JupyterLab would refuse to start.
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return ["--allow-root"] if is_root else []


def _enter(folder: Path) -> None:
    os.chdir(folder)
    # So that a terminal inside JupyterLab finds qkv and pytest.
    _put_first("PATH", sysconfig.get_path("scripts"))
    _put_first("JUPYTER_CONFIG_PATH", str(SETTINGS))


def _put_first(variable: str, folder: str) -> None:
    others = os.environ.get(variable)
    os.environ[variable] = os.pathsep.join([folder, others]) if others else folder


def find_notebook(lesson: str, folder: Path) -> Path:
    """Find a notebook by its path, or by its lesson's name or the start of it.

    Raises QkvError if there is none.
    """
    if Path(lesson).is_file():
        return Path(os.path.abspath(lesson))
    stem = Path(lesson).name.removesuffix(".ipynb")
    stem = stem.zfill(2) if stem.isdecimal() else stem  # 4 is short for 04
    found = sorted((folder / "notebooks").glob("*.ipynb"))
    for notebook in found:
        if notebook.stem.startswith(stem):
            return notebook
    there = ", ".join(notebook.stem for notebook in found) or "none"
    raise QkvError(
        f"There is no notebook {lesson} in {folder / 'notebooks'}. There are: {there}.\n"
        "Start qkv in the course's folder, or name that folder in QKV_HOME."
    )


@dataclass(frozen=True)
class LessonProgress:
    """One line of the table: what was done of a lesson, and what is there."""

    lesson: str
    passed: int
    exercises: int
    points: int
    of_points: int
    attempts: int
    last_mistake: str

    def __str__(self) -> str:
        text = (
            f"{self.lesson}: {self.passed} of {self.exercises} exercises passed, "
            f"{self.points} of {self.of_points} points, attempts: {self.attempts}."
        )
        return f"{text} Last mistake: {self.last_mistake}." if self.last_mistake else text


@app.command()
def progress() -> None:
    """Show what you have passed, lesson by lesson."""
    done = summary()
    if not done:
        typer.echo(
            f"Nothing is recorded yet in {log_file()}.\n"
            "Run check(...) in a lesson, and it will show here. `qkv lab` opens the first one."
        )
        return
    lines = progress_lines(done)
    if os.environ.get("QKV_REPORT") == "text":
        typer.echo("\n".join(map(str, lines)))
        return
    from rich.console import Console

    Console().print(_table(lines))


def progress_lines(done: dict[str, ExerciseProgress]) -> list[LessonProgress]:
    """Sum up each lesson, in the order of the course."""
    from qkv_course.lessons import LESSONS

    newest = _newest_mistakes()
    lines = []
    for lesson, points in LESSONS.items():
        tried = [done[name] for name in points if name in done]
        passed = [name for name in points if name in done and done[name].passed]
        lines.append(
            LessonProgress(
                lesson=lesson,
                passed=len(passed),
                exercises=len(points),
                points=sum(points[name] for name in passed),
                of_points=sum(points.values()),
                attempts=sum(p.attempts for p in tried),
                last_mistake=newest.get(lesson, ""),
            )
        )
    return lines


def _newest_mistakes() -> dict[str, str]:
    """Say for each lesson which mistake was named last, if its exercise has not passed since."""
    from qkv_course.lessons import LESSONS, find_exercise

    lesson_of = {name: lesson for lesson, names in LESSONS.items() for name in names}
    newest: dict[str, tuple[str, str]] = {}
    for event in events():
        name = event["name"]
        if event["kind"] != "check" or name not in lesson_of:
            continue
        if event.get("mistake"):
            newest[lesson_of[name]] = (name, event["mistake"])
        elif event["status"] == "passed" and newest.get(lesson_of[name], ("",))[0] == name:
            del newest[lesson_of[name]]
    said = {}
    for lesson, (name, slug) in newest.items():
        titles = {m.name: m.title for m in find_exercise(name).mistakes}
        said[lesson] = f"{name}: {titles.get(slug, slug)}"
    return said


def _table(lines: list[LessonProgress]) -> "Table":
    from rich.table import Table

    table = Table(title="Your progress", title_justify="left")
    table.add_column("Lesson", no_wrap=True)
    for name in ("Passed", "Points", "Attempts"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Last mistake", overflow="fold")
    for line in lines:
        passed, points = f"{line.passed}/{line.exercises}", f"{line.points}/{line.of_points}"
        style = "green" if line.passed == line.exercises else None
        table.add_row(
            line.lesson, passed, points, str(line.attempts), line.last_mistake, style=style
        )
    return table


@app.command()
def doctor() -> None:
    """Say what is missing or wrong in the set-up, and how to mend it."""
    from qkv_course import doctor as examination

    raise typer.Exit(examination.main())


@app.command()
def build(
    lessons: Annotated[
        list[str] | None,
        typer.Argument(help="Only these lessons, such as 02_lookup.", show_default=False),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if a notebook is out of date.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Run the solutions again even if nothing changed.")
    ] = False,
) -> None:
    """Write notebooks/ and solutions/ anew from the lessons (for authors)."""
    try:
        from qkv_course.authoring import build as builder
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("qkv_course"):
            raise
        raise QkvError(
            f"Building needs the authoring tools, and {error.name} is not installed here. "
            "Run `make build`, or `pip install -r requirements-dev.txt`."
        ) from None
    raise typer.Exit(builder.main(check=check, names=lessons or (), force=force))


for _command in (grade, board, join, leave, timetable, rehearse, slides):
    app.command()(_command)


def main() -> None:
    """Run the command; what goes wrong is said in a sentence."""
    try:
        app(prog_name="qkv")
    except QkvError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

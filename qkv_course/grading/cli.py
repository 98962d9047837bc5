"""The commands of `qkv` for those who grade; what they need is imported when they run."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from qkv_course.errors import QkvError

MIB = 1 << 20


def grade(
    submissions: Annotated[
        Path | None,
        typer.Argument(
            help="A folder of notebooks (one folder a learner, nbgrader's submitted/, files named "
            "by learner), a zip from your learning system, or one notebook.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Where gradebook and pages go. Without it, reports are printed."
        ),
    ] = None,
    lesson: Annotated[
        str, typer.Option(help="The lesson of notebooks whose names do not tell, and no other.")
    ] = "",
    roster: Annotated[
        Path | None, typer.Option(help="A CSV of all learners: who is missing is then listed.")
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option(help="Also write grades for: canvas, moodle, gradescope, nbgrader."),
    ] = None,
    canvas_file: Annotated[
        Path | None, typer.Option(help="The gradebook exported from Canvas, to be filled in.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="Which column takes a lesson: 05_softmax='Softmax (4711)', or total=..."),
    ] = None,
    scaled: Annotated[
        bool, typer.Option("--scaled", help="Full points become what the column is worth.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also grade what has not changed.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option(min=0, help="From a grade: draws the same inputs again.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes at once; one for each core by default.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="For one notebook, in all.")] = 120.0,
    call_seconds: Annotated[float, typer.Option(help="For one cell, and for one exercise.")] = 10.0,
    memory: Annotated[int, typer.Option(min=1, help="For one notebook, in MiB.")] = 1024,
    rung: Annotated[
        str | None, typer.Option(help="jail, jail-lite, landlock or process: this one or none.")
    ] = None,
    allow_weak: Annotated[
        bool, typer.Option("--allow-weak", help="Grade even where code cannot be shut in well.")
    ] = False,
    engine: Annotated[str, typer.Option(help="local, or dask for several machines.")] = "local",
    scheduler: Annotated[str, typer.Option(help="The address of the Dask scheduler.")] = "",
    gradescope_zip: Annotated[
        Path | None,
        typer.Option(
            help="Grade nothing; write Gradescope's autograder for --lesson, with the limits, "
            "the seed and the rung that you say."
        ),
    ] = None,
) -> None:
    """Grade notebooks: a gradebook, a page a learner, a page for the class.

    Ends with 0 if all notebooks were graded, with 3 if some could not be read, with 1 if nothing
    could be done.
    """
    from qkv_course.grading.command import Wish, run
    from qkv_course.grading.engines import Cluster
    from qkv_course.grading.exporting import ExportWish, columns_in
    from qkv_course.grading.grade import Settings
    from qkv_course.grading.ladder import find_rung
    from qkv_course.grading.limits import Limits

    limits = Limits(seconds, call_seconds, call_seconds, memory * MIB)
    if gradescope_zip is not None:
        _write_gradescope_zip(
            gradescope_zip, lesson, allow_weak,
            seconds=seconds, call_seconds=call_seconds, memory=memory, seed=seed, rung=rung,
        )  # fmt: skip
        return
    if submissions is None:
        raise QkvError("Say which notebooks: a folder, a zip from your learning system, or a file.")
    if engine not in ("local", "dask"):
        raise QkvError(f"There is no engine {engine!r}. There are: local, dask.")
    if scheduler and engine != "dask":
        raise QkvError("--scheduler is for --engine dask: say both.")
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster(scheduler)) if engine == "dask" else None
        ladder = (cluster.find_rung if cluster else find_rung)(allow_weak, rung)
        wish = Wish(
            submissions,
            output,
            Settings(ladder.rung, limits, seed, lesson),
            ladder,
            exports=ExportWish(tuple(to or ()), canvas_file, columns_in(column or []), scaled),
            roster=roster,
            workers=workers,
            cluster=cluster,
            force=force,
        )
        status = run(wish)
    raise typer.Exit(status)


def _write_gradescope_zip(path: Path, lesson: str, allow_weak: bool, **options: object) -> None:
    from qkv_course.grading.gradescope_zip import write_zip
    from qkv_course.grading.ladder import RUNGS
    from qkv_course.grading.tally import points_of

    if options["rung"] not in (None, *RUNGS):
        raise QkvError(f"There is no rung {options['rung']!r}. There are: {', '.join(RUNGS)}.")
    words = ["--allow-weak"] if allow_weak else []
    for name, value in options.items():
        words += [f"--{name.replace('_', '-')}={value}"] if value is not None else []
    write_zip(path, lesson, words)
    typer.echo(
        f"Upload {path} as the autograder of a programming assignment worth "
        f"{points_of(lesson)} points."
    )

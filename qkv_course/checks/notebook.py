"""check, hint and evaluate: what learners and graders call."""

import os
import sys
from collections.abc import Callable
from typing import Any

from qkv_course import progress
from qkv_course.checks.calls import LiveTarget, Target
from qkv_course.checks.helpers import blamed, wrong_helper
from qkv_course.checks.limits import BoundedText
from qkv_course.checks.report import Report
from qkv_course.checks.run import run_check
from qkv_course.checks.session import muffled
from qkv_course.errors import BadAnswer, CheckFailed, UnknownName
from qkv_course.lessons import exercise_names, find_exercise, lesson_of, unknown
from qkv_course.workshop.board import learner as board


def evaluate(name: str, f: Callable[..., Any] | Target, seed: int | None = None) -> Report:
    """Check a function as the exercise `name` and return the report; records nothing.

    f: a function, or a stand-in with the method `call(args, awkward)` of a `Target`.
    seed: draws the same inputs again.
    Raises UnknownName if there is no such exercise, BadAnswer for a seed that is none.
    """
    if not isinstance(name, str):
        raise UnknownName('evaluate() takes the exercise\'s name first: evaluate("dot", dot).')
    if seed is not None and not (isinstance(seed, int) and seed >= 0):
        raise BadAnswer("A seed is a whole number, 0 or more, as a report shows it.")
    exercise = find_exercise(name)
    stand_in = not callable(f) and hasattr(f, "call")
    target = f if stand_in else LiveTarget(exercise.applied(f))  # type: ignore[arg-type]
    with muffled(BoundedText()):  # what the learner has set up may turn warnings into errors
        return run_check(exercise, target, seed)  # type: ignore[arg-type]


def check(f: Callable[..., Any], exercise: str | None = None, seed: int | None = None) -> None:
    """Check your function, show the report, and remember how it went.

    f: your function; the exercise is found by its name.
    exercise: the exercise's name, if your function is called something else.
    seed: from an earlier report, to meet the same inputs again.
    Raises CheckFailed if it is not right yet, UnknownName if it is no exercise, BadAnswer
    for a seed that is none.
    """
    if exercise is None or not callable(f):
        name = name_of(f, "check")
    else:
        name = exercise if isinstance(exercise, str) else name_of(exercise, "check")
    _refuse_strangers(f, name)
    try:
        report = _with_helpers(evaluate(name, f, seed), f)
    except KeyboardInterrupt:
        raise CheckFailed(f"The check of {name} was interrupted; nothing was recorded.") from None
    mistake = report.mistake.name if report.mistake else None
    progress.record("check", name, status=report.status, mistake=mistake)
    board.report(name, report.status, mistake)
    show(report)


def _with_helpers(report: Report, f: Callable[..., Any]) -> Report:
    """Say first if a function of another exercise, which `f` uses, is what is wrong."""
    if report.passed or report.status == "not attempted":
        return report

    def is_right(name: str, helper: Any) -> bool:
        return evaluate(name, helper).status in ("passed", "not attempted")

    if (helper := wrong_helper(f, report.exercise, is_right)) is None:
        return report
    return blamed(report, helper)


def show(report: Report) -> None:
    """Show a report, and raise CheckFailed unless it passed.

    In a notebook a report is rich, and the exception one line. With QKV_REPORT=text in
    the environment, or outside a notebook, the exception carries a failing report whole.
    """
    whole = os.environ.get("QKV_REPORT") == "text" or not in_notebook()
    _forget_log_lines()
    if not report.passed and whole:
        raise CheckFailed(str(report))
    if in_notebook():
        from IPython.display import display

        display(report)  # type: ignore[no-untyped-call]
    else:
        print(report)
    if not report.passed:
        raise CheckFailed(report.headline)


def _forget_log_lines() -> None:
    """Clear what the learner's function has logged, where nbgrader runs the notebook.

    It takes anything on stderr for a failure, and logging keeps the stderr of its set-up.
    """
    if in_notebook() and "NBGRADER_EXECUTION" in os.environ:
        from IPython.display import clear_output

        clear_output()  # type: ignore[no-untyped-call]


def in_notebook() -> bool:
    """Say whether a Jupyter kernel runs this code."""
    shell = _shell()
    return shell is not None and hasattr(shell, "kernel")


def _shell() -> Any:
    # If nothing has imported IPython yet, this is not it; and importing it is slow.
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    return get_ipython()


def explain_missing_names() -> None:
    """Let IPython say which cell to run when an exercise's function is not defined.

    Every other NameError keeps its usual traceback.
    """
    shell = _shell()
    if shell is not None:
        shell.set_custom_exc((NameError,), _on_name_error)


def _on_name_error(shell: Any, kind: Any, error: Any, trace: Any, tb_offset: Any = None) -> None:
    name = getattr(error, "name", None)
    if name not in exercise_names():
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
        return
    sentence = (
        f"There is no {name} yet. Run the cell that defines it (`def {name}(...)`), then this one. "
        f"If that cell is gone, copy it from a fresh notebooks/{lesson_of(name)}.ipynb."
    )
    shell.showtraceback((CheckFailed, CheckFailed(sentence), None))


def hint(f: Callable[..., Any] | str, level: int | None = None) -> None:
    """Print the next hint of an exercise: a nudge, the idea, the code with a hole in it.

    f: your function or its name. level: 1, 2 or 3 gives that hint again.
    Raises UnknownName if it is no exercise.
    """
    exercise = find_exercise(f if isinstance(f, str) else name_of(f, "hint"))
    shown = sum(e["kind"] == "hint" and e["name"] == exercise.name for e in progress.events())
    chosen = min(shown + 1, 3) if level not in (1, 2, 3) else level
    progress.record("hint", exercise.name, level=chosen)
    print(f"Hint {chosen} of 3: {exercise.hints[chosen - 1]}")
    if chosen < 3:
        print(f"hint({exercise.name}) gives the next one.")


def name_of(f: Any, verb: str) -> str:
    """Give the name by which a function's exercise is found. Raises UnknownName."""
    name = getattr(f, "__name__", None)
    if callable(f) and name not in exercise_names():
        name = _name_given_to(f) or name
    if callable(f) and isinstance(name, str):
        return name
    given = f"the text {f!r}" if isinstance(f, str) else f"an object of type {type(f).__name__}"
    raise UnknownName(
        f"{verb}() takes the function that you wrote, as in {verb}(dot); it was given {given}."
    )


def _name_given_to(f: Any) -> str | None:
    """Find the exercise as which `f` was defined: a lambda or a partial has no such name itself."""
    spaces = getattr(f, "__globals__", {}), vars(sys.modules["__main__"])
    return next((n for n in exercise_names() if any(s.get(n) is f for s in spaces)), None)


def _refuse_strangers(f: Any, name: str) -> None:
    """Refuse what is no exercise, and the course's own solution of one."""
    if name not in exercise_names():
        shown = name if name.isidentifier() else "f"
        raise UnknownName(
            f"{unknown(name, 'exercise', exercise_names())} A check goes by the function's name: "
            f'give yours the name of its stub again, or say check({shown}, exercise="...").'
        )
    module = getattr(f, "__module__", "") or ""
    if module.startswith("qkv_course."):
        raise UnknownName(
            f"This {name} is the course's own, imported from {module}. "
            f"Run the cell that defines yours, then check again."
        )

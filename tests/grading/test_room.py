"""Notebooks as people hand them in: what is solved in them counts, whatever is around it."""

import inspect
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from qkv_course.grading.box import Box
from qkv_course.grading.judge import Judgment, judge
from qkv_course.grading.limits import Limits
from qkv_course.grading.notebooks import Cell, read_cells
from qkv_course.grading.plan import defines, written
from qkv_course.lessons import LESSONS, import_lesson

LESSON = "05_softmax"
POINTS = LESSONS[LESSON]
IMPORTS = "import numpy as np"
SOLUTIONS = {e.name: inspect.getsource(e.reference) for e in import_lesson(LESSON).EXERCISES}
ROOT = Path(__file__).parents[2]
WRONG_SOFTMAX = "def softmax(scores):\n    return scores"
Grade = Callable[..., Judgment]


@pytest.fixture(scope="module")
def box(rung: str, boxes: Callable[[str], Box]) -> Box:
    return boxes(rung)


@pytest.fixture
def grade(box: Box) -> Grade:
    """Judge cells given as sources, or as (source, name)."""

    def judged(*cells: str | tuple[str, str], lesson: str = LESSON) -> Judgment:
        pairs = [(cell, "") if isinstance(cell, str) else cell for cell in cells]
        return judge(box, lesson, [Cell(i, *pair) for i, pair in enumerate(pairs, 1)])

    return judged


def points(judgment: Judgment) -> dict[str, int]:
    return {e.exercise: e.points for e in judgment.exercises}


def text_of(judgment: Judgment, exercise: str = "softmax") -> str:
    return next(e.text for e in judgment.exercises if e.exercise == exercise)


def solved(**other: str) -> list[str]:
    """All solutions, or others in their places; "" for none."""
    return [source for source in {**SOLUTIONS, **other}.values() if source]


def stub(name: str) -> str:
    head = SOLUTIONS[name].partition("):")[0].partition(") ->")[0]
    return f'{head}):\n    raise NotImplementedError("{name}: not attempted yet")'


def notebook(folder: str, lesson: str) -> list[Cell]:
    return read_cells((ROOT / folder / f"{lesson}.ipynb").read_bytes())


# The notebooks of the course itself


@pytest.mark.parametrize("lesson", [name for name, exercises in LESSONS.items() if exercises])
def test_the_solutions_get_all_points(box: Box, lesson: str) -> None:
    judgment = judge(box, lesson, notebook("solutions", lesson))
    assert points(judgment) == LESSONS[lesson]
    assert judgment.notes == ()


@pytest.mark.parametrize("lesson", [name for name, exercises in LESSONS.items() if exercises])
def test_a_notebook_as_it_was_handed_out_gets_none(box: Box, lesson: str) -> None:
    judgment = judge(box, lesson, notebook("notebooks", lesson))
    assert {e.status for e in judgment.exercises} == {"not attempted"}
    assert points(judgment) == dict.fromkeys(LESSONS[lesson], 0)


# Cells that went astray


@pytest.mark.parametrize("cells", [solved(), [IMPORTS, *solved()], [IMPORTS, *solved(), "2 + 2"]])
def test_the_import_cell_may_be_missing(grade: Grade, cells: list[str]) -> None:
    assert points(grade(*cells)) == POINTS


def test_cells_may_stand_in_any_order(grade: Grade) -> None:
    judgment = grade(*reversed([IMPORTS, *solved()]))
    assert points(judgment) == POINTS
    assert judgment.notes == ()


def test_a_cell_may_use_what_is_defined_below_it(grade: Grade) -> None:
    judgment = grade("largest = helper(3)", *solved(), "def helper(n):\n    return n")
    assert points(judgment) == POINTS
    assert judgment.notes == ()


def test_cells_may_stand_there_twice(grade: Grade) -> None:
    assert points(grade(IMPORTS, *solved(), *solved(), IMPORTS)) == POINTS


def test_of_two_versions_the_last_counts(grade: Grade) -> None:
    assert points(grade(*solved(), WRONG_SOFTMAX))["softmax"] == 0
    assert points(grade(WRONG_SOFTMAX, *solved())) == POINTS


def test_a_stub_below_the_solution_changes_nothing(grade: Grade) -> None:
    assert points(grade(*solved(), stub("softmax"), stub("entropy"))) == POINTS


def test_a_stub_alone_was_not_attempted(grade: Grade) -> None:
    judgment = grade(*solved(entropy=stub("entropy")))
    assert points(judgment) == {**POINTS, "entropy": 0}
    assert {e.exercise: e.status for e in judgment.exercises}["entropy"] == "not attempted"


def test_an_exercise_that_is_missing_costs_itself(grade: Grade) -> None:
    judgment = grade(*solved(entropy=""))
    assert points(judgment) == {**POINTS, "entropy": 0}
    assert {e.exercise: e.status for e in judgment.exercises}["entropy"] == "missing"
    assert "no entropy in this notebook" in text_of(judgment, "entropy")


def test_a_notebook_without_cells_has_nothing(grade: Grade) -> None:
    judgment = grade()
    assert {e.status for e in judgment.exercises} == {"missing"}


def test_several_exercises_may_stand_in_one_cell(grade: Grade) -> None:
    assert points(grade("\n\n".join([IMPORTS, *solved()]))) == POINTS


def test_a_function_may_be_made_in_any_way(grade: Grade) -> None:
    made = SOLUTIONS["softmax"].replace("def softmax", "def my_softmax")
    for last in ("softmax = my_softmax", "softmax: object = my_softmax", "import functools\n"
                 "softmax = functools.partial(my_softmax)"):  # fmt: skip
        assert points(grade(*solved(softmax=f"{made}\n{last}"))) == POINTS
    assert points(grade(*solved(softmax=f"{made}\nclass Softmax:\n    def __call__(self, scores):\n"
                                        "        return my_softmax(scores)\nsoftmax = Softmax()")
                        )) == POINTS  # fmt: skip


def test_a_renamed_function_is_found_by_its_check(grade: Grade) -> None:
    made = SOLUTIONS["softmax"].replace("def softmax", "def my_softmax")
    cells = ["from qkv_course import check", made, 'check(my_softmax, exercise="softmax")']
    rest = solved(softmax="", softmax_with_temperature="")
    assert points(grade(*cells, *rest)) == {**POINTS, "softmax_with_temperature": 0}


def test_a_renamed_function_is_found_by_its_cell(grade: Grade) -> None:
    made = SOLUTIONS["softmax"].replace("def softmax", "def my_softmax")
    judgment = grade((made, "softmax"), *solved(softmax="", softmax_with_temperature=""))
    assert points(judgment)["softmax"] == POINTS["softmax"]


def test_something_else_by_the_name_is_said(grade: Grade) -> None:
    judgment = grade(*solved(softmax="softmax = 3"))
    assert points(judgment)["softmax"] == 0
    assert "softmax is not a function here" in text_of(judgment)


def test_the_course_s_own_function_is_no_answer(grade: Grade) -> None:
    judgment = grade(*solved(softmax="from qkv_course.attention import softmax"))
    assert points(judgment)["softmax"] == 0
    assert "the course's own" in text_of(judgment)


# Cells that do not run


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("def broken(:\n    pass", "SyntaxError"),
        ("  x = 1\n y = 2", "IndentationError"),
        ("print(undefined_name)", "NameError"),
        ("import a_package_of_mine", "ModuleNotFoundError"),
        ("raise ValueError('\\n'.join('ab'))", "ValueError"),
        ("assert False", "AssertionError"),
        ("open('/home/me/data.csv')", "Error"),
        ("<<<<<<< HEAD\nx = 1\n=======", "SyntaxError"),
        ("(" * 5000, "Error"),
        ("x = " + "-" * 100_000 + "1", ""),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_cell_that_stops_costs_nothing_else(
    grade: Grade, cell: str, said: str, first: bool
) -> None:
    judgment = grade(*[cell][: int(first)], *solved(), *[cell][int(first) :])
    assert points(judgment) == POINTS
    (note,) = judgment.notes
    assert note.startswith(f"Cell {1 if first else 5}: ")
    assert said in note


def test_a_note_says_which_line_it_was(grade: Grade) -> None:
    (note,) = grade("\n\n# A try\nx = 1\nx / 0\n").notes
    assert note == "Cell 1: It stopped with ZeroDivisionError in line 5, `x / 0`: division by zero."


def test_what_stands_above_the_error_counts(grade: Grade) -> None:
    judgment = grade("\n".join([*solved(), "entropy(None)", "del softmax"]))
    assert points(judgment) == POINTS


@pytest.mark.parametrize("cell", ["import os\nos._exit(0)", "import os\nos.abort()", "exit()"])
def test_a_cell_that_ends_the_process_costs_nothing_else(grade: Grade, cell: str) -> None:
    judgment = grade(*solved()[:2], cell, *solved()[2:])
    assert points(judgment) == POINTS


@pytest.mark.parametrize(
    "end", ["softmax = softmax(np.ones(3))", "from qkv_course.attention import softmax, entropy"]
)
def test_a_name_that_is_given_away_at_the_end_costs_nothing(grade: Grade, end: str) -> None:
    judgment = grade(*solved(), end)
    assert points(judgment) == POINTS


def test_a_module_that_a_cell_writes_can_be_imported(grade: Grade) -> None:
    module = f"%%writefile mine.py\nimport numpy as np\n{SOLUTIONS['softmax']}"
    others = [cell for cell in solved() if "def softmax(" not in cell]
    judgment = grade(module, "from mine import softmax", *others)
    assert points(judgment) == POINTS


def test_many_such_cells_cost_nothing_else_either(grade: Grade) -> None:
    judgment = grade(*["import os\nos._exit(0)"] * 5, *solved())
    assert points(judgment) == POINTS
    assert len(judgment.notes) == 5


def test_a_cell_that_is_too_long_to_be_sent_costs_only_itself(grade: Grade) -> None:
    alone = SOLUTIONS["entropy"].replace("np.", "__import__('numpy').")
    judgment = grade(alone, "pasted_numbers = '" + "9" * (2 << 20) + "'")
    assert points(judgment)["entropy"] == POINTS["entropy"]
    (note,) = judgment.notes
    assert note.startswith("Cell 2: ")


def test_a_cell_that_hangs_costs_nothing_else(
    grade: Grade, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(box, "limits", Limits(seconds=60, cell_seconds=1))
    once = "import time\nassert 'runs' not in globals()\nruns = 1\ntime.sleep(1000)"
    judgment = grade(*solved()[:2], once, *solved()[2:])
    assert points(judgment) == POINTS
    assert judgment.notes == ("Cell 3: It was stopped after 1 seconds.",)


def test_where_no_time_is_left_it_is_said(
    grade: Grade, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(box, "limits", Limits(seconds=1, cell_seconds=60))
    judgment = grade("while True: pass", *solved())
    assert {e.status for e in judgment.exercises} == {"timed out"}
    assert "no time left for softmax" in text_of(judgment)


# What IPython understands


@pytest.mark.parametrize(
    "cell",
    [
        "%matplotlib inline",
        "%timeit -n1 2 + 2",
        "%%bash\nls",
        "%%html\n<b>hello</b>",
        "!pip install numpy",
        "files = !ls\nassert files == []",
        "softmax?",
        "import asyncio\nawait asyncio.sleep(0)",
        "async def f():\n    return 3\nassert await f() == 3",
        "from IPython.display import display, Markdown\ndisplay(Markdown('# x'))",
        "get_ipython().run_line_magic('load_ext', 'autoreload')",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
        "name = input('Your name? ') if False else ''",
        "from tqdm import tqdm\nfor _ in tqdm(range(3)): pass",
        "import qkv_course\nqkv_course.explore('softmax')",
        "from qkv_course import ask, predict, hint\nask('05-zero')\nhint('softmax')",
        ">>> 2 + 2\n4",
        "# nothing but a comment",
        "",
    ],
)
def test_it_runs(grade: Grade, cell: str) -> None:
    judgment = grade(cell, *solved())
    assert points(judgment) == POINTS
    assert judgment.notes == ()


@pytest.mark.parametrize(
    "magic", ["%%time", "%%time\n", "%%timeit -n1", "%%capture out", "\n%%time"]
)
def test_a_solution_may_stand_below_a_magic(grade: Grade, magic: str) -> None:
    judgment = grade(*solved(softmax=f"{magic}\n{SOLUTIONS['softmax']}"))
    assert points(judgment) == POINTS


def test_a_solution_may_print_and_warn(grade: Grade) -> None:
    head, _, body = SOLUTIONS["softmax"].rpartition("    return ")
    noisy = (
        f"{head}    import warnings\n    print('here')\n    warnings.warn('x')\n    return {body}"
    )
    assert points(grade(*solved(softmax=noisy))) == POINTS


def test_a_check_in_the_notebook_stops_nothing(grade: Grade) -> None:
    checked = ["from qkv_course import check, CheckFailed", "check(softmax)", "check(entropy, 7)"]
    judgment = grade(*solved(), *checked)
    assert points(judgment) == POINTS
    assert judgment.notes == ()


# Texts made to take the judge's time: each of these would take minutes or hours


@pytest.mark.parametrize("cell", ["\n" * 10**6, "#\n" * 10**6, "softmax" + "\n" * 10**6 + "x"])
def test_a_cell_of_a_million_lines_is_looked_through_once(cell: str) -> None:
    cells = [Cell(1, cell, ""), Cell(2, SOLUTIONS["softmax"], "")]
    assert written(LESSON, cells) == cells
    assert not defines(cells[0], "softmax")


def test_many_stubs_and_many_cells_are_looked_through_once() -> None:
    stubs = [Cell(i, f"{stub('entropy')}\n# {i}", "") for i in range(5000)]
    cells = [Cell(i, f"x = {i}", "") for i in range(5000, 9999)]
    assert written(LESSON, [*stubs, *cells]) == [*stubs, *cells]
    solution = Cell(9999, SOLUTIONS["entropy"], "")
    assert written(LESSON, [*stubs, *cells, solution]) == [*cells, solution]


# Fairness


def test_the_same_seed_gives_the_same_judgment(box: Box) -> None:
    cells = [Cell(1, WRONG_SOFTMAX, "")]
    one, other = (judge(box, LESSON, cells, seed=7) for _ in range(2))
    assert text_of(one) == text_of(other)
    assert text_of(one) != text_of(judge(box, LESSON, cells, seed=8))


def test_a_helper_that_is_wrong_is_named_first(grade: Grade) -> None:
    judgment = grade(*solved(softmax=WRONG_SOFTMAX))
    assert points(judgment) == {**POINTS, "softmax": 0, "softmax_with_temperature": 0}
    assert "It uses your softmax" in text_of(judgment, "softmax_with_temperature")


def test_a_saved_notebook_is_judged_as_its_cells(grade: Grade, box: Box) -> None:
    cells = [nbformat.v4.new_code_cell(source) for source in solved()]
    saved = nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode()
    assert points(judge(box, LESSON, read_cells(saved))) == POINTS

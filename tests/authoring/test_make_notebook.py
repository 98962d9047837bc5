import re
from collections import Counter
from collections.abc import Callable

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.utils import determine_grade

from qkv_course.authoring.lesson import LessonError
from qkv_course.authoring.notebook import as_text
from qkv_course.authoring.tree import Tree

NAME = "40_sample"
Rewrite = Callable[[str, str], None]


def by_id(notebook: nbformat.NotebookNode) -> dict[str, nbformat.NotebookNode]:
    return {cell["id"]: cell for cell in notebook.cells}


@pytest.mark.parametrize("solved", [False, True])
def test_both_notebooks_are_valid_and_always_the_same(tree: Tree, solved: bool) -> None:
    notebook = tree.make(NAME, solved)
    nbformat.validate(notebook)
    assert as_text(notebook) == as_text(tree.make(NAME, solved))
    assert as_text(notebook) == as_text(nbformat.reads(as_text(notebook), as_version=4))
    assert not any(cell.outputs for cell in notebook.cells if cell.cell_type == "code")
    assert "version" not in notebook.metadata["language_info"]
    assert notebook.metadata["kernelspec"]["name"] == "python3"


def test_only_the_solution_cells_differ(tree: Tree) -> None:
    stubs, solved = by_id(tree.make(NAME, False)), by_id(tree.make(NAME, True))
    assert list(stubs) == list(solved)
    differing = [i for i in stubs if stubs[i] != solved[i]]
    assert differing == ["attention_scores", "scaled_scores"]
    assert "raise NotImplementedError" in stubs["scaled_scores"].source
    assert "math.sqrt(q.shape[-1])" in solved["scaled_scores"].source


def test_the_header_is_in_the_metadata(tree: Tree) -> None:
    assert tree.make(NAME, False).metadata["qkv"] == {
        "lesson": NAME,
        "title": "A sample",
        "teaching": 10,
        "exercises": 5,
        "questions": ["Why a sample?"],
        "objectives": ["test the build"],
        "keypoints": ["One source, two notebooks."],
    }


def test_a_check_cell_says_its_points_and_where_hints_are(tree: Tree) -> None:
    cells = by_id(tree.make(NAME, False))
    one, two = cells["check-attention_scores"], cells["check-scaled_scores"]
    assert one.source == "# 1 point. Stuck? hint(attention_scores)\ncheck(attention_scores)"
    assert two.source == "# 2 points. Stuck? hint(scaled_scores)\ncheck(scaled_scores)"


def test_nbgrader_knows_the_cells(tree: Tree) -> None:
    notebook = tree.make(NAME, False)
    MetadataValidator().validate_nb(notebook)
    solution, check = (by_id(notebook)[i] for i in ("scaled_scores", "check-scaled_scores"))
    assert solution.metadata["nbgrader"].items() >= {
        "grade": False, "solution": True, "locked": False, "grade_id": "scaled_scores",
    }.items()  # fmt: skip
    assert check.metadata["nbgrader"].items() >= {
        "grade": True, "solution": False, "locked": True, "grade_id": "check-scaled_scores",
    }.items()  # fmt: skip
    assert determine_grade(check) == (2, 2)  # nbgrader: no error and no output is a pass


def test_ids_stay_when_other_cells_change(tree: Tree, rewrite: Rewrite) -> None:
    before = list(by_id(tree.make(NAME, False)))
    rewrite("## Build\n", "## Build it\n")
    after = list(by_id(tree.make(NAME, False)))
    assert len(set(before) - set(after)) == 1
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", i) for i in after)


def test_twin_cells_have_ids_of_their_own(tree: Tree, rewrite: Rewrite) -> None:
    rewrite("## Build\n", "## Build\n" + "\n```{code-cell}\n1 + 1\n```\n" * 3)
    ids = [c["id"] for c in tree.make(NAME, False).cells]
    twins = [i for i in ids if i.endswith(("-2", "-3"))]
    assert len(twins) == 2
    assert max(Counter(ids).values()) == 1


def test_the_overview_and_the_key_points_are_written_out(tree: Tree) -> None:
    first, *_, last = tree.make(NAME, False).cells
    assert "**About 15 minutes**: 10 to read and play, 5 to build. **3 points**." in first.source
    assert "- Why a sample?" in first.source
    assert "- test the build" in first.source
    assert last.source.endswith("- One source, two notebooks.")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{{ overview }}", "{{ overvew }}", r"no \{\{ overvew \}\}; there is overview, keypoints"),
        ("import math\n", "", "the solution of scaled_scores uses math; import it"),
        ("import numpy as np\n", "", "the solution of attention_scores uses np"),
        ("import os", "from qkv_course.attention import scaled_scores", "defines scaled_scores"),
        ("os.getpid()", "attention_scores(1, 2)", "calls the learner's attention_scores"),
        ("os.getpid()", "os.getpid(", "not Python"),
        (":exercise: attention_scores", ":exercise: scores", "the registry has attention_scores"),
    ],
)
def test_a_cell_that_would_not_work_is_named(
    tree: Tree, rewrite: Rewrite, old: str, new: str, message: str
) -> None:
    rewrite(old, new)
    with pytest.raises(LessonError, match=message):
        tree.make(NAME, False)


def test_a_solution_cannot_use_what_is_written_later(tree: Tree, rewrite: Rewrite) -> None:
    rewrite(":exercise: attention_scores", ":exercise: first")
    rewrite(":exercise: scaled_scores", ":exercise: attention_scores")
    rewrite(":exercise: first", ":exercise: scaled_scores")
    tree.lessons[NAME] = ("scaled_scores", "attention_scores")
    with pytest.raises(LessonError, match="but attention_scores is written later; put it first"):
        tree.make(NAME, False)


def test_a_cell_may_explore_what_is_not_written_yet(tree: Tree, rewrite: Rewrite) -> None:
    rewrite("os.getpid()", "explore(attention_scores)")
    tree.make(NAME, False)

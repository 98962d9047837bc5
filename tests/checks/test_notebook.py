"""check, hint, ask, predict and reveal, as a learner calls them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from qkv_course import CheckFailed, ask, check, hint, predict, progress, reveal
from qkv_course.attention import attention_scores as ours
from qkv_course.errors import BadAnswer, QkvError, UnknownName
from qkv_course.lessons import find_question


@pytest.fixture(autouse=True)
def own_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QKV_HOME", str(tmp_path))


def attention_scores(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    return q @ np.swapaxes(k, -1, -2)


def my_scores(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    return attention_scores(q, k)


def wrong(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    return k @ np.swapaxes(q, -1, -2)


wrong.__name__ = "attention_scores"


def test_pass_is_shown_and_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(attention_scores) is None
    assert "passed" in capsys.readouterr().out
    assert progress.summary()["attention_scores"].passed


def test_failure_raises_with_the_whole_report_and_is_recorded() -> None:
    with pytest.raises(CheckFailed, match="Looks like queries and keys swapped"):
        check(wrong)
    entry = progress.summary()["attention_scores"]
    assert (entry.attempts, entry.passed, entry.last_mistake) == (
        1,
        False,
        "queries-and-keys-swapped",
    )


def test_exception_prints_without_a_traceback_of_ours() -> None:
    with pytest.raises(CheckFailed) as caught:
        check(wrong)
    lines = caught.value._render_traceback_()
    assert lines[0].startswith("✗ attention_scores")
    assert not any("File " in line for line in lines)


def test_renamed_function_is_told_both_ways_out() -> None:
    with pytest.raises(UnknownName, match=r"check\(my_scores, exercise="):
        check(my_scores)
    check(my_scores, exercise="attention_scores")


@pytest.mark.parametrize("thing", [3, "attention_scores", None, np.ones(2), lambda q: q, print])
def test_checking_what_is_no_exercise_is_one_clear_sentence(thing: object) -> None:
    with pytest.raises(QkvError) as caught:
        check(thing)  # type: ignore[arg-type]
    assert len(str(caught.value).splitlines()) == 1
    assert "check" in str(caught.value) or "exercise" in str(caught.value)


def test_the_courses_own_function_earns_nothing() -> None:
    with pytest.raises(QkvError, match="course's own"):
        check(ours)
    assert "attention_scores" not in progress.summary()


def test_interrupting_a_check_is_no_traceback_of_ours() -> None:
    def attention_scores(q: np.ndarray, k: np.ndarray) -> np.ndarray:
        raise KeyboardInterrupt

    with pytest.raises(CheckFailed, match="interrupted"):
        check(attention_scores)


def test_hints_come_one_after_another(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(4):
        hint(attention_scores)
    hint("attention_scores", 1)
    shown = [line[:11] for line in capsys.readouterr().out.splitlines() if line.startswith("Hint")]
    assert shown == ["Hint 1 of 3", "Hint 2 of 3", "Hint 3 of 3", "Hint 3 of 3", "Hint 1 of 3"]


def test_question_in_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    ask("04-which-size")
    assert "b) √64 = 8" in capsys.readouterr().out
    ask("04-which-size", "a")
    assert "Not quite." in capsys.readouterr().out
    ask("04-which-size", "B")
    assert "Right." in capsys.readouterr().out
    assert progress.last("answer", "04-which-size")["right"] is True  # type: ignore[index]


@pytest.mark.parametrize("answer", ["z", "", "ab", " ", 3])
def test_answer_that_is_no_option_is_told_the_options(answer: object) -> None:
    with pytest.raises(BadAnswer, match="'a', 'b', 'c'"):
        ask("04-which-size", answer)  # type: ignore[arg-type]


def test_unknown_question_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="04-which-size"):
        ask("04-wich-size")
    with pytest.raises(UnknownName):
        predict("99-nothing")


def test_prediction_is_kept_and_revealed(capsys: pytest.CaptureFixture[str]) -> None:
    reveal("04-spread")
    assert "no prediction here yet" in capsys.readouterr().out
    predict("04-spread", "c")
    assert "10 times" not in capsys.readouterr().out, "the answer is not given away"
    reveal("04-spread")
    out = capsys.readouterr().out
    assert "You predicted: It grows 100 times." in out
    assert find_question("04-spread").options[1].text in out


def test_long_lines_break_at_spaces_and_nowhere_else(capsys: pytest.CaptureFixture[str]) -> None:
    predict("13-best-of-72")
    predict("13-best-of-72", "a")
    asked = capsys.readouterr().out
    reveal("13-best-of-72")
    shown = capsys.readouterr().out
    assert max(map(len, (asked + shown).splitlines())) <= 88
    question = find_question("13-best-of-72")
    for text in (question.prompt, *(o.text for o in question.options)):
        assert text in " ".join(asked.split())
    for option in question.options:
        if option.right:
            assert option.feedback in " ".join(shown.split())


def test_damaged_prediction_is_as_none(capsys: pytest.CaptureFixture[str]) -> None:
    progress.record("prediction", "04-spread", option="q")
    reveal("04-spread")
    assert "no prediction here yet" in capsys.readouterr().out


def test_read_only_course_folder_does_not_stop_a_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("QKV_HOME", str(tmp_path / "file"))
    check(attention_scores)
    assert "passed" in capsys.readouterr().out


CELLS = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("from qkv_course import check")
shell.run_cell("check(softmax)")
shell.run_cell("check(sofmax_typo)")
"""


def test_check_before_its_definition_says_which_cell_to_run(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CELLS], capture_output=True, text=True, cwd=tmp_path
    )
    assert "There is no softmax yet. Run the cell that defines it" in done.stdout
    assert "name 'sofmax_typo' is not defined" in done.stdout  # other names keep their traceback

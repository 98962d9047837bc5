"""How well code is shut in is found out by trying, said, and never quietly less."""

import os
from pathlib import Path

import pytest

from qkv_course.grading import ladder
from qkv_course.grading.ladder import TooWeak, find_rung


def fail_all(monkeypatch: pytest.MonkeyPatch, *rungs: str) -> None:
    real = ladder._try
    monkeypatch.setattr(ladder, "_try", lambda rung: "no" if rung in rungs else real(rung))


def test_the_best_rung_that_holds_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "_try", lambda rung: "no" if rung == "jail" else "")
    found = find_rung()
    assert found.rung == "jail-lite" and found.failed == {"jail": "no"} and not found.warning


@pytest.mark.parametrize("user", [0, 1000])
def test_a_bare_process_is_refused_unless_it_is_asked_for(
    user: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_all(monkeypatch, "jail", "jail-lite", "landlock")
    monkeypatch.setattr(os, "geteuid", lambda: user)
    with pytest.raises(TooWeak, match="bubblewrap"):
        find_rung()
    if user == 0:  # a process of root is stopped by nothing
        with pytest.raises(TooWeak, match="root"):
            find_rung(allow_weak=True)
    else:
        found = find_rung(allow_weak=True)
        assert found.rung == "process" and "read the answers and your files" in found.warning


def test_a_rung_that_does_not_hold_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_all(monkeypatch, "jail")
    with pytest.raises(TooWeak, match="does not hold here: no"):
        find_rung(only="jail")


def test_without_bubblewrap_its_rungs_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ladder, "bubblewrap", lambda: None)
    for rung in ("jail", "jail-lite"):
        assert ladder._try(rung) == "bubblewrap is not installed"

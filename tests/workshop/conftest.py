"""Boards for the tests: one that most share, and ones that may be killed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from running import RunningBoard


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBoard]:
    """Run one board for all tests of a module."""
    shared = RunningBoard(tmp_path_factory.mktemp("board"))
    shared.prepare()
    shared.start()
    yield shared
    shared.stop()


@pytest.fixture
def new_board(tmp_path: Path) -> Iterator[Callable[..., RunningBoard]]:
    """Give a function that starts a board of a test's own, with some settings changed."""
    boards: list[RunningBoard] = []

    def go(**changes: Any) -> RunningBoard:
        boards.append(RunningBoard(tmp_path / f"board-{len(boards)}"))
        boards[-1].prepare(**changes)
        boards[-1].start()
        return boards[-1]

    yield go
    for board in boards:
        board.stop()


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a course folder of a learner who has joined nothing."""
    folder = tmp_path / "course"
    folder.mkdir()
    monkeypatch.setenv("QKV_HOME", str(folder))
    for name in ("QKV_BOARD", "QKV_BOARD_URL", "JUPYTERHUB_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return folder

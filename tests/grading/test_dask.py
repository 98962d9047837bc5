"""Grading on a Dask cluster: what a machine that dies, is not there or is not fit does to a run."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from cohort import ENDLESS, LESSON, ROOT, UNSCALED, hand_in
from distributed import Client, LocalCluster

from qkv_course.grading import engines
from qkv_course.grading.cohort import grade_all
from qkv_course.grading.engines import Cluster, NoCluster, Unfit, carried, grade_there
from qkv_course.grading.grade import Settings
from qkv_course.grading.ladder import TooWeak
from qkv_course.grading.limits import Limits
from qkv_course.grading.results import Result, course_version
from qkv_course.grading.submissions import find_submissions

WITHOUT_COURSE = """import sys
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name == "qkv_course":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hide())
"""
WITHOUT_BUBBLEWRAP = "from qkv_course.grading import jail\njail.bubblewrap = lambda: None\n"

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture(scope="module")
def machines() -> Iterator[str]:
    """A cluster of two processes; gives its address."""
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def no_machines() -> Iterator[str]:
    """A scheduler without workers; gives its address."""
    with LocalCluster(n_workers=0, dashboard_address=":0") as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts one of Dask's programs, with some lines of Python that it runs before all else."""
    with ExitStack() as stack:

        def start(program: str, *words: object, first: str = "") -> subprocess.Popen[bytes]:
            folder = tmp_path / f"program{len(list(tmp_path.glob('program*')))}"
            folder.mkdir()
            (folder / "sitecustomize.py").write_text(first)
            module = f"distributed.cli.dask_{program}"
            running = subprocess.Popen(
                [sys.executable, "-m", module, *map(str, words), "--no-dashboard"],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])},
                stderr=subprocess.DEVNULL,
            )
            stack.callback(running.wait)
            stack.callback(running.kill)
            return running

        yield start


def points(results: list[Result]) -> dict[str, list[int]]:
    return {r.learner: [e.points for e in r.exercises] for r in results}


def test_a_worker_that_is_killed_costs_nothing(tmp_path: Path, machines: str, rung: str) -> None:
    for learner in ("ada", "bob", "dan", "fay", "gil", "joy"):
        hand_in(tmp_path, learner, **({"scaled_scores": UNSCALED} if learner == "bob" else {}))
    hand_in(tmp_path, "abe", score_std=ENDLESS)  # among the first, so one worker is busy for long
    (tmp_path / f"kim_{LESSON}.ipynb").write_text('{"cells": [')
    submissions = find_submissions(tmp_path).submissions
    settings = Settings(rung, Limits(exercise_seconds=5))
    with Cluster(machines) as cluster, Client(machines) as spy:
        graded = cluster.grade_all(submissions, settings)
        results = [next(graded), next(graded)]
        busy = {worker: len(keys) for worker, keys in spy.processing().items()}
        victim = max(busy, key=lambda worker: busy[worker])
        process = psutil.Process(spy.run(os.getpid)[victim])
        family = process.children(recursive=True)
        process.send_signal(signal.SIGKILL)
        results += graded
        assert busy[victim] and victim not in spy.run(os.getpid)
    assert sorted(r.learner for r in results) == sorted(s.learner for s in submissions)
    assert points(results) == points(list(grade_all(submissions, settings, workers=1)))
    assert {r.learner for r in results if r.problem} == {"kim"}
    assert all(r.rung == rung for r in results)
    assert not psutil.wait_procs(family, timeout=30)[1]  # no learner's code is left behind


def test_the_command_grades_on_a_cluster(tmp_path: Path, machines: str, rung: str) -> None:
    hand_in(tmp_path / "in", "ada")
    hand_in(tmp_path / "in", "bob", scaled_scores=UNSCALED)
    arguments = ["grade", "in", "-o", "out", "--engine", "dask", "--scheduler", machines]
    done = subprocess.run(
        [sys.executable, "-m", "qkv_course.cli", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "Grading on 2 workers" in done.stderr and f"Isolation: {rung} " in done.stderr
    assert (tmp_path / "out" / "gradebook.csv").read_text(encoding="utf-8-sig").count("passed") == 5


@pytest.mark.parametrize("address", ["", "nowhere", "tcp://127.0.0.1:1"])
def test_no_scheduler_is_said_in_a_sentence(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "CONNECT", 1)
    with pytest.raises(NoCluster, match="scheduler"):
        Cluster(address)


def test_what_never_answers_is_no_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "CONNECT", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(NoCluster, match="no Dask scheduler"):
            Cluster(address)


def test_no_workers_are_said_in_a_sentence(
    no_machines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "CONNECT", 1)
    with pytest.raises(NoCluster, match="has no workers"):
        Cluster(no_machines)


def test_a_worker_without_the_course_is_named(no_machines: str, start: Start) -> None:
    start("worker", no_machines, "--no-nanny", first=WITHOUT_COURSE)
    with pytest.raises(NoCluster, match=r"The course is not installed \(tcp://.*\)"):
        Cluster(no_machines)


def test_all_are_graded_on_the_rung_that_holds_everywhere(
    tmp_path: Path, no_machines: str, start: Start, rung: str
) -> None:
    if not rung.startswith("jail"):
        pytest.skip(f"the best rung here is {rung}: no worker can be weaker")
    hand_in(tmp_path / "in", "ada")
    start("worker", no_machines, "--no-nanny")
    start("worker", no_machines, "--no-nanny", first=WITHOUT_BUBBLEWRAP)
    with Client(no_machines) as client:
        client.wait_for_workers(2, timeout=60)
    with Cluster(no_machines) as cluster:
        ladder = cluster.find_rung()
        assert ladder.rung == "landlock"
        assert "bubblewrap is not installed" in ladder.failed["jail"]
        with pytest.raises(TooWeak, match="bubblewrap is not installed"):
            cluster.find_rung(only=rung)
        submissions = find_submissions(tmp_path / "in").submissions
        (result,) = cluster.grade_all(submissions, Settings(ladder.rung))
        assert (result.rung, result.points) == ("landlock", 5)


def test_a_worker_that_comes_later_has_to_be_like_the_others(tmp_path: Path, rung: str) -> None:
    hand_in(tmp_path, "ada")
    submission = carried(find_submissions(tmp_path).submissions[0])
    with pytest.raises(Unfit, match="another course"):
        grade_there(submission, Settings(rung), "0.0.1+other")
    with pytest.raises(Unfit, match="as well as the others"):
        grade_there(submission, Settings("moat"), course_version())


def test_a_scheduler_that_dies_ends_the_run(tmp_path: Path, rung: str, start: Start) -> None:
    hand_in(tmp_path, "eve", score_std=ENDLESS)
    submissions = find_submissions(tmp_path).submissions
    known = tmp_path / "scheduler.json"
    scheduler = start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", known)
    until = time.monotonic() + 60
    while not known.exists() and time.monotonic() < until:
        time.sleep(0.1)
    address = json.loads(known.read_text())["address"]
    start("worker", address, "--nthreads", "1", "--no-nanny")
    with Cluster(address) as cluster:
        graded = cluster.grade_all(submissions, Settings(rung, Limits(exercise_seconds=60)))
        threading.Timer(1, scheduler.kill).start()
        with pytest.raises(NoCluster, match=r"is gone\. What was graded is kept"):
            next(graded)

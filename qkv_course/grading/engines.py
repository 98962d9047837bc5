"""Spread submissions over several machines with Dask."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

from qkv_course.errors import QkvError
from qkv_course.grading.cohort import lost
from qkv_course.grading.grade import Settings, grade
from qkv_course.grading.ladder import RUNGS, Ladder, TooWeak, find_rung
from qkv_course.grading.notebooks import UnreadableNotebook
from qkv_course.grading.results import Result, course_version
from qkv_course.grading.submissions import Submission

RETRIES = 3  # of a submission that a worker could not grade
AHEAD = 2  # submissions that a worker has at once, so that it does not wait for the next one
CONNECT = 10  # seconds, for the scheduler and for a first worker
PATIENCE = 60.0  # seconds without any worker, in the middle of a run
LOOK = 5  # seconds between two looks at whether there still are workers
SHOWN = 3  # workers that a message names
KEPT = "What was graded is kept; the same command then goes on where this one stopped."
DIED = (
    "The process that graded this notebook ended each time. Grade it again on one machine, "
    "without `--engine dask`."
)

# One thread for all that a worker grades: the checks redirect what is printed, which is the whole
# process's, and a jail ends with the thread that made it.
ONE_BY_ONE = ThreadPoolExecutor(1)


class NoCluster(QkvError):
    """There is no cluster to grade on."""


class Unfit(QkvError):
    """A worker is not like those that were looked at when the run began."""


@dataclass(frozen=True)
class Carried(Submission):
    """A submission with its bytes, or what is wrong with them: no folder has to be shared."""

    data: bytes = b""
    fault: str = ""

    def read(self) -> bytes:
        """Give the notebook's bytes. Raises UnreadableNotebook."""
        if self.fault:
            raise UnreadableNotebook(self.fault)
        return self.data


class Cluster:
    """A Dask cluster whose machines all have this very version of the course.

    scheduler: its address, as "tcp://10.0.0.1:8786".
    Raises NoCluster if it cannot be reached, or is not fit for grading.
    """

    def __init__(self, scheduler: str) -> None:
        self._scheduler = scheduler
        self._client = _connected(scheduler)
        try:
            self._look()
        except BaseException:
            self.close()
            raise

    def _look(self) -> None:
        """Raise NoCluster unless there are workers, all with this version of the course."""
        try:
            self._client.wait_for_workers(1, timeout=CONNECT)
        except TimeoutError:
            raise NoCluster(
                f"The Dask scheduler at {self._scheduler} has no workers. Start some where the "
                f"course is installed: dask worker {self._scheduler} --nworkers auto --nthreads 1"
            ) from None
        said = self._on_workers(course_version)
        try:
            said["the scheduler"] = self._client.run_on_scheduler(course_version)
        except Exception as error:  # whatever stopped it over there
            said["the scheduler"] = error
        others = {where: _not_ours(v) for where, v in said.items() if v != course_version()}
        if others:
            raise NoCluster(
                f"This cluster cannot grade. {_listed(others)}. Scheduler and workers need the "
                f"same course, Python, NumPy and PyTorch as here ({course_version()}); start them "
                "again once they have."
            )

    def find_rung(self, allow_weak: bool = False, only: str | None = None) -> Ladder:
        """Find the best rung that holds on every worker; arguments as of `ladder.find_rung`.

        Raises TooWeak.
        """
        failed: dict[str, str] = {}
        for rung in [only] if only else RUNGS:
            said = self._on_workers(refusal, rung)
            refused = {where: str(why) for where, why in said.items() if why}
            if not refused:
                ladder = Ladder(rung, failed)
                if ladder.warning and not allow_weak:
                    raise TooWeak(
                        f"{ladder.warning} Install bubblewrap on the workers, or say --allow-weak "
                        "if you trust everyone whose work you grade."
                    )
                return ladder
            failed[rung] = _listed(refused)
        raise TooWeak(" ".join(f"{why}." for why in failed.values()))

    def grade_all(self, submissions: Sequence[Submission], settings: Settings) -> Iterator[Result]:
        """Grade, and give each result as soon as it is there. Raises NoCluster."""
        waiting, running = deque(submissions), dict[Any, Submission]()
        while waiting or running:
            while waiting and len(running) < AHEAD * max(1, len(self._client.nthreads())):
                submission = waiting.popleft()
                running[self._submit(submission, settings)] = submission
            for future in self._done(list(running)):
                yield self._result(future, running.pop(future), settings)

    def _submit(self, submission: Submission, settings: Settings) -> Any:
        # Not pure: the same submission is graded anew each time, with new inputs.
        return self._client.submit(
            grade_there, carried(submission), settings, course_version(),
            pure=False, retries=RETRIES,
        )  # fmt: skip

    def _done(self, futures: list[Any]) -> list[Any]:
        """Wait for some of the futures, as long as there are workers."""
        from distributed import wait

        until = time.monotonic() + PATIENCE
        while True:
            try:
                return list(wait(futures, timeout=LOOK, return_when="FIRST_COMPLETED").done)
            except CancelledError:
                raise NoCluster(self._gone()) from None
            except TimeoutError:
                if self._client.nthreads():
                    until = time.monotonic() + PATIENCE
            if time.monotonic() > until:
                raise NoCluster(f"All workers of {self._scheduler} are gone. {KEPT}")

    def _result(self, future: Any, submission: Submission, settings: Settings) -> Result:
        try:
            result: Result = future.result()
            return result
        except CancelledError:
            raise NoCluster(self._gone()) from None
        except Exception as error:  # of any type: it comes from another process
            return replace(lost(submission, settings), problem=_problem(error))

    def _gone(self) -> str:
        return f"The Dask scheduler at {self._scheduler} is gone. {KEPT}"

    def _on_workers(self, function: Callable[..., Any], *arguments: object) -> dict[str, Any]:
        """Call a function on every worker; where it fails, its answer is the exception."""
        said: dict[str, Any] = self._client.run(function, *arguments, on_error="return")
        return said

    def __str__(self) -> str:
        return f"{len(self._client.nthreads())} workers of {self._scheduler}"

    def close(self) -> None:
        """Let go of the cluster; what is still being graded there comes to nothing."""
        self._client.close()

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _connected(scheduler: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise NoCluster(
            "Dask is not installed here. Run: pip install 'qkv-course[dask]' "
            "(or pip install distributed)."
        ) from None
    if not scheduler:
        raise NoCluster("Say where the Dask scheduler is, as in --scheduler tcp://10.0.0.1:8786.")
    for logger in ("distributed", "distributed.client"):
        logging.getLogger(logger).setLevel(logging.CRITICAL)  # they print tracebacks
    said: list[Any] = []

    def connect() -> None:
        try:
            said.append(Client(scheduler, timeout=CONNECT))
        except (OSError, ValueError) as error:
            said.append(error)

    # In a thread: what listens there and never answers is waited for without end.
    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(CONNECT + 2)
    (client,) = said or ["nothing answers there"]
    if isinstance(client, Client):
        return client
    raise NoCluster(f"There is no Dask scheduler at {scheduler} ({str(client).rstrip('.')}).")


def carried(submission: Submission) -> Carried:
    """Read a submission, so that it can be sent to another machine."""
    own = {field.name: getattr(submission, field.name) for field in fields(Submission)}
    try:
        return Carried(**own, data=submission.read())
    except UnreadableNotebook as error:
        return Carried(**own, fault=str(error))


def grade_there(submission: Submission, settings: Settings, version: str) -> Result:
    """Grade on a worker, which may have come after the others were looked at.

    version: the course's, where the run was started. Raises Unfit.
    """
    if course_version() != version:
        raise Unfit(f"A worker has another course ({course_version()}) than {version}.")
    if why := refusal(settings.rung):
        raise Unfit(f"A worker cannot shut code in as well as the others. {why}")
    return ONE_BY_ONE.submit(grade, submission, settings).result()


@cache
def refusal(rung: str) -> str:
    """Say why a rung does not hold in this process, or ""."""
    try:
        find_rung(True, rung)
    except TooWeak as reason:
        return str(reason)
    return ""


def _not_ours(version: object) -> str:
    """Say what is wrong with a version, or with what came instead of one."""
    if isinstance(version, str):
        return f"Another version, {version}"
    if "qkv_course" in str(version):
        return "The course is not installed"
    return f"The course does not start: {version}"


def _listed(said: dict[str, str]) -> str:
    """Put what was said together, with where it was said."""
    parts = []
    for sentence in dict.fromkeys(said.values()):
        where = [address for address, words in said.items() if words == sentence]
        more = f" and {len(where) - SHOWN} more" if len(where) > SHOWN else ""
        parts.append(f"{sentence.rstrip('.')} ({', '.join(where[:SHOWN])}{more})")
    return "; ".join(parts)


def _problem(error: Exception) -> str:
    if isinstance(error, QkvError):
        return str(error)
    if type(error).__name__ == "KilledWorker":
        return DIED
    return f"It could not be graded on the cluster: {type(error).__name__} ({error})."

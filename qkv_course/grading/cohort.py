"""Grade many submissions at once, on one machine or on several."""

import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from qkv_course.grading.grade import Settings, grade
from qkv_course.grading.results import Result, course_version
from qkv_course.grading.submissions import Submission

TRIES = 3  # of a submission while which the grader's own process ended
LOST = (
    "The grader's own process ended while this notebook was graded, {0} times. "
    "Grade it again with `--workers 1`."
)


def workers_for(wanted: int | None, submissions: int) -> int:
    """Give how many processes to use: one for each core, unless told otherwise."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(wanted or cores or 1, submissions))


def grade_all(
    submissions: Sequence[Submission], settings: Settings, workers: int
) -> Iterator[Result]:
    """Grade on this machine, and give each result as soon as it is there."""
    if workers == 1:
        yield from (grade(submission, settings) for submission in submissions)
        return
    tries = dict.fromkeys(submissions, 0)
    while tries:
        for submission, result in _in_processes(list(tries), settings, workers):
            if result is None:
                tries[submission] += 1
                if tries[submission] < TRIES:
                    continue
                result = lost(submission, settings)
            del tries[submission]
            yield result


def _in_processes(
    submissions: Sequence[Submission], settings: Settings, workers: int
) -> Iterator[tuple[Submission, Result | None]]:
    """Give the results; None for all that were not graded when one of the processes ended."""
    # Not forked: a fork of this process would carry the checks' answers to where it ends.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=end_with_parent) as pool:
        futures: dict[Future[Result], Submission] = {}
        try:
            futures = {pool.submit(grade, s, settings): s for s in submissions}
            for future in as_completed(futures):
                try:
                    yield futures[future], future.result()
                except BrokenProcessPool:
                    yield futures[future], None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def end_with_parent() -> None:
    """End this process as soon as the one that started it is gone, even if that was killed.

    Such processes hold one another's pipes open, and would wait for work for ever.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def lost(submission: Submission, settings: Settings) -> Result:
    """Give the result of a submission that could not be graded."""
    lesson = submission.lesson or settings.lesson
    return Result(
        learner=submission.learner,
        lesson=lesson,
        source=submission.label,
        digest="",
        seed=0,
        rung=settings.rung,
        version=course_version(),
        problem=LOST.format(TRIES),
    )

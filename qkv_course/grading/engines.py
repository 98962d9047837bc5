"""Spread submissions over several machines with Dask."""

from collections.abc import Iterator, Sequence
from typing import Any

from qkv_course.errors import QkvError
from qkv_course.grading.cohort import lost
from qkv_course.grading.grade import Settings, grade
from qkv_course.grading.results import Result
from qkv_course.grading.submissions import Submission

RETRIES = 3  # of a submission whose worker was lost


class NoCluster(QkvError):
    """There is no cluster to grade on."""


def on_dask(
    submissions: Sequence[Submission], settings: Settings, scheduler: str
) -> Iterator[Result]:
    """Grade on a Dask cluster, and give each result as soon as it is there.

    scheduler: its address, as "tcp://10.0.0.1:8786". The submissions have to lie in a folder
    that all its machines see by the same path. Raises NoCluster.
    """
    try:
        from dask.distributed import Client, as_completed
    except ImportError:
        raise NoCluster(
            "Dask is not installed here. Run: pip install 'qkv-course[dask]' "
            "(or pip install distributed)."
        ) from None
    try:
        client: Any = Client(scheduler, timeout="10s")
    except (OSError, ValueError) as error:
        raise NoCluster(f"There is no Dask scheduler at {scheduler!r} ({error}).") from None
    with client:
        # Not pure: the same submission is graded anew each time, with new inputs.
        futures = {
            client.submit(grade, s, settings, pure=False, retries=RETRIES): s for s in submissions
        }
        for future in as_completed(futures):
            yield future.result() if future.status == "finished" else lost(
                futures[future], settings
            )

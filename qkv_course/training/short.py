"""What a short training needs around it: one thread, random numbers of its own, a clean stop."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from qkv_course.errors import QkvError
from qkv_course.training.threads import one_thread


@contextmanager
def short_training(seed: int) -> Iterator[None]:
    """Train a tiny model in here: torch's threads and random numbers are as before afterwards.

    Raises QkvError, in place of KeyboardInterrupt, if the learner stops it.
    """
    try:
        with one_thread(), torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            yield
    except KeyboardInterrupt:
        raise QkvError("You stopped the training. To start it again, run the cell again.") from None

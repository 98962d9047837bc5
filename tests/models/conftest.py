"""The pretrained model, loaded once; one thread, so that nobody waits for a busy machine."""

from collections.abc import Iterator

import pytest
import torch

from qkv_course.models import SentenceModel, load_model


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def model() -> SentenceModel:
    return load_model()

"""The race: who learns a far word, fairly run, and nothing of it left behind."""

import numpy as np
import pytest
import torch

from qkv_course.errors import BadAnswer, QkvError
from qkv_course.languages.agreement import draw
from qkv_course.training import race as module
from qkv_course.training.race import RUNNERS, Run, race


@pytest.fixture(scope="module")
def near() -> dict[str, Run]:
    return race(5, seed=1)


@pytest.fixture(scope="module")
def far() -> dict[str, Run]:
    return race(40, seed=1, most=300)


def test_everybody_learns_a_near_word(near: dict[str, Run]) -> None:
    for name, run in near.items():
        assert run.learned is not None and run.learned <= 200, name
        assert run.steps[-1] == run.learned and run.accuracy[-1] >= 0.99


def test_a_far_word_is_learned_only_where_it_gets_through(far: dict[str, Run]) -> None:
    assert far["attention"].learned is not None
    assert far["LSTM 0.99"].learned is not None
    assert far["LSTM 0.50"].learned is None
    assert far["LSTM 0.50"].steps[-1] == 300
    assert max(far["LSTM 0.50"].accuracy) < 0.6  # chance


def test_the_runners_are_of_one_size() -> None:
    sizes = [sum(p.numel() for p in make().parameters()) for make in RUNNERS.values()]
    assert all(9_000 < size < 11_000 for size in sizes)


def test_the_gates_start_where_the_names_say() -> None:
    """Of a memory of ones, that much is left after a step without input."""
    for name in ("LSTM 0.50", "LSTM 0.95", "LSTM 0.99"):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            lstm = RUNNERS[name]().lstm
        zeros, ones = torch.zeros(1, 1, 32), torch.ones(1, 1, 32)
        with torch.no_grad():
            _, (_, left) = lstm(zeros, (zeros, ones))
            _, (_, added) = lstm(zeros, (zeros, zeros))
        kept, named = left - added, float(name.split()[1])
        assert abs(float(kept.mean()) - named) < 0.02, name
        if named > 0.5:  # torch's own gates differ a little from each other
            assert torch.allclose(kept, torch.tensor(named), atol=1e-5), name


def test_every_word_can_reach_the_result_of_attention() -> None:
    words, _ = draw(2, 30, np.random.default_rng(0))
    model = RUNNERS["attention"]()
    given = torch.from_numpy(words)
    logits = model(given)
    for place in range(31):
        other = given.clone()
        other[:, place] = (other[:, place] + 1) % 20
        assert not torch.equal(model(other), logits), place


def test_the_same_seed_runs_the_same_race(near: dict[str, Run]) -> None:
    again = race(5, seed=1)
    assert {n: (r.steps, r.accuracy) for n, r in again.items()} == {
        n: (r.steps, r.accuracy) for n, r in near.items()
    }


def test_nothing_is_left_behind() -> None:
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        before = torch.get_rng_state()
        race(2, most=0)
        assert torch.get_num_threads() == 2
        assert torch.equal(torch.get_rng_state(), before)
    finally:
        torch.set_num_threads(threads)


def test_a_learner_may_stop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "learn", stopped)
    threads = torch.get_num_threads()
    with pytest.raises(QkvError, match="You stopped the training"):
        race(5)
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("distance", [0, -3, 201, 2.5, "far"])
def test_a_distance_out_of_range_is_told(distance: int) -> None:
    with pytest.raises(BadAnswer, match="whole number, 1 to 200"):
        race(distance)

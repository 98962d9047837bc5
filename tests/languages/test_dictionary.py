"""Dictionary: the answer is the value beside the asked key, wherever that stands."""

import numpy as np
import pytest

from qkv_course.languages.dictionary import N_VALUES, draw


@pytest.mark.parametrize("n_keys", [1, 4, 16])
def test_the_answer_stands_beside_the_asked_key(n_keys: int) -> None:
    drawn = draw(300, np.random.default_rng(0), n_keys)
    assert drawn.keys.shape == drawn.values.shape == (300, n_keys)
    for keys, values, asked, place, answer in zip(
        drawn.keys, drawn.values, drawn.asked, drawn.place, drawn.answer, strict=True
    ):
        assert sorted(keys) == list(range(n_keys))
        assert dict(zip(keys, values, strict=True))[asked] == answer
        assert keys[place] == asked


def test_neither_the_key_nor_its_place_tells_the_answer() -> None:
    drawn = draw(16_000, np.random.default_rng(1))
    for known in (drawn.asked, drawn.place):
        table = np.zeros((16, N_VALUES))
        np.add.at(table, (known, drawn.answer), 1)
        best_guess = table.max(axis=1).sum() / len(known)  # 1/16, and a little for its luck
        assert best_guess < 0.09


def test_the_same_seed_draws_the_same_dictionaries() -> None:
    first, again, other = (draw(50, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert all(np.array_equal(value, getattr(again, name)) for name, value in vars(first).items())
    assert not np.array_equal(first.keys, other.keys)

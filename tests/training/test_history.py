"""Histories: kept, read again, and what the stored ones claim."""

import json

import numpy as np
import pytest

from qkv_course.errors import QkvError, UnknownName
from qkv_course.training import History, Snapshot, Training, reference_history
from qkv_course.training.history import STORED


@pytest.fixture
def history():
    rng = np.random.default_rng(0)

    def snapshot(step, a, b):
        roles = rng.random((2, 4, 3)).astype(np.float32)
        rows = rng.random((2, 4, 2, 6)).astype(np.float32)
        return Snapshot(step, 1 / (step + 3), {"a": a, "b": b}, roles, rows)

    return History(
        language="reviews",
        n_heads=4,
        d_model=8,
        seed=2,
        features=("a", "b"),
        roles=("x", "y", "not"),
        examples=[["", "one", "two"], ["three", ",", "=>"]],
        answers=[{"a": "yes", "b": "no"}, {"a": "no", "b": "no"}],
        snapshots=[snapshot(0, 0.5, 0.25), snapshot(50, 0.99, 0.5), snapshot(70, 1.0, 0.75)],
    )


def test_a_history_that_is_saved_is_read_again(history, tmp_path):
    history.save(tmp_path / "a.json")
    again = History.load(tmp_path / "a.json")
    for name, value in vars(history).items():
        assert name == "snapshots" or getattr(again, name) == value
    for old, new in zip(history.snapshots, again.snapshots, strict=True):
        assert (new.step, new.accuracy) == (old.step, old.accuracy)
        assert new.loss == pytest.approx(old.loss, abs=1e-4)
        assert new.rows.dtype == new.roles.dtype == np.float32
        np.testing.assert_allclose(new.roles, old.roles, atol=5.1e-4)
        np.testing.assert_allclose(new.rows, old.rows, atol=0.5 / 255 + 1e-6)


def test_saving_again_changes_nothing(history, tmp_path):
    history.save(tmp_path / "a.json")
    History.load(tmp_path / "a.json").save(tmp_path / "b.json")
    assert (tmp_path / "a.json").read_text() == (tmp_path / "b.json").read_text()


def test_learned_is_the_first_step_that_reaches_the_threshold(history):
    assert history.steps == [0, 50, 70]
    assert history.accuracy("b") == [0.25, 0.5, 0.75]
    assert history.learned("a") == 50 and history.learned("b") is None
    assert history.learned("b", threshold=0.5) == 50
    with pytest.raises(UnknownName, match="'c' is not read here"):
        history.learned("c")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1}', "\x00"])
def test_what_is_no_history_is_refused_in_a_sentence(text, tmp_path):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(QkvError, match="holds no history"):
        History.load(tmp_path / "a.json")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(QkvError, match=r"no history to read at .*b\.json"):
        History.load(tmp_path / "b.json")


def test_an_unknown_reference_is_refused():
    with pytest.raises(UnknownName, match="'latin', 'reviews'"):
        reference_history("greek")


@pytest.mark.parametrize("name", ["latin", "reviews"])
class TestReference:
    def test_it_is_small(self, name):
        assert (STORED / f"{name}.json").stat().st_size <= 60_000
        json.loads((STORED / f"{name}.json").read_text())

    def test_it_is_of_the_language_and_begins_as_a_training_begins(self, name):
        stored = reference_history(name)
        fresh = Training(name, n_heads=stored.n_heads, seed=stored.seed)
        for what in ("language", "d_model", "features", "roles", "examples", "answers"):
            assert getattr(stored, what) == getattr(fresh.history, what)
        assert stored.steps[0] == 0 and stored.steps[-1] == fresh.steps

    def test_everything_is_learned(self, name):
        stored = reference_history(name)
        assert all(stored.snapshots[0].accuracy[f] < 0.65 for f in stored.features)
        assert all(stored.learned(f) is not None for f in stored.features)
        assert all(stored.snapshots[-1].accuracy[f] >= 0.99 for f in stored.features)
        assert stored.snapshots[-1].loss < stored.snapshots[0].loss / 10

    def test_rows_are_weights(self, name):
        for snapshot in reference_history(name).snapshots:
            sums = snapshot.rows.sum(axis=-1)
            np.testing.assert_allclose(sums, 1, atol=0.5 / 255 * snapshot.rows.shape[-1])


def test_in_the_latin_reference_each_head_takes_one_case():
    last = reference_history("latin").snapshots[-1].roles[0]
    assert sorted(last.argmax(axis=1)) == [0, 1, 2, 3] and (last.max(axis=1) > 0.8).all()


def test_in_the_reviews_reference_meaning_comes_first_and_feeling_last():
    stored = reference_history("reviews")
    semantics, grammar, sentiment = (
        stored.learned(feature) for feature in ("semantics", "grammar", "sentiment")
    )
    assert semantics <= grammar < sentiment

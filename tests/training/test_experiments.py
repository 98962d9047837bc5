"""Seeds that fail are said so, heads are counted, and wrong attention learns as well."""

import numpy as np
import pytest
import torch

from qkv_course.attention.layers import MultiHeadAttention
from qkv_course.training import Snapshot, Training, TrainingFailed
from qkv_course.training.broken import SoftmaxOverQueries, SplitWithoutTranspose
from qkv_course.training.experiments import sweep, train_until
from qkv_course.training.threads import one_thread


@pytest.fixture(autouse=True, scope="module")
def quietly():
    with one_thread():
        yield


def ends_with(accuracies, done=True):
    """Stand in for a training: the run of a seed ends with these accuracies."""

    def train(run):
        run.step = run.steps if done else 3
        features = run.language.features
        by_feature = dict.fromkeys(features, 1.0) | {features[0]: accuracies[run.seed]}
        nothing = np.zeros((1, 4, 4), np.float32)
        run.history.snapshots.append(Snapshot(run.step, 0.1, by_feature, nothing, nothing))

    return train


def test_a_seed_that_fails_is_named_and_the_next_is_tried(capsys):
    run = train_until("latin", seeds=(1, 2, 3), train=ends_with({1: 0.5, 2: 0.99, 3: 1.0}))
    assert run.seed == 2
    printed = capsys.readouterr().out
    assert printed == ("Seed 1 is not good enough: nominative 50.0%. Fewer than 99% are right.\n")


def test_a_seed_that_is_good_enough_needs_no_words(capsys):
    assert train_until("latin", seeds=(4, 5), train=ends_with({4: 0.995})).seed == 4
    assert capsys.readouterr().out == ""


def test_a_run_that_is_stopped_is_given_back_as_it_is():
    run = train_until("latin", seeds=(1, 2), train=ends_with({1: 0.1}, done=False))
    assert run.seed == 1 and not run.done


def test_seeds_that_all_fail_end_in_a_sentence():
    with pytest.raises(TrainingFailed, match="tried were the seeds 1, 2"):
        train_until("latin", seeds=(1, 2), train=ends_with({1: 0.5, 2: 0.6}))


def test_more_heads_read_four_cases_sooner_than_one():
    accuracies = sweep("latin", n_heads=(1, 4), seed=0, steps=120)
    assert list(accuracies) == [1, 4] and list(accuracies[1])[:3] == [0, 5, 10]
    assert accuracies[4][120] > accuracies[1][120] + 0.2


@pytest.mark.parametrize("attention", [SoftmaxOverQueries, SplitWithoutTranspose])
def test_wrong_attention_has_a_loss_that_falls_and_is_no_attention(attention):
    run = Training("latin", seed=0, steps=150, attention=attention).train()
    first, last = run.history.snapshots[0], run.history.snapshots[-1]
    assert last.loss < 0.6 * first.loss
    reached = np.mean(list(last.accuracy.values()))
    assert 10 / 64 < reached < 0.9
    x = torch.randn(2, 5, 8)
    right, wrong = MultiHeadAttention(8, 2), attention(8, 2)
    wrong.load_state_dict(right.state_dict())
    assert right(x)[0].shape == wrong(x)[0].shape
    assert (right(x)[0] - wrong(x)[0]).abs().max() > 0.01


def test_a_query_alone_gives_everything_a_weight_of_one():
    run = Training("latin", steps=20, attention=SoftmaxOverQueries).train()
    assert np.allclose(run.history.snapshots[-1].rows, 1)

"""Training: one seed is one run, stopped or not, and nothing of the caller's is changed."""

import dataclasses
import math
import signal

import numpy as np
import pytest
import torch

from qkv_course import languages
from qkv_course.attention.layers import FusedMultiHeadAttention, MultiHeadAttention
from qkv_course.errors import BadAnswer, QkvError, UnknownName
from qkv_course.languages import Passages
from qkv_course.training import Training, TrainingFailed
from qkv_course.training.recipes import passages
from qkv_course.training.threads import one_thread

STEPS = 45


@pytest.fixture(autouse=True, scope="module")
def quietly():
    with one_thread():
        yield


def state(run):
    return [p.detach().clone() for p in run.model.parameters()]


def same(run, other):
    weights = all(torch.equal(a, b) for a, b in zip(state(run), state(other), strict=True))
    return weights and run.step == other.step and seen(run) == seen(other)


def seen(run):
    """All that the history holds, in a form that can be compared."""
    return [
        (s.step, s.loss, s.accuracy, s.roles.tolist(), s.rows.tolist())
        for s in run.history.snapshots
    ]


def interrupting_at(call, what):
    """Attention that does something in the middle of a forward pass, once.

    Its first call is a try when the training is made; the second and third are for a snapshot.
    """
    count = iter(range(10_000))

    class Interrupting(MultiHeadAttention):
        def forward(self, x, memory=None, mask=None):
            if next(count) == call:
                what()
            return super().forward(x, memory, mask)

    return Interrupting


@pytest.fixture(scope="module")
def whole():
    return Training("latin", seed=5, steps=STEPS).train()


@pytest.fixture(scope="module")
def learned():
    return Training("latin", seed=0, steps=200).train()


def test_latin_is_learned_in_a_few_steps(learned):
    first, last = learned.history.snapshots[0], learned.history.snapshots[-1]
    assert all(value < 0.1 for value in first.accuracy.values())
    assert all(value > 0.97 for value in last.accuracy.values())
    assert first.loss > 4 * math.log(64) * 0.9 and last.loss < first.loss / 10


def test_each_head_takes_a_case_and_its_cut_takes_the_case_away(learned):
    cut = learned.ablation()[0]  # (n_heads, n_features)
    assert sorted(cut.argmin(axis=0)) == [0, 1, 2, 3]
    assert (cut.min(axis=0) < 0.5).all()
    own = learned.history.snapshots[-1].roles[0].argmax(axis=1)
    assert own.tolist() == cut.argmin(axis=1).tolist()  # a head looks where its case stands


def test_reviews_train_and_show_what_they_look_at():
    run = Training("reviews", seed=1, steps=6, every=3).train()
    last = run.history.snapshots[-1]
    assert run.history.steps == [0, 3, 6]
    assert last.roles.shape == (2, 4, 5) and last.rows.shape == (2, 4, 4, 23)
    np.testing.assert_allclose(last.rows.sum(axis=-1), 1, rtol=1e-5)
    for words, rows in zip(run.history.examples, last.rows.transpose(2, 3, 0, 1), strict=True):
        hidden = [word == "" for word in words]
        assert len(words) == 23 and (rows[hidden] == 0).all() and words[-1] == "=>"


def test_roles_are_means_of_what_the_last_word_attends_to(whole):
    words = torch.from_numpy(whole.held_out.words)
    with torch.no_grad():
        _, (weights,) = whole.model(words)
    for role in range(4):
        on_it = [w[:, at] for w, at in zip(weights, whole.held_out.roles[:, role], strict=True)]
        mean = torch.stack(on_it).mean(dim=0)
        np.testing.assert_allclose(whole.history.snapshots[-1].roles[0, :, role], mean, atol=1e-5)


def test_the_same_seed_gives_the_same_run_and_another_does_not(whole):
    assert same(whole, Training("latin", seed=5, steps=STEPS).train())
    assert not same(whole, Training("latin", seed=6, steps=STEPS).train())


def test_random_numbers_and_threads_of_the_caller_stay_as_they_are():
    torch.manual_seed(3)
    np.random.seed(3)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    threads = []
    run = Training("latin", steps=3)
    torch.set_num_threads(2)
    run.observers.append(lambda run: threads.append(torch.get_num_threads()))
    run.train()
    assert torch.equal(before[0], torch.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])
    assert torch.get_num_threads() == 2 and set(threads) == {1}


@pytest.mark.parametrize("call", [2, 25, 26])
def test_stopped_and_gone_on_is_as_never_stopped(whole, call):
    stops = []

    def stop():
        stops.append(run.step)
        run.stop()

    run = Training("latin", seed=5, steps=STEPS, attention=interrupting_at(call, stop))
    run.train()
    assert run.step in (stops[0], stops[0] + 1) and not run.done
    assert same(whole, run.train())


@pytest.mark.parametrize("call", [1, 8, 25])
def test_an_interrupt_in_the_middle_of_a_step_lets_it_finish(whole, call):
    ours = signal.getsignal(signal.SIGINT)

    def interrupt():
        signal.raise_signal(signal.SIGINT)

    run = Training("latin", seed=5, steps=STEPS, attention=interrupting_at(call, interrupt))
    assert run.train() is run and not run.done
    assert signal.getsignal(signal.SIGINT) is ours
    assert all(torch.isfinite(p).all() for p in state(run))
    assert same(whole, run.train())


def test_an_interrupt_after_the_weights_and_before_the_count_is_no_half_step(whole):
    def interrupt(*_):
        hook.remove()
        signal.raise_signal(signal.SIGINT)

    run = Training("latin", seed=5, steps=STEPS)
    hook = run.optimizer.register_step_post_hook(interrupt)
    assert run.train().step == 1
    assert same(whole, run.train())


@pytest.mark.parametrize("call", [1, 8, 25])
def test_an_interrupt_that_is_raised_in_a_step_leaves_the_step_before(whole, call):
    def interrupt():
        raise KeyboardInterrupt

    run = Training("latin", seed=5, steps=STEPS, attention=interrupting_at(call, interrupt))
    assert not run.train().done
    assert same(whole, run.train())


def test_an_interrupt_from_an_observer_is_a_stop_too(whole):
    def interrupt(run):
        if run.step == 20 and not raised:
            raised.append(run.step)
            raise KeyboardInterrupt

    raised = []
    run = Training("latin", seed=5, steps=STEPS)
    run.observers.append(interrupt)
    assert run.train().step == 20
    assert same(whole, run.train())


def test_observers_hear_of_snapshots_and_of_every_20_steps():
    heard = []
    run = Training("latin", steps=65, every=30)
    run.observers.append(lambda run: heard.append((run.step, len(run.history.snapshots))))
    run.train()
    assert heard == [(0, 1), (20, 1), (30, 2), (40, 2), (60, 3), (65, 4)]
    run.train()  # there is nothing left to do
    assert run.step == 65 and len(run.history.snapshots) == 4


def test_losses_are_means_since_the_snapshot_before():
    losses = []
    run = Training("latin", steps=6, every=3)
    fine = Training("latin", steps=6, every=1).train()
    run.train()
    losses = [snapshot.loss for snapshot in fine.history.snapshots]
    assert run.history.snapshots[1].loss == pytest.approx(np.mean(losses[1:4]), rel=1e-6)
    assert run.history.snapshots[2].loss == pytest.approx(np.mean(losses[4:7]), rel=1e-6)
    assert run.history.snapshots[0].loss == losses[0]


def test_a_loss_of_nan_ends_in_a_sentence_and_with_sound_weights():
    broken = []

    class Diverging(MultiHeadAttention):
        def forward(self, x, memory=None, mask=None):
            output, weights = super().forward(x, memory, mask)
            return (output * math.nan if broken else output), weights

    run = Training("latin", steps=40, every=40, attention=Diverging)
    run.observers.append(lambda run: broken.append(run.step) if run.step == 20 else None)
    with pytest.raises(TrainingFailed, match="loss is nan at step 20") as caught:
        run.train()
    assert isinstance(caught.value, QkvError) and "\n" not in str(caught.value)
    assert run.step == 20 and all(torch.isfinite(p).all() for p in state(run))


def test_a_cut_is_put_back(learned):
    before = state(learned)
    everything = learned.ablate([])
    nothing = learned.ablate([(0, head) for head in range(4)])
    assert everything == learned.history.snapshots[-1].accuracy
    assert all(value < 0.1 for value in nothing.values())
    assert all(torch.equal(a, b) for a, b in zip(before, state(learned), strict=True))


def test_a_cut_of_a_head_that_is_not_there_is_refused(learned):
    for head in ((1, 0), (0, 4), (-1, 0)):
        with pytest.raises(BadAnswer, match=r"There is no (head|layer)"):
            learned.ablate([head])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"n_heads": 3}, "3 heads cannot share 64 features. Heads can be 1, 2, 4, 8, 16, 32, 64."),
        ({"n_heads": 0}, "n_heads is 0; it should be a whole number"),
        ({"steps": 2.5}, "steps is 2.5; it should be a whole number"),
        ({"every": 0}, "every is 0"),
    ],
)
def test_sizes_that_do_not_work_are_refused(settings, said):
    with pytest.raises(BadAnswer) as caught:
        Training("latin", **settings)
    assert said in str(caught.value)


def test_attention_that_cannot_be_used_is_refused_before_the_training():
    class NoMemory(MultiHeadAttention):
        def forward(self, x, mask=None):
            return super().forward(x, None, mask)

    class MeanOfHeads(MultiHeadAttention):
        def forward(self, x, memory=None, mask=None):
            output, weights = super().forward(x, memory, mask)
            return output, weights.mean(dim=1, keepdim=True)

    for attention, said in (
        (NoMemory, "unexpected keyword argument 'memory'. It is called as layer(x, memory=memory"),
        (FusedMultiHeadAttention, "This attention does not work"),
        (MeanOfHeads, "(2, 1, 5)}, not (2, 4, 5)"),
    ):
        with pytest.raises(BadAnswer) as caught:
            Training("latin", attention=attention)
        assert said in str(caught.value)


def test_an_unknown_language_is_refused():
    with pytest.raises(UnknownName, match="'latin' and 'reviews'"):
        Training("greek")


@pytest.mark.parametrize("name", ["latin", "reviews"])
def test_nothing_that_is_held_out_is_learned_from(name):
    held_out, drawn = passages(languages.language(name))
    assert len(held_out) == 1000 and len(drawn) > 29_000
    assert not {w.tobytes() for w in held_out.words} & {w.tobytes() for w in drawn.words}


def test_a_passage_that_is_held_out_is_left_out_however_often_it_is_drawn():
    def draw(n, rng):
        words = rng.integers(1, 2001, size=(n, 1))  # so few that many come again
        return Passages(words, words % 2, words * 0)

    small = dataclasses.replace(languages.LATIN, name="small", draw=draw)
    held_out, drawn = passages.__wrapped__(small)
    assert len(drawn) > 10_000 and not set(held_out.words.flat) & set(drawn.words.flat)
    assert np.array_equal(drawn.answers, drawn.words % 2)

"""Train a tiny transformer on a little language: stop it when you like, and go on."""

import math
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

import numpy as np
import torch
from torch import nn

from qkv_course import languages
from qkv_course.errors import QkvError
from qkv_course.languages import Language
from qkv_course.models.encoder import without_heads
from qkv_course.models.tiny import Attention, TinySizes, TinyTransformer
from qkv_course.training.fit import see_that_it_reads, see_that_sizes_fit
from qkv_course.training.history import History, Snapshot
from qkv_course.training.look import EXAMPLES, accuracies, look, loss_of
from qkv_course.training.recipes import ONE_LAYER, RECIPES, passages
from qkv_course.training.threads import one_thread

TELL_EVERY = 20  # steps


class TrainingFailed(QkvError):
    """A training that cannot go on, or that did not reach what was asked."""


class Training:
    """A tiny transformer, the passages that it learns from, and how far it is.

    language: "reviews", "latin" or a Language, which is given one layer of attention. seed: of the
    first weights and of the passages' order; the same seed gives the same run, bit by bit, on the
    same machine.
    steps, every: how many steps, and how many from one snapshot to the next; None: what works,
    with snapshots twice as often at first.
    attention: makes the attention layers, `attention(d_model, n_heads)`; None: the course's own.
    Raises UnknownName for another language, BadAnswer for sizes or an attention that do not work.

    >>> run = Training("latin", n_heads=4, seed=0, steps=20)
    >>> run.train().step, run.done
    (20, True)
    """

    def __init__(
        self,
        language: str | Language = "reviews",
        n_heads: int = 4,
        seed: int = 1,
        d_model: int = 64,
        steps: int | None = None,
        every: int | None = None,
        attention: Attention | None = None,
    ) -> None:
        self.language = languages.language(language) if isinstance(language, str) else language
        self.recipe = RECIPES.get(self.language.name, ONE_LAYER)
        self.steps = self.recipe.steps if steps is None else steps
        self.every = self.recipe.every if every is None else every
        self._finer = every is None
        self.step, self.seed = 0, seed
        self.observers: list[Callable[[Training], object]] = []
        self._losses: list[float] = []  # since the last snapshot
        self._stop = threading.Event()
        see_that_sizes_fit(n_heads, d_model, self.steps, self.every)
        self.held_out, self.passages = passages(self.language)
        with one_thread():
            self.model = self._new_model(n_heads, d_model, attention or self.recipe.attention)
            see_that_it_reads(self.model, self.held_out[:2], n_heads)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=self.recipe.rate, weight_decay=0.01, betas=(0.9, 0.98)
        )
        self.history = self._new_history(n_heads, d_model)

    @property
    def done(self) -> bool:
        """Whether all steps are made."""
        return self.step >= self.steps

    @property
    def loss(self) -> float:
        """The mean training loss since the last snapshot; just after one, that snapshot's loss."""
        if self._losses:
            return float(np.mean(self._losses))
        return self.history.snapshots[-1].loss if self.history.snapshots else math.nan

    def train(self) -> "Training":
        """Train from where it is to the end, or to where it is stopped. Returns the training.

        An interrupt (the ■ button, or Ctrl-C) stops it after the step that is being made, and so
        does stop(). Nothing is lost: call train() again, and it goes on as if it had never been
        stopped. Observers are called with the training at each snapshot and every 20 steps.
        Raises TrainingFailed if the loss is no longer a finite number.
        """
        self._stop.clear()
        with one_thread(), _interrupts(self.stop):
            self._go()
        return self

    def stop(self) -> None:
        """Stop after the step that is being made; may be called from anywhere."""
        self._stop.set()

    def ablate(self, heads: Iterable[tuple[int, int]]) -> dict[str, float]:
        """Cut heads off, see what is still read right, and put them back.

        heads: pairs (layer, head), counted from 0. Returns the accuracy on held-out passages by
        feature. Raises BadAnswer for a head that is not there.
        """
        with one_thread(), without_heads(self.model, heads):
            return self._by_feature(accuracies(self.model, self.held_out))

    def ablation(self) -> np.ndarray:
        """Cut each head off in turn. Returns the accuracies, (n_layers, n_heads, n_features)."""
        layers, heads = range(len(self.model.blocks)), range(self.history.n_heads)
        cut = [[list(self.ablate([(at, head)]).values()) for head in heads] for at in layers]
        return np.array(cut)

    def _go(self) -> None:
        try:
            while True:
                if self._snapshot_is_due():
                    self._take_snapshot()
                    self._tell()
                elif self.step % TELL_EVERY == 0:
                    self._tell()
                if self.done or self._stop.is_set():
                    return
                self._make_step()
        except KeyboardInterrupt:  # raised where no signal was caught, in an observer maybe
            return

    def _make_step(self) -> None:
        # A batch hangs on the seed and the step alone, so there is nothing to remember in a stop.
        rng = np.random.default_rng([self.seed, self.step])
        batch = self.passages[rng.integers(len(self.passages), size=self.recipe.batch)]
        loss = loss_of(self.model, batch)
        if not math.isfinite(loss.item()):
            raise TrainingFailed(
                f"The loss is {loss.item()} at step {self.step}, so there is nothing more to learn "
                "from it. Look for scores of inf, or weights of nan, in your attention."
            )
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no types here
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate()
        self.optimizer.step()
        self._losses.append(loss.item())
        self.step += 1

    def _rate(self) -> float:
        warm = min(1.0, (self.step + 1) / max(self.recipe.warm_up, 1))
        falling = (1 + math.cos(math.pi * self.step / self.steps)) / 2
        return self.recipe.rate * warm * (0.05 + 0.95 * falling)

    def _snapshot_is_due(self) -> bool:
        taken = self.history.steps
        # At first much changes, so there are two snapshots in place of one.
        often = self.every // 2 if self._finer and self.step < 4 * self.every else self.every
        on_time = self.step % often == 0 or self.done
        return on_time and (not taken or taken[-1] < self.step)

    def _take_snapshot(self) -> None:
        accuracy, roles, rows = look(self.model, self.held_out)
        if self.step == 0:
            with torch.no_grad():
                loss = loss_of(self.model, self.held_out).item()
        else:
            loss = self.loss
        by_feature = self._by_feature(accuracy)
        self.history.snapshots.append(Snapshot(self.step, loss, by_feature, roles, rows))
        self._losses.clear()

    def _tell(self) -> None:
        for observer in self.observers:
            observer(self)

    def _by_feature(self, values: np.ndarray) -> dict[str, float]:
        return dict(zip(self.language.features, values.tolist(), strict=True))

    def _new_model(self, n_heads: int, d_model: int, attention: Attention) -> TinyTransformer:
        sizes = TinySizes(
            pieces=self.language.numbered_pieces(),
            classes=tuple(len(classes) for classes in self.language.classes),
            d_model=d_model,
            n_heads=n_heads,
            n_layers=self.recipe.n_layers,
            d_hidden=self.recipe.d_hidden,
        )
        with torch.random.fork_rng(devices=[]):  # whoever calls keeps the random numbers they had
            torch.default_generator.manual_seed(self.seed)
            return TinyTransformer(sizes, attention)

    def _new_history(self, n_heads: int, d_model: int) -> History:
        examples = self.held_out[:EXAMPLES]
        return History(
            language=self.language.name,
            n_heads=n_heads,
            d_model=d_model,
            seed=self.seed,
            features=self.language.features,
            roles=self.language.roles,
            examples=[self.language.spelled(words) for words in examples.words],
            answers=[self.language.answered(answers) for answers in examples.answers],
        )


@contextmanager
def _interrupts(stop: Callable[[], None]) -> Iterator[None]:
    """Let an interrupt stop between two steps, and never in the middle of one."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is interrupted, and only it may say what then happens
        return

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        stop()

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.default_int_handler)

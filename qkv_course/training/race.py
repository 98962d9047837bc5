"""A race over a distance: attention and LSTMs learn agreement from the same passages."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from qkv_course.attention.layers import MultiHeadAttention
from qkv_course.attention.positions import sinusoidal_positions
from qkv_course.errors import BadAnswer
from qkv_course.languages.agreement import VOCABULARY, draw
from qkv_course.training.short import short_training

BATCH = 64
HELD_OUT = 500
EVERY = 20  # steps between two looks at the held-out passages
GOAL = 0.99
FARTHEST = 200

Pair = tuple[torch.Tensor, torch.Tensor]


class Attention(nn.Module):
    """One layer in which every word blends all words, read at the last one."""

    def __init__(self, d_model: int = 48, n_heads: int = 4) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(VOCABULARY), d_model)
        self.attention = MultiHeadAttention(d_model, n_heads)
        self.readout = nn.Linear(d_model, 2)
        positions = sinusoidal_positions(FARTHEST + 1, d_model)
        self.register_buffer("positions", torch.tensor(positions, dtype=torch.float32))

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """words: (batch, n). Returns the logits of is and are, (batch, 2)."""
        x = self.embedding(words) + self.get_buffer("positions")[: words.shape[1]]
        return self.readout((x + self.attention(x)[0])[:, -1])


class Recurrent(nn.Module):
    """One LSTM layer that reads word after word, read at the last one.

    kept: how much of its memory passes a step before training, about; None: as torch starts it.
    """

    def __init__(self, kept: float | None = None, d_model: int = 32) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(VOCABULARY), d_model)
        self.lstm = nn.LSTM(d_model, d_model, batch_first=True)
        self.readout = nn.Linear(d_model, 2)
        if kept is not None:
            forget = slice(d_model, 2 * d_model)  # torch's order: input, forget, cell, output
            biases = dict(self.lstm.named_parameters())
            with torch.no_grad():
                biases["bias_ih_l0"][forget] = math.log(kept / (1 - kept))
                biases["bias_hh_l0"][forget] = 0.0

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """words: (batch, n). Returns the logits of is and are, (batch, 2)."""
        states, _ = self.lstm(self.embedding(words))
        return self.readout(states[:, -1])


# Each with about 10,000 parameters. A sigmoid of about 0 starts torch's own gates at about 0.5.
RUNNERS: dict[str, Callable[[], nn.Module]] = {
    "attention": Attention,
    "LSTM 0.50": Recurrent,
    "LSTM 0.95": lambda: Recurrent(kept=0.95),
    "LSTM 0.99": lambda: Recurrent(kept=0.99),
}


@dataclass
class Run:
    """How one model learned.

    steps, accuracy: how far it was, and how well it did on held-out passages then.
    learned: the first of these steps with 99 % right; None if there was none.
    seconds: processor time for one step.
    """

    steps: list[int] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    learned: int | None = None
    seconds: float = math.nan


def race(distance: int, seed: int = 0, most: int = 400) -> dict[str, Run]:
    """Train every runner on passages whose subject stands `distance` words before the question.

    seed: of the passages, the same for all, and of the models' first weights.
    most: a runner that is not there after so many steps gives up.
    Returns a Run by name: attention, and LSTMs by how much they keep in a step at first.
    """
    if not isinstance(distance, int) or not 1 <= distance <= FARTHEST:
        raise BadAnswer(f"distance is {distance!r}; it should be a whole number, 1 to {FARTHEST}.")
    runs = {}
    for name, make in RUNNERS.items():
        with short_training(seed):
            runs[name] = train(make(), distance, seed, most)
    return runs


def train(model: nn.Module, distance: int, seed: int, most: int) -> Run:
    """Train one model until it is right on 99 % of the held-out passages, or has to give up."""
    run, rng = Run(), np.random.default_rng(seed)
    held_out = batch(HELD_OUT, distance, np.random.default_rng([seed, 1]))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    spent = 0.0
    for step in range(most + 1):
        if step % EVERY == 0:
            run.steps.append(step)
            run.accuracy.append(accuracy(model, held_out))
            if run.accuracy[-1] >= GOAL:
                run.learned = step
                break
        started = time.process_time()
        learn(model, optimizer, batch(BATCH, distance, rng))
        spent += time.process_time() - started
    run.seconds = spent / max(step, 1)
    return run


def batch(n: int, distance: int, rng: np.random.Generator) -> Pair:
    """Draw passages and their answers as tensors."""
    words, plural = draw(n, distance, rng)
    return torch.from_numpy(words), torch.from_numpy(plural)


def learn(model: nn.Module, optimizer: torch.optim.Optimizer, given: Pair) -> None:
    """Take one step of training."""
    words, answers = given
    optimizer.zero_grad()
    F.cross_entropy(model(words), answers).backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


def accuracy(model: nn.Module, given: Pair) -> float:
    """Give the share of right answers."""
    words, answers = given
    with torch.no_grad():
        return float((model(words).argmax(-1) == answers).float().mean())

"""The division by √d_k in training: one head learns to look up a key, with it and without it."""

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from qkv_course.attention.layers import MultiHeadAttention
from qkv_course.errors import BadAnswer
from qkv_course.languages.dictionary import N_KEYS, N_VALUES, Lookups, draw
from qkv_course.training.short import short_training

BATCH = 64
HELD_OUT = 480
EVERY = 10  # steps between two looks at the held-out passages


class Undivided(MultiHeadAttention):
    """Multi-head attention without the division by √d_k."""

    def _project(self, x: torch.Tensor, memory: torch.Tensor) -> tuple[torch.Tensor, ...]:
        q, k, v = super()._project(x, memory)
        return q * math.sqrt(q.shape[-1]), k, v  # cancels what the attention divides by


class Lookup(nn.Module):
    """One head that is asked for a key and reads the value out."""

    def __init__(self, d_k: int, divided: bool) -> None:
        super().__init__()
        self.key = nn.Embedding(N_KEYS, d_k)
        self.value = nn.Embedding(N_VALUES, d_k)
        self.attention = (MultiHeadAttention if divided else Undivided)(d_k, n_heads=1)
        self.readout = nn.Linear(d_k, N_VALUES)
        for layer in (self.attention.w_q, self.attention.w_k):
            nn.init.normal_(layer.weight, std=1 / math.sqrt(d_k))  # queries have a spread of 1
            nn.init.zeros_(layer.bias)

    def forward(self, given: Lookups) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns (logits, weights): (batch, N_VALUES) and (batch, 1, 1, N_KEYS)."""
        asked, keys, values = map(torch.from_numpy, (given.asked, given.keys, given.values))
        entries = self.key(keys) + self.value(values)  # (batch, N_KEYS, d_k)
        output, weights = self.attention(self.key(asked)[:, None], entries)
        return self.readout(output[:, 0]), weights


@dataclass
class LookupRun:
    """What was seen in a run. The lists have an entry for every look at the held-out passages.

    place: (n,), where the asked key stands in each held-out passage.
    steps, accuracy: how far the run was, and the share of right answers then.
    weights: (n, n_keys), what every question attended to.
    at_scores: (n,), the size of the gradient at the scores of every question.
    at_w_q, at_w_k: the size of the gradient of W_Q and W_K, of all questions together.
    """

    place: np.ndarray
    steps: list[int] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    weights: list[np.ndarray] = field(default_factory=list)
    at_scores: list[np.ndarray] = field(default_factory=list)
    at_w_q: list[float] = field(default_factory=list)
    at_w_k: list[float] = field(default_factory=list)

    def stuck(self, look: int, least: float = 0.99) -> np.ndarray:
        """Say which questions give `least` of their weight or more to a wrong place, (n,)."""
        weights = self.weights[look]
        return (weights.max(axis=-1) >= least) & (weights.argmax(axis=-1) != self.place)


def learn_lookup(
    divided: bool, d_k: int = 256, seed: int = 0, steps: int = 100, rate: float = 1e-3
) -> LookupRun:
    """Train one head on dictionaries of 16 keys; the scores are divided by √d_k, or not.

    d_k: entries of a query, a key and a token. seed: of passages and first weights. rate: Adam's.
    Both kinds start from the same weights and see the same passages.
    """
    if not isinstance(d_k, int) or not 1 <= d_k <= 1024:
        raise BadAnswer(f"d_k is {d_k!r}; it should be a whole number, 1 to 1024.")
    rng, held_out = np.random.default_rng(seed), draw(HELD_OUT, np.random.default_rng([seed, 1]))
    run = LookupRun(held_out.place)
    with short_training(seed):
        model = Lookup(d_k, divided)
        optimizer = torch.optim.Adam(model.parameters(), lr=rate)
        for step in range(steps + 1):
            if step % EVERY == 0:
                look(model, held_out, step, run)
            given = draw(BATCH, rng)
            optimizer.zero_grad()
            loss(model(given)[0], given).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return run


def look(model: Lookup, held_out: Lookups, step: int, run: LookupRun) -> None:
    """Note how the model does on the held-out passages, and what its gradients are there."""
    logits, weights = model(held_out)
    # Each question's own loss, so that its gradient does not shrink with their number.
    at_weights, w_q, w_k = torch.autograd.grad(
        loss(logits, held_out),
        (weights, model.attention.w_q.weight, model.attention.w_k.weight),
    )
    w, g = weights.detach()[:, 0, 0], len(weights) * at_weights[:, 0, 0]
    at_scores = w * (g - (w * g).sum(-1, keepdim=True))  # g times the softmax's Jacobian
    run.steps.append(step)
    run.accuracy.append(float((logits.argmax(-1).numpy() == held_out.answer).mean()))
    run.weights.append(w.numpy())
    run.at_scores.append(at_scores.norm(dim=-1).numpy())
    run.at_w_q.append(float(w_q.norm()))
    run.at_w_k.append(float(w_k.norm()))


def loss(logits: torch.Tensor, given: Lookups) -> torch.Tensor:
    """The mean cross-entropy of the answers."""
    return F.cross_entropy(logits, torch.from_numpy(given.answer))

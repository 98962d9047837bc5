"""For each little language, the passages to learn from and a training that works."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from qkv_course.attention.layers import MultiHeadAttention
from qkv_course.languages import Language, Passages
from qkv_course.models.tiny import Attention, RotaryAttention

DRAWN, HELD_OUT = 30_000, 1000
SEED = 0  # all runs have the same passages; a run's own seed gives its weights and its order


@dataclass(frozen=True)
class Recipe:
    """A training that works for a language.

    steps: how many, with `batch` passages each. every: steps from one snapshot to the next.
    n_layers, d_hidden: of the model; see TinySizes. attention: what its layers are made of.
    rate: the highest learning rate. It is reached after `warm_up` steps; then it falls along half
    a cosine to 5 % of that.
    """

    steps: int
    every: int
    batch: int
    n_layers: int
    d_hidden: int
    attention: Attention
    rate: float
    warm_up: int


# One layer of attention and nothing else, so that each head's work can be seen.
ONE_LAYER = Recipe(600, 10, 128, 1, 0, MultiHeadAttention, rate=7e-3, warm_up=20)
RECIPES = {
    "reviews": Recipe(1000, 50, 96, 2, 128, RotaryAttention, rate=4e-3, warm_up=100),
    "latin": ONE_LAYER,
}


@cache
def passages(language: Language) -> tuple[Passages, Passages]:
    """Give a language's passages: 1000 held out, and those to learn from, none of them the same."""
    rng = np.random.default_rng(SEED)
    held_out, drawn = language.draw(HELD_OUT, rng), language.draw(DRAWN, rng)
    unseen = {words.tobytes() for words in held_out.words}
    new = np.array([words.tobytes() not in unseen for words in drawn.words])
    return held_out, drawn[new]

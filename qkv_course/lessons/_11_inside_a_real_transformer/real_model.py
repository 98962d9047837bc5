"""real_model: the learner's own attention, inside a pretrained encoder."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from qkv_course.attention.layers import MultiHeadAttention
from qkv_course.checks.exercise import Case, Exercise, Mistake, mistake
from qkv_course.lessons._11_inside_a_real_transformer.probes import try_real_model, untouched
from qkv_course.lessons._11_inside_a_real_transformer.wrong_layers import WRONG_LAYERS
from qkv_course.models.encoder import Attention, Encoder, real_model

SENTENCES = (
    "Snow fell.",
    "Who knows?",
    "Rain fell all night.",
    "The soup is cold.",
    "She plays the cello.",
    "Where did he go?",
    "A fox crossed the road.",
    "Two boats left at dawn.",
    "The bank was closed again.",
    "He did not like it.",
    "Bees dance to tell the way.",
    "The key to the shed is lost.",
    "My sister writes about old maps.",
    "The judge thanked the witness.",
    "They planted beans in the spring.",
    "Nobody in the village had heard of it.",
)
LIMITS = (1e-5, 1e-5)
"""rtol and atol: float32 through six layers, added up in any order, stays well inside."""
MISTAKE_LIMITS = (1e-3, 5e-3)
"""The same for mistakes. Scores that are far too large let rounding grow: two ways to multiply by
√d_head, where it should divide, have been 1.3e-3 apart."""


def model_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Batches with padding, a sentence alone, and as many sentences as heads."""
    untouched()  # without the model's files nothing can be said; this says so
    yield case("two sentences, one of them shorter", ("Cats sleep.", "No."))
    for _ in range(2):
        yield case("sentences of different lengths", draw(rng, 3))
    yield case("one sentence alone", draw(rng, 1))
    yield case("as many sentences as heads", draw(rng, 12))


def case(group: str, sentences: tuple[str, ...]) -> Case:
    return Case(group, (sentences,), limits=LIMITS, mistake_limits=MISTAKE_LIMITS)


def draw(rng: np.random.Generator, count: int) -> tuple[str, ...]:
    """Draw sentences that are not all of one length."""
    while True:
        chosen = rng.choice(len(SENTENCES), count, replace=False)
        sentences = tuple(SENTENCES[i] for i in chosen)
        if count == 1 or len({len(s.split()) for s in sentences}) > 1:
            return sentences


@mistake(
    "layers that never got the model's weights",
    "Copy the weights of the place into the new layer before you put it there.",
)
def random_weights(encoder: Encoder, attention: Attention = MultiHeadAttention) -> Encoder:
    """A new layer starts with random numbers. All that the model has learned about whom to listen
    to stands in the place that was replaced, and is gone with it. Copied in the other direction,
    it is lost in the same way."""
    for block in encoder.blocks:
        block.attention = attention(block.attention.d_model, block.attention.n_heads)
    return encoder


@mistake("one layer in all six places", "Make a new layer for every block, inside the loop.")
def one_for_all(encoder: Encoder, attention: Attention = MultiHeadAttention) -> Encoder:
    """A layer that is made before the loop is one and the same object in every block. It is filled
    six times, and holds the weights of the last block in the end. Every block has learned
    something of its own."""
    layer = attention(encoder.blocks[0].attention.d_model, encoder.blocks[0].attention.n_heads)
    for block in encoder.blocks:
        layer.load_state_dict(block.attention.state_dict())
        block.attention = layer
    return encoder


@mistake("the first block's weights in every block", "Read the weights of the block at hand.")
def first_for_all(encoder: Encoder, attention: Attention = MultiHeadAttention) -> Encoder:
    """Six layers are made, and all are filled from blocks[0]. The first layer of the model is
    right, and the others are copies of it."""
    first = encoder.blocks[0].attention
    for block in encoder.blocks:
        layer = attention(first.d_model, first.n_heads)
        layer.load_state_dict(first.state_dict())
        block.attention = layer
    return encoder


def copied(
    encoder: Encoder, attention: Attention, names: str = "qkvo", kinds: str = "weight bias"
) -> Encoder:
    """Copy some of the parameters by hand, and leave the others as they were drawn."""
    for block in encoder.blocks:
        place = block.attention
        layer: Any = attention(place.d_model, place.n_heads)
        wanted = {f"w_{name}.{kind}" for name in names for kind in kinds.split()}
        chosen = {name: w for name, w in place.state_dict().items() if name in wanted}
        layer.load_state_dict(chosen, strict=False)
        block.attention = layer
    return encoder


@mistake("biases that were left behind", "Copy the bias of each layer as well.")
def without_biases(encoder: Encoder, attention: Attention = MultiHeadAttention) -> Encoder:
    """Each of the four layers has a weight and a bias. The biases are still the random numbers
    that the new layers started with."""
    return copied(encoder, attention, kinds="weight")


@mistake("a last layer that was left behind", "Copy w_o, too: four layers, not three.")
def without_output_weights(encoder: Encoder, attention: Attention = MultiHeadAttention) -> Encoder:
    """Queries, keys and values have got their weights. w_o, which mixes what the heads have found,
    still holds random numbers. The weights of the first block are right, its output is not."""
    return copied(encoder, attention, names="qkv")


@mistake(
    "weight matrices that were turned on their side",
    "Copy them as they are, and let your layer call the four: self.w_q(x).",
)
def turned(encoder: Encoder, attention: Attention = MultiHeadAttention) -> Encoder:
    """In the place and in your layer they belong to nn.Linear, with a row for each output. The
    matrices are square, so that their transpose fits without an error. A layer that computes
    x @ self.w_q.weight turns them, too."""
    for block in encoder.blocks:
        weights = block.attention.state_dict()
        layer = attention(block.attention.d_model, block.attention.n_heads)
        layer.load_state_dict({n: w.T if w.ndim == 2 else w for n, w in weights.items()})
        block.attention = layer
    return encoder


def with_heads(encoder: Encoder, attention: Attention, n_heads: int) -> Encoder:
    """Make all layers with this number of heads, whatever the place says."""
    for block in encoder.blocks:
        block.attention.n_heads = n_heads
    return real_model(encoder, attention)


@mistake("layers with a single head", "Make each layer with the n_heads of its place.")
def one_head(encoder: Encoder, attention: Attention = MultiHeadAttention) -> Encoder:
    """The weights are the same size for any number of heads, so nothing complains. But this model
    has learned with twelve: each has its own 32 features, and looks somewhere else."""
    return with_heads(encoder, attention, 1)


@mistake("half as many heads as the model has", "Make each layer with the n_heads of its place.")
def six_heads(encoder: Encoder, attention: Attention = MultiHeadAttention) -> Encoder:
    """Six is the number of layers. There are twelve heads in each. The weights fit for both, but
    two heads that are glued together look at one place, where the model has learned two."""
    return with_heads(encoder, attention, 6)


@mistake("eight heads, as in the paper", "Make each layer with the n_heads of its place.")
def eight_heads(encoder: Encoder, attention: Attention = MultiHeadAttention) -> Encoder:
    """Eight are what the paper of 2017 has. This model has learned with twelve, and its features
    mean what they mean only when they are cut in the same way."""
    return with_heads(encoder, attention, 8)


def inside(wrong: Mistake) -> Mistake:
    """Make a mistake in a layer one of the model that the layer is put into."""

    def broken(encoder: Encoder, attention: Attention = wrong.broken) -> Encoder:
        return real_model(encoder, attention)

    broken.__name__, broken.__doc__ = wrong.broken.__name__, wrong.why
    return Mistake(wrong.title, broken, wrong.try_next)


REAL_MODEL = Exercise(
    reference=real_model,
    points=3,
    cases=model_cases,
    results=("weights", "vectors"),
    mistakes=(
        random_weights,
        one_for_all,
        first_for_all,
        without_biases,
        without_output_weights,
        turned,
        one_head,
        six_heads,
        eight_heads,
        *map(inside, WRONG_LAYERS),
    ),
    hints=(
        "Print encoder.blocks[0].attention, and your own MultiHeadAttention(384, 12) below it. "
        "What do they have in common, and what has to get from one to the other?",
        "For every block: make a layer with the d_model and n_heads of the place, copy the weights "
        "into it, and put it into the place. Parameters of the same names can be copied all at "
        "once: layer.load_state_dict(other.state_dict()).",
        "for block in encoder.blocks:\n"
        "    place = block.attention\n"
        "    layer = attention(place.d_model, ...)\n"
        "    layer.load_state_dict(...)\n"
        "    block.attention = ...\n"
        "return ...",
    ),
    probe=try_real_model,
    returned=0,
    if_measured="An index of the weights is layer, sentence, head, query, key. If weights[0] is "
    "wrong already, look at the scores: the division, the mask, the softmax. If it is right, look "
    "behind them: at the values, at merging, at w_o. The check of lesson 09 tests your class "
    "alone.",
    tensors=True,
)

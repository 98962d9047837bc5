"""load_torch_weights: from torch's own layer into ours."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from qkv_course.attention.layers import load_torch_weights
from qkv_course.checks.exercise import Case, Exercise, mistake
from qkv_course.lessons._09_in_pytorch.probes import NAMES, try_loading


def loading_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Weights and biases of torch's layer: whole numbers first, then of all sizes."""
    yield Case("two features", counted(2))
    for d_model in (4, 4, 6, 3, 8):
        yield Case("other sizes", theirs(rng, d_model))
    yield Case("one more", theirs(rng, 6)).as_float32()
    yield Case("read-only", theirs(rng, 5), awkward=True)
    yield Case("a single feature", theirs(rng, 1))


def counted(d_model: int) -> tuple[np.ndarray, ...]:
    """Write numbers into what nn.MultiheadAttention keeps that show where they came from."""
    count = np.arange(1.0, 3 * d_model * d_model + 1)
    square = d_model, d_model
    weights = count.reshape(3 * d_model, d_model), 100 + count[: d_model * d_model].reshape(square)
    return weights[0], -count[: 3 * d_model], weights[1], -100 - count[:d_model]


def theirs(rng: np.random.Generator, d_model: int) -> tuple[np.ndarray, ...]:
    """Draw what nn.MultiheadAttention keeps, biases too, which it starts at 0."""
    shapes = ((3 * d_model, d_model), (3 * d_model,), (d_model, d_model), (d_model,))
    return tuple(rng.normal(size=shape) for shape in shapes)


Torch = nn.MultiheadAttention
Order = tuple[int, int, int]


def copy_in(ours: Any, weights: Any, biases: Any) -> None:
    """Copy weights and biases into ours, but for those that are None."""
    layers = (ours.w_q, ours.w_k, ours.w_v, ours.w_o)
    with torch.no_grad():
        for layer, weight, bias in zip(layers, weights, biases, strict=True):
            if weight is not None:
                layer.weight.copy_(weight)
            if bias is not None:
                layer.bias.copy_(bias)


def weights_of(other: Torch, order: Order = (0, 1, 2)) -> list[Tensor]:
    thirds = other.in_proj_weight.chunk(3)
    return [*(thirds[i] for i in order), other.out_proj.weight]


def biases_of(other: Torch, order: Order = (0, 1, 2)) -> list[Tensor]:
    thirds = other.in_proj_bias.chunk(3)
    return [*(thirds[i] for i in order), other.out_proj.bias]


@mistake("biases that were forgotten", "Copy in_proj_bias and out_proj.bias, too.")
def without_biases(ours: Any, other: Torch) -> None:
    """The weights are there, the biases are not. A fresh nn.MultiheadAttention has biases of 0, so
    a test with one shows nothing; a trained one has others."""
    copy_in(ours, weights_of(other), [None] * 4)


@mistake("biases of 0", "Copy in_proj_bias and out_proj.bias.")
def biases_of_zero(ours: Any, other: Torch) -> None:
    """A fresh nn.MultiheadAttention does have biases of 0. A trained one has learned others, and
    they are part of what it knows."""
    copy_in(ours, weights_of(other), [torch.zeros_like(b) for b in biases_of(other)])


@mistake("an output layer that was forgotten", "Copy out_proj as well.")
def without_out_proj(ours: Any, other: Torch) -> None:
    """The three projections are loaded, and w_o still has the random numbers that it started with.
    Theirs is called out_proj."""
    copy_in(ours, [*weights_of(other)[:3], None], [*biases_of(other)[:3], None])


@mistake("an output bias that was forgotten", "Copy out_proj.bias as well.")
def without_out_bias(ours: Any, other: Torch) -> None:
    """All is loaded but for the bias of w_o. It is 0 in a fresh nn.MultiheadAttention, and not in a
    trained one."""
    copy_in(ours, weights_of(other), [*biases_of(other)[:3], None])


@mistake("input biases that were forgotten", "Copy in_proj_bias as well.")
def without_in_biases(ours: Any, other: Torch) -> None:
    """All is loaded but for the biases of the three projections: in_proj_bias holds them, one after
    the other."""
    copy_in(ours, weights_of(other), [None, None, None, other.out_proj.bias])


@mistake("queries and keys swapped", "Take the thirds in their order: queries, keys, values.")
def keys_first(ours: Any, other: Torch) -> None:
    """The first third of in_proj_weight makes the queries, the second the keys."""
    copy_in(ours, weights_of(other, (1, 0, 2)), biases_of(other, (1, 0, 2)))


@mistake("keys and values swapped", "Take the thirds in their order: queries, keys, values.")
def values_before_keys(ours: Any, other: Torch) -> None:
    """The second third of in_proj_weight makes the keys, the last one the values."""
    copy_in(ours, weights_of(other, (0, 2, 1)), biases_of(other, (0, 2, 1)))


@mistake("the thirds in the order values, keys, queries", "Begin with the queries.")
def in_reverse(ours: Any, other: Torch) -> None:
    """in_proj_weight starts with the queries' third. This is the order from the end."""
    copy_in(ours, weights_of(other, (2, 1, 0)), biases_of(other, (2, 1, 0)))


@mistake("the thirds in the order keys, values, queries", "Begin with the queries.")
def queries_last(ours: Any, other: Torch) -> None:
    """In the paper's formula, and in many functions, the queries come first. So they do in
    in_proj_weight."""
    copy_in(ours, weights_of(other, (1, 2, 0)), biases_of(other, (1, 2, 0)))


@mistake("one third for all three layers", "Take another third for keys and for values.")
def first_third_only(ours: Any, other: Torch) -> None:
    """in_proj_weight[:d_model] is the queries' part. Keys and values have the next ones."""
    copy_in(ours, weights_of(other, (0, 0, 0)), biases_of(other, (0, 0, 0)))


@mistake("every third row in place of thirds", "Take d_model rows in a block for each layer.")
def interleaved(ours: Any, other: Torch) -> None:
    """The three matrices stand one below the other, and not row by row in turns."""
    weights = [other.in_proj_weight[i::3] for i in range(3)]
    biases = [other.in_proj_bias[i::3] for i in range(3)]
    copy_in(ours, [*weights, other.out_proj.weight], [*biases, other.out_proj.bias])


@mistake("weights that are transposed", "Copy them as they are.")
def all_transposed(ours: Any, other: Torch) -> None:
    """Both sides store a matrix as nn.Linear does, (out, in). A transpose is needed only between
    torch and this course's matrices of NumPy, which are (in, out)."""
    copy_in(ours, [w.T for w in weights_of(other)], biases_of(other))


@mistake("input weights that are transposed", "Copy them as they are.")
def thirds_transposed(ours: Any, other: Torch) -> None:
    """w_o is right, and the three others are turned around. in_proj_weight stores each of them as
    nn.Linear does: (out, in)."""
    weights = [w.T for w in weights_of(other)[:3]]
    copy_in(ours, [*weights, other.out_proj.weight], biases_of(other))


@mistake("an output weight that is transposed", "Copy it as it is.")
def out_transposed(ours: Any, other: Torch) -> None:
    """out_proj is an nn.Linear, as w_o is. They store their matrices alike."""
    weights = weights_of(other)
    copy_in(ours, [*weights[:3], weights[3].T], biases_of(other))


@mistake("memory that both layers share", "Copy the numbers: copy_, or clone() first.")
def shared(ours: Any, other: Torch) -> None:
    """A slice or a chunk of a tensor is a view: the same memory under another name. The check wrote
    into theirs afterwards, and ours changed along. Training one would spoil the other."""
    share_weights(ours, other)
    for layer, bias in zip((ours.w_q, ours.w_k, ours.w_v, ours.w_o), biases_of(other), strict=True):
        layer.bias.data = bias.data


def share_weights(ours: Any, other: Torch) -> None:
    layers = (ours.w_q, ours.w_k, ours.w_v, ours.w_o)
    for layer, weight in zip(layers, weights_of(other), strict=True):
        layer.weight.data = weight.data


@mistake("an output layer that both share", "Copy its weight and bias into your own w_o.")
def out_proj_shared(ours: Any, other: Torch) -> None:
    """After ours.w_o = theirs.out_proj, both have one and the same layer. Training one would change
    the other along."""
    copy_in(ours, weights_of(other), biases_of(other))
    ours.w_o = other.out_proj


@mistake("weights that share memory, and biases that do not", "Copy the weights, too.")
def weights_shared(ours: Any, other: Torch) -> None:
    """A slice or a chunk of a tensor is a view: the same memory under another name. The biases were
    copied, the weights were not."""
    copy_in(ours, [None] * 4, biases_of(other))
    share_weights(ours, other)


@mistake("a copy in the wrong direction", "Write into ours, and only read theirs.")
def wrong_direction(ours: Any, other: Torch) -> None:
    """x.copy_(y) writes y into x. Here theirs was overwritten with the numbers of ours, and what it
    had learned is lost."""
    layers = (ours.w_q, ours.w_k, ours.w_v, ours.w_o)
    with torch.no_grad():
        for layer, weight, bias in zip(layers, weights_of(other), biases_of(other), strict=True):
            weight.copy_(layer.weight)
            bias.copy_(layer.bias)


@mistake("layers that stayed as they were", "Write into the parameters: copy_ does.")
def nothing_written(ours: Any, other: Torch) -> None:
    """Nothing has arrived in ours. A line like w = theirs... gives a name to something else, and
    writes nowhere; and a new layer that is returned helps nobody who holds the old one."""


LOAD_TORCH_WEIGHTS = Exercise(
    reference=load_torch_weights,
    points=2,
    cases=loading_cases,
    results=NAMES,
    mistakes=(
        without_biases,
        biases_of_zero,
        without_out_proj,
        without_out_bias,
        without_in_biases,
        keys_first,
        values_before_keys,
        in_reverse,
        queries_last,
        first_third_only,
        interleaved,
        all_transposed,
        thirds_transposed,
        out_transposed,
        shared,
        out_proj_shared,
        weights_shared,
        wrong_direction,
        nothing_written,
    ),
    hints=(
        "Print the names and shapes in theirs.state_dict(). Which of your four layers is each of "
        "them for?",
        "theirs.in_proj_weight.chunk(3) gives the weights of queries, keys and values, in this "
        "order, and in_proj_bias.chunk(3) their biases; out_proj is w_o. layer.weight.copy_(...) "
        "copies into a parameter, inside `with torch.no_grad():`.",
        "w_q, w_k, w_v = theirs.in_proj_weight.chunk(3)\n"
        "b_q, b_k, b_v = ...\n"
        "with torch.no_grad():\n"
        "    ours.w_q.weight.copy_(w_q)\n"
        "    ours.w_q.bias.copy_(...)\n"
        "    ...\n"
        "    ours.w_o.weight.copy_(theirs.out_proj.weight)\n"
        "    ...",
    ),
    probe=try_loading,
    returned=0,
    if_measured="Print this parameter of ours, and beside it the part of theirs that belongs "
    "there.",
    tensors=True,
)

"""Lesson 11: what is wrong is rejected, and never called by the name of another mistake."""

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from styles_09 import ByView, Layer
from styles_11 import OtherNames, filling
from torch import nn
from torch.nn import functional as F

from qkv_course.analysis import best_head, head_accuracy, mean_entropy, offset_accuracy, sink_mass
from qkv_course.attention import FusedMultiHeadAttention, MultiHeadAttention, entropy
from qkv_course.checks import evaluate
from qkv_course.models.encoder import real_model

Array = np.ndarray
Tensor = torch.Tensor
Mask = Tensor | None
Function = Callable[..., Any]

# --- mean_entropy


def only_the_first_query(weights: Array) -> Any:
    return entropy(weights)[..., 0]


def median_entropy(weights: Array) -> Any:
    return np.median(entropy(weights), axis=-1)


def perplexity(weights: Array) -> Any:
    return np.exp(mean_entropy(weights))


def largest_entropy(weights: Array) -> Any:
    return entropy(weights).max(axis=-1)


def one_minus_largest(weights: Array) -> Any:
    return 1 - weights.max(axis=-1).mean(axis=-1)


def sum_of_squares(weights: Array) -> Any:
    return (weights**2).sum(axis=-1).mean(axis=-1)


def without_the_last_query(weights: Array) -> Any:
    return (
        entropy(weights[..., :-1, :]).mean(axis=-1) if weights.shape[-2] > 1 else weights[..., 0, 0]
    )


def entropies_as_a_list(weights: Array) -> Any:
    return mean_entropy(weights).tolist() if weights.ndim > 2 else [mean_entropy(weights)]


def mean_of_batches(weights: Array) -> Any:
    return mean_entropy(weights).mean(axis=0) if weights.ndim > 2 else mean_entropy(weights)


# --- sink_mass


def next_column(weights: Array, column: int = 0) -> Any:
    return sink_mass(weights, (column + 1) % weights.shape[-1])


def all_up_to_the_column(weights: Array, column: int = 0) -> Any:
    return weights[..., :, : column % weights.shape[-1] + 1].sum(-1).mean(-1)


def median_of_column(weights: Array, column: int = 0) -> Any:
    return np.median(weights[..., :, column], axis=-1) ** 2


def smallest_in_column(weights: Array, column: int = 0) -> Any:
    return weights[..., :, column].min(axis=-1) / 2


def what_is_left(weights: Array, column: int = 0) -> Any:
    return 1 - sink_mass(weights, column)


def share_of_squares(weights: Array, column: int = 0) -> Any:
    return (weights[..., :, column] ** 2).mean(axis=-1)


def largest_column(weights: Array, column: int = 0) -> Any:
    return weights.mean(axis=-2).max(axis=-1)


def from_the_end(weights: Array, column: int = 0) -> Any:
    return weights[..., :, -column - 1].mean(axis=-1)


# --- offset_accuracy


def always_the_next(offset: int, pairs: Any) -> Any:
    return offset_accuracy(1, pairs)


def one_further(offset: int, pairs: Any) -> Any:
    return offset_accuracy(offset + 1, pairs)


def errors_counted(offset: int, pairs: Any) -> Any:
    return 1 - offset_accuracy(offset, pairs)


def only_the_first_pair(offset: int, pairs: Any) -> Any:
    return offset_accuracy(offset, pairs[:1])


def whether_all(offset: int, pairs: Any) -> Any:
    return float(offset_accuracy(offset, pairs) == 1)


def mean_distance(offset: int, pairs: Any) -> Any:
    query, key = np.asarray(pairs).T
    return float(np.abs(key - query - offset).mean())


def share_rounded(offset: int, pairs: Any) -> Any:
    return round(offset_accuracy(offset, pairs), 1)


def one_bool(offset: int, pairs: Any) -> Any:
    return offset_accuracy(offset, pairs) > 0.5


# --- head_accuracy


def second_best_counts(weights: Array, pairs: Any) -> Any:
    query, key = np.asarray(pairs).T
    order = np.argsort(-weights, axis=-1)[..., query, :2]
    return (order == key[:, None]).any(axis=-1).mean(axis=-1)


def never_itself(weights: Array, pairs: Any) -> Any:
    return head_accuracy(weights * (1 - np.eye(weights.shape[-1])), pairs)


def smallest_weight(weights: Array, pairs: Any) -> Any:
    return head_accuracy(-weights, pairs)


def without_the_first_pair(weights: Array, pairs: Any) -> Any:
    return head_accuracy(weights, pairs[1:] if len(pairs) > 1 else [(0, 0)])


def one_pair_too_many(weights: Array, pairs: Any) -> Any:
    return head_accuracy(weights, pairs) * len(pairs) / (len(pairs) + 1)


def of_the_mean_head(weights: Array, pairs: Any) -> Any:
    if weights.ndim == 2:
        return head_accuracy(weights, pairs)
    mean = weights.mean(axis=-3)
    return np.repeat(head_accuracy(mean, pairs)[..., None], weights.shape[-3], axis=-1)


def next_query(weights: Array, pairs: Any) -> Any:
    query, key = np.asarray(pairs).T
    return np.mean(weights.argmax(axis=-1)[..., query - 1] == key, axis=-1)


def off_by_one_key(weights: Array, pairs: Any) -> Any:
    query, key = np.asarray(pairs).T
    return np.mean(weights.argmax(axis=-1)[..., query] + 1 == key, axis=-1)


# --- best_head


def always_none(accuracies: Array, baseline: float) -> Any:
    return None


def always_the_first(accuracies: Array, baseline: float) -> Any:
    return (0, 0)


def strings(accuracies: Array, baseline: float) -> Any:
    found = best_head(accuracies, baseline)
    return None if found is None else f"L{found[0]}H{found[1]}"


def minus_one_for_none(accuracies: Array, baseline: float) -> Any:
    return best_head(accuracies, baseline) or (-1, -1)


def best_layer_only(accuracies: Array, baseline: float) -> Any:
    found = best_head(accuracies, baseline)
    return None if found is None else found[0]


def floats(accuracies: Array, baseline: float) -> Any:
    found = best_head(accuracies, baseline)
    return None if found is None else (float(found[0]), float(found[1]))


def against_the_mean(accuracies: Array, baseline: float) -> Any:
    return best_head(accuracies, float(accuracies.mean()) + baseline / 10)


def with_a_margin(accuracies: Array, baseline: float) -> Any:
    return best_head(accuracies, baseline + 0.5)


def all_above(accuracies: Array, baseline: float) -> Any:
    return [(int(i), int(j)) for i, j in np.argwhere(accuracies > baseline)]


# --- real_model: wrong numbers


def two_blocks_swapped(encoder: Any) -> Any:
    blocks = real_model(encoder).blocks
    blocks[1].attention, blocks[2].attention = blocks[2].attention, blocks[1].attention
    return encoder


def in_reverse(encoder: Any) -> Any:
    states = [block.attention.state_dict() for block in encoder.blocks]
    for block, state in zip(real_model(encoder).blocks, reversed(states), strict=True):
        block.attention.load_state_dict(state)
    return encoder


def one_off(encoder: Any) -> Any:
    states = [block.attention.state_dict() for block in encoder.blocks]
    for i, block in enumerate(real_model(encoder).blocks):
        block.attention.load_state_dict(states[i - 1])
    return encoder


def last_block_not_filled(encoder: Any) -> Any:
    real_model(encoder).blocks[-1].attention = MultiHeadAttention(384, 12)
    return encoder


def queries_left_behind(encoder: Any) -> Any:
    for block in real_model(encoder).blocks:
        block.attention.w_q = nn.Linear(384, 384)
    return encoder


def keys_into_the_values(encoder: Any) -> Any:
    for block in real_model(encoder).blocks:
        block.attention.w_v.load_state_dict(block.attention.w_k.state_dict())
        block.attention.w_o.load_state_dict(block.attention.w_k.state_dict())
    return encoder


def output_biases_of_zero(encoder: Any) -> Any:
    for block in real_model(encoder).blocks:
        nn.init.zeros_(block.attention.w_o.bias)
    return encoder


def four_heads(encoder: Any) -> Any:
    for block in real_model(encoder).blocks:
        block.attention.n_heads = 4
    return encoder


def turned_on_their_heads(encoder: Any) -> Any:
    for block in real_model(encoder).blocks:
        block.attention.w_q.weight.data = block.attention.w_q.weight.data.T
    return encoder


class NotScaledAndUnmasked(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        q, k, v = self._project(x, x)
        weights = (q @ k.mT).softmax(-1)
        return self.w_o(self._merge(weights @ v)), weights


class ScaledTwice(MultiHeadAttention):
    def _project(self, x: Tensor, memory: Tensor) -> tuple[Tensor, ...]:
        q, k, v = super()._project(x, memory)
        return q / 2, k, v


class HeadsReversed(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        output, weights = super().forward(x, memory, mask)
        return output, weights.flip(1)


class FirstSentenceForAll(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        output, weights = super().forward(x[:1], None, None if mask is None else mask[:1])
        return output.expand(x.shape), weights.expand(len(x), -1, -1, -1)


class WithDropout(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        output, weights = super().forward(x, memory, mask)
        return nn.functional.dropout(output, 0.1), weights


class MaskOnlyInFirstSentence(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        return super().forward(x, memory, None if mask is None else mask[:1])


class RoundedWeights(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        output, weights = super().forward(x, memory, mask)
        return output, weights.round(decimals=3)


class InHalf(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        half = copy.deepcopy(self).bfloat16()
        output, weights = MultiHeadAttention.forward(half, x.bfloat16(), memory, mask)
        return output.float(), weights.float()


class Averaged(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        output, weights = super().forward(x, memory, mask)
        return output, weights.mean(1)


class Reversed(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        return super().forward(x, memory, mask)[::-1]


WRONG_LAYERS = (
    NotScaledAndUnmasked,
    ScaledTwice,
    HeadsReversed,
    FirstSentenceForAll,
    WithDropout,
    MaskOnlyInFirstSentence,
    RoundedWeights,
    InHalf,
    Averaged,
    Reversed,
)


# --- real_model: nothing to compare: a sentence says why


def nothing(encoder: Any) -> None:
    real_model(encoder)


def a_copy(encoder: Any) -> Any:
    return real_model(copy.deepcopy(encoder))


def the_class_of_encoders(encoder: Any) -> Any:
    real_model(encoder)
    return type(encoder)


def the_blocks(encoder: Any) -> Any:
    return real_model(encoder).blocks


def as_it_came(encoder: Any) -> Any:
    return encoder


def returned_inside_the_loop(encoder: Any) -> Any:
    for block in encoder.blocks:
        layer = MultiHeadAttention(384, 12)
        layer.load_state_dict(block.attention.state_dict())
        block.attention = layer
        return encoder


def the_class_itself(encoder: Any) -> Any:
    for block in encoder.blocks:
        block.attention = MultiHeadAttention
    return encoder


def a_function(encoder: Any) -> Any:
    for block in encoder.blocks:
        block.attention = lambda x, mask=None: (x, x)
    return encoder


def no_layer(encoder: Any) -> Any:
    for block in encoder.blocks:
        block.attention = None
    return encoder


def in_place_of_the_block(encoder: Any) -> Any:
    for i, block in enumerate(encoder.blocks):
        layer = MultiHeadAttention(384, 12)
        layer.load_state_dict(block.attention.state_dict())
        encoder.blocks[i] = layer
    return encoder


def one_block_too_many(encoder: Any) -> Any:
    encoder.blocks.append(copy.deepcopy(real_model(encoder).blocks[0]))
    return encoder


def copied_while_recorded(encoder: Any) -> Any:
    for block in encoder.blocks:
        layer = MultiHeadAttention(384, 12)
        layer.w_q.weight.copy_(block.attention.w_q.weight)
        block.attention = layer
    return encoder


def the_blocks_weights(encoder: Any) -> Any:
    for block in encoder.blocks:
        layer = MultiHeadAttention(384, 12)
        layer.load_state_dict(block.state_dict())
        block.attention = layer
    return encoder


def twice_the_features(encoder: Any) -> Any:
    return real_model(encoder, lambda d_model, n_heads: MultiHeadAttention(2 * d_model, n_heads))


class OutputAlone(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        return super().forward(x, memory, mask)[0]


class HeadsNotMerged(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        output, weights = super().forward(x, memory, mask)
        return output[..., :32], weights


class NoArguments(Layer):
    def __init__(self) -> None:
        super().__init__(384, 12)


class NoMask(ByView):
    def forward(self, x: Tensor) -> Any:  # type: ignore[override]
        return super().forward(x)


SENTENCES: tuple[tuple[Callable[..., Any], str], ...] = (
    (nothing, "returned None"),
    (a_copy, "returned another encoder"),
    (the_class_of_encoders, "returned the class Encoder"),
    (the_blocks, "returned an object of type ModuleList"),
    (as_it_came, "blocks[0], blocks[1], blocks[2], blocks[3], blocks[4], blocks[5] is still empty"),
    (returned_inside_the_loop, "in blocks[1], blocks[2], blocks[3], blocks[4], blocks[5] is still"),
    (the_class_itself, "cannot assign"),
    (a_function, "function"),
    (no_layer, "`blocks[0].attention` is None"),
    (in_place_of_the_block, "change only its attention"),
    (one_block_too_many, "7 blocks now"),
    (copied_while_recorded, "torch.no_grad()"),
    (the_blocks_weights, "their names differ"),
    (twice_the_features, "`w_q.weight` is of another size"),
    (filling(OtherNames), "w_q.weight, w_q.bias"),
    (filling(OutputAlone), "blocks[0] is not right. It returned one tensor"),
    (filling(FusedMultiHeadAttention), "`weights` is None"),
    (filling(HeadsNotMerged), "returned an output of shape (2, 5, 32)"),
    (filling(NoArguments), "positional argument"),
    (filling(NoMask), "'mask'"),
)


WRONG: dict[str, list[Callable[..., Any]]] = {
    "mean_entropy": [
        only_the_first_query,
        median_entropy,
        perplexity,
        largest_entropy,
        one_minus_largest,
        sum_of_squares,
        without_the_last_query,
        entropies_as_a_list,
        mean_of_batches,
    ],
    "sink_mass": [
        next_column,
        all_up_to_the_column,
        median_of_column,
        smallest_in_column,
        what_is_left,
        share_of_squares,
        largest_column,
        from_the_end,
    ],
    "offset_accuracy": [
        always_the_next,
        one_further,
        errors_counted,
        only_the_first_pair,
        whether_all,
        mean_distance,
        share_rounded,
        one_bool,
    ],
    "head_accuracy": [
        second_best_counts,
        never_itself,
        smallest_weight,
        without_the_first_pair,
        one_pair_too_many,
        of_the_mean_head,
        next_query,
        off_by_one_key,
    ],
    "best_head": [
        always_none,
        always_the_first,
        strings,
        minus_one_for_none,
        best_layer_only,
        floats,
        against_the_mean,
        with_a_margin,
        all_above,
    ],
    "real_model": [
        two_blocks_swapped,
        in_reverse,
        one_off,
        last_block_not_filled,
        queries_left_behind,
        keys_into_the_values,
        output_biases_of_zero,
        four_heads,
        turned_on_their_heads,
        *map(filling, WRONG_LAYERS),
        *(wrong for wrong, _ in SENTENCES),
    ],
}


# --- mistakes that have a name, as others write them


def row_by_index(weights: Array, column: int = 0) -> Any:
    return np.mean(weights[..., column, :], axis=-1)


def without_the_diagonal(weights: Array, column: int = 0) -> Any:
    own = weights[..., column, column]
    return (weights[..., column].sum(axis=-1) - own) / (weights.shape[-2] - 1)


def favorites_along_queries(weights: Array, pairs: Any) -> Any:
    favorite = np.argmax(weights, axis=-2)
    return np.mean([favorite[..., q] == k for q, k in pairs], axis=0)


def argmax_alone(accuracies: Array, baseline: float) -> Any:
    return np.argmax(accuracies)


def divmod_by_shape_0(accuracies: Array, baseline: float) -> Any:
    if accuracies.max() <= baseline:
        return None
    at = accuracies.argmax()
    return at // accuracies.shape[0], at % accuracies.shape[0]


def two_maxima(accuracies: Array, baseline: float) -> Any:
    layer, head = np.argmax(np.max(accuracies, axis=1)), np.argmax(np.max(accuracies, axis=0))
    return (layer, head) if accuracies.max() > baseline else None


def two_maxima_swapped(accuracies: Array, baseline: float) -> Any:
    layer, head = np.argmax(np.max(accuracies, axis=0)), np.argmax(np.max(accuracies, axis=1))
    return (layer, head) if accuracies.max() > baseline else None


class ByHand(Layer):
    """All in one class, as many write it."""

    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        q, k, v = (
            p.view(*x.shape[:2], self.n_heads, self.d_head).transpose(1, 2)
            for p in (self.w_q(x), self.w_k(x), self.heard(x))
        )
        weights = self.masked(self.scored(q, k), mask).softmax(-1)
        return self.ended(weights, v, x.shape)

    def heard(self, x: Tensor) -> Tensor:
        return self.w_v(x)

    def scored(self, q: Tensor, k: Tensor) -> Tensor:
        return q @ k.transpose(-2, -1) / math.sqrt(self.d_head)

    def masked(self, scores: Tensor, mask: Mask) -> Tensor:
        return scores if mask is None else scores.masked_fill(~mask.unsqueeze(1), -math.inf)

    def ended(self, weights: Tensor, v: Tensor, shape: Any) -> Any:
        return self.w_o((weights @ v).transpose(1, 2).reshape(shape)), weights


class Unscaled(ByHand):
    def scored(self, q: Tensor, k: Tensor) -> Tensor:
        return torch.einsum("bhid,bhjd->bhij", q, k)


class UnscaledOneByOne(ByHand):
    def scored(self, q: Tensor, k: Tensor) -> Tensor:
        return torch.stack([one @ other.mT for one, other in zip(q, k, strict=True)])


class TimesTheRoot(ByHand):
    def scored(self, q: Tensor, k: Tensor) -> Tensor:
        return (q * math.sqrt(self.d_head)) @ k.mT


class ByTheInverseRoot(ByHand):
    def scored(self, q: Tensor, k: Tensor) -> Tensor:
        return q @ k.mT / self.d_head**-0.5


class HidesTheWords(ByHand):
    def masked(self, scores: Tensor, mask: Mask) -> Tensor:
        return scores if mask is None else scores.masked_fill(mask.unsqueeze(1), -math.inf)


class TakesABillionFromTheWords(ByHand):
    def masked(self, scores: Tensor, mask: Mask) -> Tensor:
        return scores if mask is None else scores + mask.unsqueeze(1) * -1e9


class Causal(MultiHeadAttention):
    def forward(self, x: Tensor, memory: Mask = None, mask: Mask = None) -> Any:
        return super().forward(x, memory, torch.ones(x.shape[1], x.shape[1]).tril().bool())


class CausalBesides(ByHand):
    def masked(self, scores: Tensor, mask: Mask) -> Tensor:
        later = torch.ones_like(scores).triu(1).bool()
        return super().masked(scores.masked_fill(later, -math.inf), mask)


class HearsQueries(ByHand):
    def heard(self, x: Tensor) -> Tensor:
        return self.w_q(x)


class DropsWeights(ByHand):
    def ended(self, weights: Tensor, v: Tensor, shape: Any) -> Any:
        return super().ended(F.dropout(weights, 0.1, self.training), v, shape)


class DropsInTheContext(ByHand):
    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__(d_model, n_heads)
        self.drop = nn.Dropout(0.1)
        nn.init.xavier_uniform_(self.w_q.weight)

    def ended(self, weights: Tensor, v: Tensor, shape: Any) -> Any:
        return super().ended(self.drop(weights), v, shape)[0], weights


NAMED: tuple[tuple[str, Function, str], ...] = (
    ("sink_mass", row_by_index, "row-in-place-of-column"),
    ("sink_mass", without_the_diagonal, "without-itself"),
    ("head_accuracy", favorites_along_queries, "argmax-over-the-queries"),
    ("best_head", argmax_alone, "flat-without-baseline"),
    ("best_head", divmod_by_shape_0, "divided-by-layers"),
    ("best_head", two_maxima, "by-maxima"),
    ("best_head", two_maxima_swapped, "maxima-swapped"),
    ("real_model", filling(Unscaled), "not-scaled"),
    ("real_model", filling(UnscaledOneByOne), "not-scaled"),
    ("real_model", filling(TimesTheRoot), "multiplied"),
    ("real_model", filling(ByTheInverseRoot), "multiplied"),
    ("real_model", filling(HidesTheWords), "mask-inverted-and-nan"),
    ("real_model", filling(TakesABillionFromTheWords), "mask-inverted-and-even"),
    ("real_model", filling(Causal), "causal"),
    ("real_model", filling(CausalBesides), "causal-as-well"),
    ("real_model", filling(HearsQueries), "values-by-query-layer"),
    ("real_model", filling(DropsWeights), "with-dropout"),
    ("real_model", filling(DropsInTheContext), "with-dropout-in-the-context"),
)


@pytest.mark.parametrize("seed", (1, 2, 3))
@pytest.mark.parametrize(("name", "wrong", "mistake"), NAMED, ids=[w.__name__ for _, w, _ in NAMED])
def test_a_mistake_is_named_however_it_is_written(
    name: str, wrong: Function, mistake: str, seed: int
) -> None:
    report = evaluate(name, wrong, seed)
    assert report.mistake is not None and report.mistake.name == mistake, str(report)


def test_an_attention_in_one_class_is_right_without_a_mistake_in_it() -> None:
    assert evaluate("real_model", filling(ByHand), 1).passed


# --- what reports say


@pytest.mark.parametrize(("wrong", "words"), SENTENCES, ids=[w.__name__ for w, _ in SENTENCES])
def test_sentence_says_what_is_wrong(wrong: Function, words: str) -> None:
    report = evaluate("real_model", wrong, seed=1)
    assert words in report.saw, report.saw


def class_loading(encoder: Any, attention: Any = ByView) -> Any:
    attention.load_state_dict(encoder.blocks[0].attention.state_dict())


def class_copied_into(encoder: Any, attention: Any = ByView) -> Any:
    attention.w_q.weight.copy_(encoder.blocks[0].attention.w_q.weight)


def what_loading_returns(encoder: Any, attention: Any = ByView) -> Any:
    place = encoder.blocks[0].attention
    encoder.blocks[0].attention = attention(384, 12).load_state_dict(place.state_dict())


def without_parameters() -> Any:
    return None


class NeedsMemory(ByView):
    def forward(self, x: Tensor, memory: Tensor, mask: Mask = None) -> Any:  # type: ignore[override]
        return super().forward(x, memory, mask)


TRY_NEXT: tuple[tuple[Function, str], ...] = (
    (the_class_itself, "Make a layer of it first"),
    (class_loading, "Make a layer of it first"),
    (class_copied_into, "Make a layer of it first"),
    (what_loading_returns, "put the layer itself into its place"),
    (filling(NoMask), "Give `forward` a parameter `mask=None`."),
    (filling(NeedsMemory), "Give the parameter `memory` of `forward` a default: `memory=None`."),
    (without_parameters, "`def real_model(encoder, attention=MultiHeadAttention):`"),
)


@pytest.mark.parametrize(("wrong", "words"), TRY_NEXT, ids=[w.__name__ for w, _ in TRY_NEXT])
def test_report_says_what_to_try(wrong: Function, words: str) -> None:
    report = evaluate("real_model", wrong, seed=1)
    assert words in report.try_next, str(report)


def test_pairs_taken_apart_row_by_row_are_told_of_columns() -> None:
    def by_rows(offset: int, pairs: Any) -> Any:
        q, k = pairs
        return np.mean(k == q + offset)

    assert "np.asarray(pairs).T" in evaluate("offset_accuracy", by_rows, 1).try_next


def test_nothing_is_expected_where_it_was_said_already() -> None:
    assert "come to its end" not in str(evaluate("real_model", nothing, 1))
    assert "come to its end" in str(evaluate("real_model", class_loading, 1))

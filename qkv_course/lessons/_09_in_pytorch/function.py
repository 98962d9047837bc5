"""torch_attention: attention on tensors, with gradients."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from qkv_course.attention.layers import torch_attention
from qkv_course.checks.cases import BATCH_AXES
from qkv_course.checks.compare import number
from qkv_course.checks.exercise import Case, Exercise, Property, mistake
from qkv_course.checks.properties import nonnegative
from qkv_course.lessons._09_in_pytorch.probes import try_attention

Tensor = torch.Tensor
Mask = Tensor | None
Pair = tuple[Tensor, Tensor]

# d_k is a power of 4 everywhere: its root is exact in float32 too, in which people take it.


def attention_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Without and with a mask: by hand, hard for a softmax, of all shapes, and square."""
    yield from attention_by_hand()
    yield from hard_for_a_softmax(rng)
    for group, lead in BATCH_AXES.items():
        for _ in range(2):
            yield Case(group, (*draw_qkv(rng, *lead), None))
        for shape in ((*lead, 3, 5), (3, 5), (*lead, 1, 5)):
            yield Case(f"{group}, masked", (*draw_qkv(rng, *lead), draw_mask(rng, *shape)))
    narrow = Case("one more", (*draw_qkv(rng, 2), draw_mask(rng, 2, 3, 5, empty_row=True)))
    yield narrow.as_float32()
    awkward = (*draw_qkv(rng), draw_mask(rng, 3, 5, empty_row=True))
    yield Case("read-only and not contiguous", awkward, awkward=True)
    for lead in ((), (4,), (4, 4)):  # many slips crash elsewhere and give numbers here
        q, k, v = rng.normal(size=(3, *lead, 4, 4))
        yield Case("all sizes equal", (q, k, v, None))
        yield Case("all sizes equal, causal", (q, k, v, np.tri(4, dtype=bool)))
    yield Case("a single key", (*draw_qkv(rng, n_k=1), None))


def attention_by_hand() -> Iterator[Case]:
    q = np.array([[2.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 2.0]])
    k = np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 2.0]])
    v = np.array([[10.0], [20.0]])
    yield Case("two queries, keys and values, by hand", (q, k, v, None))
    masked = np.array([[True, True], [True, False]])
    yield Case("query 1 may not look at key 1", (q, k, v, masked))
    empty = np.array([[False, False], [False, True]])
    yield Case("query 0 may look at nothing", (q, k, v, empty))


def hard_for_a_softmax(rng: np.random.Generator) -> Iterator[Case]:
    large = float(rng.integers(1000, 4000))
    q, k = np.array([[large], [-large]]), np.array([[2.0], [2.0 + 1 / large]])
    v = np.array([[10.0], [20.0]])
    yield Case("very high and very low scores", (q, k, v, None))
    q, k, v = np.array([[1.0], [2.0]]), np.array([[-large], [1.0 - large]]), v
    yield Case("only very low scores, with a mask", (q, k, v, np.array([[True, True]])))
    q, k = np.array([[1.0], [2.0]]), np.array([[0.0], [1.0], [large]])
    v = np.array([[10.0], [20.0], [30.0]])
    hidden = np.array([[True, True, False]])
    yield Case("a hidden key that would fit far better", (q, k, v, hidden))


def draw_qkv(rng: np.random.Generator, *lead: int, n_k: int = 5) -> tuple[np.ndarray, ...]:
    return tuple(rng.normal(size=(*lead, *shape)) for shape in ((3, 4), (n_k, 4), (n_k, 2)))


def draw_mask(rng: np.random.Generator, *shape: int, empty_row: bool = False) -> np.ndarray:
    """Draw a mask with something hidden and something to see in every row, but for one."""
    mask = rng.uniform(size=shape) < 0.5
    mask[..., 1], mask[..., 3] = True, False
    if empty_row:
        mask[(0,) * (len(shape) - 2) + (1,)] = False
    return mask


def scaled(q: Tensor, k: Tensor) -> Tensor:
    return q @ k.mT / math.sqrt(q.shape[-1])


def attend(scores: Tensor, v: Tensor, mask: Mask = None, dim: int | None = -1) -> Pair:
    """Finish attention from given scores, with a softmax over any axis, or over all."""
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = scores.flatten().softmax(0).view_as(scores) if dim is None else scores.softmax(dim)
    weights = without_empty_rows(weights, mask)
    return weights @ v, weights


def without_empty_rows(weights: Tensor, mask: Mask) -> Tensor:
    return weights if mask is None else weights.masked_fill(~mask.any(-1, keepdim=True), 0.0)


@mistake("a mask the wrong way around", "True is where a query may attend: fill where it is False.")
def mask_inverted(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """masked_fill fills where its mask is True, and in this course True means may attend. So the
    mask has to be turned around for it. nn.MultiheadAttention has it the other way: True
    means ignore."""
    return torch_attention(q, k, v, None if mask is None else ~mask)


@mistake("a mask that is never used", "Fill the hidden scores before the softmax.")
def mask_ignored(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """The results are those without a mask: every query sees every key, hidden or not."""
    return torch_attention(q, k, v)


@mistake("nan in a row that may attend to nothing", "Put 0 into such rows after the softmax.")
def nan_in_an_empty_row(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """A row of -inf only has no largest score, and its softmax is nan. One such row
    can turn a model's parameters into nan at the next step of its training."""
    scores = scaled(q, k)
    weights = (scores if mask is None else scores.masked_fill(~mask, -math.inf)).softmax(-1)
    return weights @ v, weights


@mistake(
    "gradients of nan in a row that may attend to nothing", "Fill the scores, and add nothing."
)
def nan_in_the_gradients(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """The results look right, but the way back leads through the nan that was covered up. An
    added -inf lets it pass on to the queries and keys. masked_fill and where stop it: no
    gradient flows through an entry that they have filled."""
    scores = scaled(q, k)
    if mask is not None:
        scores = scores + torch.zeros_like(mask, dtype=q.dtype).masked_fill(~mask, -math.inf)
    weights = scores.softmax(-1).nan_to_num(0.0)
    return weights @ v, weights


@mistake(
    "even weights in a row that may attend to nothing", "Put 0 into such rows after the softmax."
)
def uniform_in_an_empty_row(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """If all scores of a row are filled with the same number, -1e9 for example, they are equal
    again, and the softmax shares evenly among keys that are all hidden."""
    scores = scaled(q, k)
    weights = (scores if mask is None else scores.masked_fill(~mask, -1e9)).softmax(-1)
    return weights @ v, weights


@mistake("an added -1e9 in place of a filled score", "Fill the score, and put 0 into empty rows.")
def minus_a_billion_added(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """Added to all scores of a row, -1e9 changes nothing: only differences count in a softmax. So
    a query that may attend to nothing attends to what is hidden."""
    scores = scaled(q, k)
    weights = (scores if mask is None else scores + torch.where(mask, 0.0, -1e9)).softmax(-1)
    return weights @ v, weights


@mistake("hidden scores of 0", "Fill with minus infinity: exp(0) is 1.")
def filled_with_zero(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """A score of 0 is a score like any other, and often not even a low one. Multiplying the scores
    by the mask does the same."""
    scores = scaled(q, k)
    weights = (scores if mask is None else scores * mask).softmax(-1)
    return weights @ v, weights


@mistake("hidden scores of 0, and a 0 in empty rows", "Fill with minus infinity: exp(0) is 1.")
def filled_with_zero_but_for_empty_rows(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """The rows in which nothing is allowed are seen to. In all others, a hidden key with a score
    of 0 still gets its share."""
    scores = scaled(q, k)
    if mask is None:
        return attend(scores, v)
    weights = (scores * mask).softmax(-1) * mask.any(-1, keepdim=True)
    return weights @ v, weights


@mistake("weights that are hidden after the softmax", "Mask the scores, before the softmax.")
def masked_after(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """The hidden keys get their share of the budget first, and then it is thrown away. The rows
    no longer sum to 1."""
    weights = scaled(q, k).softmax(-1)
    weights = weights if mask is None else weights * mask
    return weights @ v, weights


@mistake("weights shared out again after the softmax", "Mask the scores, before the softmax.")
def renormalized(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """Where the hidden keys took everything, nothing is left to share out: 0 / 0 is nan. So it is
    in a row that may attend to nothing."""
    weights = scaled(q, k).softmax(-1)
    if mask is not None:
        weights = weights * mask / (weights * mask).sum(-1, keepdim=True)
    return weights @ v, weights


@mistake(
    "a mask that got an axis more", "Use the mask as it is here: the layer adds an axis to it."
)
def mask_with_another_axis(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """A multi-head layer gives its mask an axis for the heads. This function knows nothing of
    heads: it gets a mask that fits the scores already."""
    return torch_attention(q, k, v, None if mask is None else mask.unsqueeze(-2))


@mistake("attention without scaling", "Divide the scores by √d_k before the softmax.")
def not_scaled(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """The scores spread as √d_k. Without the division the weights are too sharp, the more so the
    larger d_k is."""
    return attend(q @ k.mT, v, mask)


@mistake("a division by d_k in place of √d_k", "Take the square root of d_k first.")
def divided_by_d_k(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """d_k is the variance of a score, √d_k its spread. Divided by d_k, the weights are nearly
    even."""
    return attend(q @ k.mT / q.shape[-1], v, mask)


@mistake("scores multiplied by √d_k", "Divide; √d_k belongs below the line.")
def multiplied(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """The scores spread too far already. Multiplied, nearly all weight goes to one key. A
    division by d_k ** -0.5 is the same slip."""
    return attend(q @ k.mT * math.sqrt(q.shape[-1]), v, mask)


@mistake("√(number of keys) in place of √d_k", "Take the size of the last axis of q.")
def root_of_keys(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """k.size(-2) counts the keys. A score adds up d_k products, however many keys there are."""
    return attend(q @ k.mT / math.sqrt(k.shape[-2]), v, mask)


@mistake("a softmax over the queries' axis", "Take the softmax along the keys: dim=-1.")
def over_the_queries(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """With dim=-2, every key has a budget to give to the queries. It is each query that spends a
    budget of 1 on the keys: the rows sum to 1."""
    return attend(scaled(q, k), v, mask, dim=-2)


@mistake("a softmax over axis 1", "Count from the end: dim=-1 is the last axis in any batch.")
def over_axis_1(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """dim=1 is the axis of the keys for one sentence. In a batch of sentences it is that of the
    queries, and with two batch axes it is a batch axis itself."""
    return attend(scaled(q, k), v, mask, dim=1)


@mistake("a softmax over the first axis", "Count from the end: dim=-1 is the last axis.")
def over_axis_0(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """dim=0 is the axis of the queries for one sentence, and of the sentences in a batch, which
    would share one budget."""
    return attend(scaled(q, k), v, mask, dim=0)


@mistake("a softmax that was not told its axis", "Say it: dim=-1.")
def axis_not_named(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """Without dim, F.softmax takes the last axis of a matrix, but the first one of a batch of
    matrices. There is a warning, and no error."""
    return attend(scaled(q, k), v, mask, dim=0 if q.ndim in (0, 1, 3) else 1)


@mistake("one budget for the whole array", "Take the softmax along the last axis only: dim=-1.")
def over_everything(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """All weights together sum to 1, so the queries share one budget. Each of them has one of its
    own."""
    return attend(scaled(q, k), v, mask, dim=None)


@mistake("attention without a softmax", "Turn the scores into weights first.")
def no_softmax(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """Scores can be negative and sum to anything. The softmax makes a budget of them: positive, and
    1 in all."""
    scores = scaled(q, k)
    scores = scores if mask is None else scores.masked_fill(~mask, 0.0)
    return scores @ v, scores


@mistake("an exp that overflows", "Use torch.softmax, which shifts every row.")
def overflow(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """exp of a large score is infinity, and infinity divided by infinity is nan. Where all scores
    are very low, the sum is 0."""
    exps = scaled(q, k).exp()
    exps = exps if mask is None else exps.masked_fill(~mask, 0.0)
    weights = without_empty_rows(exps / exps.sum(-1, keepdim=True), mask)
    return weights @ v, weights


@mistake("results that are cut off from q, k and v", "Stay with torch tensors from start to end.")
def cut_off(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """The numbers are right, but no gradient flows back from them: nothing could be trained. That
    is what detach(), torch.no_grad(), .data and a detour through NumPy or torch.tensor do."""
    context, weights = torch_attention(q, k, v, mask)
    return context.detach(), weights.detach()


@mistake("weights that are cut off from q and k", "Return the weights as the softmax gave them.")
def weights_cut_off(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """The context is right, and so are the numbers in the weights. But the returned weights are
    detached: a training that looks at them could not change them."""
    context, weights = torch_attention(q, k, v, mask)
    return context, weights.detach()


@mistake("a context of weights that are cut off", "Blend with the very weights that you return.")
def context_of_cut_off_weights(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """The values get their gradient, but through the context nothing flows back to queries and
    keys: they would never learn whom to listen to."""
    _, weights = torch_attention(q, k, v, mask)
    return weights.detach() @ v, weights


@mistake(
    "a softmax that is cut off from the scores", "Leave out detach(), no_grad() and torch.tensor()."
)
def softmax_cut_off(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """The values get their gradient, queries and keys get none, neither through the context nor
    through the weights. They would never learn whom to listen to."""
    _, weights = torch_attention(q, k, v, mask)
    return weights.detach() @ v, weights.detach()


@mistake("keys that are reshaped, not transposed", "Swap the last two axes: k.transpose(-2, -1).")
def keys_reshaped(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """view and reshape keep the numbers in their order and only break the lines elsewhere. A
    transpose makes columns of the rows."""
    turned = k.reshape(*k.shape[:-2], k.shape[-1], k.shape[-2])
    return attend(q @ turned / math.sqrt(q.shape[-1]), v, mask)


@mistake("a transpose of the first two axes", "Count from the end: k.transpose(-2, -1).")
def first_axes_swapped(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """k.transpose(0, 1) is right for one sentence. In a batch, it swaps the sentences with the
    tokens."""
    return attend(q @ k.transpose(0, 1) / math.sqrt(q.shape[-1]), v, mask)


@mistake("a transpose of axes 1 and 2", "Count from the end: k.transpose(-2, -1).")
def axes_1_and_2_swapped(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """k.transpose(1, 2) is right with one batch axis in front, and only then. With heads there are
    two."""
    return attend(q @ k.transpose(1, 2) / math.sqrt(q.shape[-1]), v, mask)


@mistake("keys used as values", "Blend v: the keys have done their part in the scores.")
def keys_as_values(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """A key decides whether a token is listened to, its value what is then heard. Where d_k and d_v
    are equal, this slip has the right shape."""
    return torch_attention(q, k, k, mask)


@mistake("the two results in the wrong order", "Return the context first, then the weights.")
def reversed_results(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """Both are right. But whoever calls the function writes context, weights = ..., and would take
    one for the other."""
    context, weights = torch_attention(q, k, v, mask)
    return weights, context


@mistake("scores returned where the weights should be", "Return what came out of the softmax.")
def scores_returned(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """The context is right. The second result should be the weights that made it, and these are the
    scores from before the softmax."""
    scores = scaled(q, k)
    scores = scores if mask is None else scores.masked_fill(~mask, -math.inf)
    return torch_attention(q, k, v, mask)[0], scores


@mistake("right results, with the caller's mask turned around", "Make a new mask: ~mask.")
def mask_overwritten(q: Tensor, k: Tensor, v: Tensor, mask: Mask = None) -> Pair:
    """A function of torch whose name ends in _ writes into its tensor. The mask belongs to the
    caller, and the next call would get it turned around."""
    results = torch_attention(q, k, v, mask)
    if mask is not None:
        mask.logical_not_()
    return results


def budget_kept(mask_at: int, heads: bool = False) -> Property:
    """Weights, the second result, are 0 on what is hidden and sum to 1 over the rest, if any.

    mask_at: position of the mask among the arguments. heads: it lacks the axis of the heads.
    """

    def holds(args: tuple[Any, ...], value: Any) -> str | None:
        weights, mask = value[1], args[mask_at]
        mask = np.ones(1, dtype=bool) if mask is None else mask
        mask = np.expand_dims(mask, -3) if heads and mask.ndim > 1 else mask
        allowed = np.broadcast_to(mask, weights.shape)
        for at in np.argwhere(~allowed & (np.abs(weights) > 1e-4)):
            where, weight = ", ".join(map(str, at)), number(float(weights[tuple(at)]))
            return f"weights[{where}] is {weight}; the mask hides that key from that query."
        sums = weights.sum(axis=-1)
        for at in np.argwhere(allowed.any(axis=-1) & (np.abs(sums - 1) > 1e-4)):
            where, total = ", ".join(map(str, at)), number(float(sums[tuple(at)]))
            return f"weights[{where}] sums to {total}; a row of weights sums to 1."
        return None

    return holds


TORCH_ATTENTION = Exercise(
    reference=torch_attention,
    points=2,
    cases=attention_cases,
    results=("context", "weights", "q.grad", "k.grad", "v.grad"),
    mistakes=(
        mask_inverted,
        mask_ignored,
        nan_in_an_empty_row,
        nan_in_the_gradients,
        uniform_in_an_empty_row,
        minus_a_billion_added,
        filled_with_zero,
        filled_with_zero_but_for_empty_rows,
        masked_after,
        renormalized,
        mask_with_another_axis,
        cut_off,
        weights_cut_off,
        context_of_cut_off_weights,
        softmax_cut_off,
        not_scaled,
        divided_by_d_k,
        multiplied,
        root_of_keys,
        over_the_queries,
        over_axis_1,
        over_axis_0,
        axis_not_named,
        over_everything,
        no_softmax,
        overflow,
        keys_reshaped,
        first_axes_swapped,
        axes_1_and_2_swapped,
        keys_as_values,
        reversed_results,
        scores_returned,
        mask_overwritten,
    ),
    properties=(nonnegative(1), budget_kept(3)),
    hints=(
        "You have written this with NumPy. Which of its functions has torch as well, and what are "
        "they called there?",
        "k.transpose(-2, -1) swaps two axes, torch.softmax(scores, dim=-1) is stable, and "
        "scores.masked_fill(~mask, -math.inf) fills a copy where a query may not attend. A row of "
        "-inf gives nan: fill once more, where mask.any(dim=-1, keepdim=True) is False.",
        "scores = ... / math.sqrt(...)\n"
        "if mask is not None:\n"
        "    scores = scores.masked_fill(~mask, ...)\n"
        "weights = torch.softmax(scores, dim=...)\n"
        "if mask is not None:\n"
        "    weights = weights.masked_fill(~mask.any(dim=-1, keepdim=True), ...)\n"
        "return weights @ v, weights",
    ),
    probe=try_attention,
    returned=2,
    if_measured="The results are right, and the way back is not. Look for what cuts it off: "
    ".detach(), .numpy(), .data, or a no_grad block. If there is nan, look at rows where all "
    "is hidden.",
    tensors=True,
)

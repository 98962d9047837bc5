"""Lesson 08: the size of a head, splitting and merging, and multi-head attention."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from qkv_course.attention import (
    attention,
    head_dim,
    mask_scores,
    masked_attention,
    merge_heads,
    multi_head_attention,
    padding_mask,
    scaled_scores,
    softmax,
    split_heads,
)
from qkv_course.checks.cases import spread
from qkv_course.checks.compare import number
from qkv_course.checks.exercise import Case, Exercise, mistake
from qkv_course.checks.properties import nonnegative
from qkv_course.checks.question import Option, Question

Array = np.ndarray
Pair = tuple[Array, Array]

# --- head_dim -----------------------------------------------------------------------------


def size_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Sizes that share evenly, and sizes that must be refused."""
    yield Case("eight features, two heads", (8, 2))
    yield Case("features that cannot be shared evenly", (8, 3), raises="ValueError")
    for _ in range(3):
        heads, size = (int(n) for n in rng.integers(3, 20, size=2))
        yield Case("other sizes", (heads * size, heads))
        too_many = heads * size + int(rng.integers(1, heads))
        yield Case("features that cannot be shared evenly", (too_many, heads), raises="ValueError")
    yield Case("one head", (int(rng.integers(5, 50)), 1))
    for d_model, heads in ((512, 8), (768, 12), (12288, 96)):
        yield Case("sizes of real models", (d_model, heads))
    equal = int(rng.integers(5, 50))
    yield Case("as many heads as features", (equal, equal))
    yield Case("more heads than features", (4, 8), raises="ValueError")


@mistake("a remainder that is dropped", "Look at d_model % n_heads first.")
def remainder_dropped(d_model: int, n_heads: int) -> int:
    """// rounds down without a word. 10 features in 3 heads make 3 each, and one feature that no
    head ever reads. The call should raise a ValueError, so that somebody notices."""
    return d_model // n_heads


@mistake("a division that gives a fraction", "Use //, and refuse what does not divide evenly.")
def fraction(d_model: int, n_heads: int) -> float:
    """/ gives a float, even where the division is even: 8 / 2 is 4.0, and no array takes that as
    a size. Where it is not even, a head cannot have a third of a feature."""
    return d_model / n_heads


@mistake("an assert where the error should be", "Raise the error that the docstring names.")
def assertion(d_model: int, n_heads: int) -> int:
    """Many libraries write it like this. But an assert is for what cannot happen, and `python -O`
    leaves it out. A caller who passes sizes that do not fit should get a ValueError."""
    if d_model % n_heads:
        raise AssertionError("d_model must be divisible by n_heads")
    return d_model // n_heads


@mistake("features and heads swapped", "Ask whether n_heads divides d_model.")
def sizes_swapped(d_model: int, n_heads: int) -> int:
    """The heads are shared out among the features here. It is the features that are shared out
    among the heads."""
    return head_dim(n_heads, d_model)


@mistake("the remainder in place of the size", "Return the quotient; % gives what is left over.")
def remainder_returned(d_model: int, n_heads: int) -> int:
    """d_model % n_heads is what is left over, and it should be 0. The size of a head is how often
    n_heads goes into d_model."""
    head_dim(d_model, n_heads)
    return d_model % n_heads


@mistake("heads that are each as wide as the token", "Share the features out among the heads.")
def full_width(d_model: int, n_heads: int) -> int:
    """With d_model features in every head, n heads cost n times as much. Shared out, all of them
    together cost what one wide head does."""
    return head_dim(d_model, n_heads) * n_heads


@mistake("an error for sizes that fit", "Raise where the remainder is not 0.")
def error_for_the_wrong_ones(d_model: int, n_heads: int) -> int:
    """A remainder of 0 means that the division is even. The error is for the other sizes."""
    if d_model % n_heads == 0:
        raise ValueError("the heads cannot share the features")
    return d_model // n_heads


@mistake("a size that is rounded", "Refuse sizes that do not divide evenly.")
def rounded(d_model: int, n_heads: int) -> int:
    """Rounded, the heads together have more features than the token, or fewer. Nothing between
    the two fits then."""
    return round(d_model / n_heads)


HEAD_DIM = Exercise(
    reference=head_dim,
    points=1,
    cases=size_cases,
    results=("d_head",),
    mistakes=(
        remainder_dropped,
        fraction,
        assertion,
        sizes_swapped,
        remainder_returned,
        full_width,
        error_for_the_wrong_ones,
        rounded,
    ),
    hints=(
        "What is left over when 3 heads share 8 features? What should a caller hear then?",
        "% gives the remainder, // the whole quotient. Look at the remainder first, and raise a "
        "ValueError if there is one.",
        "if d_model % n_heads ...:\n    raise ValueError(...)\nreturn d_model // n_heads",
    ),
)


# --- split_heads --------------------------------------------------------------------------

# Batch axes, tokens, heads and features of a head: among them a batch of as many sentences as
# heads, or as tokens, where axes that are mixed up have the right size all the same.
LUCKY: tuple[tuple[tuple[int, ...], int, int, int], ...] = (
    ((3,), 4, 3, 2),
    ((4,), 4, 3, 2),
    ((), 3, 3, 2),
    ((2,), 6, 3, 4),
    ((2,), 5, 2, 2),
)
SQUARE: tuple[tuple[int, ...], ...] = ((), (4,), (4, 4))


def token_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Tokens and numbers of heads: by hand, of all shapes, and square."""
    x = np.array([[11.0, 12.0, 13.0, 14.0, 15.0, 16.0], [21.0, 22.0, 23.0, 24.0, 25.0, 26.0]])
    yield Case("two tokens of six features, two heads", (x, 2))
    yield from spread(lambda *lead: (rng.normal(size=(*lead, 5, 12)), 3))
    for lead, n, n_heads, d_head in LUCKY:
        x = rng.normal(size=(*lead, n, n_heads * d_head))
        yield Case("sizes that happen to be equal", (x, n_heads))
    for lead in SQUARE:
        yield Case("all sizes equal", (rng.normal(size=(*lead, 4, 4)), 4))
    yield Case("one head", (rng.normal(size=(2, 3, 4)), 1))
    yield Case("a single token", (rng.normal(size=(1, 6)), 2))


def cut(x: Array, n_heads: int) -> Array:
    """Cut every token's features, and leave the tokens in front: (..., n, n_heads, d_head)."""
    return np.asarray(x.reshape(*x.shape[:-1], n_heads, -1))


@mistake("a reshape straight to the final shape", "Cut the features first, then move the axis.")
def reshaped_straight(x: Array, n_heads: int) -> Array:
    """reshape reads all numbers row by row, and fills the new shape in that order. So the first
    head gets all features of the first tokens, in place of the first features of all tokens. The
    shape is right, and no error tells you."""
    *lead, n, d_model = x.shape
    return x.reshape(*lead, n_heads, n, d_model // n_heads)


@mistake("features dealt out like cards", "Give each head features that stand side by side.")
def dealt_out(x: Array, n_heads: int) -> Array:
    """With two heads, head 0 gets columns 0, 2, 4 here and head 1 the columns 1, 3, 5. Head h
    should have the columns h · d_head up to (h + 1) · d_head. A reshape to (…, d_head, n_heads)
    does this."""
    *lead, n, d_model = x.shape
    return np.moveaxis(x.reshape(*lead, n, d_model // n_heads, n_heads), -1, -3)


@mistake("pieces with the tokens still in front", "Move the axis of the heads before the tokens.")
def tokens_in_front(x: Array, n_heads: int) -> Array:
    """The features are cut as they should be. But the axes are (…, n, n_heads, d_head), and
    attention works on the last two: each token's heads would attend to each other."""
    return cut(x, n_heads)


@mistake("tokens shared out among the heads", "Cut the last axis, the features.")
def tokens_shared_out(x: Array, n_heads: int) -> Array:
    """Each head gets some of the words here, with all their features. Every head should see all
    words, and a part of their features."""
    return np.stack(np.split(x, n_heads, axis=-2), axis=-3)


@mistake("all features for every head", "Give each head a part of the features.")
def copied(x: Array, n_heads: int) -> Array:
    """These are n_heads copies of x. The heads share d_model features: each has d_model / n_heads
    of them."""
    return np.stack([x] * n_heads, axis=-3)


@mistake("axes counted from the front", "Count from the end: np.swapaxes(pieces, -2, -3).")
def from_the_front(x: Array, n_heads: int) -> Array:
    """swapaxes(1, 2) is for a batch with one axis. Without a batch, or with two batch axes, it
    swaps other axes, and often without an error."""
    return np.swapaxes(cut(x, n_heads), 1, 2)


@mistake("the axis of the heads in front of the batch", "Put it directly before the tokens.")
def before_the_batch(x: Array, n_heads: int) -> Array:
    """For one sentence this is right. In a batch the heads come first and the sentences second.
    np.stack and np.array put the new axis in front unless told otherwise; axis=-3 is the place."""
    return np.moveaxis(cut(x, n_heads), -2, 0)


@mistake("a list of heads in place of an array", "Stack them into one array, with axis=-3.")
def as_a_list(x: Array, n_heads: int) -> list[Array]:
    """Each piece is right. But attention needs one array with an axis for the heads, so that it
    works on all of them at once."""
    return np.split(x, n_heads, axis=-1)


@mistake("n_heads taken for the size of a head", "Make n_heads pieces.")
def heads_as_size(x: Array, n_heads: int) -> Array:
    """The pieces are n_heads features wide here. There should be n_heads pieces, each d_model /
    n_heads wide. Where the two numbers are equal, no error tells you."""
    return split_heads(x, x.shape[-1] // n_heads)


@mistake("tokens and features swapped in every head", "Leave the features as the last axis.")
def turned(x: Array, n_heads: int) -> Array:
    """Each head has the right numbers, with features as rows. Rows are tokens everywhere in this
    course, inside a head too."""
    return np.swapaxes(split_heads(x, n_heads), -1, -2)


@mistake("a transpose before the reshape", "Cut the features first, then move the axis.")
def transposed_first(x: Array, n_heads: int) -> Array:
    """Transposed, each feature is a row. A reshape to (…, n_heads, n, d_head) then runs along
    these rows and fills the tokens with other tokens' numbers."""
    *lead, n, d_model = x.shape
    return np.swapaxes(x, -1, -2).reshape(*lead, n_heads, n, d_model // n_heads)


def pieces_stay_together(args: tuple[Any, ...], value: Any) -> str | None:
    """Row i of head h is a stretch of token i's row."""
    want = split_heads(*args)
    in_order = "The numbers stand in the order that they have in x: a reshape moves none. "
    unmoved = in_order if np.array_equal(np.ravel(value), np.ravel(args[0])) else ""
    h, i = (int(index) for index in np.argwhere(value != want)[0][-3:-1])
    low, high = h * want.shape[-1], (h + 1) * want.shape[-1] - 1
    columns = f"column {low}" if low == high else f"columns {low} to {high}"
    return f"{unmoved}Row {i} of head {h} should hold {columns} of token {i}."


SPLIT_HEADS = Exercise(
    reference=split_heads,
    points=2,
    cases=token_cases,
    results=("heads",),
    mistakes=(
        reshaped_straight,
        dealt_out,
        tokens_in_front,
        tokens_shared_out,
        copied,
        from_the_front,
        before_the_batch,
        as_a_list,
        heads_as_size,
        turned,
        transposed_first,
    ),
    properties=(pieces_stay_together,),
    hints=(
        "Look at one token alone: how would you cut its row into n_heads pieces? Which axis do "
        "the pieces lie along then, and where should that axis be?",
        "Reshape the last axis into two: (..., n, n_heads, d_head). Nothing moves yet. Then swap "
        "the axis of the tokens with that of the heads.",
        "*lead, n, d_model = x.shape\n"
        "pieces = x.reshape(*lead, n, ..., head_dim(d_model, n_heads))\n"
        "return np.swapaxes(pieces, ..., ...)",
    ),
)


# --- merge_heads --------------------------------------------------------------------------


def piece_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Heads: by hand, of all shapes, and square."""
    first, second = [[11.0, 12.0], [21.0, 22.0]], [[13.0, 14.0], [23.0, 24.0]]
    x = np.array([first, second, [[15.0, 16.0], [25.0, 26.0]]])
    yield Case("three heads with two tokens, by hand", (x,))
    yield from spread(lambda *lead: (rng.normal(size=(*lead, 3, 5, 4)),))
    for lead, n, n_heads, d_head in LUCKY:
        x = rng.normal(size=(*lead, n_heads, n, d_head))
        yield Case("sizes that happen to be equal", (x,))
    for lead in SQUARE:
        yield Case("all sizes equal", (rng.normal(size=(*lead, 4, 4, 4)),))
    yield Case("one head", (rng.normal(size=(2, 1, 3, 4)),))
    yield Case("a single token", (rng.normal(size=(2, 1, 3)),))


def tokens_first(x: Array) -> Array:
    """Put the tokens in front of the heads: (..., n, n_heads, d_head)."""
    return np.asarray(np.moveaxis(x, -3, -2))


@mistake("a reshape straight to the final shape", "Move the axis of the heads back first.")
def merged_straight(x: Array) -> Array:
    """reshape reads all numbers in their order: the whole first head, then the second. So row 0
    is filled with the first head's first tokens. It should hold the first token's pieces, one
    from every head. The shape is right, and no error tells you."""
    *lead, n_heads, n, d_head = x.shape
    return x.reshape(*lead, n, n_heads * d_head)


@mistake("pieces that are shuffled into each other", "Keep the features of a head together.")
def shuffled(x: Array) -> Array:
    """Here the first features of all heads stand first, then all second ones. A token's row
    should have all features of head 0, then all of head 1."""
    *lead, n_heads, n, d_head = x.shape
    return np.moveaxis(x, -3, -1).reshape(*lead, n, n_heads * d_head)


@mistake("heads that are averaged", "Put the pieces side by side.")
def averaged(x: Array) -> Array:
    """An average throws away what each head found by itself, and its row is only d_head wide.
    Side by side, nothing is lost, and what to mix is left to W_O."""
    return np.asarray(x.mean(axis=-3))


@mistake("heads that are added up", "Put the pieces side by side.")
def added(x: Array) -> Array:
    """A sum cannot be taken apart again: nobody knows which head said what. Side by side, nothing
    is lost."""
    return np.asarray(x.sum(axis=-3))


@mistake("the largest entry of all heads", "Put the pieces side by side.")
def largest(x: Array) -> Array:
    """A maximum keeps one head's number and throws away those of all others. Side by side,
    nothing is lost."""
    return np.asarray(x.max(axis=-3))


@mistake("an average of the heads, repeated to fit", "Put the pieces side by side.")
def average_repeated(x: Array) -> Array:
    """The shape is right, but all pieces of a row are the same. What each head found by itself
    is gone."""
    return np.tile(x.mean(axis=-3), x.shape[-3])


@mistake("heads below each other", "Put the pieces side by side, along the features.")
def below_each_other(x: Array) -> Array:
    """There are n_heads times as many rows as tokens here. Each token should have one row again,
    with all of its pieces in it."""
    *lead, n_heads, n, d_head = x.shape
    return x.reshape(*lead, n_heads * n, d_head)


@mistake("pieces that are not joined", "Make one axis of the last two.")
def not_joined(x: Array) -> Array:
    """The tokens are in front again, as they should be. But each still has an axis of heads and
    an axis of features, and W_O needs one row for each token."""
    return tokens_first(x)


@mistake("axes counted from the front", "Count from the end: np.swapaxes(x, -2, -3).")
def merged_from_the_front(x: Array) -> Array:
    """swapaxes(1, 2) is for a batch with one axis. Without a batch, or with two batch axes, it
    swaps other axes, and often without an error."""
    swapped = np.swapaxes(x, 1, 2)
    *lead, n, _, _ = tokens_first(x).shape
    return swapped.reshape(*lead, n, -1)


@mistake("sentences joined in place of heads", "Join along the third axis from the end.")
def sentences_joined(x: Array) -> Array:
    """np.concatenate(x, axis=-1) joins along what its first axis holds. Without a batch these
    are the heads. In a batch they are the sentences; with as many of them as heads, even the
    shape is right."""
    return np.concatenate(list(x), axis=-1)


@mistake("the first head, alone", "Take the pieces of all heads.")
def first_head_only(x: Array) -> Array:
    """What the other heads found is thrown away. A token's row holds one piece from every
    head."""
    return x[..., 0, :, :].copy()


def rows_hold_every_head(args: tuple[Any, ...], value: Any) -> str | None:
    """Row i is made of row i of every head."""
    want, d_head = merge_heads(*args), args[0].shape[-1]
    i, column = (int(index) for index in np.argwhere(value != want)[0][-2:])
    return f"Column {column} of row {i} should come from head {column // d_head}, row {i}."


MERGE_HEADS = Exercise(
    reference=merge_heads,
    points=2,
    cases=piece_cases,
    results=("tokens",),
    mistakes=(
        merged_straight,
        shuffled,
        averaged,
        added,
        largest,
        average_repeated,
        below_each_other,
        not_joined,
        merged_from_the_front,
        sentences_joined,
        first_head_only,
    ),
    properties=(rows_hold_every_head,),
    hints=(
        "split_heads did two things, one after the other. What undoes the second, and what the "
        "first?",
        "Swap the axis of the heads with that of the tokens, so that each token has its pieces "
        "together: (..., n, n_heads, d_head). Then make one axis of the last two.",
        "*lead, n_heads, n, d_head = x.shape\n"
        "return np.swapaxes(x, ..., ...).reshape(*lead, n, ...)",
    ),
)


# --- multi_head_attention -----------------------------------------------------------------

# Batch axes, and shapes of masks that go with them; there are 3 heads and 5 tokens.
FORMS: tuple[tuple[str, tuple[int, ...], tuple[tuple[int, ...], ...]], ...] = (
    ("one sentence and a mask", (), ((5, 5), (5, 5), (1, 5))),
    ("a batch and one mask for all", (2,), ((5, 5), (1, 5))),
    ("as many sentences as heads", (3,), ((3, 1, 5), (3, 5, 5))),
    ("a batch and a mask for each sentence", (2,), ((2, 1, 5), (2, 5, 5))),
    ("two batch axes and a mask", (6, 2), ((5, 5), (2, 1, 5), (6, 2, 1, 5), (6, 2, 5, 5))),
)


def by_hand() -> tuple[Any, ...]:
    """Give two tokens, four matrices and two heads that can be read and reckoned with."""
    x = np.array([[1.0, 0.0], [1.0, 2.0]])
    w_q, w_k = np.array([[1.0, 2.0], [-1.0, 1.0]]), np.array([[0.0, 1.0], [1.0, -1.0]])
    w_v, w_o = np.array([[10.0, 20.0], [5.0, 10.0]]), np.array([[1.0, 0.0], [1.0, 2.0]])
    return x, w_q, w_k, w_v, w_o, 2


def layer_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Sentences, matrices, heads and masks: by hand, of all shapes, and hard for a softmax."""
    x, *others = by_hand()
    yield Case("two tokens, two heads, by hand", (x, *others))
    mask = np.array([[True, False], [True, True]])
    yield Case("two tokens, two heads and a mask", (x, *others, mask))
    two, mask = np.stack([x, x[::-1]]), np.array([[[True, False]], [[True, True]]])
    yield Case("as many sentences as heads", (two, *others, mask))
    x, *matrices = np.split(rng.integers(-1, 2, size=(18, 4)) / 2, (2, 6, 10, 14))
    yield Case("two tokens, two heads of two features", (2 * x, *matrices, 2))
    yield from spread(lambda *lead: draw(rng, *lead))
    for group, lead, shapes in FORMS:
        for shape in shapes:
            yield Case(group, (*draw(rng, *lead), some(rng, *shape)))
    yield Case("one more", (*draw(rng, 2), some(rng, 2, 1, 5))).as_float32()
    yield Case("read-only and not contiguous", (*draw(rng, 3), some(rng, 5, 5)), awkward=True)
    yield from square_cases(rng)
    yield from hard_cases(rng)


def square_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Sizes that are equal, and sizes of 1."""
    for lead, shape in (((), (4, 4)), ((4,), (4, 4)), ((4,), (4, 1, 4)), ((4,), (4, 4, 4))):
        yield Case("all sizes equal", (*draw(rng, *lead, n=4, d=4, h=4), some(rng, *shape)))
    mask = some(rng, 4, 4)
    yield Case("as many tokens as heads", (*draw(rng, 2, n=4, d=8, h=4), mask))
    yield Case("one head", draw(rng, 2, n=3, d=6, h=1))
    yield Case("a single token", draw(rng, n=1, d=6, h=2))


def hard_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Scores of any size, rows that may see nothing, and hidden scores far above the others."""
    large, eye = float(rng.integers(50, 200)), np.eye(2)
    x = np.array([[large, large], [large + 1 / large, large + 2 / large]])
    yield Case("very high and very low scores", (x, eye, np.diag([1.0, -1.0]), eye, eye, 2))
    mask = np.array([[False, False], [True, True]])
    yield Case("a token that may attend to nothing", (*by_hand(), mask))
    mask = some(rng, 5, 5)
    mask[2] = False
    yield Case("a token that may attend to nothing", (*draw(rng), mask))
    mask = padding_mask(np.array([3, 0, 5]), 5)
    yield Case("an empty sentence in a batch", (*draw(rng, 3), mask))
    x = np.array([[1.0, 2.0], [2.0, 1.0], [large**2, large**2]])
    mask = np.array([[True, True, False], [True, True, False], [False, True, True]])
    yield Case("a hidden score far above the others", (x, eye, eye, eye, eye, 2, mask))


def draw(rng: np.random.Generator, *lead: int, n: int = 5, d: int = 12, h: int = 3) -> Any:
    """Draw a sentence (*lead, n, d), four matrices (d, d), and give h with them."""
    matrices = rng.normal(size=(4, d, d)) * 1.5 / math.sqrt(d)
    return (rng.normal(size=(*lead, n, d)), *matrices, h)


def some(rng: np.random.Generator, *shape: int) -> Array:
    """Draw a mask in which every row allows a key and hides another."""
    mask = rng.uniform(size=shape) < 0.6
    first = rng.integers(0, shape[-1], size=shape[:-1])[..., np.newaxis]
    np.put_along_axis(mask, first, True, axis=-1)
    np.put_along_axis(mask, (first + 1) % shape[-1], False, axis=-1)
    return mask


Attend = Callable[[Array, Array, Array, Any], Pair]


def attend_in_heads(q: Array, k: Array, v: Array, mask: Any) -> Pair:
    """Attend in every head, with a mask without an axis for heads, or None."""
    if mask is None:
        return attention(q, k, v)
    return masked_attention(q, k, v, np.expand_dims(mask, -3))


def layer(
    *given: Any,
    split: Callable[[Array, int], Array] = split_heads,
    merge: Callable[[Array], Array] = merge_heads,
    attend: Attend = attend_in_heads,
    sharper: float = 1.0,
) -> Pair:
    """Compute multi_head_attention with a part exchanged; sharper: a factor of the scores."""
    x, w_q, w_k, w_v, w_o, n_heads, *mask = given
    q, k, v = (split(x @ w, n_heads) for w in (w_q * sharper, w_k, w_v))
    context, weights = attend(q, k, v, mask[0] if mask else None)
    return merge(context) @ w_o, weights


def with_mask(change: Callable[[Array], Any], *given: Any) -> Pair:
    """Compute multi_head_attention with another mask, where there is one."""
    return multi_head_attention(*given[:6], *(change(mask) for mask in given[6:]))


def with_weights(to_weights: Callable[[Array], Array]) -> Attend:
    """Make attention with another way from masked scores to weights."""

    def attend(q: Array, k: Array, v: Array, mask: Any) -> Pair:
        scores = scaled_scores(q, k)
        weights = to_weights(scores if mask is None else mask_scores(scores, lifted(mask)))
        return weights @ v, weights

    return attend


def lifted(mask: Array) -> Array:
    """Give a mask its axis for the heads."""
    return np.expand_dims(mask, -3)


def softmax_over(scores: Array, axis: int) -> Array:
    """Take a softmax over any axis; where all is hidden, the weights are 0."""
    exps = np.exp(scores - np.maximum(scores.max(axis=axis, keepdims=True), -1e300))
    totals = exps.sum(axis=axis, keepdims=True)
    return np.asarray(exps / np.where(totals > 0, totals, 1))


@mistake("√d_model in place of √d_head", "Take the size of a query inside a head.")
def root_of_d_model(*given: Any) -> Pair:
    """Inside a head a dot product runs over d_head entries, so its scores spread as √d_head.
    Divided by √d_model, they are √n_heads times too small and the weights too even. Nothing
    crashes, and so many published programs have had this bug."""
    return layer(*given, sharper=1 / math.sqrt(given[5]))


@mistake("scores that are not scaled", "Divide by √d_head, or call your attention.")
def not_scaled(*given: Any) -> Pair:
    """The scores of a head spread as √d_head. Without the division its weights are too sharp."""
    return layer(*given, sharper=math.sqrt(size_of_a_head(given)))


@mistake("a division by d_head in place of √d_head", "Divide by √d_head, and do it once.")
def divided_by_d_head(*given: Any) -> Pair:
    """√d_head is the spread of a head's scores, d_head their variance. Divided by d_head, the
    weights are too even. Dividing yourself and then calling attention, which divides as well,
    comes to the same."""
    return layer(*given, sharper=1 / math.sqrt(size_of_a_head(given)))


def size_of_a_head(given: tuple[Any, ...]) -> int:
    return head_dim(given[0].shape[-1], given[5])


@mistake("heads split by a reshape alone", "Use your split_heads for all three.")
def split_by_reshape(*given: Any) -> Pair:
    """Straight to (…, n_heads, n, d_head), a reshape gives each head whole rows of a few tokens.
    A row of its weights then belongs to no token at all."""
    return layer(*given, split=reshaped_straight.broken)


@mistake("heads merged by a reshape alone", "Use your merge_heads.")
def merged_by_reshape(*given: Any) -> Pair:
    """The heads are right, and then their numbers are read in the wrong order. Row 0 of the output
    is made of the first head's first tokens."""
    return layer(*given, merge=merged_straight.broken)


@mistake("heads split and merged by a reshape alone", "Swap two axes, here and there.")
def both_by_reshape(*given: Any) -> Pair:
    """Each undoes the other, so a round trip looks right. In between, the heads do not hold what
    they should: the numbers of a few tokens, and not a part of every token."""
    return layer(*given, split=reshaped_straight.broken, merge=merged_straight.broken)


@mistake("features dealt out like cards", "Give each head columns that stand side by side.")
def columns_dealt_out(*given: Any) -> Pair:
    """The columns of head 0 are 0, n_heads, 2 · n_heads and so on here, and merging undoes it. A
    model can be trained like that. But the stub says which columns belong to a head, and with
    given matrices it counts."""
    return layer(*given, split=dealt_out.broken, merge=shuffled.broken)


@mistake("an output without W_O", "Multiply the merged heads by w_o.")
def without_w_o(*given: Any) -> Pair:
    """The heads stand side by side, and each writes into its own columns only. W_O mixes what
    they found. The shape is right without it, and no error tells you."""
    x, *_ = given
    return layer(*given[:4], np.eye(x.shape[-1], dtype=x.dtype), *given[5:])


@mistake("an average of the heads where their sum should be", "Add up what the heads contribute.")
def heads_averaged(*given: Any) -> Pair:
    """Side by side times W_O is a sum: each head's context times its own rows of W_O, all added
    up. Here the sum is divided by the number of heads."""
    output, weights = multi_head_attention(*given)
    return output / given[5], weights


@mistake("contexts that are averaged over the heads", "Put the contexts side by side.")
def contexts_averaged(*given: Any) -> Pair:
    """All heads hand over the same average, repeated to fit. What each of them found by itself is
    gone before W_O could mix it."""
    return layer(*given, merge=average_repeated.broken)


@mistake("weights that are averaged over the heads", "Return the weights of every head.")
def weights_averaged(*given: Any) -> Pair:
    """The output is right. But an average of the maps shows what no head does; that is why they
    are kept apart. torch's own layer averages them unless told otherwise."""
    output, weights = multi_head_attention(*given)
    return output, weights.mean(axis=-3)


@mistake("one head in place of n_heads", "Split q, k and v before attention.")
def one_wide_head(*given: Any) -> Pair:
    """This is the attention of lesson 06 with all features in one head: one budget for each token.
    n_heads plays no part."""
    x, w_q, w_k, w_v, w_o, _, *mask = given
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    context, weights = masked_attention(q, k, v, *mask) if mask else attention(q, k, v)
    return context @ w_o, weights


@mistake("heads that see only a part of x", "Let every head read the whole token.")
def parts_of_x(*given: Any) -> Pair:
    """x is split first here, and each part is projected by itself. A head should read all
    features of x, and project them down: project first, then split."""
    x, w_q, w_k, w_v, w_o, n_heads, *mask = given
    d = size_of_a_head(given)
    own = np.kron(np.eye(n_heads), np.ones((d, d))).astype(x.dtype)
    return layer(x, w_q * own, w_k * own, w_v * own, w_o, n_heads, *mask)


@mistake("one projection for all heads", "Give head h its own columns of w_q, w_k and w_v.")
def same_columns(*given: Any) -> Pair:
    """All heads use the columns of the first. They ask the same and find the same, so the maps
    are equal, and a single head would do."""
    x, w_q, w_k, w_v, w_o, n_heads, *mask = given
    d = size_of_a_head(given)
    w_q, w_k, w_v = (np.tile(w[:, :d], n_heads) for w in (w_q, w_k, w_v))
    return layer(x, w_q, w_k, w_v, w_o, n_heads, *mask)


@mistake("matrices that are transposed", "Multiply by the matrices as they are.")
def matrices_transposed(*given: Any) -> Pair:
    """x @ w.T is what torch's nn.Linear computes. Here head h owns columns of w_q, w_k and w_v.
    All four matrices are square, so no error tells you."""
    x, *matrices = given[:5]
    return layer(x, *(w.T for w in matrices), *given[5:])


@mistake("a W_O that is transposed", "Head h owns rows of w_o: multiply by it as it is.")
def w_o_transposed(*given: Any) -> Pair:
    """In a loop it is tempting to take columns of w_o as well, and to transpose them to make
    them fit. Each head's context is multiplied by its own rows of w_o."""
    return layer(*given[:4], given[4].T, *given[5:])


@mistake("queries and keys swapped", "Make the queries of w_q and the keys of w_k.")
def swapped(*given: Any) -> Pair:
    """What a token offers is used as its question here. A sentence has as many queries as keys,
    so no error tells you."""
    x, w_q, w_k, *rest = given
    return layer(x, w_k, w_q, *rest)


@mistake("w_k used for the values", "Look at the line that makes v: its matrix is w_v.")
def w_k_for_values(*given: Any) -> Pair:
    """A copied line kept its matrix. The shapes are all the same here, so only the numbers
    tell."""
    x, w_q, w_k, _, *rest = given
    return layer(x, w_q, w_k, w_k, *rest)


@mistake("a softmax over the heads", "Take the softmax along the keys, the last axis.")
def over_the_heads(*given: Any) -> Pair:
    """Here the heads share a budget for every pair of tokens. Each head has a budget of its own
    for each of its rows."""
    return layer(*given, attend=with_weights(lambda scores: softmax_over(scores, -3)))


@mistake("a softmax over the queries", "Take the softmax along the keys, the last axis.")
def over_the_queries(*given: Any) -> Pair:
    """Each column sums to 1 here: every key has a budget to give to the queries. It is each query
    that spends a budget of 1, in every head."""
    return layer(*given, attend=with_weights(lambda scores: softmax_over(scores, -2)))


@mistake("an exp that overflows", "Use your softmax, or your attention.")
def overflow(*given: Any) -> Pair:
    """exp of a score above 709.78 is infinity, and of one below -745.14 it is 0. Both end in nan,
    and so does a row in which nothing is allowed."""

    def bare(scores: Array) -> Array:
        exps = np.exp(scores)
        return np.asarray(exps / exps.sum(axis=-1, keepdims=True))

    return layer(*given, attend=with_weights(bare))


@mistake("a mask that is never used", "Where there is a mask, call your masked_attention.")
def mask_ignored(*given: Any) -> Pair:
    """Without a mask all is right. With one, every token still looks at every other, at the
    padding and at the future too."""
    return multi_head_attention(*given[:6])


@mistake("a mask without an axis for the heads", "Put the axis third from the end.")
def no_head_axis(*given: Any) -> Pair:
    """Scores are (batch, n_heads, n, n), so the first axis of a mask (batch, 1, n) meets the
    heads. That fails, or, with as many sentences as heads, head h gets the mask of sentence h.
    mask[None] puts the new axis in front, which changes nothing. The axis belongs third from the
    end."""
    return layer(*given, attend=masked_or_not)


@mistake("a mask with the axis for the heads in second place", "Count from the end: third.")
def second_axis(*given: Any) -> Pair:
    """mask[:, None] is right for a mask of shape (batch, …). One of shape (n, n) becomes
    (n, 1, n), and row i lands on head i. Third from the end is right for both."""
    return layer(*given, attend=with_axis(lambda mask: mask[:, np.newaxis]))


@mistake("masks repeated in the wrong order", "Repeat each sentence's mask, or use broadcasting.")
def masks_tiled(*given: Any) -> Pair:
    """With heads folded into the batch, the order is: all heads of sentence 0, then all of
    sentence 1. np.tile repeats the masks as sentence 0, 1, 0, 1, so that heads get other
    sentences' masks."""
    lead, n_heads = given[0].shape[:-2], given[5]
    return layer(*given, attend=with_axis(lambda mask: tiled(mask, lead, n_heads)))


def tiled(mask: Array, lead: tuple[int, ...], n_heads: int) -> Array:
    """Repeat the sentences' masks one after the other, and hand them out in the wrong order."""
    one_each = np.broadcast_to(mask, (*lead, *mask.shape[-2:]))
    repeated = np.broadcast_to(one_each, (n_heads, *one_each.shape))
    return repeated.reshape(*lead, n_heads, *mask.shape[-2:])


def with_axis(put: Callable[[Array], Array]) -> Attend:
    """Make attention with another way to give a mask its axis for the heads."""
    return lambda q, k, v, mask: masked_or_not(q, k, v, None if mask is None else put(mask))


def masked_or_not(q: Array, k: Array, v: Array, mask: Any) -> Pair:
    """Attend with a mask that is used as it is, or with None."""
    return attention(q, k, v) if mask is None else masked_attention(q, k, v, mask)


@mistake("a mask read the other way around", "Let a query attend where the mask is True.")
def read_backwards(*given: Any) -> Pair:
    """True stands for may attend in this course. torch's own multi-head layer reads a mask the
    other way around, and so does this."""
    return with_mask(np.logical_not, *given)


@mistake("a mask that is transposed", "Use the mask as given: rows are queries.")
def mask_transposed(*given: Any) -> Pair:
    """Row i of the mask belongs to query i, in every head. Transposed, a causal mask shows the
    future and hides the past."""
    return with_mask(lambda mask: np.swapaxes(mask, -1, -2), *given)


@mistake("nan where nothing is allowed", "Use your masked_attention.")
def nan_where_nothing_is_allowed(*given: Any) -> Pair:
    """A softmax of nothing but minus infinity is nan. From there it spreads into the output, and
    W_O spreads it over the whole row."""
    return layer(*given, attend=with_weights(softmax))


@mistake("a large negative number in place of minus infinity", "Use your masked_attention.")
def even_where_nothing_is_allowed(*given: Any) -> Pair:
    """-1e9 hides well as long as something is allowed. In a row where nothing is, all scores are
    equal, and the token that may see nothing sees everything."""
    finite = with_weights(lambda scores: softmax(np.maximum(scores, -1e9)))
    return layer(*given, attend=finite)


@mistake("a mask after the softmax", "Mask the scores, before the softmax.")
def after_the_softmax(*given: Any) -> Pair:
    """The hidden keys have taken their share of the budget already. Set to zero now, the rows sum
    to less than 1."""

    def attend(q: Array, k: Array, v: Array, mask: Any) -> Pair:
        weights = softmax(scaled_scores(q, k)) * (1 if mask is None else lifted(mask))
        return weights @ v, weights

    return layer(*given, attend=attend)


@mistake("weights stacked in front of the batch", "Stack the heads with axis=-3.")
def stacked_in_front(*given: Any) -> Pair:
    """The output is right, and so is every map. But np.stack and np.array put the heads in front
    of the sentences unless told otherwise. The axis of the heads comes third from the end."""
    output, weights = multi_head_attention(*given)
    return output, np.moveaxis(weights, -3, 0)


@mistake("scores in place of the weights", "Return what came out of the softmax.")
def scores_returned(*given: Any) -> Pair:
    """The output is right. The second result should be the weights that made it, and these are
    the scores from before the softmax."""
    x, w_q, w_k, _, _, n_heads, *mask = given
    scores = scaled_scores(split_heads(x @ w_q, n_heads), split_heads(x @ w_k, n_heads))
    masked = mask_scores(scores, lifted(mask[0])) if mask else scores
    return multi_head_attention(*given)[0], masked


@mistake("the two results in the wrong order", "Return the output first, then the weights.")
def reversed_results(*given: Any) -> Pair:
    """Both are right. But whoever calls the function writes output, weights = ..., and would take
    one for the other."""
    output, weights = multi_head_attention(*given)
    return weights, output


def divided_by_the_right_root(args: tuple[Any, ...], value: Any) -> str | None:
    """Each head's weights are those of scores over √d_head."""
    d_model, d_head = args[0].shape[-1], size_of_a_head(args)
    _, right = multi_head_attention(*args)
    for done, divisor in (
        ("divided by √d_model", math.sqrt(d_model)),
        ("divided by d_head", d_head),
        ("not divided", 1.0),
    ):
        _, weights = layer(*args, sharper=math.sqrt(d_head) / divisor)
        if np.allclose(weights, right, atol=1e-4):  # on this input it makes no difference
            continue
        if np.shape(value[1]) == weights.shape and np.allclose(value[1], weights, atol=1e-5):
            return (
                f"The weights are those of scores that are {done}. A head's dot products run over "
                f"d_head = {d_head} {'entry' if d_head == 1 else 'entries'}: divide by √d_head."
            )
    return None


def hidden_gets_nothing(args: tuple[Any, ...], value: Any) -> str | None:
    """Where the mask is False, the weight is 0, in every head."""
    weights = np.asarray(value[1])
    if len(args) < 7 or not np.isfinite(weights).all():
        return None
    leaks = np.argwhere(~np.broadcast_to(lifted(args[6]), weights.shape) & (abs(weights) > 1e-12))
    if not len(leaks):
        return None
    at = tuple(int(i) for i in leaks[0])
    place = f"weights[{', '.join(map(str, at))}]"
    return f"The mask hides a key, and {place} still gives it {number(float(weights[at]))}."


def heads_share_one(args: tuple[Any, ...], value: Any) -> str | None:
    """A row of each head sums to 1, unless nothing is allowed in it."""
    weights = np.asarray(value[1])
    if not np.isfinite(weights).all():
        return None
    rows = True if len(args) < 7 else lifted(args[6]).any(axis=-1)
    sums = weights.sum(axis=-1)
    wrong = np.argwhere(~np.isclose(sums, rows, rtol=0, atol=1e-4))
    if not len(wrong):
        return None
    at = tuple(int(i) for i in wrong[0])
    return (
        f"Row {at[-1]} of head {at[-2]} sums to {number(float(sums[at]))}; in every head a row "
        "shares out a budget of 1."
    )


MULTI_HEAD_ATTENTION = Exercise(
    reference=multi_head_attention,
    points=4,
    cases=layer_cases,
    results=("output", "weights"),
    mistakes=(
        root_of_d_model,
        not_scaled,
        divided_by_d_head,
        split_by_reshape,
        merged_by_reshape,
        both_by_reshape,
        columns_dealt_out,
        without_w_o,
        heads_averaged,
        contexts_averaged,
        weights_averaged,
        one_wide_head,
        parts_of_x,
        same_columns,
        matrices_transposed,
        w_o_transposed,
        swapped,
        w_k_for_values,
        over_the_heads,
        over_the_queries,
        overflow,
        mask_ignored,
        no_head_axis,
        second_axis,
        masks_tiled,
        read_backwards,
        mask_transposed,
        nan_where_nothing_is_allowed,
        even_where_nothing_is_allowed,
        after_the_softmax,
        stacked_in_front,
        scores_returned,
        reversed_results,
    ),
    properties=(
        divided_by_the_right_root,
        hidden_gets_nothing,
        nonnegative(1),
        heads_share_one,
    ),
    hints=(
        "Your attention works on the last two axes and leaves those in front alone. Where do the "
        "heads have to stand so that it works on all of them at once?",
        "Project x three times and split each result. Attend; with a mask, give it an axis for "
        "the heads, third from the end. Then merge the context, and multiply by w_o.",
        "q, k, v = (split_heads(x @ w, n_heads) for w in (w_q, w_k, w_v))\n"
        "if mask is None:\n"
        "    context, weights = ...\n"
        "else:\n"
        "    context, weights = masked_attention(q, k, v, np.expand_dims(mask, ...))\n"
        "return ... @ w_o, weights",
    ),
)

EXERCISES = (HEAD_DIM, SPLIT_HEADS, MERGE_HEADS, MULTI_HEAD_ATTENTION)

QUESTIONS = (
    Question(
        "08-one-budget",
        "The verb 'bites' wants to know who bites and whom, and gives half of its budget to each. "
        "What it hears is a word: dog or man. Can its context tell 'dog bites man' from 'man bites "
        "dog'?",
        (
            Option(
                "Yes: it knows which of them it asked for as the one who bites.",
                "That was in the queries and keys. They decide on the weights, and what arrives "
                "is a blend of values: half dog, half man, either way.",
            ),
            Option(
                "Yes: the words stand in another order.",
                "A weighted sum has no order. Half dog plus half man is half man plus half dog.",
            ),
            Option(
                "No: it is half dog and half man, either way.",
                "Both were heard, and who is who got lost: one row of weights makes one blend.",
                right=True,
            ),
        ),
        prediction=True,
    ),
    Question(
        "08-parameters",
        "A layer has d_model = 768 and 12 heads. It is built anew with 24 heads, and the same "
        "d_model. How many parameters do W_Q, W_K, W_V and W_O have now?",
        (
            Option(
                "As many as before.",
                "Twice as many heads, each half as wide: all four matrices are 768 by 768 still.",
                right=True,
            ),
            Option(
                "Twice as many.",
                "There are twice as many heads, but each of them is half as wide.",
            ),
            Option(
                "More, but only in W_O.",
                "W_O takes all heads side by side. 24 heads of 32 features are 768 features again.",
            ),
            Option(
                "Half as many.",
                "Each head has half as many, and there are twice as many heads.",
            ),
        ),
        prediction=True,
    ),
    Question(
        "08-round-trip",
        "For every x that you try, merge_heads(split_heads(x, 3)) gives x back. What do you know?",
        (
            Option(
                "Both functions are right.",
                "Two reshapes pass as well, and their heads are wrong.",
            ),
            Option(
                "One undoes the other; the heads may be wrong.",
                "Whatever split does, merge takes it back. To test the heads, hold them against "
                "slices of the columns.",
                right=True,
            ),
            Option(
                "split_heads is right; merge_heads may be wrong.",
                "A wrong split can be undone as well as a right one. The test sees the two "
                "together only.",
            ),
        ),
    ),
    Question(
        "08-mask",
        "Four sentences, four heads. The scores are (4, 4, n, n), and a padding mask (4, 1, n) is "
        "used as it is, without an axis for the heads. What happens?",
        (
            Option(
                "An error: (4, 1, n) has one axis too few.",
                "Broadcasting adds missing axes in front: (1, 4, 1, n). That fits, since there "
                "are as many heads as sentences.",
            ),
            Option(
                "All is well: broadcasting puts the axis in.",
                "It puts the axis in front. Then the sentences of the mask meet the heads of the "
                "scores.",
            ),
            Option(
                "Head h of every sentence gets the mask of sentence h.",
                "Shapes are lined up from the last axis on, so the mask's 4 sentences meet the "
                "4 heads. With 3 heads, or 8, it would fail.",
                right=True,
            ),
        ),
    ),
    Question(
        "08-w-o",
        "The heads stand side by side and have d_model features again. Why multiply by W_O?",
        (
            Option(
                "To bring the result to the right size",
                "The size is right already: n_heads times d_head is d_model.",
            ),
            Option(
                "So that what one head found can reach every column",
                "Without it, head h writes into its own d_head columns and nowhere else.",
                right=True,
            ),
            Option(
                "To make up for the division by √d_head",
                "The division calms the scores, and the softmax makes a budget of 1 of them. There "
                "is nothing to make up for.",
            ),
            Option(
                "For no reason: W_V could do the same",
                "With one head it could. With more, head h's columns of W_V reach head h's context "
                "only, and no other column.",
            ),
        ),
    ),
    Question(
        "08-jobs",
        "A trained layer has 12 heads. Which of them takes care of the grammar?",
        (
            Option(
                "The one that was trained for it",
                "All heads are trained together, for one task, such as to predict a word. Nobody "
                "tells a head what to do.",
            ),
            Option(
                "That has to be found out; it may be several, or none.",
                "Roles emerge in training, and they overlap. Lesson 11 measures which head does "
                "what, and holds it against a simple rule.",
                right=True,
            ),
            Option(
                "The first: later heads build on it.",
                "The heads of a layer work side by side, and none sees what another found. Their "
                "order means nothing.",
            ),
            Option(
                "All 12, each a twelfth of it",
                "They are not alike: on one relation, a few heads do far better than all others "
                "(Clark et al. 2019).",
            ),
        ),
    ),
    Question(
        "08-too-many",
        "For 768 points of view, somebody gives a layer with d_model = 768 as many as 768 heads. "
        "What stands against it?",
        (
            Option(
                "It has 768 times as many parameters.",
                "The matrices are what they were: 768 heads of 1 feature are 768 features.",
            ),
            Option(
                "768 heads cannot share 768 features.",
                "They can: one each. head_dim(768, 768) is 1, and nothing fails.",
            ),
            Option(
                "A query has one number: it can say more or less, and little else.",
                "Score (i, j) is one number times another. Every query favors the largest key or "
                "the smallest, whatever the sentence says.",
                right=True,
            ),
            Option(
                "Nothing: more heads see more.",
                "More of them look, but each sees less. A head of one feature can favor two keys "
                "at most.",
            ),
        ),
    ),
)

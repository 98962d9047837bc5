"""Lesson 12: cut heads off, see what is lost, where they look, and how many to have."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from qkv_course.analysis.heads import ablate_heads, choose_heads, head_importance, role_mass
from qkv_course.attention import softmax
from qkv_course.checks.cases import spread
from qkv_course.checks.exercise import Case, Exercise, mistake
from qkv_course.lessons._12_watch_heads_learn.questions import QUESTIONS

__all__ = ["EXERCISES", "QUESTIONS"]

Array = np.ndarray

# --- ablate_heads -------------------------------------------------------------------------


def context_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Contexts and the heads to cut: one, none, several, all."""
    by_hand = np.array([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]])
    yield Case("two heads, two tokens", (by_hand, [0]))

    def contexts(*lead: int) -> tuple[Array, list[int]]:
        cut = rng.permutation(5)[: rng.integers(1, 3)]
        return rng.normal(size=(*lead, 5, 4, 3)), [int(head) for head in cut]

    yield from spread(contexts)
    yield Case("several heads", (rng.normal(size=(5, 3, 4)), [3, 1]))
    yield Case("no head at all", (rng.normal(size=(3, 4, 2)), []))
    yield Case("all heads", (rng.normal(size=(2, 3, 4, 2)), [2, 0, 1]))
    yield Case("all sizes equal", (rng.normal(size=(3, 3, 3)), [1]))
    yield Case("all sizes equal, a batch", (rng.normal(size=(3, 3, 3, 3)), [0, 2]))


@mistake("the listed heads kept, all others cut", "Set the listed heads to 0, and no others.")
def others_cut(per_head_output: Array, heads: list[int]) -> Array:
    """This shows what the listed heads can do alone. That is a good question, too, but another
    one: an ablation asks what is lost without them."""
    kept = np.zeros_like(per_head_output)
    kept[..., list(heads), :, :] = per_head_output[..., list(heads), :, :]
    return kept


@mistake("heads taken out of the array", "Keep the shape: put zeros where the heads are.")
def heads_deleted(per_head_output: Array, heads: list[int]) -> Array:
    """W_O expects the features of all heads, each in its place. Without some of them the array has
    another shape, and the heads behind a gap would move up into it."""
    return np.delete(per_head_output, list(heads), axis=-3)


@mistake("the first axis taken out", "Keep the shape: put zeros where the heads are.")
def first_axis_deleted(per_head_output: Array, heads: list[int]) -> Array:
    """Without batch axes the heads come first, and they are gone; but W_O expects the features of
    all heads, each in its place. With a batch in front, whole sentences are gone: count the axes
    from the end."""
    return np.delete(per_head_output, list(heads), axis=0)


@mistake("the second axis taken out", "Keep the shape: put zeros where the heads are.")
def second_axis_deleted(per_head_output: Array, heads: list[int]) -> Array:
    """With one batch axis the heads come second, and they are gone; but W_O expects the features
    of all heads, each in its place. Without a batch, tokens are gone: count the axes from the
    end."""
    return np.delete(per_head_output, list(heads), axis=1)


@mistake("heads cut in the caller's own array", "Make a copy first, and cut in the copy.")
def cut_in_place(per_head_output: Array, heads: list[int]) -> Array:
    """The numbers are right, but what was handed over is changed, too. Whoever cuts one head after
    another would soon have none left."""
    per_head_output[..., list(heads), :, :] = 0
    return per_head_output


@mistake("tokens cut in place of heads", "Heads are the third axis from the end.")
def tokens_cut(per_head_output: Array, heads: list[int]) -> Array:
    """The second axis from the end counts tokens. All heads lose these words, and no head is
    gone."""
    kept = per_head_output.copy()
    kept[..., list(heads), :] = 0
    return kept


@mistake("features cut in place of heads", "Heads are the third axis from the end.")
def features_cut(per_head_output: Array, heads: list[int]) -> Array:
    """The last axis holds the features inside a head. Each head loses some, and no head is gone."""
    kept = per_head_output.copy()
    kept[..., list(heads)] = 0
    return kept


@mistake("the first axis taken for the heads", "Count from the end: there may be batch axes.")
def first_axis_cut(per_head_output: Array, heads: list[int]) -> Array:
    """Without batch axes the heads come first. With a batch in front, whole sentences are cut."""
    kept = per_head_output.copy()
    kept[list(heads)] = 0
    return kept


@mistake("the second axis taken for the heads", "Count from the end: there may be batch axes.")
def second_axis_cut(per_head_output: Array, heads: list[int]) -> Array:
    """With one batch axis the heads come second. Without it tokens are cut, and all heads stay."""
    kept = per_head_output.copy()
    kept[:, list(heads)] = 0
    return kept


@mistake("only the first listed head cut", "Cut all heads in the list.")
def one_head_cut(per_head_output: Array, heads: list[int]) -> Array | None:
    """A `return` inside the loop ends it after the first round, and heads[0] is one head only."""
    kept = per_head_output.copy()
    for head in heads:
        kept[..., head, :, :] = 0
        return kept
    return None  # as Python does, where the loop has no round


@mistake("heads replaced by their average", "Put 0 in their place.")
def mean_in_place_of_zero(per_head_output: Array, heads: list[int]) -> Array:
    """Each listed head gives its mean over the tokens, whatever the token. That is 'mean ablation',
    which some prefer, since a 0 may be unusual for a model. Here it is plain zeros."""
    kept = per_head_output.copy()
    cut = list(heads)
    kept[..., cut, :, :] = kept[..., cut, :, :].mean(axis=-2, keepdims=True)
    return kept


@mistake("the other heads made larger", "Leave the other heads as they are.")
def rest_scaled_up(per_head_output: Array, heads: list[int]) -> Array:
    """Dropout scales up what is left, so that the sum stays about the same. An ablation is a
    measurement: nothing but the listed heads should change."""
    kept = ablate_heads(per_head_output, heads)
    left = per_head_output.shape[-3] - len(heads)
    return kept * (per_head_output.shape[-3] / max(left, 1))


ABLATE_HEADS = Exercise(
    reference=ablate_heads,
    points=1,
    cases=context_cases,
    results=("contexts",),
    mistakes=(
        others_cut,
        heads_deleted,
        first_axis_deleted,
        second_axis_deleted,
        cut_in_place,
        tokens_cut,
        features_cut,
        first_axis_cut,
        second_axis_cut,
        one_head_cut,
        mean_in_place_of_zero,
        rest_scaled_up,
    ),
    hints=(
        "Which axis counts the heads, if you count from the end?",
        "Copy the array. Then choose the listed heads on the third axis from the end, with all "
        "tokens and all features, and write 0 there.",
        "kept = per_head_output.copy()\nkept[..., list(heads), ..., ...] = 0  # two axes to name\n"
        "return kept",
    ),
)

# --- head_importance ----------------------------------------------------------------------


def accuracy_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Accuracies with and without heads: of one layer, of several, of several features."""
    yield Case("three heads", (0.75, np.array([0.25, 0.75, 1.0])))
    for shape in ((4,), (2, 3), (2, 3), (3, 4, 2)):
        without = rng.uniform(0.2, 0.8, size=shape)
        without.flat[0] = 0.95  # better without it
        yield Case("other shapes", (float(rng.uniform(0.6, 0.9)), without))
    single = np.array([float(rng.uniform(0.2, 0.5))])
    yield Case("a single head", (float(rng.uniform(0.6, 0.9)), single))
    equal = rng.uniform(0.2, 0.99, size=(3, 3))
    yield Case("all sizes equal", (float(rng.uniform(0.6, 0.9)), equal))
    yield Case("one more", (0.5, rng.uniform(size=(2, 5)))).as_float32()
    yield Case("read-only and not contiguous", (0.7, rng.uniform(size=(4, 3))), awkward=True)


@mistake("the sign turned around", "Take the full model's accuracy minus the other.")
def sign_turned(accuracy_full: float, accuracy_ablated: Array) -> Array:
    """A head that matters gets a negative number here: the accuracy changes by so much when it is
    cut. Importance is what is lost, so it is positive where the head mattered."""
    return accuracy_ablated - accuracy_full


@mistake("no sign", "Keep the sign: negative entries may stay.")
def without_sign(accuracy_full: float, accuracy_ablated: Array) -> Array:
    """A head without which the model is better looks as important as one without which it is
    worse. The sign tells them apart."""
    return np.abs(accuracy_full - accuracy_ablated)


@mistake("negative importance set to 0", "Keep the sign: negative entries may stay.")
def clipped(accuracy_full: float, accuracy_ablated: Array) -> Array:
    """A model can be better without a head. That is a finding, and 0 hides it."""
    return np.maximum(accuracy_full - accuracy_ablated, 0)


@mistake("the loss relative to the full accuracy", "Leave out the division.")
def relative(accuracy_full: float, accuracy_ablated: Array) -> Array:
    """Divided by the full model's accuracy, this is the share that is lost. Here the difference
    itself is wanted, in the unit of the accuracies."""
    return (accuracy_full - accuracy_ablated) / accuracy_full


@mistake("a ratio of the two accuracies", "Subtract.")
def ratio(accuracy_full: float, accuracy_ablated: Array) -> Array:
    """A ratio of 1 means that nothing was lost, and a small one that much was. Importance is a
    difference, and 0 where nothing was lost."""
    return accuracy_ablated / accuracy_full


@mistake("one number for all heads", "Keep one entry for each head.")
def averaged(accuracy_full: float, accuracy_ablated: Array) -> Any:
    """The mean over all heads says what a head matters on average. One that all hangs on
    disappears in it."""
    return np.mean(accuracy_full - accuracy_ablated)


@mistake("importance that adds up to 1", "Leave the differences as they are.")
def normalized(accuracy_full: float, accuracy_ablated: Array) -> Array:
    """Importance is no budget. Two heads that do the same work can both be cut alone without any
    loss, and then all entries are 0."""
    lost = accuracy_full - accuracy_ablated
    return lost / lost.sum()


HEAD_IMPORTANCE = Exercise(
    reference=head_importance,
    points=1,
    cases=accuracy_cases,
    results=("importance",),
    mistakes=(sign_turned, without_sign, clipped, relative, ratio, averaged, normalized),
    hints=(
        "What is lost when a head is cut off, and which of the two numbers is the larger one then?",
        "It is the accuracy with all heads, minus the accuracy without the head. NumPy subtracts a "
        "whole array from a number at once.",
        "return accuracy_full - ...",
    ),
)

# --- role_mass ----------------------------------------------------------------------------


def role_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Weights and roles: rows without the role, and rows with two words in it."""
    weights = np.array([[[0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.9, 0.1, 0.0]]])
    roles = np.array([[[0, 1, 1], [0, 0, 0], [0, 1, 0]]], dtype=bool)
    yield Case("one head, one role", (weights, roles))

    def drawn(*lead: int, n_heads: int = 3, n: int = 5, n_roles: int = 2) -> tuple[Array, Array]:
        weights = softmax(1.5 * rng.normal(size=(*lead, n_heads, n, n)))
        return weights, draw_roles(rng, n_roles, n)

    yield from spread(drawn)
    yield Case("four roles", drawn(n_heads=2, n=3, n_roles=4))
    yield Case("all sizes equal", drawn(n_heads=3, n=3, n_roles=3))
    yield Case("all sizes equal, a batch", drawn(3, n_heads=3, n=3, n_roles=3))


def draw_roles(rng: np.random.Generator, n_roles: int, n: int) -> Array:
    """Draw roles: a row without any True, a row with two, and others by chance."""
    roles = rng.random(size=(n_roles, n, n)) < 0.3
    for role in roles:
        empty, double = rng.permutation(n)[:2]
        role[empty] = False
        role[double] = False
        role[double, rng.permutation(n)[:2]] = True
    return roles


@mistake("a mean over all queries", "Count only the queries that have a True in this role.")
def over_all_queries(weights: Array, roles: Array) -> Array:
    """A query without a word in this role counts as 0 here. A role that few words have, such as
    'not', looks neglected then, however well the head finds it."""
    return np.einsum("...hqk,rqk->...hr", weights, roles) / weights.shape[-1]


@mistake("a mean over the cells", "Add up a row's cells first; then take the mean of the rows.")
def over_the_cells(weights: Array, roles: Array) -> Array:
    """Where a query has two words in the role, their weights belong together: half on 'not' and
    half on 'good' is all of the budget, and not half of it."""
    total = np.einsum("...hqk,rqk->...hr", weights, roles)
    return total / roles.sum(axis=(-2, -1))


@mistake("a sum in place of the mean", "Divide by the number of queries that have the role.")
def summed(weights: Array, roles: Array) -> Array:
    """The more words have a role, the larger this becomes. It can be above 1, and then it is no
    share of a budget."""
    return np.einsum("...hqk,rqk->...hr", weights, roles)


@mistake("the largest cell of each row", "Add up all True cells of a row.")
def largest_cell(weights: Array, roles: Array) -> Array:
    """Where the role has two words, only one of them counts here. Their weights belong together."""
    inside = np.where(roles, weights[..., None, :, :], 0).max(axis=-1)  # (..., h, r, q)
    return inside.sum(axis=-1) / roles.any(axis=-1).sum(axis=-1)


@mistake("queries and keys swapped in the roles", "A role's row is the query, its column the key.")
def roles_transposed(weights: Array, roles: Array) -> Array:
    """This asks how much the subject attends to the verb, where the verb's attention to the subject
    is meant. Both matrices are square, so nothing crashes."""
    total = np.einsum("...hqk,rkq->...hr", weights, roles)
    return total / roles.any(axis=-2).sum(axis=-1)


@mistake("roles in front of the heads", "The last axis counts the roles, the one before the heads.")
def roles_first(weights: Array, roles: Array) -> Array:
    """The numbers are right, but stand in the wrong order: a row for each role. A row for each head
    is wanted."""
    return np.swapaxes(role_mass(weights, roles), -1, -2)


@mistake("a mean over the heads", "Keep one row for each head.")
def heads_averaged(weights: Array, roles: Array) -> Array:
    """A head that looks at nothing but the subject disappears among others that never do. What
    heads do differently is what you want to see."""
    return role_mass(weights, roles).mean(axis=-2)


@mistake("how often the largest weight is in the role", "Add up weights, do not compare them.")
def by_the_largest(weights: Array, roles: Array) -> Array:
    """This counts hits, as the accuracy of a head does. Here it is about how much of the weight
    falls on the role, wherever the largest is."""
    largest = np.eye(weights.shape[-1])[weights.argmax(axis=-1)]
    return role_mass(largest, roles)


@mistake("the role's share of what the head looks at most", "Do not divide by the row's maximum.")
def relative_to_the_maximum(weights: Array, roles: Array) -> Array:
    """Divided by its largest weight, a row is no budget of 1 any more. A head that spreads its
    attention evenly looks as if it put all of it on the role."""
    return role_mass(weights / weights.max(axis=-1, keepdims=True), roles)


def a_share(_args: tuple[Any, ...], value: Any) -> str | None:
    """The mass of a role is a share of a budget of 1."""
    low, high = float(np.min(value)), float(np.max(value))
    if low < -1e-6 or high > 1 + 1e-6:
        return (
            f"The results run from {low:.3g} to {high:.3g}. Each is a share of a query's budget, "
            "from 0 to 1."
        )
    return None


ROLE_MASS = Exercise(
    reference=role_mass,
    points=2,
    cases=role_cases,
    results=("mass",),
    mistakes=(
        over_all_queries,
        over_the_cells,
        summed,
        largest_cell,
        roles_transposed,
        roles_first,
        heads_averaged,
        by_the_largest,
        relative_to_the_maximum,
    ),
    properties=(a_share,),
    hints=(
        "Take one head and one role. Which rows count, and what do you add up in each of them?",
        "weights * role keeps the weights inside the role. Their sum, divided by the number of "
        "rows that have a True, is the mean. For all heads and roles at once, give the weights an "
        "axis for the roles: weights[..., None, :, :].",
        "inside = weights[..., None, :, :] * roles  # (..., n_heads, n_roles, n, n)\n"
        "rows = roles.any(axis=-1).sum(axis=-1)  # (n_roles,)\n"
        "return inside.sum(axis=...) / rows",
    ),
)

# --- choose_heads -------------------------------------------------------------------------


def result_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Results of a sweep, in any order, with numbers of heads that do not divide d_model."""
    by_hand = {8: 0.86, 16: 0.85, 1: 0.5, 3: 1.0, 2: 0.875, 4: 0.9}
    yield Case("six results", (by_hand, 16, 0.0625))
    yield Case("the tolerance that is the default", ({2: 0.9, 4: 0.93, 1: 0.895, 8: 0.935}, 64))
    yield Case("exactly at the tolerance", ({8: 0.75, 2: 0.5, 1: 0.25, 4: 0.625}, 64, 0.25))
    yield Case("no tolerance", ({4: 0.75, 1: 0.5, 8: 0.875, 2: 0.625}, 32, 0.0))
    for _ in range(3):
        yield Case(
            "other results", (draw_results(rng), 24, round(float(rng.uniform(0.062, 0.07)), 3))
        )
    yield Case("a single result", ({6: float(rng.uniform(0.2, 0.9))}, 48, 0.05))
    best_does_not_fit = {5: 0.99, 2: 0.7, 4: 0.8, 8: 0.81, 7: 0.98}
    yield Case("the best does not divide d_model", (best_does_not_fit, 64, 0.02))


def draw_results(rng: np.random.Generator) -> dict[int, float]:
    """Draw accuracies: 2, 3 and 4 heads come near the best, 8; 5 and 7 do not divide 24."""
    below = {1: 0.3, 2: 0.06, 3: 0.05, 4: 0.01, 6: 0.15, 8: 0.0, 12: 0.04, 24: 0.2}
    best = float(rng.uniform(0.75, 0.85))
    results = {n: best - gap for n, gap in below.items()} | {5: best + 0.1, 7: best + 0.12}
    return {int(n): round(results[int(n)], 3) for n in rng.permutation(list(results))}


@mistake("the most accurate, whatever its heads", "Let the tolerance decide, then take the fewest.")
def most_accurate(results: dict[int, float], d_model: int, tolerance: float = 0.01) -> int:
    """The best of a sweep often wins by chance, by a few passages in a thousand. What is nearly as
    good with fewer heads is easier to understand."""
    possible = {n: accuracy for n, accuracy in results.items() if d_model % n == 0}
    return max(possible, key=lambda n: possible[n])


@mistake("the most accurate of all", "Leave out heads that do not fit; then take the fewest.")
def most_accurate_of_all(results: dict[int, float], d_model: int, tolerance: float = 0.01) -> int:
    """The best of a sweep often wins by chance, and here it may be a number of heads that does not
    divide d_model, and cannot be built."""
    return max(results, key=lambda n: results[n])


@mistake("the most heads within the tolerance", "Take the fewest of them.")
def most_heads(results: dict[int, float], d_model: int, tolerance: float = 0.01) -> int:
    """All of these are nearly as good as the best. Of them, the fewest heads are wanted: each is
    wider, and each can be told from the others."""
    possible = {n: accuracy for n, accuracy in results.items() if d_model % n == 0}
    best = max(possible.values())
    return max(n for n, accuracy in possible.items() if accuracy >= best - tolerance)


@mistake("the first that comes within the tolerance", "Take the fewest heads, in whatever order.")
def first_found(results: dict[int, float], d_model: int, tolerance: float = 0.01) -> int:
    """A dict keeps the order in which it was filled. Only if it was filled in the order of the
    heads is the first one the one with the fewest."""
    possible = {n: accuracy for n, accuracy in results.items() if d_model % n == 0}
    best = max(possible.values())
    return next(n for n, accuracy in possible.items() if accuracy >= best - tolerance)


@mistake("heads that do not divide d_model", "Leave out what d_model % n_heads does not allow.")
def any_number(results: dict[int, float], d_model: int, tolerance: float = 0.01) -> int:
    """Heads share the features evenly. A number of heads that does not divide d_model cannot be
    built with this d_model, so its result does not count, either."""
    best = max(results.values())
    return min(n for n, accuracy in results.items() if accuracy >= best - tolerance)


@mistake("the best taken from heads that do not fit", "Leave them out first; then find the best.")
def compared_with_all(results: dict[int, float], d_model: int, tolerance: float = 0.01) -> int:
    """A number of heads that does not divide d_model cannot be built, so it should not set the
    mark for the others."""
    best = max(results.values())
    possible = {n: accuracy for n, accuracy in results.items() if d_model % n == 0}
    near = [n for n, accuracy in possible.items() if accuracy >= best - tolerance]
    return min(near) if near else max(possible, key=lambda n: possible[n])


@mistake("a tolerance relative to the best", "Subtract the tolerance from the best accuracy.")
def relative_tolerance(results: dict[int, float], d_model: int, tolerance: float = 0.01) -> int:
    """best * (1 - tolerance) is a little stricter than best - tolerance, as long as the best is
    below 1. The tolerance is in the unit of the accuracies."""
    possible = {n: accuracy for n, accuracy in results.items() if d_model % n == 0}
    best = max(possible.values())
    return min(n for n, accuracy in possible.items() if accuracy >= best * (1 - tolerance))


@mistake("a tolerance that is never quite used up", "Exactly at the tolerance is near enough: >=.")
def strictly_within(results: dict[int, float], d_model: int, tolerance: float = 0.01) -> int:
    """With > in place of >=, a result exactly at the tolerance is left out, and with a tolerance of
    0 nothing is left at all."""
    possible = {n: accuracy for n, accuracy in results.items() if d_model % n == 0}
    best = max(possible.values())
    return min(n for n, accuracy in possible.items() if accuracy > best - tolerance)


@mistake("an accuracy in place of a number of heads", "Return the number of heads.")
def accuracy_returned(results: dict[int, float], d_model: int, tolerance: float = 0.01) -> Any:
    """The keys of the dict are the numbers of heads, its values the accuracies. The question is
    which number of heads to build."""
    return results[choose_heads(results, d_model, tolerance)]


@mistake("the tolerance left out", "Use the tolerance that is given.")
def fixed_tolerance(results: dict[int, float], d_model: int, tolerance: float = 0.01) -> int:
    """0.01 is only what is used if nobody says otherwise. The caller may allow more or less."""
    return choose_heads(results, d_model, 0.01)


CHOOSE_HEADS = Exercise(
    reference=choose_heads,
    points=1,
    cases=result_cases,
    results=("heads",),
    mistakes=(
        most_accurate,
        most_accurate_of_all,
        most_heads,
        first_found,
        any_number,
        compared_with_all,
        relative_tolerance,
        strictly_within,
        accuracy_returned,
        fixed_tolerance,
    ),
    hints=(
        "Which results count at all? And which of those are good enough?",
        "Keep the numbers of heads that divide d_model. Find the best accuracy among them. Of all "
        "that reach best - tolerance, take the smallest number of heads.",
        "possible = {n: accuracy for n, accuracy in results.items() if ...}\n"
        "best = max(possible.values())\n"
        "return min(n for n, accuracy in possible.items() if ...)",
    ),
)

EXERCISES = (ABLATE_HEADS, HEAD_IMPORTANCE, ROLE_MASS, CHOOSE_HEADS)

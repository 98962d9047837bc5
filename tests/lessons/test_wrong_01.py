"""Lesson 01: what is wrong is rejected, and never called by the name of another mistake."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qkv_course.checks import evaluate

Array = np.ndarray
Wrong = Callable[..., Any]
Step = Callable[[Array, Array], Array]


def run(x: Array, start: Array, step: Step) -> Array:
    """Carry a state along the tokens, by whatever step."""
    h, states = start, []
    for t in range(x.shape[-2]):
        h = step(x[..., t, :], h)
        states.append(h)
    return np.stack(states, axis=-2)


def zeros(x: Array, w_h: Array) -> Array:
    return np.zeros((*x.shape[:-2], w_h.shape[0]))


def right_states(x: Array, w_x: Array, w_h: Array) -> Array:
    return run(x, zeros(x, w_h), lambda x_t, h: np.tanh(x_t @ w_x + h @ w_h))


def starts_from_ones(x: Array, w_x: Array, w_h: Array) -> Array:
    return run(x, 1 + zeros(x, w_h), lambda x_t, h: np.tanh(x_t @ w_x + h @ w_h))


def starts_from_first_token(x: Array, w_x: Array, w_h: Array) -> Array:
    return run(x, x[..., 0, :] @ w_x, lambda x_t, h: np.tanh(x_t @ w_x + h @ w_h))


def sigmoid_in_place_of_tanh(x: Array, w_x: Array, w_h: Array) -> Array:
    return run(x, zeros(x, w_h), lambda x_t, h: 1 / (1 + np.exp(-(x_t @ w_x + h @ w_h))))


def tanh_of_each_term(x: Array, w_x: Array, w_h: Array) -> Array:
    return run(x, zeros(x, w_h), lambda x_t, h: np.tanh(x_t @ w_x) + np.tanh(h @ w_h))


def tanh_of_memory_only(x: Array, w_x: Array, w_h: Array) -> Array:
    return run(x, zeros(x, w_h), lambda x_t, h: x_t @ w_x + np.tanh(h @ w_h))


def minus_the_memory(x: Array, w_x: Array, w_h: Array) -> Array:
    return run(x, zeros(x, w_h), lambda x_t, h: np.tanh(x_t @ w_x - h @ w_h))


def memory_added_as_it_is(x: Array, w_x: Array, w_h: Array) -> Array:
    return run(x, zeros(x, w_h), lambda x_t, h: np.tanh(x_t @ w_x + h))


def memory_added_twice(x: Array, w_x: Array, w_h: Array) -> Array:
    return run(x, zeros(x, w_h), lambda x_t, h: h + np.tanh(x_t @ w_x + h @ w_h))


def only_w_h_transposed(x: Array, w_x: Array, w_h: Array) -> Array:
    return run(x, zeros(x, w_h), lambda x_t, h: np.tanh(x_t @ w_x + h @ w_h.T))


def a_bias_of_one(x: Array, w_x: Array, w_h: Array) -> Array:
    return run(x, zeros(x, w_h), lambda x_t, h: np.tanh(x_t @ w_x + h @ w_h + 1))


def first_token_at_every_step(x: Array, w_x: Array, w_h: Array) -> Array:
    return run(x, zeros(x, w_h), lambda _, h: np.tanh(x[..., 0, :] @ w_x + h @ w_h))


def last_token_skipped(x: Array, w_x: Array, w_h: Array) -> Array:
    return right_states(x, w_x, w_h)[..., :-1, :]


def last_state_everywhere(x: Array, w_x: Array, w_h: Array) -> Array:
    states = right_states(x, w_x, w_h)
    return np.broadcast_to(states[..., -1:, :], states.shape).copy()


def memory_of_two_steps_only(x: Array, w_x: Array, w_h: Array) -> Array:
    fresh = np.tanh(x @ w_x)
    before = np.concatenate([0 * fresh[..., :1, :], fresh[..., :-1, :]], axis=-2)
    return np.tanh(x @ w_x + before @ w_h)


def no_tanh_and_swapped(x: Array, w_x: Array, w_h: Array) -> Array:
    return run(x, zeros(x, w_h), lambda x_t, h: x_t @ w_h + h @ w_x)


def reversed_and_with_h_0(x: Array, w_x: Array, w_h: Array) -> Array:
    states = right_states(x, w_x, w_h)
    return np.concatenate([states[..., ::-1, :], 0 * states[..., :1, :]], axis=-2)


def no_tanh_along_the_batch(x: Array, w_x: Array, w_h: Array) -> Array:
    h, states = np.zeros(len(w_h)), []
    for x_t in x:
        h = x_t @ w_x + h @ w_h
        states.append(h)
    return np.array(states)


def first_sentence_for_all(x: Array, w_x: Array, w_h: Array) -> Array:
    states = right_states(x, w_x, w_h)
    first = states[(0,) * (x.ndim - 2)]
    return np.broadcast_to(first, states.shape).copy()


def only_one_batch_axis(x: Array, w_x: Array, w_h: Array) -> Any:
    if x.ndim == 2:
        return right_states(x, w_x, w_h)
    return np.array([right_states(one, w_x, w_h) if one.ndim == 2 else one for one in x])


def list_of_states(x: Array, w_x: Array, w_h: Array) -> Any:
    return list(np.moveaxis(right_states(x, w_x, w_h), -2, 0))


def states_and_last(x: Array, w_x: Array, w_h: Array) -> Any:
    states = right_states(x, w_x, w_h)
    return states, states[..., -1, :]


def tokens_overwritten(x: Array, w_x: Array, w_h: Array) -> Any:
    states = right_states(x, w_x, w_h)
    x[..., 0, :] = 0
    return states


STATES: list[Wrong] = [
    starts_from_ones,
    starts_from_first_token,
    sigmoid_in_place_of_tanh,
    tanh_of_each_term,
    tanh_of_memory_only,
    minus_the_memory,
    memory_added_as_it_is,
    memory_added_twice,
    only_w_h_transposed,
    a_bias_of_one,
    first_token_at_every_step,
    last_token_skipped,
    last_state_everywhere,
    memory_of_two_steps_only,
    no_tanh_and_swapped,
    reversed_and_with_h_0,
    no_tanh_along_the_batch,
    first_sentence_for_all,
    only_one_batch_axis,
    list_of_states,
    states_and_last,
    tokens_overwritten,
]


def power(w_h: Array, distance: int) -> Array:
    return np.linalg.matrix_power(w_h, distance)


def largest_column_sum(w_h: Array, distance: int) -> Any:
    return np.linalg.norm(power(w_h, distance), 1)


def largest_row_sum(w_h: Array, distance: int) -> Any:
    return np.linalg.norm(power(w_h, distance), np.inf)


def nuclear_norm(w_h: Array, distance: int) -> Any:
    return np.linalg.norm(power(w_h, distance), "nuc")


def largest_squared(w_h: Array, distance: int) -> Any:
    m = power(w_h, distance)
    return np.linalg.eigvalsh(m.T @ m).max()


def symmetric_eigenvalues(w_h: Array, distance: int) -> Any:
    return np.abs(np.linalg.eigvalsh(power(w_h, distance))).max()


def eigenvalue_without_power(w_h: Array, distance: int) -> Any:
    return np.abs(np.linalg.eigvals(w_h)).max()


def determinant(w_h: Array, distance: int) -> Any:
    return abs(np.linalg.det(power(w_h, distance)))


def trace(w_h: Array, distance: int) -> Any:
    return abs(np.trace(power(w_h, distance)))


def one_step_only(w_h: Array, distance: int) -> Any:
    return np.linalg.norm(w_h, 2)


def stretch_of_ones(w_h: Array, distance: int) -> Any:
    ones = np.ones(len(w_h)) / np.sqrt(len(w_h))
    return np.linalg.norm(ones @ power(w_h, distance))


def mean_of_singular_values(w_h: Array, distance: int) -> Any:
    return np.linalg.svdvals(power(w_h, distance)).mean()


def all_singular_values(w_h: Array, distance: int) -> Any:
    return np.linalg.svdvals(power(w_h, distance))


def steps_there_and_back(w_h: Array, distance: int) -> Any:
    return np.linalg.norm(power(w_h @ w_h.T, distance), 2)


def squared_again_and_again(w_h: Array, distance: int) -> Any:
    m = w_h
    for _ in range(max(distance - 1, 0)):
        m = m @ m
    return np.linalg.norm(m, 2) if distance else 1.0


def never_above_one(w_h: Array, distance: int) -> Any:
    return min(1.0, float(np.linalg.norm(power(w_h, distance), 2)))


def zero_after_no_step(w_h: Array, distance: int) -> Any:
    return np.linalg.norm(power(w_h, distance), 2) if distance else 0.0


def power_of_entries_and_frobenius(w_h: Array, distance: int) -> Any:
    return np.linalg.norm(w_h**distance)


def frobenius_to_the_power(w_h: Array, distance: int) -> Any:
    return np.linalg.norm(w_h) ** distance


def one_step_too_many_and_frobenius(w_h: Array, distance: int) -> Any:
    return np.linalg.norm(power(w_h, distance + 1))


def rounded(w_h: Array, distance: int) -> float:
    return round(float(np.linalg.norm(power(w_h, distance), 2)), 3)


def a_measured_stretch(w_h: Array, distance: int) -> Any:
    nudges = np.random.default_rng(0).normal(size=(500, len(w_h)))
    return (
        np.linalg.norm(nudges @ power(w_h, distance), axis=1) / np.linalg.norm(nudges, axis=1)
    ).max()


INFLUENCE: list[Wrong] = [
    largest_column_sum,
    largest_row_sum,
    nuclear_norm,
    largest_squared,
    symmetric_eigenvalues,
    eigenvalue_without_power,
    determinant,
    trace,
    one_step_only,
    stretch_of_ones,
    mean_of_singular_values,
    all_singular_values,
    steps_there_and_back,
    squared_again_and_again,
    never_above_one,
    zero_after_no_step,
    power_of_entries_and_frobenius,
    frobenius_to_the_power,
    one_step_too_many_and_frobenius,
    rounded,
    a_measured_stretch,
]


def last_token_left_out(weights: Array, x: Array) -> Any:
    return weights[:-1] @ x[:-1]


def first_token_left_out(weights: Array, x: Array) -> Any:
    return weights[1:] @ x[1:]


def weights_backwards(weights: Array, x: Array) -> Any:
    return weights[::-1] @ x


def weights_squared(weights: Array, x: Array) -> Any:
    return weights**2 @ x


def weights_without_sign(weights: Array, x: Array) -> Any:
    return np.abs(weights) @ x


def normalized_by_size(weights: Array, x: Array) -> Any:
    return weights @ x / np.abs(weights).sum()


def softmax_and_average(weights: Array, x: Array) -> Any:
    exps = np.exp(weights)
    return exps / exps.sum() @ x / len(x)


def normalized_and_divided(weights: Array, x: Array) -> Any:
    return weights @ x / weights.sum() / len(x)


def largest_times_its_weight(weights: Array, x: Array) -> Any:
    i = int(np.argmax(weights))
    return weights[i] * x[i]


def largest_by_size(weights: Array, x: Array) -> Any:
    return x[np.argmax(np.abs(weights))]


def one_number(weights: Array, x: Array) -> Any:
    return (weights[:, None] * x).sum()


def total_weight_times_sum(weights: Array, x: Array) -> Any:
    return weights.sum() * x.sum(axis=0)


def first_token_for_all(weights: Array, x: Array) -> Any:
    return weights.sum() * x[0]


def a_column(weights: Array, x: Array) -> Any:
    return x.T @ weights[:, None]


def a_list(weights: Array, x: Array) -> Any:
    return (weights @ x).tolist()


def blend_and_weights(weights: Array, x: Array) -> Any:
    return weights @ x, weights


def written_into_x(weights: Array, x: Array) -> Any:
    x *= weights[:, None]
    return x.sum(axis=0)


def running_blend(weights: Array, x: Array) -> Any:
    return np.cumsum(weights[:, None] * x, axis=0)


def not_added_up_and_softmaxed(weights: Array, x: Array) -> Any:
    exps = np.exp(weights)
    return (exps / exps.sum())[:, None] * x


def remembered() -> Wrong:
    """Answers the second call of a shape with what was right for the first."""
    seen: dict[Any, Any] = {}

    def mix(weights: Array, x: Array) -> Any:
        return seen.setdefault((x.shape, x.dtype), weights @ x)

    return mix


MIX: list[Wrong] = [
    last_token_left_out,
    first_token_left_out,
    weights_backwards,
    weights_squared,
    weights_without_sign,
    normalized_by_size,
    softmax_and_average,
    normalized_and_divided,
    largest_times_its_weight,
    largest_by_size,
    one_number,
    total_weight_times_sum,
    first_token_for_all,
    a_column,
    a_list,
    blend_and_weights,
    written_into_x,
    running_blend,
    not_added_up_and_softmaxed,
    remembered(),
]

WRONG = {"rnn_states": STATES, "rnn_influence": INFLUENCE, "mix": MIX}


def array_by_default(x: Array, w_x: Array, w_h: Array) -> Array:
    return np.array(
        [right_states(x[..., : t + 1, :], w_x, w_h)[..., -1, :] for t in range(x.shape[-2])]
    )


def h_never_replaced(x: Array, w_x: Array, w_h: Array) -> Array:
    h, states = np.zeros(len(w_h)), []
    for t in range(x.shape[-2]):
        states.append(np.tanh(x[..., t, :] @ w_x + h @ w_h))
    return np.stack(states, axis=-2)


def loop_from_w_h(w_h: Array, distance: int) -> Any:
    m = w_h
    for _ in range(distance - 1):
        m = m @ w_h
    return np.linalg.norm(m, 2)


@pytest.mark.parametrize(
    ("name", "wrong", "mistake"),
    [
        ("rnn_states", array_by_default, "stacked-first"),
        ("rnn_states", h_never_replaced, "no-memory"),
        ("rnn_influence", loop_from_w_h, "zero-taken-for-one"),
        ("rnn_influence", lambda w, k: np.linalg.svdvals(w)[0] ** k, "power-of-the-norm"),
        ("rnn_influence", lambda w, k: np.linalg.svd(w**k)[1].max(), "power-of-entries"),
        (
            "rnn_influence",
            lambda w, k: abs(np.linalg.eigvals(np.linalg.matrix_power(w, k))).max(),
            "largest-eigenvalue",
        ),
        ("mix", lambda w, x: x * w, "plain-product"),
        ("mix", lambda w, x: w @ x.T, "weights-meet-features"),
        ("mix", lambda w, x: (w[:, None] * x).mean(axis=0), "divided-by-n"),
        ("mix", lambda w, x: (w[:, None] * x).sum(axis=1), "summed-over-features"),
        ("mix", lambda w, x: np.average(x, axis=0, weights=w), "weights-normalized"),
    ],
)
def test_a_mistake_is_named_however_it_is_written(name: str, wrong: Wrong, mistake: str) -> None:
    report = evaluate(name, wrong, 1)
    assert report.mistake is not None and report.mistake.name == mistake


def test_a_state_beyond_the_tanh_says_so() -> None:
    assert "after a tanh none is above 1" in evaluate("rnn_states", memory_added_twice, 1).likely


def test_a_wrong_first_state_and_a_wrong_step_are_told_apart() -> None:
    first = evaluate("rnn_states", starts_from_ones, 1).likely
    later = evaluate("rnn_states", minus_the_memory, 1).likely
    assert "Already the first state" in first
    assert "The first state is right" in later


def test_more_than_any_step_allows_says_so() -> None:
    report = evaluate("rnn_influence", frobenius_to_the_power, 1)
    assert "nothing is stretched more than" in report.likely

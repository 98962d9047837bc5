"""Lesson 01: what a recurrent network forgets on the way, and the way that is one step long."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from qkv_course.attention import mix, rnn_influence, rnn_states, softmax
from qkv_course.checks.cases import spread
from qkv_course.checks.compare import number
from qkv_course.checks.exercise import Case, Exercise, mistake
from qkv_course.checks.question import Option, Question

# --- rnn_states ---------------------------------------------------------------------------


def token_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Tokens and two matrices: by hand, of all shapes, one token, and square."""

    def draw(*shape: int, d_h: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        d_in = shape[-1]
        # Divided so that the tanh is neither nearly straight nor nearly flat.
        return (
            rng.normal(size=shape),
            rng.normal(size=(d_in, d_h)) / np.sqrt(d_in),
            rng.normal(size=(d_h, d_h)) / np.sqrt(d_h),
        )

    x = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]])
    w_x = np.array([[0.5, 1.0], [-0.5, 0.0]])
    w_h = np.array([[0.0, 1.0], [-0.5, 0.5]])
    yield Case("three tokens, by hand", (x, w_x, w_h))
    yield from spread(lambda *lead: draw(*lead, 4, 3, d_h=5))
    yield Case("a single token", draw(1, 3, d_h=2))
    for shape in ((4, 4), (4, 4, 4)):  # many slips crash elsewhere and give numbers here
        yield Case("all sizes equal", draw(*shape, d_h=4))


def _linear(x: np.ndarray, w_h: np.ndarray) -> np.ndarray:
    """Run the recurrence without tanh on tokens that are projected already."""
    h, states = np.zeros(x.shape[:-2] + w_h.shape[:1]), []
    for t in range(x.shape[-2]):
        h = x[..., t, :] + h @ w_h
        states.append(h)
    return np.stack(states, axis=-2)


@mistake("a recurrence without the tanh", "Take the tanh of the whole sum, at every step.")
def no_tanh(x: np.ndarray, w_x: np.ndarray, w_h: np.ndarray) -> np.ndarray:
    """Without it a state is a plain sum, and nothing keeps it from growing without end. The
    tanh holds every entry between -1 and 1."""
    return _linear(x @ w_x, w_h)


@mistake("a tanh of the new token only", "Take the tanh of the sum of both terms.")
def tanh_of_token_only(x: np.ndarray, w_x: np.ndarray, w_h: np.ndarray) -> np.ndarray:
    """The memory is added after the tanh, so it is not held between -1 and 1. Both terms belong
    inside."""
    return _linear(np.tanh(x @ w_x), w_h)


@mistake(
    "a tanh at the end, after all steps", "Take the tanh inside the loop, before the next step."
)
def tanh_at_the_end(x: np.ndarray, w_x: np.ndarray, w_h: np.ndarray) -> np.ndarray:
    """The next step has to start from the state as the tanh left it. Here the loop runs on the
    raw sums, and only what is returned passes through the tanh."""
    return np.tanh(_linear(x @ w_x, w_h))


@mistake("states without a memory", "Add the last state times w_h, and store the new state in h.")
def no_memory(x: np.ndarray, w_x: np.ndarray, w_h: np.ndarray) -> np.ndarray:
    """Each state depends on its own token alone. Either the term h @ w_h is missing, or h is
    never replaced and stays 0."""
    return np.tanh(x @ w_x)


@mistake("an h_0 that is returned too", "Store only the states that come after a token.")
def starts_with_h_0(x: np.ndarray, w_x: np.ndarray, w_h: np.ndarray) -> np.ndarray:
    """h_0 = 0 is where the network starts, before it has read anything. There is one state for
    each token, and h_0 belongs to none."""
    states = rnn_states(x, w_x, w_h)
    return np.concatenate([np.zeros_like(states[..., :1, :]), states], axis=-2)


@mistake("states that come one step late", "Compute the new state first, then store it.")
def stored_before_the_step(x: np.ndarray, w_x: np.ndarray, w_h: np.ndarray) -> np.ndarray:
    """Row t holds the state before token t was read, so the first row is 0 and the last state
    is lost."""
    return starts_with_h_0.broken(x, w_x, w_h)[..., :-1, :]


@mistake("the last state only", "Keep the state after every token, not only after the last.")
def last_state_only(x: np.ndarray, w_x: np.ndarray, w_h: np.ndarray) -> np.ndarray:
    """The last state is right. The ones on the way are asked for as well: one row for each
    token."""
    return rnn_states(x, w_x, w_h)[..., -1, :]


@mistake("the states in reverse", "Put each new state behind the others: append, not insert.")
def states_reversed(x: np.ndarray, w_x: np.ndarray, w_h: np.ndarray) -> np.ndarray:
    """The states are right, but the first row holds the last of them. Row t belongs to
    token t."""
    return rnn_states(x, w_x, w_h)[..., ::-1, :]


@mistake("a reading from right to left", "Start with token 0 and go up.")
def read_backwards(x: np.ndarray, w_x: np.ndarray, w_h: np.ndarray) -> np.ndarray:
    """The first state has to come from the first token. Here the network begins with the last
    one."""
    return rnn_states(x[..., ::-1, :], w_x, w_h)


@mistake("w_x and w_h swapped", "Tokens meet w_x, states meet w_h.")
def matrices_swapped(x: np.ndarray, w_x: np.ndarray, w_h: np.ndarray) -> np.ndarray:
    """w_x turns a token into a state, w_h turns a state into the next. Their shapes differ,
    unless tokens and states happen to be of one size; then nothing warns you."""
    return rnn_states(x, w_h, w_x)


@mistake("matrices that are transposed", "Multiply by w_x and w_h as they come.")
def matrices_transposed(x: np.ndarray, w_x: np.ndarray, w_h: np.ndarray) -> np.ndarray:
    """In this course tokens are rows and stand on the left: x @ w, with w of shape
    (d_in, d_out). Other books and PyTorch store the transpose of it."""
    return rnn_states(x, w_x.T, w_h.T)


@mistake("matrices on the left of the product", "Put the token and the state on the left: x @ w.")
def matrices_on_the_left(x: np.ndarray, w_x: np.ndarray, w_h: np.ndarray) -> np.ndarray:
    """w @ x is for tokens that stand as columns. Here tokens are rows, so the matrix comes
    second."""
    h, states = np.zeros(x.shape[:-2] + w_h.shape[:1]), []
    for t in range(x.shape[-2]):
        h = np.tanh(w_x @ x[..., t, :] + w_h @ h)
        states.append(h)
    return np.stack(states, axis=-2)


@mistake(
    "a walk along the batch", "Step along the tokens: x[..., t, :] is token t of every sentence."
)
def walks_along_the_batch(x: np.ndarray, w_x: np.ndarray, w_h: np.ndarray) -> np.ndarray:
    """`for x_t in x` follows the first axis. That is the tokens of a single sentence, but in a
    batch it is the sentences: the network then reads sentence after sentence, not word after
    word."""
    h, states = np.zeros(w_h.shape[0]), []
    for x_t in x:
        h = np.tanh(x_t @ w_x + h @ w_h)
        states.append(h)
    return np.array(states)


@mistake("states stacked along the first axis", "Stack along the tokens' axis: axis=-2.")
def stacked_first(x: np.ndarray, w_x: np.ndarray, w_h: np.ndarray) -> np.ndarray:
    """np.array and np.stack put the new axis first unless told otherwise. The tokens' axis is
    the last but one, behind all batch axes."""
    return np.moveaxis(rnn_states(x, w_x, w_h), -2, 0)


@mistake(
    "a step along axis 1, whatever that is", "Count axes from the end: the tokens' axis is -2."
)
def counts_axes_from_the_front(x: np.ndarray, w_x: np.ndarray, w_h: np.ndarray) -> np.ndarray:
    """Axis 1 holds the tokens if there is exactly one batch axis. Without a batch it holds the
    features, and with more axes in front it holds something else again."""
    h, states = np.zeros(w_h.shape[0]), []
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ w_x + h @ w_h)
        states.append(h)
    return np.stack(states, axis=1)


@mistake(
    "a memory that runs on into the next sentence", "Start every sentence of a batch from h_0 = 0."
)
def memory_not_reset(x: np.ndarray, w_x: np.ndarray, w_h: np.ndarray) -> np.ndarray:
    """Sentences of a batch have nothing to do with each other. Here the second one starts with
    what the first one left behind."""
    h, states = np.zeros(w_h.shape[0]), np.zeros((*x.shape[:-1], w_h.shape[0]))
    for place in np.ndindex(x.shape[:-1]):
        h = np.tanh(x[place] @ w_x + h @ w_h)
        states[place] = h
    return states


def states_stay_in_range(_args: tuple[Any, ...], value: Any) -> str | None:
    """A tanh never leaves -1 ... 1."""
    largest = float(np.max(np.abs(value)))
    if not largest > 1 + 1e-6:
        return None
    return f"An entry is as large as {number(largest)}; after a tanh none is above 1."


def rows_differ(_args: tuple[Any, ...], value: Any) -> str | None:
    """Notice one state in every row, as a list gives that holds one array n times."""
    rows = np.asarray(value)
    if rows.shape[-2] < 2 or (rows != rows[..., :1, :]).any():
        return None
    return (
        "Every row holds the same numbers. `h[:] = ...` writes into one and the same array at "
        "every step; `h = ...` makes a new one."
    )


def first_state_is_right(args: tuple[Any, ...], value: Any) -> str | None:
    """Say whether the trouble starts with the first state or with the memory."""
    x, w_x, _ = args
    if not np.isfinite(value).all():
        return None
    first = np.tanh(x[..., 0, :] @ w_x)
    if np.allclose(np.asarray(value)[..., 0, :], first, rtol=1e-3, atol=1e-4):
        return "The first state is right, so look at how a state is handed on to the next step."
    return "Already the first state differs from the tanh of the first token times w_x."


RNN_STATES = Exercise(
    reference=rnn_states,
    points=2,
    cases=token_cases,
    results=("states",),
    mistakes=(
        no_tanh,
        tanh_of_token_only,
        tanh_at_the_end,
        no_memory,
        starts_with_h_0,
        stored_before_the_step,
        last_state_only,
        states_reversed,
        read_backwards,
        matrices_swapped,
        matrices_transposed,
        matrices_on_the_left,
        walks_along_the_batch,
        stacked_first,
        counts_axes_from_the_front,
        memory_not_reset,
    ),
    properties=(states_stay_in_range, rows_differ, first_state_is_right),
    hints=(
        "What does step t need that step t - 1 made? Keep that in a variable, and begin with "
        "zeros.",
        "Loop over the tokens. In each round make a new h from x[..., t, :] and the old h, and "
        "append it to a list. At the end, np.stack puts the list back along the tokens' axis, "
        "which is -2.",
        "h = np.zeros((*x.shape[:-2], w_h.shape[0]))\n"
        "states = []\n"
        "for t in range(x.shape[-2]):\n"
        "    h = np.tanh(... + ...)\n"
        "    states.append(h)\n"
        "return np.stack(states, axis=-2)",
    ),
)


# --- rnn_influence ------------------------------------------------------------------------


def matrix_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Matrices and distances: by hand, of other sizes, no step, one step, and many."""

    def draw(d_h: int, low: int, high: int) -> tuple[np.ndarray, int]:
        w_h = rng.normal(size=(d_h, d_h))
        # Divided so that many steps neither vanish below the tolerance nor overflow.
        w_h /= rng.uniform(1.1, 1.3) * np.abs(np.linalg.eigvals(w_h)).max()
        return w_h, int(rng.integers(low, high))

    yield Case("two steps, by hand", (np.array([[2.0, 1.0], [0.0, 2.0]]), 2))
    yield from spread(lambda: draw(4, 2, 4), batched=False)
    yield Case("one number", (-rng.uniform(0.5, 0.9, size=(1, 1)), 3))
    yield Case("one step", draw(3, 1, 2))
    yield Case("no step", draw(3, 0, 1))
    yield Case("many steps", draw(5, 20, 30))


@mistake("a power of each entry", "Use a matrix power: w_h @ w_h, and so on.")
def power_of_entries(w_h: np.ndarray, distance: int) -> float:
    """`**` raises every entry by itself. A nudge is multiplied by the whole matrix at every
    step, and there its entries mix."""
    return float(np.linalg.norm(w_h**distance, 2))


@mistake("the largest eigenvalue", "Take the largest singular value: np.linalg.norm(m, 2).")
def largest_eigenvalue(w_h: np.ndarray, distance: int) -> float:
    """An eigenvalue says what happens to directions that the matrix keeps. Other directions can
    be stretched more: the most that a matrix stretches any vector at all is its largest singular
    value."""
    return np.abs(np.linalg.eigvals(w_h)).max() ** distance


@mistake(
    "one step's largest stretch, to the power of the distance",
    "Build the matrix power first, and measure that.",
)
def power_of_the_norm(w_h: np.ndarray, distance: int) -> float:
    """No nudge can grow more than this, but it need not grow that much. What one step stretches
    most is seldom what the next step stretches most."""
    return float(np.linalg.norm(w_h, 2) ** distance)


@mistake("the Frobenius norm", "Name the norm: np.linalg.norm(m, 2).")
def frobenius(w_h: np.ndarray, distance: int) -> float:
    """np.linalg.norm(m) takes the root of the sum of all squares. That counts every direction
    together; a nudge goes in one."""
    return float(np.linalg.norm(np.linalg.matrix_power(w_h, distance)))


@mistake("the smallest singular value", "Take the first singular value; they come largest first.")
def smallest_singular_value(w_h: np.ndarray, distance: int) -> float:
    """This is what is left of the nudge that fares worst. The question is what is left of the
    one that fares best."""
    return float(np.linalg.norm(np.linalg.matrix_power(w_h, distance), -2))


@mistake("one step too many", "Begin with the identity matrix, and multiply `distance` times.")
def one_step_too_many(w_h: np.ndarray, distance: int) -> float:
    """A loop that begins with w_h itself has taken a step before its first round. Then
    `distance` more rounds make `distance` + 1 steps."""
    return rnn_influence(w_h, distance + 1)


@mistake("one step too few", "Count the rounds of the loop for a distance of 2.")
def one_step_too_few(w_h: np.ndarray, distance: int) -> float:
    """A nudge that travels `distance` steps meets w_h `distance` times. A loop from 1 to
    distance - 1 meets it one time less."""
    return rnn_influence(w_h, max(distance - 1, 0))


@mistake("a distance of 0 that is taken for 1", "Begin with the identity matrix: np.eye.")
def zero_taken_for_one(w_h: np.ndarray, distance: int) -> float:
    """After no step a nudge is what it was: neither larger nor smaller, a factor of 1. Starting
    from w_h takes one step too many there."""
    return rnn_influence(w_h, max(distance, 1))


@mistake("a product with the distance in place of a power", "Multiply by w_h once for each step.")
def times_the_distance(w_h: np.ndarray, distance: int) -> float:
    """Steps follow each other: each acts on what the one before it left. So factors multiply;
    they do not add up."""
    return float(np.linalg.norm(w_h * distance, 2))


@mistake("the largest entry", "Ask for the stretch of any vector: the largest singular value.")
def largest_entry(w_h: np.ndarray, distance: int) -> float:
    """An entry says how one number moves one other. A nudge may move all numbers of the state
    at once, and their effects add up."""
    return np.abs(np.linalg.matrix_power(w_h, distance)).max()


@mistake("the matrix itself", "Return its largest singular value, one number.")
def whole_matrix(w_h: np.ndarray, distance: int) -> np.ndarray:
    """This is what a nudge is multiplied by on its way. What remains is to measure how much
    that can stretch a vector."""
    return np.linalg.matrix_power(w_h, distance)


def within_its_bounds(args: tuple[Any, ...], value: Any) -> str | None:
    """A stretch is not negative, and not more than the largest one-step stretch each time."""
    w_h, distance = args
    if float(value) < 0:
        return f"The result is {number(float(value))}; a stretch is never negative."
    once = float(np.linalg.norm(w_h, 2))
    most = once**distance
    if not float(value) > most * (1 + 1e-3):
        return None
    return (
        f"One step stretches nothing more than {number(once)} times, so in {distance} steps "
        f"nothing is stretched more than {number(most)} times. Your result is above that."
    )


RNN_INFLUENCE = Exercise(
    reference=rnn_influence,
    points=1,
    cases=matrix_cases,
    results=("influence",),
    mistakes=(
        power_of_entries,
        largest_eigenvalue,
        power_of_the_norm,
        frobenius,
        smallest_singular_value,
        one_step_too_many,
        one_step_too_few,
        zero_taken_for_one,
        times_the_distance,
        largest_entry,
        whole_matrix,
    ),
    properties=(within_its_bounds,),
    hints=(
        "A nudge v becomes v @ w_h after one step. What is it after two steps, and after three?",
        "First build w_h to the matrix power `distance`; np.linalg.matrix_power does that, and "
        "gives the identity for 0. Then ask how much that matrix can stretch a vector.",
        "return np.linalg.norm(np.linalg.matrix_power(..., ...), 2)",
    ),
)


# --- mix ----------------------------------------------------------------------------------


def weight_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Weights and tokens: by hand, of other sizes, of special kinds, and square."""
    yield Case("two tokens, by hand", (np.array([2.0, 3.0]), np.array([[1.0, 4.0], [5.0, 2.0]])))
    yield from spread(lambda: (rng.normal(size=5), rng.normal(size=(5, 3))), batched=False)
    yield Case("weights that add up to 1", (rng.dirichlet(np.ones(4)), rng.normal(size=(4, 6))))
    below_zero = np.array([-3.0, *rng.uniform(size=2)])  # the largest in size, and the smallest
    yield Case("a weight below zero", (below_zero, rng.normal(size=(3, 2))))
    yield Case("a single token", (rng.normal(size=1), rng.normal(size=(1, 3))))
    yield Case("all sizes equal", (rng.normal(size=4), rng.normal(size=(4, 4))))


@mistake("a plain average", "Let each token count as much as its weight says.")
def plain_average(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """An average gives every token the same say. The weights are what tells important tokens
    from others."""
    return x.mean(axis=0)


@mistake("a sum without the weights", "Multiply each token by its weight before you add.")
def plain_sum(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """All tokens are added as they are, so no token counts more than another."""
    return x.sum(axis=0)


@mistake("weights that are divided by their sum", "Use the weights as they are given.")
def weights_normalized(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Making the weights add up to 1 is a step of its own, and comes before this one. Here
    they are used as given, whatever they add up to."""
    return weights @ x / weights.sum()


@mistake("weights that went through a softmax", "Use the weights as they are given.")
def weights_softmaxed(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """A softmax makes weights out of scores. These are weights already; doing it again makes
    them more even than they were."""
    return softmax(weights) @ x


@mistake("the one token with the largest weight", "Let every token take part.")
def largest_only(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Attention does not select, it blends. A token with a small weight still adds a little."""
    return x[np.argmax(weights)]


@mistake("weighted tokens that are not added up", "Add up over the tokens: axis 0.")
def not_added_up(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Each row is right: a token times its weight. The blend is one vector, the sum of these
    rows."""
    return weights[:, None] * x


@mistake("weights lined up with the features, and no sum", "Pair weights with rows, then add up.")
def plain_product(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """`weights * x` lines the weights up with the last axis, which holds the features. It runs
    only when there are as many features as tokens. And the blend is one vector: something has
    to be added up."""
    return weights * x


@mistake("a sum over the features of each token", "Add up over the tokens, not over the features.")
def summed_over_features(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """This gives one number for each token. The blend has one number for each feature: it looks
    like a token."""
    return weights * x.sum(axis=1)


@mistake("a blend that is divided by the number of tokens", "Take the sum in place of the mean.")
def divided_by_n(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The weights say already how much each token counts. Dividing once more makes the blend
    weaker, the longer the sentence is."""
    return weights @ x / len(x)


@mistake("weights that meet the features", "Let weight i meet token i, which is row i of x.")
def weights_meet_features(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """There is one weight for each token, and tokens are the rows of x. In `x @ weights` and in
    `weights @ x.T` the weights run along the columns, which fits only when there happen to be
    as many features as tokens."""
    return x @ weights


@mistake(
    "weights spread along the columns", "Give the weights a column of their own: weights[:, None]."
)
def weights_along_columns(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """`weights * x` lines the weights up with the last axis, the features. It runs only when
    there happen to be as many features as tokens, and then each weight meets the wrong
    numbers."""
    return (weights * x).sum(axis=0)


@mistake("a matrix with one row in place of a vector", "Return shape (d,): take row 0.")
def one_row_matrix(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The numbers are right, but there is an axis too many. One blend is one vector, with one
    axis."""
    return weights[None, :] @ x


MIX = Exercise(
    reference=mix,
    points=1,
    cases=weight_cases,
    results=("blend",),
    mistakes=(
        plain_average,
        plain_sum,
        weights_normalized,
        weights_softmaxed,
        largest_only,
        not_added_up,
        plain_product,
        summed_over_features,
        divided_by_n,
        weights_meet_features,
        weights_along_columns,
        one_row_matrix,
    ),
    hints=(
        "Three quarters of token 0 and one quarter of token 1: how would you write that with two "
        "weights and the rows of x?",
        "Multiply each row of x by its weight and add up the rows. A matrix product with the "
        "weights on the left does both at once.",
        "return ... @ ...",
    ),
)

EXERCISES = (RNN_STATES, RNN_INFLUENCE, MIX)

QUESTIONS = (
    Question(
        "01-fade",
        "A network reads 61 words, one after another. At each of the 60 steps from the first word "
        "to the last, the first word's trace shrinks to 0.9 of what it was. How much is left at "
        "the end?",
        (
            Option("About a half.", "That is what is left after 7 steps."),
            Option("About a fifth.", "That is what is left after 15 steps."),
            Option(
                "Less than 1/500.",
                "Factors multiply: 0.9 times itself, 60 times, is 0.0018.",
                right=True,
            ),
        ),
        prediction=True,
    ),
    Question(
        "01-race",
        "The word that matters stands 60 words before the question. Which of the four networks "
        "will learn it within 400 steps?",
        (
            Option(
                "Attention alone does.",
                "An LSTM can do it as well. At 0.99 a step, more than half of the first "
                "word is left after 60 steps, and that is plenty to learn from.",
            ),
            Option(
                "Attention and the LSTM at 0.99 do, the one at 0.95 perhaps.",
                "To learn from the first word, a network needs some of it at the end. Attention "
                "has a path of one step. The LSTMs keep 0.55 and 0.05 over 60 steps: plenty, and "
                "barely enough.",
                right=True,
            ),
            Option(
                "All four do: training opens the gates.",
                "It opens them if that helps, and to find out it needs a trace of the first word. "
                "At 0.50 a step, less than 1e-18 of that word is left at the end.",
            ),
            Option(
                "None does: 400 steps are too few.",
                "For attention, and for the LSTM at 0.99, they are more than enough.",
            ),
        ),
        prediction=True,
    ),
    Question(
        "01-parallel",
        "An attention layer takes the place of a recurrent one. Which work can now be done for all "
        "words at the same time?",
        (
            Option(
                "Writing a new text, word for word.",
                "Each new word still depends on the one before it, so they come one at a time. "
                "Lesson 10 makes each of these steps cheap.",
            ),
            Option(
                "Reading a text that is there already.",
                "No word has to wait for the state of the word before it. That includes training, "
                "where the whole text is known.",
                right=True,
            ),
            Option(
                "Both: nothing is left to wait for.",
                "Reading is. But a word that is not written yet cannot be attended to, so writing "
                "still goes one word at a time.",
            ),
        ),
    ),
    Question(
        "01-cheaper",
        "A text has n = 5000 tokens, each a vector of d = 500 numbers. By Table 1 of the 2017 "
        "paper, which layer takes fewer multiplications: attention, n²·d, or recurrence, n·d²?",
        (
            Option(
                "Attention, since it takes one step.",
                "One step, but a large one: all 25 million pairs of tokens. Few steps in a row and "
                "little work are two different things.",
            ),
            Option(
                "The recurrent layer, by a factor of 10.",
                "n²·d divided by n·d² is n/d = 10. Attention is the cheaper one only while the "
                "text has fewer tokens than the vectors have numbers.",
                right=True,
            ),
            Option(
                "They take the same number.",
                "n²·d and n·d² are equal where n = d. Here n is ten times d.",
            ),
        ),
    ),
    Question(
        "01-order",
        "You shuffle the tokens of a sentence, each with its weight, and call mix again. What "
        "comes out?",
        (
            Option(
                "The same blend as before.",
                "A sum does not know in which order its terms came. So attention by itself does "
                "not see the order of words; lesson 06 adds it to the tokens.",
                right=True,
            ),
            Option(
                "The same numbers, shuffled.",
                "The entries of the blend belong to features, and features were not shuffled.",
            ),
            Option(
                "Another blend: the order of words matters.",
                "To a recurrent network it does, since each state builds on the one before. A "
                "weighted sum has no before and after.",
            ),
        ),
    ),
    Question(
        "01-window",
        "An attention layer has read chapter 1. Now it gets chapter 2 alone. What does it know of "
        "chapter 1?",
        (
            Option(
                "Only the words that it gave most weight.",
                "Weights are computed anew for each input and then gone. Nothing is put aside.",
            ),
            Option(
                "All of it, since its path is one step long.",
                "One step leads to any token of the input at hand. To a token outside of it there "
                "is no path.",
            ),
            Option(
                "Nothing at all.",
                "It looks at the tokens that it is given and carries no state along. A recurrent "
                "network could hand its last state on.",
                right=True,
            ),
        ),
    ),
    Question(
        "01-lstm",
        "Has this lesson shown that recurrent networks cannot carry a word over a long distance?",
        (
            Option(
                "Yes: each step loses a part, whatever you do.",
                "A step with a factor of 1 loses nothing. An LSTM is built to keep its factor "
                "near 1 where that is of use.",
            ),
            Option(
                "No: they can, but they have to learn to.",
                "An LSTM can learn to keep a word for more than 1000 steps (Hochreiter and "
                "Schmidhuber 1997, abstract). Attention has the short path from the start.",
                right=True,
            ),
            Option(
                "No: with a larger w_h they remember more.",
                "With factors above 1 a nudge grows without end where there is no tanh, and "
                "where there is one, the states are pushed to its flat ends at -1 and 1.",
            ),
        ),
    ),
)

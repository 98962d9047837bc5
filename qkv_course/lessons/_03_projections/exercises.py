"""Lesson 03: three matrices give every token a query, a key and a value."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from qkv_course.attention import project, projection_parameters, qkv, softmax
from qkv_course.checks.cases import spread
from qkv_course.checks.exercise import Case, Exercise, mistake
from qkv_course.checks.question import Option, Question

Three = tuple[np.ndarray, np.ndarray, np.ndarray]

# --- project ------------------------------------------------------------------------------


def token_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Tokens and a matrix: square by hand, of all shapes, one token, and square."""
    x, w = np.array([[1.0, 2.0], [0.0, 3.0]]), np.array([[1.0, 0.0], [-1.0, 2.0]])
    yield Case("two tokens, by hand", (x, w))
    yield from spread(lambda *lead: (rng.normal(size=(*lead, 5, 4)), rng.normal(size=(4, 3))))
    yield Case("a single token", (rng.normal(size=(1, 4)), rng.normal(size=(4, 3))))
    yield Case("tokens of zeros", (np.zeros((5, 4)), rng.normal(size=(4, 3))))
    for shape in ((4, 4), (4, 4, 4)):  # many slips crash elsewhere and give numbers here
        yield Case("all sizes equal", (rng.normal(size=shape), rng.normal(size=(4, 4))))


@mistake("the matrix transposed", "Use w as it comes: its rows belong to the features of x.")
def matrix_transposed(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """w has the shape (d_in, d_out): one row for each feature that goes in. A transpose is
    needed with the weight of a torch `nn.Linear`, which is stored as (d_out, d_in)."""
    return x @ w.T


@mistake("w @ x in place of x @ w", "Put the tokens on the left of the product.")
def wrong_order(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Tokens are rows, so x stands on the left and every row meets w. Books that write W x
    keep their tokens in columns. Here it mixes the tokens with each other."""
    return w @ x


@mistake("tokens in columns", "Keep the tokens in rows: x on the left, nothing transposed.")
def tokens_in_columns(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The numbers are right, but every token has become a column. Row i has to stay token i,
    and .T turns the axes of a batch around too."""
    return w.T @ x.T


@mistake("a transposed result", "Return the product as it is.")
def transposed_result(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The numbers are right, but rows and columns have changed places. Row i has to stay
    token i."""
    return np.swapaxes(x @ w, -1, -2)


@mistake("a product entry by entry", "Use a matrix product, @, which multiplies and adds up.")
def entry_by_entry(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """x * w multiplies entry with entry where the shapes happen to fit. In a projection every
    new feature adds up all old ones, each with its own weight."""
    return x * w


@mistake("a bias of 1", "Leave it at the product: nothing is added.")
def bias_of_one(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """A projection here is the matrix product alone. A bias would be a learned vector with an
    entry for each column; the original attention has none."""
    return x @ w + 1


@mistake("a projection with a tanh behind it", "Return the product as it is.")
def with_tanh(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The recurrent network of lesson 01 needed a tanh. A projection bends nothing: it is
    linear, and its results may be as large as they like."""
    return np.tanh(x @ w)


@mistake("a projection with a ReLU behind it", "Return the product as it is.")
def with_relu(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Negative numbers have become 0. They carry meaning in a query or a key, where they say
    'rather not'; a projection keeps them."""
    return np.maximum(x @ w, 0)


@mistake("a projection with a softmax behind it", "Return the product as it is.")
def with_softmax(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Rows that add up to 1 are weights. Queries, keys and values are no weights; the softmax
    comes later, after the scores."""
    return softmax(x @ w)


@mistake("a result divided by √d_in", "Return the product as it is.")
def scaled(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """A square root comes in lesson 04, where scores are divided. The projections
    themselves are plain products."""
    return x @ w / math.sqrt(x.shape[-1])


@mistake("the token added to its own projection", "Return the product alone.")
def token_added(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Adding x back is the residual connection, which stands around a whole attention layer.
    Inside, a query, key or value is the projection alone, often of another size than x."""
    return x + x @ w


PROJECT = Exercise(
    reference=project,
    points=1,
    cases=token_cases,
    results=("projected",),
    mistakes=(
        matrix_transposed,
        wrong_order,
        tokens_in_columns,
        transposed_result,
        entry_by_entry,
        bias_of_one,
        with_tanh,
        with_relu,
        with_softmax,
        scaled,
        token_added,
    ),
    hints=(
        "x is (n, d_in) and w is (d_in, d_out). In which order do the inner sizes meet?",
        "One matrix product does it for all tokens: each row of x meets each column of w. It works "
        "for a batch of sentences as it is.",
        "return x @ ...",
    ),
)


# --- qkv ----------------------------------------------------------------------------------


def qkv_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Tokens and three matrices: square by hand, of all shapes, one token, and square."""
    x, w_q = np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [1.0, 1.0]])
    w_k, w_v = np.array([[0.0, 2.0], [1.0, 0.0]]), np.array([[3.0, 0.0], [0.0, 5.0]])
    yield Case("two tokens, by hand", (x, w_q, w_k, w_v))

    def make(*lead: int, n: int = 4, sizes: tuple[int, int, int] = (5, 3, 7)) -> tuple[Any, ...]:
        d_model, d_k, d_v = sizes
        shapes = (*lead, n, d_model), (d_model, d_k), (d_model, d_k), (d_model, d_v)
        return tuple(rng.normal(size=shape) for shape in shapes)

    yield from spread(make)
    yield Case("a single token", make(n=1))
    x, *matrices = make()
    yield Case("tokens of zeros", (0 * x, *matrices))
    yield Case("values as wide as keys", make(sizes=(5, 3, 3)))
    for lead in ((), (4,)):  # many slips crash elsewhere and give numbers here
        yield Case("all sizes equal", make(*lead, n=4, sizes=(4, 4, 4)))


@mistake(
    "values made with W_K",
    "Look at the third projection, and give v the matrix that is named after it.",
)
def values_from_w_k(x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray) -> Three:
    """v has come out equal to k. A key says how a token is found, a value what it hands over;
    each has a matrix of its own. It is the slip that copying a line invites."""
    return x @ w_q, x @ w_k, x @ w_k


@mistake(
    "keys made with W_Q",
    "Look at the second projection, and give k the matrix that is named after it.",
)
def keys_from_w_q(x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray) -> Three:
    """k has come out equal to q. Then i cares for j exactly as much as j for i, and the whole
    point of two matrices is gone."""
    return x @ w_q, x @ w_q, x @ w_v


@mistake(
    "queries made with W_K",
    "Look at the first projection, and give q the matrix that is named after it.",
)
def queries_from_w_k(x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray) -> Three:
    """q has come out equal to k. What a token looks for and what it offers are two things,
    and W_Q is there for the first."""
    return x @ w_k, x @ w_k, x @ w_v


@mistake("keys and queries in each other's place", "Return (q, k, v), in this order.")
def keys_first(x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray) -> Three:
    """All three are there, but the keys come first. Scores made of them would be transposed:
    every word would get what others look for in it."""
    return x @ w_k, x @ w_q, x @ w_v


@mistake("values and keys in each other's place", "Return (q, k, v), in this order.")
def values_before_keys(x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray) -> Three:
    """All three are there, but the values come before the keys. Queries would be compared with
    what is handed over, and the keys would be blended."""
    return x @ w_q, x @ w_v, x @ w_k


@mistake("a chain, each made from the one before", "Start from x every time.")
def chained(x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray) -> Three:
    """k comes from q here, and v from k. All three are projections of the same x, side by side;
    none of them knows of the others. Overwriting x on the way has the same effect."""
    q = x @ w_q
    k = q @ w_k
    return q, k, k @ w_v


@mistake("keys and values made from the queries", "Make all three from x.")
def from_queries(x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray) -> Three:
    """The first projection is right, and the other two start from its result. They have to
    start from the token itself; a query holds only what the token asks."""
    q = x @ w_q
    return q, q @ w_k, q @ w_v


@mistake("values made from the keys", "Make the values from x, as you did the keys.")
def values_from_keys(x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray) -> Three:
    """The values are a second step here, behind the keys. But a key holds only how a token is
    found; what is worth handing over may have been lost on the way."""
    k = x @ w_k
    return x @ w_q, k, k @ w_v


@mistake("the tokens themselves, not projected", "Multiply x with the three matrices.")
def not_projected(x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray) -> Three:
    """Queries, keys and values are all x here. Then every score is that of two plain words:
    the same both ways, and mostly largest for a word with itself."""
    return x, x, x


@mistake("values that are the tokens themselves", "Project the values too.")
def values_not_projected(x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray) -> Three:
    """A token does not hand over its whole vector. W_V picks what is passed on, and d_v may
    be another size than d_model."""
    return x @ w_q, x @ w_k, x


@mistake("matrices transposed", "Use the matrices as they come, with your `project`.")
def matrices_transposed(x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray) -> Three:
    """The matrices have the shape (d_in, d_out), one row for each feature that goes in. Only
    the weight of a torch `nn.Linear` is stored the other way around."""
    return x @ w_q.T, x @ w_k.T, x @ w_v.T


QKV = Exercise(
    reference=qkv,
    points=1,
    cases=qkv_cases,
    results=("q", "k", "v"),
    mistakes=(
        values_from_w_k,
        keys_from_w_q,
        queries_from_w_k,
        keys_first,
        values_before_keys,
        chained,
        from_queries,
        values_from_keys,
        not_projected,
        values_not_projected,
        matrices_transposed,
    ),
    hints=(
        "How many different inputs do the three projections have?",
        "One and the same x goes through three matrices, side by side. Return the three results as "
        "a tuple: queries, keys, values.",
        "return project(x, w_q), project(x, ...), project(..., ...)",
    ),
)


# --- projection_parameters ----------------------------------------------------------------


def size_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Sizes of one head: small by hand, of the 2017 paper, equal, and others."""
    yield Case("small sizes, by hand", (6, 2, 3))
    yield Case("a head of the 2017 paper", (512, 64, 64))
    yield Case("all sizes 1", (1, 1, 1))
    yield Case("all sizes equal", (5, 5, 5))
    for _ in range(4):
        d_model, d_k, d_v = (int(n) for n in rng.integers(2, 500, size=3))
        yield Case("other sizes", (d_model, d_k, d_v))


@mistake("three matrices with d_k columns", "Give W_V its own number of columns.")
def d_v_forgotten(d_model: int, d_k: int, d_v: int) -> int:
    """Only queries and keys have to agree in size, because they meet in a dot product. Values
    are of size d_v, which may be another."""
    return 3 * d_model * d_k


@mistake("d_k and d_v in each other's place", "Ask which two of the three matrices share a size.")
def sizes_swapped(d_model: int, d_k: int, d_v: int) -> int:
    """Two of the matrices have d_k columns, W_Q and W_K. Only W_V has d_v. Here it is counted
    the other way around."""
    return d_model * (d_k + 2 * d_v)


@mistake("three square matrices", "Multiply d_model with the number of columns that each has.")
def square_matrices(d_model: int, d_k: int, d_v: int) -> int:
    """A matrix of one head does not turn d_model numbers into d_model numbers, but into d_k or
    d_v. With many heads it is much smaller than a square."""
    return 3 * d_model * d_model


@mistake("a count with W_O in it", "Leave W_O out; it comes in lesson 08.")
def with_w_o(d_model: int, d_k: int, d_v: int) -> int:
    """The output matrix leads from d_v back to d_model. It belongs to all heads together and is
    not counted here."""
    return projection_parameters(d_model, d_k, d_v) + d_v * d_model


@mistake("a count with biases", "Count the entries of the three matrices only.")
def with_biases(d_model: int, d_k: int, d_v: int) -> int:
    """A bias would add one number for each column. The projections here have none, as in the
    formulas of the 2017 paper."""
    return projection_parameters(d_model, d_k, d_v) + 2 * d_k + d_v


@mistake("a count without W_V", "Count all three matrices.")
def without_w_v(d_model: int, d_k: int, d_v: int) -> int:
    """These are the numbers of W_Q and W_K. Values are projected as well, by W_V."""
    return 2 * d_model * d_k


@mistake("one matrix for queries and keys", "Count W_Q and W_K each for itself.")
def shared_matrix(d_model: int, d_k: int, d_v: int) -> int:
    """W_Q and W_K have the same shape, but they are two matrices with numbers of their own.
    Shared, they would make all scores the same both ways."""
    return d_model * (d_k + d_v)


@mistake("sizes added in place of multiplied", "Multiply rows by columns for each matrix.")
def sizes_added(d_model: int, d_k: int, d_v: int) -> int:
    """A matrix with d_model rows and d_k columns holds d_model · d_k numbers. Rows plus
    columns counts only its edges."""
    return 3 * d_model + 2 * d_k + d_v


@mistake("the product of all three sizes", "Count each matrix by itself, then add.")
def all_multiplied(d_model: int, d_k: int, d_v: int) -> int:
    """No matrix here has three axes. W_Q has d_model rows and d_k columns, and W_V has d_v
    columns; the counts of the matrices are added."""
    return d_model * d_k * d_v


PROJECTION_PARAMETERS = Exercise(
    reference=projection_parameters,
    points=1,
    cases=size_cases,
    results=("count",),
    mistakes=(
        d_v_forgotten,
        sizes_swapped,
        square_matrices,
        with_w_o,
        with_biases,
        without_w_v,
        shared_matrix,
        sizes_added,
        all_multiplied,
    ),
    hints=(
        "What are the shapes of the three matrices? How many numbers does each hold?",
        "W_Q and W_K hold d_model rows of d_k numbers each, and W_V d_model rows of d_v numbers. "
        "Add the three counts.",
        "return d_model * (... * d_k + ...)",
    ),
)

EXERCISES = (PROJECT, QKV, PROJECTION_PARAMETERS)

QUESTIONS = (
    Question(
        "03-one-matrix",
        "Suppose queries and keys were made by the same matrix. The word 'swim' scores 4 with "
        "'fish'. What would 'fish' score with 'swim'?",
        (
            Option(
                "Also 4, whatever the matrix holds.",
                "Query and key of a word would be the same vector, and a · b is b · a.",
                right=True,
            ),
            Option(
                "Less than 4, because a noun does not need its verb.",
                "That may be so in the language, but one matrix cannot say it: both scores would "
                "be the same dot product.",
            ),
            Option(
                "It depends on the matrix.",
                "The 4 depends on it. But whatever the matrix is, both scores would be the same "
                "dot product, taken in another order.",
            ),
        ),
        prediction=True,
    ),
    Question(
        "03-three-inputs",
        "A sentence attends to itself. Where do its values come from?",
        (
            Option(
                "From a second text that the sentence is looked up in.",
                "That is cross-attention, as in a translator: keys and values come from another "
                "sentence. In self-attention there is only the one.",
            ),
            Option(
                "From the keys: the value of a token is its key.",
                "With W_V equal to W_K it would be so. But what a token is found by need not be "
                "what is worth handing over.",
            ),
            Option(
                "From the same x as queries and keys, by a matrix of their own.",
                "One input, three projections: what I look for, how I am found, what I hand over.",
                right=True,
            ),
        ),
    ),
    Question(
        "03-sizes",
        "d_model is 4. Which of these sizes for queries, keys and values cannot work?",
        (
            Option(
                "Queries 3, keys 3, values 7.",
                "Values never meet queries or keys in a dot product, so their size is free.",
            ),
            Option(
                "Queries 3, keys 2, values 2.",
                "A query and a key meet in a dot product, so they need equally many entries.",
                right=True,
            ),
            Option(
                "Queries 9, keys 9, values 4.",
                "Neither of the sizes has to be d_model, and they may even be larger.",
            ),
        ),
    ),
    Question(
        "03-linear",
        "In torch, `layer = nn.Linear(4, 3, bias=False)` holds `layer.weight` of shape (3, 4) and "
        "computes `x @ layer.weight.T`. Which w gives the same as `project(x, w)`?",
        (
            Option(
                "`layer.weight.T`",
                "torch stores a row for each output. Our w has a row for each input.",
                right=True,
            ),
            Option(
                "`layer.weight`, as it is",
                "It has 3 rows, and x has 4 columns: `x @ w` would stop with an error. If the "
                "layer were square, it would give wrong numbers and no error.",
            ),
            Option(
                "`layer.weight.reshape(4, 3)`",
                "The shape fits, but reshape re-fills the numbers in reading order; they land in "
                "other places.",
            ),
        ),
    ),
    Question(
        "03-second-head",
        "Lesson 08 has several heads, each with queries, keys and values of its own. What makes "
        "two heads on one sentence different?",
        (
            Option(
                "Each reads its own slice of every token's vector.",
                "A common belief. Every head projects the whole vector; its queries are small "
                "because its matrices have few columns.",
            ),
            Option(
                "Nothing at first: they share the matrices.",
                "Then their results would be the same for ever, and a second head would be wasted.",
            ),
            Option(
                "Each has its own three matrices.",
                "Both read the whole of x. With equal matrices they would compute the same.",
                right=True,
            ),
        ),
    ),
)

"""Lesson 00: how the course works, on the smallest exercise there is."""

from collections.abc import Iterator

import numpy as np

from qkv_course.attention import dot
from qkv_course.checks.cases import spread
from qkv_course.checks.exercise import Case, Exercise, mistake
from qkv_course.checks.question import Option, Question


def vector_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Pairs of vectors: by hand, of other lengths, pointing apart, and of a single entry."""
    yield Case("three entries, by hand", (np.array([2.0, 1.0, 3.0]), np.array([4.0, 5.0, 2.0])))
    yield from spread(lambda: (rng.normal(size=6), rng.normal(size=6)), batched=False)
    a = rng.normal(size=4)
    yield Case("two that point apart", (a, -a * rng.uniform(0.5, 2, size=4)))
    yield Case("a single entry", (rng.normal(size=1), rng.normal(size=1)))
    yield Case("many entries", (rng.normal(size=40), rng.normal(size=40)))


# --- dot ----------------------------------------------------------------------------------


@mistake("the products before they are added up", "Add up the entries of a * b.")
def products_only(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """These are the right products, but there are as many as the vectors have entries.
    A dot product is one number: the sum of them."""
    return a * b


@mistake("the sums of both vectors multiplied", "Multiply first, entry by entry, and add up last.")
def sums_multiplied(a: np.ndarray, b: np.ndarray) -> float:
    """Adding up first loses track of which entry belongs to which. Then every entry of a meets
    every entry of b, and not only its partner."""
    return a.sum() * b.sum()


@mistake("all entries added, with no product", "Multiply each entry of a by its partner in b.")
def all_added(a: np.ndarray, b: np.ndarray) -> float:
    """A sum cannot tell whether the two vectors agree. A product can: it is large where both
    entries are large, and negative where their signs differ."""
    return (a + b).sum()


@mistake("the cosine in place of the dot product", "Leave out the division by the lengths.")
def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """The cosine divides by the lengths of both vectors, so it stays between -1 and 1. The
    dot product keeps the lengths: a vector twice as long counts twice."""
    return a @ b / (np.linalg.norm(a) * np.linalg.norm(b))


@mistake("the outer product", "Pair entry i of a only with entry i of b, then add up.")
def outer_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """This is a table of every entry of a times every entry of b. The dot product needs only
    the partners, which stand on its diagonal, and adds them up."""
    return np.outer(a, b)


@mistake("a sum that leaves out the last entry", "Check where the loop or the slice ends.")
def last_entry_missing(a: np.ndarray, b: np.ndarray) -> float:
    """range(n) counts 0, 1, ... n-1 and a[:n] ends before entry n: both stop early by
    themselves. Taking off one more loses the last product."""
    return a[:-1] @ b[:-1]


@mistake("a sum that leaves out the first entry", "Start at index 0.")
def first_entry_missing(a: np.ndarray, b: np.ndarray) -> float:
    """Python counts from 0. A loop that starts at 1 never meets the first pair."""
    return a[1:] @ b[1:]


@mistake("only the first product", "Move the `return` out of the loop.")
def first_product_only(a: np.ndarray, b: np.ndarray) -> float:
    """A `return` ends the function at once. If it stands inside the loop, the first round is
    also the last."""
    return a[0] * b[0]


@mistake("only the last product", "Add each product to the total.")
def last_product_only(a: np.ndarray, b: np.ndarray) -> float:
    """Each round of the loop writes over what the round before it found. A total has to be
    added to."""
    return a[-1] * b[-1]


@mistake("a total that starts at 1", "Start the total at 0.")
def starts_at_one(a: np.ndarray, b: np.ndarray) -> float:
    """Everything is there, and 1 too much. A sum starts at 0; it is products that start at 1."""
    return 1 + a @ b


@mistake("the mean of the products", "Take the sum in place of the mean.")
def mean_of_products(a: np.ndarray, b: np.ndarray) -> float:
    """The mean divides by the number of entries. The dot product does not: more entries that
    agree make it larger."""
    return (a * b).mean()


@mistake("a multiplied by itself", "Look at which names stand in the product.")
def a_with_itself(a: np.ndarray, b: np.ndarray) -> float:
    """b takes no part in it, so the answer is the same for every b. It is the squared length
    of a."""
    return a @ a


@mistake("an array that holds the one number", "Return a number: without `keepdims`, or with [0].")
def wrapped_number(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The number is right, but it is packed into an array of length 1. Later formulas would
    carry that extra axis along."""
    return (a * b).sum(keepdims=True)


DOT = Exercise(
    reference=dot,
    points=1,
    cases=vector_cases,
    mistakes=(
        products_only,
        sums_multiplied,
        all_added,
        cosine,
        outer_product,
        last_entry_missing,
        first_entry_missing,
        first_product_only,
        last_product_only,
        starts_at_one,
        mean_of_products,
        a_with_itself,
        wrapped_number,
    ),
    hints=(
        "For [1, 2] and [3, 4] the answer is 11. Which two products give 11 when you add them?",
        "Two steps: multiply the vectors entry by entry, then add up all the products. NumPy does "
        "the first with `*`. A loop is as welcome.",
        "return (a * b)....()",
    ),
)

EXERCISES = (DOT,)

QUESTIONS = (
    Question(
        "00-turn",
        "Two arrows of the same length lie on top of each other. You turn one of them, slowly, "
        "until it points the other way. What does their dot product do on the way?",
        (
            Option(
                "It stays the same, since no length changes.",
                "The lengths are only half of it. The other half is the angle between the arrows.",
            ),
            Option(
                "It falls to 0 at the end, where nothing is shared.",
                "It is 0 half way, at the right angle. From there on the arrows disagree, and the "
                "dot product says so with a minus sign.",
            ),
            Option(
                "It falls to 0 half way, and below 0 after that.",
                "It is largest when both point the same way, 0 at the right angle, and negative "
                "when they point apart.",
                right=True,
            ),
        ),
        prediction=True,
    ),
    Question(
        "00-rerun",
        "A check fails. You mend your function in its cell and run the check cell again. The "
        "report is the same as before. What is the likeliest reason?",
        (
            Option(
                "The check remembers its first answer.",
                "Nothing is remembered: each check calls your function anew, on new inputs.",
            ),
            Option(
                "The cell with the function was not run again.",
                "Python keeps the old function until the cell that defines it runs. Shift+Enter "
                "on that cell, then on the check.",
                right=True,
            ),
            Option(
                "The notebook has to be saved first.",
                "Saving writes the file to disk. Python knows only of cells that were run.",
            ),
        ),
    ),
    Question(
        "00-evidence",
        'A report says "looks like the cosine". How does the check know?',
        (
            Option(
                "It has read my code and found a division in it.",
                "A check never reads code. It calls your function and looks at what comes back, "
                "so you may write it in any way you like.",
            ),
            Option(
                "It is what most people get wrong in this exercise.",
                "It does not guess. If no known mistake fits, the report names none.",
            ),
            Option(
                "My results are those of that mistake, on all inputs.",
                "A mistake is named only if your function and that mistake give the same answers, "
                "on every call.",
                right=True,
            ),
        ),
    ),
    Question(
        "00-longer",
        "You make every entry of a twice as large and leave b alone. What happens to dot(a, b)?",
        (
            Option(
                "Nothing: it still points the same way.",
                "That would be the cosine, which divides by the lengths. The dot product keeps "
                "them.",
            ),
            Option(
                "It doubles.",
                "Each product doubles, and so does their sum. In attention, a long vector is a "
                "loud one.",
                right=True,
            ),
            Option(
                "It becomes four times as large.",
                "That is so for dot(a, a), where both sides grow. Here only one does.",
            ),
        ),
    ),
)

"""Lesson 02: a database whose answers blend."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from qkv_course.attention import hard_lookup, similarity, soft_lookup, softmax
from qkv_course.checks.cases import spread
from qkv_course.checks.compare import number
from qkv_course.checks.exercise import Case, Exercise, mistake
from qkv_course.checks.properties import inside_the_values
from qkv_course.checks.question import Option, Question


def database(rng: np.random.Generator, n: int, d_k: int, d_v: int) -> tuple[np.ndarray, ...]:
    """Draw a query, keys and values; scores stay moderate."""
    query, keys = rng.normal(size=d_k), 0.7 * rng.normal(size=(n, d_k))
    return query, keys, rng.normal(size=(n, d_v))


def cosines(query: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """The scores divided by the lengths of both vectors."""
    return similarity(query, keys) / (np.linalg.norm(keys, axis=-1) * np.linalg.norm(query))


def nearness(query: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """The distance of every key from the query, with a minus sign: largest where they meet."""
    return -np.linalg.norm(keys - query, axis=-1)


# --- hard_lookup --------------------------------------------------------------------------


def hard_cases(rng: np.random.Generator) -> Iterator[Case]:
    """By hand with two equal scores, other sizes, ties, all scores negative, one key, square."""
    query = np.array([4.0, 2.0])  # scores 10, 22, 18, 22; nearest is key 2, the best angle key 0
    keys = np.array([[2.0, 1.0], [6.0, -1.0], [4.0, 1.0], [5.0, 1.0]])
    values = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0]])
    yield Case("four keys by hand, two of them with equal scores", (query, keys, values))

    def make(n: int = 6, d_k: int = 4, d_v: int = 3) -> tuple[Any, ...]:
        while True:  # until no two rules choose the same key by chance
            query, keys, values = database(rng, n, d_k, d_v)
            rules = similarity(query, keys), nearness(query, keys), cosines(query, keys)
            if len({int(np.argmax(rule)) for rule in rules}) == len(rules):
                return query, keys, values

    yield from spread(make, batched=False)
    query, keys = np.round(4 * make()[0]), np.round(4 * make()[1])  # whole: sums are exact
    twice = keys[[1, 0, 2, 0, 1, 2]]
    yield Case("some keys stand there more than once", (query, twice, make()[2]))
    query, keys, values = make()
    order = np.argsort(np.abs(keys).sum(axis=-1))  # from the best to the worst, once negative
    below = -np.abs(keys[order[[3, 5, 0, 1, 2, 4]]])  # the first is neither
    yield Case("all scores below zero", (np.ones(4), below, values))
    for n in (40, 50, 60):  # a wrong rule may pick the right one of a few, but not of so many
        yield Case("many keys", database(rng, n, 4, 3))
    yield Case("a single key", database(rng, 1, 4, 3))
    yield Case("all sizes equal", make(4, 4, 4))


@mistake(
    "the last of the equal keys, where the first wins",
    "Let a later key win only if its score is larger.",
)
def last_of_equals(query: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Several keys may share the largest score, and then the first of them counts. A search
    with >= moves on to every later key that is as good; so does the end of a sorted list."""
    scores = similarity(query, keys)
    return values[len(scores) - 1 - np.argmax(scores[::-1])]


@mistake("the smallest score in place of the largest", "Look for the largest score.")
def smallest_score(query: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """A dot product grows with the fit. The smallest one belongs to the key that fits least.
    Only for a distance is small good."""
    return values[np.argmin(similarity(query, keys))]


@mistake(
    "the position of the key, without the step to its value",
    "Use the position to take a row of values.",
)
def the_position(query: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """argmax says where the best key stands. A lookup gives what is stored there."""
    return np.asarray(np.argmax(similarity(query, keys)))


@mistake(
    "the best key itself in place of its value", "Take the row from values, at the same position."
)
def the_key(query: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The key is only how an entry is found. What you get is the value behind it, as with
    a word and its meaning in a dictionary."""
    return keys[np.argmax(similarity(query, keys))]


@mistake("the largest score in place of its value", "Find where it stands: np.argmax.")
def the_score(query: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The largest score says how well the best key fits. A lookup gives what is stored behind
    that key."""
    return np.asarray(np.max(similarity(query, keys)))


@mistake(
    "the largest values, whatever the keys say",
    "Let the keys decide: the values have no say in the choice.",
)
def largest_values(query: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The maximum has to be taken over the scores. Here it is taken over the values, one
    column at a time, so query and keys play no part."""
    return values.max(axis=0)


@mistake(
    "the nearest key in place of the largest dot product",
    "Compare dot products, without distances.",
)
def nearest(query: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The nearest key need not have the largest dot product: a long key that points roughly
    the right way scores higher. Attention counts dot products."""
    return values[np.argmax(nearness(query, keys))]


@mistake(
    "the largest cosine in place of the largest dot product",
    "Leave the lengths in: compare plain dot products.",
)
def largest_cosine(query: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The cosine divides by the length of each key. With the plain dot product a long key is
    a loud one, and can win over a short one that points the better way."""
    return values[np.argmax(cosines(query, keys))]


@mistake("the average of all equal best keys' values", "Return one row: the first.")
def average_of_equals(query: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Where several keys share the largest score, a hard lookup picks the first and ignores
    the others. Averaging them is a step toward the soft lookup that comes next."""
    scores = similarity(query, keys)
    return values[scores == scores.max()].mean(axis=0)


@mistake(
    "all rows whose key has the largest score",
    "Take one position (np.argmax), not a row of True and False.",
)
def every_equal(query: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """`scores == scores.max()` keeps every row that shares the largest score, and keeps an axis
    for them even if there is one only. A hard lookup returns a single row, of shape (d_v,)."""
    scores = similarity(query, keys)
    return values[scores == scores.max()]


@mistake(
    "a search that starts from a score of 0", "Start from the first key's score, or from -inf."
)
def starts_at_zero(query: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Scores can all be negative. Then no key beats the 0 that the search started from, and
    the first value comes back, however badly its key fits."""
    scores = np.append(similarity(query, keys), 0.0)
    best = int(np.argmax(scores)) if scores.max() > 0 else 0
    return values[best]


def names_the_row(args: tuple[Any, ...], value: Any) -> str | None:
    """Say which row of the values came back, or that it is none of them."""
    query, keys, values = args
    scores = similarity(query, keys)
    best = int(np.argmax(scores))
    for i, row in enumerate(values):
        if np.allclose(row, value):
            equal = (
                "as much, and comes first" if scores[i] == scores[best] else number(scores[best])
            )
            return (
                f"This is the value of key {i}, whose score is {number(scores[i])}; "
                f"key {best} scores {equal}."
            )
    return "This is no row of `values`; a hard lookup returns one of them as it is."


HARD_LOOKUP = Exercise(
    reference=hard_lookup,
    points=1,
    cases=hard_cases,
    results=("value",),
    mistakes=(
        last_of_equals,
        smallest_score,
        the_position,
        the_key,
        the_score,
        largest_values,
        nearest,
        largest_cosine,
        average_of_equals,
        every_equal,
        starts_at_zero,
    ),
    properties=(names_the_row,),
    hints=(
        "Which key would you pick by eye? What number did you compare?",
        "Take the dot product of every key with the query, find where the largest one stands "
        "(np.argmax gives the first), and return the row of values that stands there.",
        "return values[np.argmax(keys @ ...)]",
    ),
)


# --- similarity ---------------------------------------------------------------------------


def similarity_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Two keys by hand, other sizes, one key, and as many keys as entries."""
    yield Case("two keys, by hand", (np.array([1.0, 2.0]), np.array([[3.0, 1.0], [0.0, 2.0]])))
    yield from spread(lambda: database(rng, 3, 5, 1)[:2], batched=False)
    yield Case("a single key", database(rng, 1, 5, 1)[:2])
    yield Case("keys with a single entry", database(rng, 3, 1, 1)[:2])
    yield Case("as many keys as entries", database(rng, 4, 4, 1)[:2])


@mistake("the cosine in place of the dot product", "Leave out the division by the lengths.")
def cosine(query: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """The cosine divides by the lengths of both vectors, so it stays between -1 and 1. The
    plain dot product keeps the lengths: a long key is a loud one."""
    return cosines(query, keys)


@mistake("a distance", "Multiply entry by entry and add up; subtract nothing.")
def distance(query: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """A distance is small where the fit is good. A score has to be large there, and this one
    is a dot product: no differences and no root."""
    return -nearness(query, keys)


@mistake("a distance with a minus sign", "Multiply entry by entry and add up; subtract nothing.")
def negative_distance(query: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Turning the sign makes near keys score high, but it is still a distance: never above 0,
    and a long key in the right direction counts as far away. Here it should score high."""
    return nearness(query, keys)


@mistake("products entry by entry, without the sum", "Add up the products of each key.")
def without_the_sum(query: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """keys * query leaves one number for every entry of every key. A score is one number for
    the whole key: the products have to be added up."""
    return keys * query


@mistake("products added up over the keys", "Add up along the axis of the entries, the last one.")
def summed_over_keys(query: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Summing along the first axis mixes different keys and gives one number per entry.
    Each key is to be summed by itself, along its own entries."""
    return (keys * query).sum(axis=0)


@mistake(
    "query @ keys, which meets the columns of keys", "Change the order, or transpose the keys."
)
def meets_the_columns(query: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """A key is a row of keys. `query @ keys` multiplies the query with the columns: an
    error for most sizes, and wrong numbers where there are as many keys as entries."""
    return query @ keys


@mistake("weights in place of scores: a softmax has been taken", "Return the scores as they are.")
def weights_already(query: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """These add up to 1, so they are weights. similarity stops one step earlier, at the
    scores, which may be negative and may be large."""
    return softmax(similarity(query, keys))


@mistake(
    "an average of the products in place of their sum", "Add the products up, without dividing."
)
def averaged(query: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """A mean divides by the number of entries. A dot product is the plain sum of the products."""
    return (keys * query).mean(axis=-1)


@mistake("scores that are already divided by √d_k", "Leave the division for lesson 04.")
def scaled_already(query: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """The division by √d_k belongs to attention, and lesson 04 explains it. This table
    counts plain dot products."""
    return similarity(query, keys) / math.sqrt(len(query))


@mistake(
    "a column of scores with an axis too many",
    "Return shape (n,): use the query as it is, a plain vector.",
)
def column(query: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """The numbers are right, but they stand in a matrix with one column, of shape (n, 1). That
    happens if the query was made a column first."""
    return keys @ query[:, None]


SIMILARITY = Exercise(
    reference=similarity,
    points=1,
    cases=similarity_cases,
    results=("scores",),
    mistakes=(
        cosine,
        distance,
        negative_distance,
        without_the_sum,
        summed_over_keys,
        meets_the_columns,
        weights_already,
        averaged,
        scaled_already,
        column,
    ),
    hints=(
        "You have scored one key against a query in lesson 00. How many keys are there now?",
        "Every row of keys needs its dot product with the query. A matrix times a vector takes the "
        "dot product of each row with the vector.",
        "return keys @ ...",
    ),
)


# --- soft_lookup --------------------------------------------------------------------------


def soft_cases(rng: np.random.Generator) -> Iterator[Case]:
    """By hand with and without a temperature, other sizes, cold, hot, no match, ties, one key."""
    query, keys = np.array([1.0, 1.0]), np.array([[2.0, 0.0], [0.0, 0.0], [1.0, 3.0]])
    values = np.array([[10.0, 0.0], [0.0, 10.0], [30.0, 20.0]])
    yield Case("three keys, by hand", (query, keys, values, 2.0))
    yield Case("the same, without a temperature", (query, keys, values))

    def make() -> tuple[Any, ...]:
        return (*database(rng, 6, 4, 3), float(rng.uniform(1.5, 3.0)))

    yield from spread(make, batched=False)
    yield Case("other sizes, without a temperature", make()[:3])
    for temperature in (0.1, 0.5, 30.0):
        yield Case(f"a temperature of {temperature:g}", (*make()[:3], temperature))
    query, keys, values, _ = make()
    yield Case("small scores at a temperature of 0.1", (query, 0.2 * keys, values, 0.1))
    _, keys, values, temperature = make()
    yield Case("a query of zeros", (np.zeros(4), keys, values, temperature))
    query, keys, values, temperature = make()
    yield Case("keys that are equal", (query, keys[[0, 1, 0, 2, 1, 0]], values, temperature))
    yield Case("a single key", (*database(rng, 1, 4, 3), 2.0))
    yield Case("all sizes equal", (*database(rng, 4, 4, 4), 1.5))


def _weights(query: np.ndarray, keys: np.ndarray, temperature: float) -> np.ndarray:
    return softmax(similarity(query, keys) / temperature)


@mistake("a blend of the keys in place of the values", "Give the weights to the values.")
def blended_keys(
    query: np.ndarray, keys: np.ndarray, values: np.ndarray, temperature: float = 1.0
) -> np.ndarray:
    """The keys decide how much each entry counts; the values are what is handed over. The
    weights are right here, but they blend the keys."""
    return _weights(query, keys, temperature) @ keys


@mistake("a temperature that multiplies the scores", "Divide the scores by the temperature.")
def multiplied(
    query: np.ndarray, keys: np.ndarray, values: np.ndarray, temperature: float = 1.0
) -> np.ndarray:
    """A high temperature should make all keys more alike. Multiplying does the opposite: it
    drives the scores apart."""
    return softmax(similarity(query, keys) * temperature) @ values


@mistake(
    "a lookup that ignores the temperature", "Divide the scores by the temperature before the exp."
)
def temperature_ignored(
    query: np.ndarray, keys: np.ndarray, values: np.ndarray, temperature: float = 1.0
) -> np.ndarray:
    """It is right at a temperature of 1, and the same at every other. If you do divide, see
    where: a division of the exps cancels when they are divided by their sum."""
    return _weights(query, keys, 1.0) @ values


@mistake("a temperature that comes after the softmax", "Divide the scores, before the exp.")
def temperature_after(
    query: np.ndarray, keys: np.ndarray, values: np.ndarray, temperature: float = 1.0
) -> np.ndarray:
    """Dividing the finished weights does not make them more alike. It only makes them add up
    to something other than 1, and shrinks or swells the answer."""
    return _weights(query, keys, 1.0) / temperature @ values


@mistake(
    "shares of the plain scores, without exp",
    "Take the exp of each score before you divide by the sum.",
)
def without_exp(
    query: np.ndarray, keys: np.ndarray, values: np.ndarray, temperature: float = 1.0
) -> np.ndarray:
    """Scores can be negative, and so would be their shares; their sum can even be 0. exp
    makes every score a positive number first."""
    scores = similarity(query, keys) / temperature
    return scores / scores.sum() @ values


@mistake("a hard lookup", "Blend all values, each with its weight.")
def hard(
    query: np.ndarray, keys: np.ndarray, values: np.ndarray, temperature: float = 1.0
) -> np.ndarray:
    """One value comes back and all others are ignored. A soft lookup lets every key have a
    share; it comes close to a hard one only at a very low temperature."""
    return hard_lookup(query, keys, values)


@mistake("weights that do not add up to 1", "Divide by the sum of all exps.")
def not_normalized(
    query: np.ndarray, keys: np.ndarray, values: np.ndarray, temperature: float = 1.0
) -> np.ndarray:
    """exp gives positive numbers, but not yet shares. Without the division the answer grows
    with every key that is added."""
    return np.exp(similarity(query, keys) / temperature) @ values


@mistake("scores that are divided by √d_k too", "Divide by the temperature only.")
def scaled(
    query: np.ndarray, keys: np.ndarray, values: np.ndarray, temperature: float = 1.0
) -> np.ndarray:
    """√d_k belongs to attention, and lesson 04 explains it. It acts as one more temperature;
    here you choose the temperature yourself."""
    return _weights(query, keys, temperature * math.sqrt(len(query))) @ values


@mistake(
    "weights from the cosine in place of the dot product",
    "Use your `similarity`, the plain dot product.",
)
def weights_from_cosine(
    query: np.ndarray, keys: np.ndarray, values: np.ndarray, temperature: float = 1.0
) -> np.ndarray:
    """The cosine takes the lengths out of the scores, and with them the difference between a
    loud key and a quiet one."""
    lengths = np.linalg.norm(keys, axis=-1) * np.linalg.norm(query)
    return (
        softmax(similarity(query, keys) / np.where(lengths > 0, lengths, 1.0) / temperature)
        @ values
    )


@mistake(
    "weights from distances in place of dot products",
    "Use your `similarity`, the plain dot product.",
)
def weights_from_distance(
    query: np.ndarray, keys: np.ndarray, values: np.ndarray, temperature: float = 1.0
) -> np.ndarray:
    """Near keys weigh more here. That is a blending table too, an older one. This one
    scores by the dot product, where a long key in the right direction is loud, not far."""
    return softmax(nearness(query, keys) / temperature) @ values


@mistake("the weights in place of the blend", "Multiply the values with the weights and add up.")
def the_weights(
    query: np.ndarray, keys: np.ndarray, values: np.ndarray, temperature: float = 1.0
) -> np.ndarray:
    """These are the weights, one for each key, and they are right. What is asked for is what
    they make of the values."""
    return _weights(query, keys, temperature)


@mistake("weighted values that are not added up", "Add up over the keys: one row is left.")
def not_added_up(
    query: np.ndarray, keys: np.ndarray, values: np.ndarray, temperature: float = 1.0
) -> np.ndarray:
    """Each value has been multiplied with its weight, but they still stand in rows of their
    own. A blend is their sum."""
    return _weights(query, keys, temperature)[:, None] * values


SOFT_LOOKUP = Exercise(
    reference=soft_lookup,
    points=2,
    cases=soft_cases,
    results=("blend",),
    mistakes=(
        blended_keys,
        multiplied,
        temperature_ignored,
        temperature_after,
        without_exp,
        hard,
        not_normalized,
        scaled,
        weights_from_cosine,
        weights_from_distance,
        the_weights,
        not_added_up,
    ),
    properties=(inside_the_values(2),),
    hints=(
        "How would you split a budget of 1 among the keys, more for a higher score?",
        "Divide the scores by the temperature, take np.exp, and divide by the sum: these are the "
        "weights. Then multiply every value with its weight and add up; `mix` did that in lesson "
        "01.",
        "exps = np.exp(similarity(query, keys) / ...)\nweights = exps / ...\nreturn weights @ ...",
    ),
)

EXERCISES = (HARD_LOOKUP, SIMILARITY, SOFT_LOOKUP)

QUESTIONS = (
    Question(
        "02-between",
        "Key A points east and key B points north; both are equally long. The query points exactly "
        "between them. What will a table give back whose answers blend?",
        (
            Option(
                "Half of A's value and half of B's.",
                "Both keys score the same, so both get the weight 1/2.",
                right=True,
            ),
            Option(
                "A's value, because A comes first.",
                "A hard lookup does that: it has to pick one. A blend has no need to.",
            ),
            Option(
                "Nothing, because no key is equal to the query.",
                "A Python dict works like that. Here every key fits to some degree, and all get a "
                "share.",
            ),
        ),
        prediction=True,
    ),
    Question(
        "02-why-blend",
        "Attention blends all values. Why does it not take the value of the best key alone?",
        (
            Option(
                "Finding the largest of all the scores would take too long.",
                "Both kinds compute all scores. After that, finding the largest is less work than "
                "a blend.",
            ),
            Option(
                "It does take the best: the other weights are 0 in the end.",
                "exp is never 0, so every key keeps a share. At a low temperature the shares of "
                "the others become tiny, but the answer is still a blend.",
            ),
            Option(
                "A blend follows every small change a little, so it can be trained.",
                "With a hard lookup, a small change mostly changes nothing, and training has no "
                "slope to follow.",
                right=True,
            ),
        ),
    ),
    Question(
        "02-no-match",
        "A query of zeros scores 0 with every key. What does a soft lookup return?",
        (
            Option(
                "Zeros: nothing fits, so nothing comes back.",
                "The weights always add up to 1. There is no way to say 'none of these'; many "
                "trained models learn to park the weight on a token that says little.",
            ),
            Option(
                "The average of all values.",
                "Equal scores give equal weights, whatever the scores are. The budget of 1 is "
                "always spent.",
                right=True,
            ),
            Option(
                "An error, because 0 is divided by 0.",
                "exp(0) is 1, so the sum is the number of keys. Without exp you would indeed "
                "divide by 0.",
            ),
        ),
    ),
    Question(
        "02-largest-weight",
        "The weights are 0.6 for value A = [1, 0] and 0.4 for value B = [0, 10]. What is the "
        "answer mostly made of?",
        (
            Option(
                "Of B: the answer is [0.6, 4].",
                "The weight says how loudly a value is played, and B is the longer one. So a map "
                "of weights alone does not say what an answer is made of.",
                right=True,
            ),
            Option(
                "Of A: it has the largest weight.",
                "A weight is only a factor. 0.6 of a short value can be less than 0.4 of a long "
                "one.",
            ),
            Option(
                "Of neither: it lies half way.",
                "Half way would be weights of 0.5 each: [0.5, 5].",
            ),
        ),
    ),
    Question(
        "02-equal-keys",
        "Two entries of the table have exactly the same key, and different values. What happens in "
        "a soft lookup?",
        (
            Option(
                "The second value overwrites the first.",
                "A Python dict does that, because its keys are unique. Here a key is only a "
                "vector.",
            ),
            Option(
                "The one with the larger value wins.",
                "Values have no say in the weights; only the query and the keys do.",
            ),
            Option(
                "They get equal weights, whatever the query is.",
                "Equal keys have equal scores, so both values count the same.",
                right=True,
            ),
        ),
    ),
)

"""What a head attends to, in one number: its spread, its sink, and the words that it finds."""

import numpy as np

from qkv_course.attention import entropy


def mean_entropy(weights: np.ndarray) -> np.ndarray:
    """Measure how widely attention is spread, on average over the queries.

    weights: (..., n_q, n_k), each row sums to 1.
    Returns (...), the mean of the rows' entropies, in nats: 0 where every query attends to one
    key, log(n_k) where all attend evenly.

    >>> print(mean_entropy(np.array([[1.0, 0.0], [0.5, 0.5]])))  # of 0 and log(2)
    0.34657359027997264
    """
    return entropy(weights).mean(axis=-1)


def sink_mass(weights: np.ndarray, column: int = 0) -> np.ndarray:
    """Measure how much of the attention falls on one key, on average over all queries.

    weights: (..., n_q, n_k). column: the key's position.
    Returns (...), from 0 to 1.

    >>> print(sink_mass(np.array([[0.9, 0.1], [0.5, 0.5]])))
    0.7
    """
    return weights[..., :, column].mean(axis=-1)


def offset_accuracy(offset: int, pairs: list[tuple[int, int]] | np.ndarray) -> float:
    """Measure how often a rule is right that always points the same number of words away.

    offset: what is added to the query's position; -1 is the word before.
    pairs: (query, key) positions, a list that is not empty or an int array (m, 2).
    Returns the share of pairs with key == query + offset, a float.

    >>> offset_accuracy(1, [(0, 1), (3, 4), (5, 7), (2, 1)])
    0.5
    """
    query, key = np.asarray(pairs).T
    return float(np.mean(key == query + offset))


def head_accuracy(weights: np.ndarray, pairs: list[tuple[int, int]] | np.ndarray) -> np.ndarray:
    """Measure how often the largest weight of a query falls on the right key.

    weights: (..., n, n), a row for each query. pairs: (query, key) positions, a list that is not
    empty or an int array (m, 2). Of several largest weights in a row, the first one counts.
    Returns (...), the share of pairs whose query has its largest weight at key.

    >>> weights = np.array([[0.1, 0.9, 0.0], [0.6, 0.2, 0.2], [0.3, 0.3, 0.4]])
    >>> print(head_accuracy(weights, [(0, 1), (2, 1)]))  # word 0 finds word 1, word 2 does not
    0.5
    """
    query, key = np.asarray(pairs).T
    return np.mean(weights.argmax(axis=-1)[..., query] == key, axis=-1)


def best_head(accuracies: np.ndarray, baseline: float) -> tuple[int, int] | None:
    """Find the best of all heads, if it is better than a rule that needs no head.

    accuracies: (n_layers, n_heads). baseline: the accuracy of the rule.
    Returns (layer, head), two ints, of the largest accuracy, the first in reading order; None
    unless it is above the baseline.

    >>> best_head(np.array([[0.2, 0.5, 0.1], [0.9, 0.3, 0.9]]), baseline=0.4)
    (1, 0)
    """
    if accuracies.max() <= baseline:
        return None
    layer, head = np.unravel_index(accuracies.argmax(), accuracies.shape)
    return int(layer), int(head)

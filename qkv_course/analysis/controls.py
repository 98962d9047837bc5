"""Fair numbers for the best of many: chosen on one half of the sentences, scored on the other."""

import numpy as np

SPLITS = 200
RESAMPLES = 1000


def half_splits(
    sentence_of: np.ndarray, rng: np.random.Generator, n_splits: int = SPLITS
) -> np.ndarray:
    """Let half of the sentences choose and the others score, in many random ways.

    sentence_of: int (n_pairs,), the sentence that a pair is from; at least two sentences.
    Returns bool (n_splits, n_pairs), True for pairs of sentences that choose.

    >>> half_splits(np.array([5, 5, 8, 8]), np.random.default_rng(0), 3).sum(axis=1)
    array([2, 2, 2])
    """
    _, at = np.unique(sentence_of, return_inverse=True)
    n = at.max() + 1
    order = rng.permuted(np.tile(np.arange(n), (n_splits, 1)), axis=1)
    return (order < n // 2)[:, at]


def held_out_hits(hits: np.ndarray, choosing: np.ndarray) -> np.ndarray:
    """Say how often each pair is found by the rival that is best on the sentences that choose.

    hits: bool (n_rivals, n_pairs). choosing: bool (n_splits, n_pairs), see half_splits.
    Returns (n_pairs,), the mean over the splits in which a pair is scored; nan if in none.
    """
    counts = hits.astype(float) @ choosing.T  # (n_rivals, n_splits)
    found = hits[counts.argmax(axis=0)]  # (n_splits, n_pairs)
    times = (~choosing).sum(axis=0)
    return np.where(times > 0, (found & ~choosing).sum(axis=0) / np.maximum(times, 1), np.nan)


def bootstrap_interval(
    hits: np.ndarray, sentence_of: np.ndarray, rng: np.random.Generator
) -> tuple[float, float]:
    """Give the 95 % interval of a mean over pairs, when other sentences might have been written.

    hits: (n_pairs,), 0 to 1. sentence_of: int (n_pairs,). Whole sentences are drawn again and
    again, with replacement, since pairs of one sentence are right or wrong together.
    Returns (low, high). Source: Efron 1979.
    """
    _, at = np.unique(sentence_of, return_inverse=True)
    n = at.max() + 1
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES)  # times each sentence is drawn
    means = (drawn @ np.bincount(at, hits, n)) / (drawn @ np.bincount(at, minlength=n))
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)

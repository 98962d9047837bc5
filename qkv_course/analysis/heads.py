"""What a head is needed for: cut it off, see what is lost, and choose how many there should be."""

import numpy as np


def ablate_heads(per_head_output: np.ndarray, heads: list[int]) -> np.ndarray:
    """Cut heads off: nothing of what they found goes on to W_O.

    per_head_output: (..., n_heads, n, d_head), the heads' contexts. heads: those to cut, from 0;
    there may be none.
    Returns a new array of the same shape, with 0 for all that the listed heads found.

    >>> contexts = np.array([[[1.0, 2.0]], [[3.0, 4.0]]])  # 2 heads, 1 token, d_head = 2
    >>> ablate_heads(contexts, [0]).tolist()
    [[[0.0, 0.0]], [[3.0, 4.0]]]
    """
    kept = per_head_output.copy()
    kept[..., list(heads), :, :] = 0
    return kept


def head_importance(accuracy_full: float, accuracy_ablated: np.ndarray) -> np.ndarray:
    """Measure what is lost without each head.

    accuracy_full: with all heads. accuracy_ablated: any shape, with one head cut off in each entry.
    Returns the same shape: positive where the head mattered, negative where the model is better
    without it.

    >>> head_importance(0.75, np.array([0.25, 0.75, 1.0]))
    array([ 0.5 ,  0.  , -0.25])
    """
    return accuracy_full - accuracy_ablated


def role_mass(weights: np.ndarray, roles: np.ndarray) -> np.ndarray:
    """Measure how much of each head's attention falls on each role.

    weights: (..., n_heads, n, n). roles: bool (n_roles, n, n), True where a query (row) and a key
    (column) are in this role; each role is True somewhere.
    Returns (..., n_heads, n_roles): for each query that has a True in the role, the total weight
    on the True cells of its row; of these, the mean.

    >>> weights = np.array([[[0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.9, 0.1, 0.0]]])  # 1 head
    >>> role = np.array([[[0, 1, 1], [0, 0, 0], [0, 1, 0]]], dtype=bool)  # 1 role
    >>> role_mass(weights, role)  # rows 0 and 2: (0.5 + 0.1) / 2
    array([[0.3]])
    """
    total = np.einsum("...hqk,rqk->...hr", weights, roles)
    queries = roles.any(axis=-1).sum(axis=-1)  # (n_roles,)
    return total / queries


def choose_heads(results: dict[int, float], d_model: int, tolerance: float = 0.01) -> int:
    """Choose the fewest heads that are nearly as good as the best.

    results: {number of heads: accuracy}. d_model: the heads have to divide it; others do not count.
    At least one number of heads divides it.
    tolerance: how far below the best accuracy is near enough.
    Returns a number of heads, an int.

    >>> choose_heads({1: 0.60, 2: 0.895, 4: 0.90, 5: 0.99}, d_model=64)
    2
    """
    possible = {n: accuracy for n, accuracy in results.items() if d_model % n == 0}
    best = max(possible.values())
    return min(n for n, accuracy in possible.items() if accuracy >= best - tolerance)

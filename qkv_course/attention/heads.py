"""Many heads: split the features, attend in every head, merge, and mix."""

import numpy as np

from qkv_course.attention.context import attention
from qkv_course.attention.masks import masked_attention


def head_dim(d_model: int, n_heads: int) -> int:
    """Say how many features each head gets: d_model shared out evenly.

    d_model: features of a token. n_heads: number of heads, 1 or more.
    Returns d_model / n_heads, as an int.
    Raises ValueError if n_heads does not divide d_model.
    Source: Vaswani et al. 2017, section 3.2.2 (512 features, 8 heads, 64 each).

    >>> head_dim(512, 8)
    64
    """
    if n_heads < 1 or d_model % n_heads:
        raise ValueError(f"{n_heads} heads cannot share {d_model} features evenly")
    return d_model // n_heads


def split_heads(x: np.ndarray, n_heads: int) -> np.ndarray:
    """Cut every token's features into n_heads pieces, and put the pieces in front of the tokens.

    x: (..., n, d_model). n_heads: divides d_model.
    Returns shape (..., n_heads, n, d_head). Head h holds the columns h * d_head up to, not
    including, (h + 1) * d_head of every token.
    Raises ValueError if n_heads does not divide d_model.

    >>> split_heads(np.array([[1, 2, 3, 4], [5, 6, 7, 8]]), 2)
    array([[[1, 2],
            [5, 6]],
    <BLANKLINE>
           [[3, 4],
            [7, 8]]])
    """
    *lead, n, d_model = x.shape
    pieces = x.reshape(*lead, n, n_heads, head_dim(d_model, n_heads))
    return np.swapaxes(pieces, -2, -3)  # (..., n_heads, n, d_head)


def merge_heads(x: np.ndarray) -> np.ndarray:
    """Put every token's pieces side by side again: the way back from split_heads.

    x: (..., n_heads, n, d_head).
    Returns shape (..., n, n_heads * d_head).

    >>> merge_heads(np.array([[[1, 2], [5, 6]], [[3, 4], [7, 8]]]))
    array([[1, 2, 3, 4],
           [5, 6, 7, 8]])
    """
    *lead, n_heads, n, d_head = x.shape
    return np.swapaxes(x, -2, -3).reshape(*lead, n, n_heads * d_head)


def multi_head_attention(
    x: np.ndarray,
    w_q: np.ndarray,
    w_k: np.ndarray,
    w_v: np.ndarray,
    w_o: np.ndarray,
    n_heads: int,
    mask: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Let a sentence attend to itself in n_heads ways at once, and mix what they found.

    x: (..., n, d_model). w_q, w_k, w_v, w_o: (d_model, d_model). n_heads: divides d_model.
    Head h has the columns h * d_head up to, not including, (h + 1) * d_head of w_q, w_k and
    w_v, and those rows of w_o.
    mask: bool, True where a query may attend; broadcasts to (..., n, n), the same for all
    heads; None: everything may be looked at.
    Returns (output, weights): (..., n, d_model) and (..., n_heads, n, n).
    Raises ValueError if n_heads does not divide d_model.
    Source: Vaswani et al. 2017, section 3.2.2.

    >>> x, eye = np.array([[2.0, 4.0], [4.0, 2.0]]), np.eye(2)
    >>> output, weights = multi_head_attention(x, 0 * eye, eye, eye, eye, n_heads=2)
    >>> output, weights.shape  # no preferences: both heads average what they see
    (array([[3., 3.],
           [3., 3.]]), (2, 2, 2))
    """
    q, k, v = (split_heads(x @ w, n_heads) for w in (w_q, w_k, w_v))
    if mask is None:
        context, weights = attention(q, k, v)
    else:
        context, weights = masked_attention(q, k, v, np.expand_dims(mask, -3))
    return merge_heads(context) @ w_o, weights  # context: (..., n_heads, n, d_head)

"""What attention replaced: a state carried along the sentence, one token at a time."""

import numpy as np


def rnn_states(x: np.ndarray, w_x: np.ndarray, w_h: np.ndarray) -> np.ndarray:
    """Read the tokens one after another and keep the hidden state after each.

    h_t = tanh(x_t @ w_x + h_{t-1} @ w_h), starting from h_0 = 0; no bias.

    x: tokens, shape (..., n, d_in). w_x: (d_in, d_h). w_h: (d_h, d_h).
    Returns the states h_1 ... h_n, shape (..., n, d_h). h_0 is not among them.
    Raises ValueError if the sizes do not fit.
    Source: Elman 1990, "Finding structure in time".

    >>> x, w = np.array([[0.5], [0.0]]), np.array([[1.0]])
    >>> rnn_states(x, w, w).round(4)  # tanh(0.5), then tanh(0 + tanh(0.5))
    array([[0.4621],
           [0.4318]])
    """
    h = np.zeros((*x.shape[:-2], w_h.shape[0]), dtype=x.dtype)  # (..., d_h)
    states = []
    for t in range(x.shape[-2]):
        h = np.tanh(x[..., t, :] @ w_x + h @ w_h)
        states.append(h)
    return np.stack(states, axis=-2)  # (..., n, d_h)


def rnn_influence(w_h: np.ndarray, distance: int) -> float:
    """Find the most that a nudge can grow while it travels `distance` steps.

    Without the tanh, a nudge is multiplied by w_h at every step: by w_h to the *matrix*
    power `distance` in all. The most that a matrix can stretch any vector is its largest
    singular value: np.linalg.norm(m, 2). A distance of 0 gives 1.0.

    w_h: (d_h, d_h). distance: a whole number, 0 or more.
    Returns one number.
    Raises ValueError if `distance` is negative.
    Source: Pascanu et al. 2013, "On the difficulty of training recurrent neural networks".

    A diagonal example: two numbers, one kept at 0.5 a step and one at 0.9. After three
    steps the first keeps 0.125 and the second 0.729. The most is 0.729.

    >>> round(float(rnn_influence(np.diag([0.5, 0.9]), 3)), 4)
    0.729
    """
    if distance < 0:
        raise ValueError(f"distance is {distance}; it counts steps, so it is 0 or more")
    return float(np.linalg.norm(np.linalg.matrix_power(w_h, distance), 2))


def mix(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Blend all tokens into one vector, in one step.

    weights: one weight a token, shape (n,), used as given. x: tokens, shape (n, d).
    Returns weights[0] * x[0] + weights[1] * x[1] + ..., shape (d,).
    Raises ValueError if there is not one weight for each token.
    Source: the context vector of Bahdanau et al. 2015, section 3.1.

    >>> mix(np.array([0.75, 0.25]), np.array([[4.0, 0.0], [0.0, 8.0]]))
    array([3., 2.])
    """
    return weights @ x

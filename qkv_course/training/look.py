"""Look at a tiny transformer: what it reads right, and where its heads look."""

import numpy as np
import torch
from torch.nn import functional as F

from qkv_course.languages import Passages
from qkv_course.models.tiny import TinyTransformer

EXAMPLES = 4  # the first of the held-out passages


def loss_of(model: TinyTransformer, passages: Passages) -> torch.Tensor:
    """The cross-entropy of the answers, summed over the questions, as the mean of the passages."""
    answers, _ = model(torch.from_numpy(passages.words))
    right = torch.from_numpy(passages.answers)
    return torch.stack([F.cross_entropy(a, right[:, at]) for at, a in enumerate(answers)]).sum()


@torch.no_grad()
def accuracies(model: TinyTransformer, passages: Passages) -> np.ndarray:
    """For each question the share of right answers, (n_features,)."""
    answers, _ = model(torch.from_numpy(passages.words))
    return _share_right(answers, passages)


@torch.no_grad()
def look(model: TinyTransformer, passages: Passages) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What there is to see in the model.

    Returns (accuracy, roles, rows): (n_features,); (n_layers, n_heads, n_roles), the mean weight
    that the last word has on each role's word; (n_layers, n_heads, examples, n), the last word's
    weights in the first passages.
    """
    answers, layers = model(torch.from_numpy(passages.words))
    weights = torch.stack(layers).numpy()  # (n_layers, passages, n_heads, n)
    rows = weights[:, :EXAMPLES].swapaxes(1, 2)
    return _share_right(answers, passages), _on_roles(weights, passages.roles), rows.copy()


def _on_roles(weights: np.ndarray, roles: np.ndarray) -> np.ndarray:
    means = []
    for where in roles.T:
        (there,) = np.nonzero(where >= 0)
        means.append(weights[:, there, :, where[there]].mean(axis=0))  # (n_layers, n_heads)
    return np.stack(means, axis=-1)


def _share_right(answers: list[torch.Tensor], passages: Passages) -> np.ndarray:
    said = np.stack([answer.argmax(-1).numpy() for answer in answers], axis=1)
    return (said == passages.answers).mean(axis=0)

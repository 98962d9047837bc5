"""Load the pretrained encoder with an attention inside, and read texts."""

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from safetensors.torch import load as parse_safetensors

from qkv_course.attention.layers import MultiHeadAttention
from qkv_course.errors import BadText
from qkv_course.models.encoder import Attention, EmptyAttention, Encoder, Sizes, real_model
from qkv_course.models.tokens import Batch, Tokenizer, as_list
from qkv_course.models.weights import ModelFiles, find_files

Arrow = tuple[int, int, int]

NAMES = (
    ("embeddings.word_embeddings", "embedding.token"),
    ("embeddings.position_embeddings", "embedding.position"),
    ("embeddings.token_type_embeddings", "embedding.segment"),
    ("embeddings.LayerNorm", "embedding.norm"),
    ("encoder.layer", "blocks"),
    ("attention.self.query", "attention.w_q"),
    ("attention.self.key", "attention.w_k"),
    ("attention.self.value", "attention.w_v"),
    ("attention.output.dense", "attention.w_o"),
    ("attention.output.LayerNorm", "attention_norm"),
    ("intermediate.dense", "widen"),
    ("output.dense", "narrow"),
    ("output.LayerNorm", "output_norm"),
)
"""What the published weights are called, and what the course calls them; tried in this order."""


@dataclass(frozen=True)
class Reading:
    """What a model computed for a batch of texts, as arrays.

    tokens: for each text its tokens, "[CLS]" first and "[SEP]" last.
    words: for each text its words as typed; a punctuation mark is a word.
    word_of: (batch, n), the word that a token belongs to; -1 for [CLS], [SEP] and padding.
    real: bool (batch, n), False for padding.
    hidden: (n_layers + 1, batch, n, d_model), after the embedding and after every layer.
    weights: (n_layers, batch, n_heads, n, n), or None if the attention gives none.
    """

    tokens: list[list[str]]
    words: list[list[str]]
    word_of: np.ndarray
    real: np.ndarray
    hidden: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class SentenceModel:
    """An encoder with its tokenizer: texts in, vectors and attention out."""

    encoder: Encoder
    tokenizer: Tokenizer

    def read(self, texts: str | Sequence[str], blocked: Iterable[Arrow] = ()) -> Reading:
        """Run the encoder on one text or a batch of them, and keep all that it computes.

        blocked: arrows (text, query token, key token), counted from 0, that no head may use.
        Raises BadText, for an arrow outside its text as well.
        """
        batch = self.tokenizer(texts)
        mask = _mask(batch, blocked)
        with torch.inference_mode():
            hidden, weights = self.encoder(torch.from_numpy(batch.ids), mask)
        return Reading(
            tokens=batch.tokens,
            words=batch.words,
            word_of=batch.word_of,
            real=batch.real,
            hidden=torch.stack(hidden).numpy(),
            weights=None if weights[0] is None else torch.stack(weights).numpy(),  # type: ignore[arg-type]
        )

    def embed(self, texts: str | Sequence[str], batch_size: int = 32) -> np.ndarray:
        """Turn each text into one vector: the mean of its tokens, scaled to length 1.

        batch_size: texts that are computed together; those of like length, to save padding.
        Returns float32 (batch, d_model). The dot product of two rows is their cosine.
        Raises BadText.
        """
        listed = as_list(texts)
        whole = self.tokenizer(listed)
        lengths = whole.real.sum(axis=1)
        vectors = np.empty((len(listed), self.encoder.d_model), dtype=np.float32)
        order = np.argsort(lengths, kind="stable")
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            n = lengths[chosen].max()
            vectors[chosen] = self._pooled(whole.ids[chosen, :n], whole.real[chosen, :n])
        return vectors

    def _pooled(self, ids: np.ndarray, real: np.ndarray) -> np.ndarray:
        mask = None if real.all() else torch.from_numpy(real[:, None, :])
        with torch.inference_mode():
            hidden, _ = self.encoder(torch.from_numpy(ids), mask)
        return mean_vectors(hidden[-1].numpy(), real)


def mean_vectors(hidden: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Average the real tokens' vectors, and scale each mean to length 1.

    hidden: (batch, n, d_model). real: bool (batch, n). Returns (batch, d_model).
    """
    weight = real[..., None].astype(hidden.dtype)
    mean = (hidden * weight).sum(axis=1) / weight.sum(axis=1)
    return mean / np.linalg.norm(mean, axis=-1, keepdims=True)


def load_model(attention: Attention | None = MultiHeadAttention) -> SentenceModel:
    """Load all-MiniLM-L6-v2 with an attention inside.

    attention: makes a layer, `attention(d_model, n_heads)`, with the linear layers w_q, w_k, w_v
    and w_o; called as `layer(x, mask=mask)`. None: its place stays empty, with the weights there.
    Returns a model that reads texts. Raises ModelUnavailable.
    """
    model = empty_model()
    return model if attention is None else _filled(model, attention)


def empty_model() -> SentenceModel:
    """Load all-MiniLM-L6-v2 with the places of its attention empty. Raises ModelUnavailable."""
    files = find_files()
    return _model(files, _published(files))


def untrained_model(seed: int = 0) -> SentenceModel:
    """Make the same network with random weights, as it was before it learned anything: a control.

    seed: of the random numbers. The weights are normal with a standard deviation of 0.02, the
    biases 0, as BERT's are at the start (Devlin et al. 2019). Raises ModelUnavailable.
    """
    files = find_files()
    drawn = torch.Generator().manual_seed(seed)
    published = sorted(_published(files).items())  # the file's order is not the same each time
    weights = {name: _untrained(name, like, drawn) for name, like in published}
    return _filled(_model(files, weights), MultiHeadAttention)


def _untrained(name: str, like: torch.Tensor, drawn: torch.Generator) -> torch.Tensor:
    if name.endswith("bias"):
        return torch.zeros_like(like)
    if "norm" in name:
        return torch.ones_like(like)
    return torch.empty_like(like).normal_(std=0.02, generator=drawn)


def _model(files: ModelFiles, weights: dict[str, torch.Tensor]) -> SentenceModel:
    sizes = Sizes.from_config(files.config)
    with torch.device("meta"):  # no numbers are drawn only to be overwritten
        encoder = Encoder(sizes, EmptyAttention)
    encoder.load_state_dict(weights, assign=True)
    return SentenceModel(encoder.eval(), Tokenizer(files.tokenizer, sizes.positions))


def _filled(model: SentenceModel, attention: Attention) -> SentenceModel:
    with torch.random.fork_rng(devices=[]):  # the layers draw numbers that are overwritten
        real_model(model.encoder, attention)
    model.encoder.eval()
    return model


def _published(files: ModelFiles) -> dict[str, torch.Tensor]:
    """Give the published weights under the course's names; the pooler is not used here."""
    tensors = parse_safetensors(files.weights)
    return {_renamed(n): t for n, t in tensors.items() if "pooler" not in n and "_ids" not in n}


def _renamed(name: str) -> str:
    for theirs, ours in NAMES:
        name = name.replace(theirs, ours)
    return name


def _mask(batch: Batch, blocked: Iterable[Arrow]) -> torch.Tensor:
    n = batch.ids.shape[1]
    allowed = np.repeat(batch.real[:, None, :], n, axis=1)  # (batch, n, n)
    for arrow in blocked:
        allowed[_inside(batch, arrow)] = False
    return torch.from_numpy(allowed)


def _inside(batch: Batch, arrow: Arrow) -> Arrow:
    """Give an arrow back if it starts and ends in its text. Raises BadText."""
    asked = "an arrow is (text, query token, key token), three whole numbers from 0"
    try:
        text, query, key = map(operator.index, arrow)
    except (TypeError, ValueError):
        raise BadText(f"{arrow!r} is no arrow: {asked}.") from None
    if not 0 <= text < len(batch.tokens):
        count = len(batch.tokens)
        raise BadText(f"The arrow {arrow!r} is for text {text}, of {count}: {asked}.")
    length = len(batch.tokens[text])
    if not (0 <= query < length and 0 <= key < length):
        raise BadText(
            f"The arrow {arrow!r} points outside text {text}, which has {length} tokens: {asked}."
        )
    return text, query, key

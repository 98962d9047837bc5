"""Attention weights from a model of the transformers library, in the course's layout."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from qkv_course.analysis.weights import (
    HOW_TO_ASK,
    BadWeights,
    OwnReading,
    as_array,
    from_arrays,
)
from qkv_course.errors import BadText

KINDS = ("attentions", "encoder_attentions", "decoder_attentions", "cross_attentions")


def from_hugging_face(
    output: Any,
    kind: str | None = None,
    attention_mask: Any = None,
    decoder_attention_mask: Any = None,
) -> OwnReading:
    """Take the attention weights out of what a Hugging Face model returned.

    output: of model(..., output_attentions=True), the model loaded with
        attn_implementation="eager" and in evaluation mode.
    kind: "attentions", "encoder_attentions", "decoder_attentions" or "cross_attentions"; needed
        only where the model has an encoder and a decoder.
    attention_mask, decoder_attention_mask: as the model got them, (batch, n), 0 for padding.
    Returns weights (n_layers, batch, n_heads, n_q, n_k). Raises BadWeights.
    """
    chosen = _kind(output, kind)
    layers = _layers(_part(output, chosen), chosen)
    if chosen == "cross_attentions":
        return from_arrays(layers, decoder_attention_mask, _key_mask(layers, attention_mask))
    mask = decoder_attention_mask if chosen == "decoder_attentions" else attention_mask
    return from_arrays(layers, mask)


def read_with(model: Any, tokenizer: Any, texts: str | Sequence[str]) -> OwnReading:
    """Let a Hugging Face model read texts, and keep what its heads attended to.

    model: loaded with attn_implementation="eager", after model.eval(). Of a model with an encoder
        and a decoder, the encoder reads.
    tokenizer: the model's own, a fast one. texts: one text or a list; padded to one length.
    Returns an OwnReading with tokens, words and word_of. Raises BadWeights and BadText.
    """
    import torch

    listed = [texts] if isinstance(texts, str) else list(texts)
    if not listed or not all(isinstance(text, str) and text.strip() for text in listed):
        raise BadText("Give a sentence, or a list of sentences; none of them may be empty.")
    if model.training:
        raise BadWeights(
            "The model is in training mode, where dropout changes the weights at random. "
            "Call model.eval(), then read again."
        )
    encoded = _encode(tokenizer, listed)
    if model.config.is_encoder_decoder:
        model = model.get_encoder()
    inputs = {name: torch.tensor(encoded[name], device=model.device) for name in encoded}
    with torch.no_grad():
        output = model(**inputs, output_attentions=True)
    mask = np.asarray(encoded["attention_mask"])
    return _with_words(from_hugging_face(output, "attentions", mask), encoded, listed)


def _kind(output: Any, kind: str | None) -> str:
    """Decide which attentions are meant. Raises BadWeights where that is not clear."""
    if isinstance(output, tuple | list):
        raise BadWeights(
            "This output is a tuple, whose parts have no names. "
            "Call the model with return_dict=True, or hand the right part to from_arrays."
        )
    if kind is not None and kind not in KINDS:
        raise BadWeights(f"There is no kind {kind!r}: choose one of {', '.join(KINDS)}.")
    here = [name for name in KINDS if _part(output, name)]
    if kind is None and "attentions" not in here and len(here) > 1:
        raise BadWeights(f"This output has {', '.join(here)}: choose one, as in kind={here[0]!r}.")
    if kind is not None and kind not in here and here:
        raise BadWeights(f"This output has no {kind}; it has {', '.join(here)}.")
    return kind or (here[0] if here else "attentions")


def _part(output: Any, name: str) -> Any:
    return output.get(name) if isinstance(output, dict) else getattr(output, name, None)


def _layers(layers: Any, kind: str) -> list[np.ndarray]:
    """Give each layer's weights as an array. Raises BadWeights where the model gave none."""
    if not layers or all(layer is None for layer in layers):
        raise BadWeights(f"The model gave no {kind}. {HOW_TO_ASK}")
    if any(isinstance(layer, tuple | list) for layer in layers):
        raise BadWeights(
            "This comes from generate(), one entry for each new token. "
            "Run the model once on the whole text: model(..., output_attentions=True)."
        )
    missing = [i for i, layer in enumerate(layers) if layer is None]
    if missing:
        raise BadWeights(
            f"Layers {', '.join(map(str, missing))} gave no {kind}; they may work in another way. "
            "Hand the other layers to from_arrays."
        )
    return [as_array(layer) for layer in layers]


def _key_mask(layers: list[np.ndarray], mask: Any) -> np.ndarray:
    """Keys have a mask of their own in cross-attention, even where the sizes are equal."""
    batch, n_k = layers[0].shape[0], layers[0].shape[-1]
    return np.ones((batch, n_k), dtype=bool) if mask is None else as_array(mask)


def _encode(tokenizer: Any, texts: list[str]) -> Any:
    if not getattr(tokenizer, "is_fast", False):
        raise BadWeights(
            "This tokenizer does not say which word a token belongs to. "
            "Load a fast one: AutoTokenizer.from_pretrained(..., use_fast=True)."
        )
    if len(texts) > 1 and tokenizer.pad_token is None:
        raise BadWeights(
            "Texts of different lengths need padding, and this tokenizer has no token for it. "
            "Set one: tokenizer.pad_token = tokenizer.eos_token."
        )
    return tokenizer(
        texts,
        padding=len(texts) > 1,
        padding_side="right",  # so that a token's place is its index
        return_attention_mask=True,
    )


def _with_words(reading: OwnReading, encoded: Any, texts: list[str]) -> OwnReading:
    every = [encoded.word_ids(i) for i in range(len(texts))]
    known = [sorted({w for w in ids if w is not None}) for ids in every]
    word_of = np.full(reading.real.shape, -1)
    for i, ids in enumerate(every):
        place = {word: at for at, word in enumerate(known[i])}
        word_of[i] = [place.get(word, -1) for word in ids]
    return replace(
        reading,
        tokens=[encoded.tokens(i)[:n] for i, n in enumerate(reading.real.sum(axis=1))],
        words=[_words(encoded, i, known[i], text) for i, text in enumerate(texts)],
        word_of=word_of,
    )


def _words(encoded: Any, at: int, known: list[int], text: str) -> list[str]:
    spans = [encoded.word_to_chars(at, word) for word in known]
    return [text[span.start : span.end].strip() for span in spans]

"""Attention from a reader's own model, given as arrays or by the transformers library."""

import os
from typing import Any

import numpy as np
import pytest
import torch

os.environ["HF_HUB_OFFLINE"] = "1"

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import (
    BertConfig,
    BertModel,
    GPT2Config,
    GPT2Model,
    PreTrainedTokenizerFast,
    T5Config,
    T5Model,
)

from qkv_course.analysis.sources import from_hugging_face, read_with
from qkv_course.analysis.weights import BadWeights, from_arrays
from qkv_course.analysis.words import word_weights
from qkv_course.errors import BadText

TEXTS = ["the cat sat", "a dog saw the cat in the garden"]
WORDS = sorted({word for text in TEXTS for word in text.split()})
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]


def softmax(scores: np.ndarray) -> np.ndarray:
    exps = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exps / exps.sum(axis=-1, keepdims=True)


@pytest.fixture
def weights() -> np.ndarray:
    """Two layers, three texts, four heads, five tokens."""
    return softmax(2 * np.random.default_rng(0).normal(size=(2, 3, 4, 5, 5)))


def bert(attention: str = "eager") -> Any:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=50,
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=32,
    )
    return BertModel._from_config(config, attn_implementation=attention).eval()


def gpt2(attention: str = "eager") -> Any:
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=50,
        n_embd=16,
        n_layer=2,
        n_head=4,
        n_positions=32,
        bos_token_id=1,
        eos_token_id=1,
        attn_pdrop=0.3,
    )
    return GPT2Model._from_config(config, attn_implementation=attention).eval()


def t5() -> Any:
    torch.manual_seed(0)
    config = T5Config(vocab_size=50, d_model=16, d_kv=4, d_ff=32, num_layers=2, num_heads=4)
    return T5Model._from_config(config, attn_implementation="eager").eval()


@pytest.fixture
def tokenizer() -> PreTrainedTokenizerFast:
    """Cuts at spaces, and puts [CLS] and [SEP] around."""
    vocabulary = {word: i for i, word in enumerate(SPECIAL + WORDS)}
    words = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    words.pre_tokenizer = Whitespace()
    words.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=words, pad_token="[PAD]", padding_side="left")


def padded_ids() -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.randint(5, 50, (2, 6), generator=torch.Generator().manual_seed(0))
    mask = torch.ones(2, 6, dtype=torch.long)
    mask[0, 4:] = 0
    return ids, mask


def test_arrays_keep_their_values(weights: np.ndarray) -> None:
    for given in (weights, list(weights), [torch.tensor(layer) for layer in weights]):
        reading = from_arrays(given)
        np.testing.assert_allclose(reading.weights, weights, atol=1e-6)
        assert reading.real.shape == (3, 5) and reading.real.all()


def test_half_precision_passes(weights: np.ndarray) -> None:
    from_arrays(torch.tensor(weights).to(torch.bfloat16))
    from_arrays(weights.astype(np.float16))


def test_rows_of_padding_may_hold_anything(weights: np.ndarray) -> None:
    real = np.array([[True] * 3 + [False] * 2, [True] * 5, [True] * 5])
    scores = np.log(weights)
    scores[:, 0, :, :, 3:] = -np.inf
    masked = softmax(scores)
    masked[:, 0, :, 3:] = np.nan
    reading = from_arrays(masked, real)
    assert (reading.weights[:, 0, :, 3:] == 0).all() and (reading.weights[:, 0, ..., 3:] == 0).all()
    np.testing.assert_array_equal(reading.weights[:, 0, :, :3, :3], masked[:, 0, :, :3, :3])


def causal(weights: np.ndarray) -> np.ndarray:
    """Masked before the softmax, as it should be."""
    kept = np.tril(weights)
    return kept / kept.sum(axis=-1, keepdims=True)


def dropped(weights: np.ndarray) -> np.ndarray:
    keep = np.random.default_rng(1).random(weights.shape) > 0.1
    return np.where(keep, weights / 0.9, 0)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda w: np.log(w), "negative, as low as"),
        (lambda w: 9 * w, "look like scores"),
        (lambda w: np.swapaxes(w, -1, -2), "swap the last two axes"),
        (dropped, "model.eval()"),
        (lambda w: w[..., :4], "Something is left out"),
        (lambda w: np.where(w > 0.9, np.nan, w), "nan or infinite"),
        (lambda w: w.mean(axis=2), "have 4 axes"),
        (lambda w: w.mean(axis=2), "average_attn_weights=False"),
        (lambda w: w[0].mean(axis=1), "average_attn_weights=False"),
        (lambda w: w[0, 0, 0], "should have 5"),
        (lambda w: w[:0], "nothing in them"),
        (lambda w: [], "no layer"),
        (lambda w: [], 'attn_implementation="eager"'),
        (lambda w: None, 'attn_implementation="eager"'),
        (lambda w: (None, None), 'attn_implementation="eager"'),
        (lambda w: np.tril(w), "causal mask, and it came after the softmax"),
        (lambda w: causal(w)[..., 1:, 1:], "Something is left out"),
        (lambda w: np.where(np.eye(5), 0, w), "Something is left out"),
        (lambda w: w * np.array([[1], [1], [0.5], [1], [1]]), "Something is left out"),
        (lambda w: [[[1.0, 0.0], [1.0]]], "differ in length"),
        (lambda w: [w[0], w[1][..., :4, :4]], "layer 1 has (3, 4, 4, 4)"),
        (lambda w: w.astype(str), "should be numbers"),
    ],
)
def test_what_is_no_attention_is_refused(weights: np.ndarray, spoil: Any, words: str) -> None:
    with pytest.raises(BadWeights) as caught:
        from_arrays(spoil(weights))
    assert words in str(caught.value)


def test_attention_on_padding_is_refused(weights: np.ndarray) -> None:
    real = np.array([[True] * 3 + [False] * 2, [True] * 5, [True] * 5])
    with pytest.raises(BadWeights, match="attention_mask"):
        from_arrays(weights, real)
    with pytest.raises(BadWeights, match="attention_mask"):
        from_arrays(weights, real_keys=real)
    with pytest.raises(BadWeights, match=r"it should be \(3, 5\)"):
        from_arrays(weights, real[:2])


def test_bert_gives_its_own_weights() -> None:
    ids, mask = padded_ids()
    output = bert()(ids, attention_mask=mask, output_attentions=True)
    reading = from_hugging_face(output, attention_mask=mask)
    assert reading.weights.shape == (3, 2, 4, 6, 6)
    np.testing.assert_array_equal(reading.real, mask.numpy().astype(bool))
    for layer, theirs in enumerate(output.attentions):
        np.testing.assert_allclose(reading.weights[layer, 1], theirs[1].detach(), atol=1e-7)
    assert (reading.weights[:, 0, :, 4:] == 0).all()
    as_dict = {"attentions": output.attentions}
    np.testing.assert_array_equal(
        from_hugging_face(as_dict, attention_mask=mask).weights, reading.weights
    )


def test_a_forgotten_attention_mask_is_found() -> None:
    ids, mask = padded_ids()
    output = bert()(ids, output_attentions=True)
    with pytest.raises(BadWeights, match="attention_mask"):
        from_hugging_face(output, attention_mask=mask)


@pytest.mark.parametrize("make", [bert, gpt2])
def test_both_conditions_are_named_where_no_weights_came(make: Any) -> None:
    ids, _ = padded_ids()
    without = [
        make("sdpa")(ids, output_attentions=True),
        make("sdpa")(ids),
        make("eager")(ids),
        {"attentions": (None, None)},
        {"attentions": None},
    ]
    for output in without:
        with pytest.raises(BadWeights) as caught:
            from_hugging_face(output)
        message = str(caught.value)
        assert 'attn_implementation="eager"' in message and "output_attentions=True" in message


def test_layers_without_weights_are_listed() -> None:
    layer = np.full((1, 2, 3, 3), 1 / 3)
    with pytest.raises(BadWeights, match="Layers 1, 2 gave no attentions"):
        from_hugging_face({"attentions": (layer, None, None)})


def test_of_encoder_and_decoder_one_is_chosen() -> None:
    ids, mask = padded_ids()
    output = t5()(
        input_ids=ids, attention_mask=mask, decoder_input_ids=ids[:, :3], output_attentions=True
    )
    with pytest.raises(BadWeights, match="kind='encoder_attentions'"):
        from_hugging_face(output)
    shapes = {
        "encoder_attentions": (2, 2, 4, 6, 6),
        "decoder_attentions": (2, 2, 4, 3, 3),
        "cross_attentions": (2, 2, 4, 3, 6),
    }
    for kind, shape in shapes.items():
        assert from_hugging_face(output, kind, attention_mask=mask).weights.shape == shape
    cross = from_hugging_face(output, "cross_attentions", attention_mask=mask).weights
    assert (cross[:, 0, ..., 4:] == 0).all()
    for wrong in ("attentions", "cross"):
        with pytest.raises(BadWeights, match="cross_attentions"):
            from_hugging_face(output, wrong)


def test_cross_attention_of_equal_lengths_keeps_its_two_masks_apart() -> None:
    ids, mask = padded_ids()
    output = t5()(input_ids=ids, attention_mask=mask, decoder_input_ids=ids, output_attentions=True)
    reading = from_hugging_face(output, "cross_attentions", attention_mask=mask)
    np.testing.assert_allclose(reading.weights.sum(axis=-1), 1, atol=1e-5)  # no query is padding
    reading = from_hugging_face(output, "cross_attentions", decoder_attention_mask=mask)
    assert (reading.weights[:, 0, :, 4:] == 0).all() and reading.weights[
        :, 0, :, :4, 4:
    ].max() < 1e-6


def test_training_mode_is_found_in_the_numbers() -> None:
    ids, _ = padded_ids()
    torch.manual_seed(0)
    output = gpt2().train()(ids, output_attentions=True)
    with pytest.raises(BadWeights, match=r"model\.eval\(\)"):
        from_hugging_face(output)


def test_tuples_and_generations_are_explained() -> None:
    layer = np.full((1, 2, 3, 3), 1 / 3)
    with pytest.raises(BadWeights, match="return_dict=True"):
        from_hugging_face((layer, layer))
    with pytest.raises(BadWeights, match="generate"):
        from_hugging_face({"attentions": ((layer, layer), (layer, layer))})


@pytest.mark.parametrize("make", [bert, gpt2])
def test_a_batch_reads_as_each_text_alone(make: Any, tokenizer: Any) -> None:
    model = make()
    reading = read_with(model, tokenizer, TEXTS)
    for i, text in enumerate(TEXTS):
        alone = read_with(model, tokenizer, text)
        n = alone.weights.shape[-1]
        np.testing.assert_allclose(reading.weights[:, i, :, :n, :n], alone.weights[:, 0], atol=1e-5)
        assert reading.tokens[i] == alone.tokens[0] == ["[CLS]", *text.split(), "[SEP]"]
        assert reading.words[i] == text.split()
        assert reading.word_of is not None
        assert list(reading.word_of[i, :n]) == [-1, *range(n - 2), -1]
        assert (reading.word_of[i, n:] == -1).all()


def test_words_are_weighed_as_those_of_the_courses_model(tokenizer: Any) -> None:
    weights = word_weights(read_with(bert(), tokenizer, TEXTS))
    assert weights.shape == (2, 3, 4, 8, 8)
    assert (weights[0, :, :, 3:] == -1).all() and (weights[1, :, :, 0, 1:] > 0).all()


def test_the_encoder_of_a_pair_reads(tokenizer: Any) -> None:
    assert read_with(t5(), tokenizer, TEXTS).weights.shape == (2, 2, 4, 10, 10)


def test_read_with_says_what_to_do(tokenizer: Any) -> None:
    with pytest.raises(BadWeights, match=r"is in training mode.* model\.eval\(\)"):
        read_with(bert().train(), tokenizer, TEXTS)
    with pytest.raises(BadWeights, match="eager"):
        read_with(bert("sdpa"), tokenizer, TEXTS)
    for texts in ([], "", ["fine", " "], [3]):
        with pytest.raises(BadText):
            read_with(bert(), tokenizer, texts)
    tokenizer.pad_token = None
    with pytest.raises(BadWeights, match="eos_token"):
        read_with(bert(), tokenizer, TEXTS)
    read_with(bert(), tokenizer, TEXTS[0])

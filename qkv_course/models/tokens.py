"""Cut texts into the pieces that a pretrained model knows, and pad them to one length."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Encoding
from tokenizers import Tokenizer as WordPieces

from qkv_course.errors import BadText

SPECIAL = 2  # [CLS] in front and [SEP] at the end


@dataclass(frozen=True)
class Batch:
    """Texts as tokens, padded at the end to one length n.

    ids: int64 (batch, n), numbers of the tokens in the vocabulary.
    real: bool (batch, n), False for padding.
    word_of: int64 (batch, n), the word that a token belongs to; -1 for [CLS], [SEP], padding.
    tokens: for each text its tokens, without padding.
    words: for each text its words as they were typed; a punctuation mark is a word.
    """

    ids: np.ndarray
    real: np.ndarray
    word_of: np.ndarray
    tokens: list[list[str]]
    words: list[list[str]]


def as_list(texts: str | Sequence[str]) -> list[str]:
    """Give a list of texts: one text is a list of one. Raises BadText."""
    if isinstance(texts, str):
        return [texts]
    if not isinstance(texts, Iterable):
        raise BadText(f"A text should be a str, and this is of type {type(texts).__name__}.")
    return list(texts)


class Tokenizer:
    """The WordPiece tokenizer of a BERT model, with its limit on length.

    definition: the text of a tokenizer.json. longest: positions that the model has.
    """

    def __init__(self, definition: str, longest: int) -> None:
        self.longest = longest
        self._pieces = WordPieces.from_str(definition)
        self._pieces.no_padding()
        self._pieces.no_truncation()  # a text that is cut without a word would mislead

    def __call__(self, texts: str | Sequence[str]) -> Batch:
        """Cut one text or several into tokens.

        Raises BadText for a text that is empty, too long, or cannot be read as text.
        """
        listed = as_list(texts)
        if not listed:
            raise BadText("There is no text to read. Give a sentence, or a list of sentences.")
        encodings = [self._encode(text, i, len(listed)) for i, text in enumerate(listed)]
        n = max(len(e.ids) for e in encodings)
        return Batch(
            ids=_padded([e.ids for e in encodings], n, 0),
            real=_padded([[1] * len(e.ids) for e in encodings], n, 0).astype(bool),
            word_of=_padded([_word_of(e) for e in encodings], n, -1),
            tokens=[e.tokens for e in encodings],
            words=[_words(e, text) for e, text in zip(encodings, listed, strict=True)],
        )

    def _encode(self, text: str, at: int, of: int) -> Encoding:
        which = "The text" if of == 1 else f"Text {at + 1} of {of}"
        if not isinstance(text, str):
            raise BadText(f"{which} is of type {type(text).__name__}; give it as a str.")
        if any("\ud800" <= c <= "\udfff" for c in text):
            raise BadText(
                f"{which} holds half of a character (a lone surrogate); "
                "read it anew with the right encoding, most often utf-8."
            )
        encoding = self._pieces.encode(text)
        length = len(encoding.ids)
        if length == SPECIAL:
            raise BadText(f"{which} has no words: give it at least one.")
        if length > self.longest:
            raise BadText(
                f"{which} has {length:,} tokens, and the model has positions for "
                f"{self.longest}; cut it into shorter ones."
            )
        return encoding


def _padded(rows: list[list[int]], n: int, filler: int) -> np.ndarray:
    return np.array([row + [filler] * (n - len(row)) for row in rows], dtype=np.int64)


def _word_of(encoding: Encoding) -> list[int]:
    return [-1 if word is None else word for word in encoding.word_ids]


def _words(encoding: Encoding, text: str) -> list[str]:
    """Give the words as they stand in the text: tokens are in lower case and in pieces."""
    spans: dict[int, tuple[int, int]] = {}
    for word, (start, end) in zip(encoding.word_ids, encoding.offsets, strict=True):
        if word is not None:
            first, last = spans.get(word, (start, end))
            spans[word] = (min(first, start), max(last, end))
    return [text[start:end] for _, (start, end) in sorted(spans.items())]

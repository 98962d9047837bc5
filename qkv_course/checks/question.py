"""What a question is made of: a prompt, options, and feedback for every one of them."""

import textwrap
from dataclasses import dataclass
from typing import Literal

LETTERS = "abcdefgh"
WIDTH = 88  # characters: a notebook breaks longer lines, and inside words


@dataclass(frozen=True)
class Option:
    """One answer to choose, and what to say to someone who chose it."""

    text: str
    feedback: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """A question, or a prediction that is recorded before its answer is seen.

    name: starts with the lesson's number, as in "04-why-scale".
    prediction: feedback waits until `reveal`.
    """

    name: str
    prompt: str
    options: tuple[Option, ...]
    prediction: bool = False

    @property
    def kind(self) -> Literal["prediction", "answer"]:
        return "prediction" if self.prediction else "answer"

    def text(self, verb: str) -> str:
        """Write the question with lettered options and how to answer without the mouse."""
        options = [
            wrapped(f"  {letter}) {o.text}", indent=5)
            for letter, o in zip(LETTERS, self.options, strict=False)
        ]
        how = f'Answer with {verb}("{self.name}", "a").'
        return "\n".join([wrapped(self.prompt), *options, how])


def wrapped(text: str, indent: int = 0) -> str:
    """Break the long lines of a text at spaces, and nowhere else; short ones stay as they are."""
    return "\n".join(
        textwrap.fill(
            line,
            WIDTH,
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        if len(line) > WIDTH
        else line
        for line in text.splitlines()
    )

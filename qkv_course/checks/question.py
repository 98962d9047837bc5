"""What a question is made of: a prompt, options, and feedback for every one of them."""

from dataclasses import dataclass
from typing import Literal

LETTERS = "abcdefgh"


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
            f"  {letter}) {o.text}" for letter, o in zip(LETTERS, self.options, strict=False)
        ]
        return "\n".join([self.prompt, *options, f'Answer with {verb}("{self.name}", "a").'])

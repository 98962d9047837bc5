"""Questions with feedback for every option, and predictions that are kept for later."""

from typing import Any

from qkv_course import progress
from qkv_course.checks.notebook import in_notebook
from qkv_course.checks.question import LETTERS, Option, Question, wrapped
from qkv_course.errors import BadAnswer, UnknownName
from qkv_course.lessons import find_question


def ask(name: str, answer: str | None = None) -> Any:
    """Show a question, or answer it in plain text.

    name: such as "04-why-scale". answer: "a", "b", ... to answer without the widget.
    Raises UnknownName or BadAnswer.
    """
    return _pose(_find(name), "ask", answer)


def predict(name: str, answer: str | None = None) -> Any:
    """Show a prediction to make, or make it in plain text; it is kept for `reveal`.

    Raises UnknownName or BadAnswer.
    """
    return _pose(_find(name), "predict", answer)


def reveal(name: str) -> None:
    """Print what you predicted, beside what is so. Raises UnknownName."""
    question = _find(name)
    event = progress.last(question.kind, name)
    chosen = _position(event) if event else None
    if chosen is None or chosen >= len(question.options):
        print(f'You have made no prediction here yet: predict("{name}") asks for it.')
    else:
        option = question.options[chosen]
        print(wrapped(f"You predicted: {option.text}\n{option.feedback}"))
    if chosen is None or not question.options[chosen].right:
        right = next(o for o in question.options if o.right)
        text = right.text if right.text.endswith((".", "!", "?", ":")) else f"{right.text}."
        print(wrapped(f"The answer: {text} {right.feedback}"))


def _find(name: str) -> Question:
    if not isinstance(name, str):
        raise UnknownName("A question goes by its name in quotes, as the lesson's cell has it.")
    return find_question(name)


def _pose(question: Question, verb: str, answer: str | None) -> Any:
    if answer is not None:
        print(wrapped(take(question, _letter(question, answer))))
        return None
    if not in_notebook():
        print(question.text(verb))
        return None
    from qkv_course.widgets.choices import ChoicesWidget

    event = progress.last(question.kind, question.name)
    return ChoicesWidget(
        prompt=question.prompt,
        options=[o.text for o in question.options],
        feedback=[
            "Noted. We will come back to it." if question.prediction else _verdict(o)
            for o in question.options
        ],
        on_answer=lambda chosen: take(question, chosen),
        chosen=_position(event) if event else None,
        plain=question.text(verb),
    )


def take(question: Question, chosen: int) -> str:
    """Record the option at position `chosen` and give what to say about it."""
    option = question.options[chosen]
    if question.prediction:
        progress.record("prediction", question.name, option=LETTERS[chosen])
        return f"Noted: {option.text} We will come back to it."
    progress.record("answer", question.name, option=LETTERS[chosen], right=option.right)
    return _verdict(option)


def _verdict(option: Option) -> str:
    return f"{'Right.' if option.right else 'Not quite.'} {option.feedback}"


def _letter(question: Question, answer: str) -> int:
    known = LETTERS[: len(question.options)]
    letter = answer.strip().lower().rstrip(").") if isinstance(answer, str) else ""
    if len(letter) != 1 or letter not in known:
        raise BadAnswer(
            f"{answer!r} is none of the options of {question.name}: answer with one of "
            f"{', '.join(repr(c) for c in known)}."
        )
    return known.index(letter)


def _position(event: dict[str, Any]) -> int | None:
    option = event.get("option")
    return (
        LETTERS.index(option) if isinstance(option, str) and option and option in LETTERS else None
    )

"""A question widget in Python: its text, and who hears of an answer."""

from qkv_course.widgets.choices import ChoicesWidget


def question(**more: object) -> ChoicesWidget:
    return ChoicesWidget("Which?", ["one", "two"], ["Right.", "Not quite."], **more)  # type: ignore[arg-type]


def test_a_choice_is_heard_once() -> None:
    heard: list[int] = []
    widget = question(on_answer=heard.append)
    widget.chosen = 1
    widget.chosen = 1
    widget.chosen = 0
    assert heard == [1, 0]


def test_an_earlier_choice_is_shown_and_not_heard_again() -> None:
    heard: list[int] = []
    widget = question(on_answer=heard.append, chosen=0)
    assert heard == [] and "Right." in str(widget)


def test_the_text_is_what_the_caller_wrote() -> None:
    widget = question(plain='Which?\n  a) one\n  b) two\nAnswer with ask("x", "a").')
    data = widget._repr_mimebundle_()[0]  # type: ignore[index]
    assert data["text/plain"] == 'Which?\n  a) one\n  b) two\nAnswer with ask("x", "a").'
    assert "image/png" not in data

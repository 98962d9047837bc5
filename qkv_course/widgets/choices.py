"""A question with options to choose from, and what to say about the chosen one."""

from collections.abc import Callable
from typing import Any

import traitlets

from qkv_course.checks.question import wrapped
from qkv_course.widgets.base import Widget, module


class ChoicesWidget(Widget):
    """A question, its options as radio buttons, and feedback for the chosen one.

    prompt, options, feedback: plain texts; what stands between backticks is shown as code.
    on_answer: called with the option's position whenever one is chosen in the browser.
    chosen: the option chosen earlier, or None. plain: the whole as text.
    """

    title = "Question"
    _esm = module("choices")

    chosen = traitlets.Int(None, allow_none=True).tag(sync=True)
    _prompt = traitlets.Unicode().tag(sync=True)
    _options = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _feedback = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(
        self,
        prompt: str,
        options: list[str],
        feedback: list[str],
        on_answer: Callable[[int], Any] | None = None,
        chosen: int | None = None,
        plain: str = "",
    ) -> None:
        super().__init__(_prompt=prompt, _options=options, _feedback=feedback, chosen=chosen)
        self._on_answer, self._plain = on_answer, plain
        self.observe(self._answered, "chosen")

    def _answered(self, change: dict[str, Any]) -> None:
        if self._on_answer is not None and change["new"] is not None:
            self._on_answer(change["new"])

    def words(self) -> str:
        """Write the question out, and the feedback once it is answered."""
        if self.chosen is None:
            return self._plain or self._prompt
        return f"{self._plain or self._prompt}\n{wrapped(self._feedback[self.chosen])}"

    def __repr__(self) -> str:
        return self.words()

    __str__ = __repr__

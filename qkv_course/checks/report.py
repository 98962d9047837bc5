"""What a check found, as plain data, with a text form; `render` gives the rich form."""

import textwrap
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from qkv_course.checks.exercise import Mistake

Status = Literal["passed", "wrong", "raised", "timed out", "not attempted"]
WIDTH = 88
LARGEST = 24  # entries of an input that are still printed in full


@dataclass(frozen=True)
class Comparison:
    """A wrong result beside the right one; index is the first entry that differs."""

    name: str
    got: np.ndarray
    want: np.ndarray
    index: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Report:
    """The result of one check.

    status: "passed", "wrong", "raised", "timed out" or "not attempted".
    seed: draws the same inputs again. cases: how many calls were judged.
    mistake: the named mistake that the results match, or None.
    saw, expected, likely, try_next: the four parts of the message.
    group: why the smallest failing call was made. inputs: its arguments by name.
    comparison: got and expected, where both are arrays. printed: what the call printed.
    remark: something allowed, but worth knowing.
    """

    exercise: str
    status: Status
    seed: int = 0
    cases: int = 0
    mistake: Mistake | None = None
    saw: str = ""
    expected: str = ""
    likely: str = ""
    try_next: str = ""
    group: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    comparison: Comparison | None = None
    printed: str = ""
    remark: str = ""

    @property
    def passed(self) -> bool:
        return self.status == "passed"

    @property
    def headline(self) -> str:
        """One line that says how it went."""
        if self.passed:
            return f"✓ {self.exercise}: passed, on {self.cases} calls"
        if self.status == "not attempted":
            return f"○ {self.exercise}: not attempted yet"
        if self.mistake is not None:
            return f"✗ {self.exercise}: looks like {self.mistake.title}"
        endings = {"raised": "it stopped with an error", "timed out": "it took too long"}
        return f"✗ {self.exercise}: {endings.get(self.status, 'not right yet')}"

    def sections(self) -> list[tuple[str, str]]:
        """Give the parts of the message with their titles, in reading order."""
        if self.passed:
            return [("Remark", self.remark)] if self.remark else []
        if self.status == "not attempted":
            advice = f"Write the body of {self.exercise}, run its cell, then run this cell again."
            return [("Try", f"{advice} hint({self.exercise}) gives a nudge.")]
        parts = [
            ("Saw", self.saw),
            ("Expected", self.expected),
            ("Likely", self.likely),
            ("Try", self.try_next),
            ("Printed", self.printed.strip()),
        ]
        return [(title, text) for title, text in parts if text]

    def __str__(self) -> str:
        blocks = [self.headline]
        if self.inputs:
            blocks.append(f"Input ({self.group}; seed {self.seed}):\n{self.inputs_text()}")
        for title, text in self.sections():
            blocks.append(_wrapped(title, text))
            if title == "Expected" and self.comparison is not None:
                blocks.append(self.comparison_text())
        return "\n".join(block for block in blocks if block)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from qkv_course.checks.render import report_html

        return report_html(self)

    def inputs_text(self) -> str:
        """Write out the failing input: small arrays in full, large ones by shape."""
        return "\n".join(
            f"  {name} = {value_text(v, len(name) + 5)}" for name, v in self.inputs.items()
        )

    def comparison_text(self) -> str:
        """Write got and expected under each other, where they are small enough to read."""
        c = self.comparison
        if c is None or max(c.got.size, c.want.size) > LARGEST or c.want.ndim == 0:
            return ""
        return f"  got      = {value_text(c.got, 13)}\n  expected = {value_text(c.want, 13)}"


def value_text(value: Any, indent: int = 0) -> str:
    """Write an argument so that it can be read; continuation lines are indented."""
    if isinstance(value, np.generic):
        return repr(value.item())
    if not isinstance(value, np.ndarray):
        return repr(value)
    kind = "" if value.dtype == np.float64 else f" {value.dtype}"
    if value.size > LARGEST:
        return f"an array of shape {value.shape}{kind}"
    text = np.array2string(value, precision=4, suppress_small=True, max_line_width=WIDTH - indent)
    return text.replace("\n", "\n" + " " * indent) + kind


def _wrapped(title: str, text: str) -> str:
    lead = f"{title}:".ljust(10)
    return "\n".join(
        textwrap.fill(
            line, WIDTH, initial_indent=lead if i == 0 else " " * 10, subsequent_indent=" " * 10
        )
        for i, line in enumerate(text.splitlines()[:20])
    )

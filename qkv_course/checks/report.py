"""What a check found, as plain data, with a text form; `render` gives the rich form."""

import textwrap
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from qkv_course.checks.compare import DOUBLE
from qkv_course.checks.exercise import Mistake

Status = Literal["passed", "wrong", "raised", "timed out", "not attempted"]
WIDTH = 88
LARGEST = 24  # entries of an input that are still printed in full
SIDE = 4  # rows and columns of a larger result that are printed: fewer than LARGEST in all
# As NumPy prints by itself: the learner may have chosen otherwise for their own output.
PRINT_OPTIONS: dict[str, Any] = {
    "edgeitems": 3,
    "floatmode": "maxprec",
    "formatter": None,
    "infstr": "inf",
    "legacy": False,
    "nanstr": "nan",
    "sign": "-",
    "suppress": True,
    "threshold": 1000,
}


@dataclass(frozen=True)
class Comparison:
    """A wrong result beside the right one.

    index: the first entry that differs. limits: how far apart equal ones may be (rtol, atol).
    """

    name: str
    got: np.ndarray
    want: np.ndarray
    index: tuple[int, ...] | None = None
    limits: tuple[float, float] = DOUBLE

    def cut(self, array: np.ndarray, side: int) -> tuple[str, np.ndarray]:
        """Cut out the matrix around the first difference, at most `side` rows and columns.

        Returns how it is indexed, as in "[1, :, 4:12]", or "" if it is the whole array.
        """
        at = self.index or (0,) * array.ndim
        labels, parts = [str(i) for i in at[:-2]], list[int | slice](at[:-2])
        for i, n in zip(at[-2:], array.shape[-2:], strict=True):
            start = max(0, min(i - side // 2, n - side))
            parts.append(slice(start, start + side))
            labels.append(":" if n <= side else f"{start}:{start + side}")
        where = f"[{', '.join(labels)}]" if set(labels) - {":"} else ""
        return where, array[tuple(parts)]


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
            f"  {name} = {value_text(v, len(name) + 5)}"
            for name, v in ((f"{name}{_precision(v)}", v) for name, v in self.inputs.items())
        )

    def comparison_text(self) -> str:
        """Write got and expected under each other, or what of them is small enough to read."""
        c = self.comparison
        if c is None or c.want.ndim == c.got.ndim == 0:  # the sentences have said it
            return ""
        (where, got), (_, want) = ("", c.got), ("", c.want)
        if max(got.size, want.size) > LARGEST:
            if c.index is None:
                return ""
            (where, got), (_, want) = c.cut(got, SIDE), c.cut(want, SIDE)
        lead = f"\n  {c.name}{where}:" if where else ""
        for precision in (4, 6, 8):  # enough to see that they differ
            texts = [value_text(a, 13, precision) for a in (got, want)]
            if texts[0] != texts[1]:
                break
        return f"{lead}\n  got      = {texts[0]}\n  expected = {texts[1]}".lstrip("\n")


def value_text(value: Any, indent: int = 0, precision: int = 4) -> str:
    """Write an argument so that it can be read; continuation lines are indented."""
    if isinstance(value, np.generic):
        return repr(value.item())
    if isinstance(value, dict) and any(isinstance(part, np.ndarray) for part in value.values()):
        return _dict_text(value, indent)
    if isinstance(value, str):
        return value
    if not isinstance(value, np.ndarray):
        return repr(value)
    if not 0 < value.size <= LARGEST:
        return f"an array of shape {value.shape}"
    with np.printoptions(**PRINT_OPTIONS, precision=precision, linewidth=WIDTH - indent):
        text = str(value)
    first, *rest = text.split("\n")  # between matrices, NumPy leaves a line empty
    return "\n".join([first, *((" " * indent + line).rstrip() for line in rest)])


def _dict_text(parts: dict[str, Any], indent: int) -> str:
    """Write the parts below each other, or only their shapes if they are many numbers."""
    if sum(np.size(part) for part in parts.values()) > 2 * LARGEST:
        return ", ".join(f"{name} {np.shape(part)}" for name, part in parts.items())
    lines = (f"{n} = {value_text(part, indent + len(n) + 3)}" for n, part in parts.items())
    return ("\n" + " " * indent).join(lines)


def _precision(value: Any) -> str:
    """Name a precision other than the usual one."""
    unusual = isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.itemsize != 8
    return f" ({value.dtype})" if unusual else ""


def _wrapped(title: str, text: str) -> str:
    lead = f"{title}:".ljust(10)
    return "\n".join(
        textwrap.fill(
            line, WIDTH, initial_indent=lead if i == 0 else " " * 10, subsequent_indent=" " * 10
        )
        for i, line in enumerate(text.splitlines())
    )

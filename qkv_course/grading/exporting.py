"""Write the grades for other systems, into a folder beside the gradebook."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qkv_course.errors import BadAnswer
from qkv_course.grading.exports import EXPORTS, Options, known_people
from qkv_course.grading.results import Result
from qkv_course.grading.roster import Learner
from qkv_course.grading.submissions import Submission


@dataclass(frozen=True)
class ExportWish:
    """Which systems the grades are for.

    systems: names in EXPORTS. canvas_file: what Canvas exported. columns: which column takes
    which lesson. scaled: whether full points become what a column is worth.
    """

    systems: tuple[str, ...] = ()
    canvas_file: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    scaled: bool = False

    def look(self, output: Path | None) -> None:
        """Raise BadAnswer now for what could not be done after all is graded."""
        for system in self.systems:
            if system not in EXPORTS:
                raise BadAnswer(f"There is no --to {system}. There are: {', '.join(EXPORTS)}.")
        if self.systems and output is None:
            raise BadAnswer("Grades for other systems need a place: say --output FOLDER.")
        if "canvas" in self.systems and self.canvas_file is None:
            raise BadAnswer(
                "Canvas takes only a file that it has exported itself: download the gradebook "
                "there, and say --canvas-file FILE."
            )
        self.template()

    def template(self) -> bytes:
        """Read what Canvas exported. Raises BadAnswer."""
        if self.canvas_file is None:
            return b""
        try:
            return self.canvas_file.read_bytes()
        except OSError as error:
            raise BadAnswer(f"{self.canvas_file} cannot be read ({error.strerror}).") from None


def columns_in(words: Sequence[str]) -> dict[str, str]:
    """Read words such as "05_softmax=Softmax (4711)". Raises BadAnswer."""
    for word in words:
        if "=" not in word:
            raise BadAnswer(f"--column {word}: say it as 05_softmax='the name of the column'.")
    return {lesson: name for lesson, _, name in (word.partition("=") for word in words)}


def export(
    wish: ExportWish,
    output: Path,
    results: Sequence[Result],
    submissions: Sequence[Submission],
    roster: Sequence[Learner],
) -> Iterator[str]:
    """Write what is wished for into a folder each, and say what was written and what was not."""
    options = Options(
        columns=wish.columns,
        scaled=wish.scaled,
        people=known_people(submissions, roster) if wish.systems else {},
        template=wish.template(),
    )
    for system in wish.systems:
        made = EXPORTS[system](results, options)
        paths = made.save(output / "exports")
        others = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        yield f"For {system}: {paths[0]}{others}" if paths else f"For {system}: nothing to write."
        yield from made.notes
        yield from made.left_out

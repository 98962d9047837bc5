"""The board as a table for a spreadsheet."""

import time

from qkv_course.grading.exports.csv_safe import Field, csv_text
from qkv_course.workshop.board.catalogue import Catalogue
from qkv_course.workshop.board.store import Store

HEADER = (
    "learner", "lesson", "exercise", "passed", "attempts", "failed checks", "last status",
    "named mistake", "looks like", "needs help", "changed (UTC)",
)  # fmt: skip


def board_csv(store: Store, catalogue: Catalogue, named: bool) -> str:
    """Write a line for each learner and exercise. Without names, learners are numbered."""
    lines: list[tuple[Field, ...]] = [HEADER]
    for number, (name, row) in enumerate(sorted(store.rows().items()), start=1):
        who = name if named else f"learner {number}"
        flag = row.get("flag")
        for exercise, cell in row["cells"].items():
            mistake = cell["mistake"] or ""
            title = catalogue.mistakes.get(exercise, {}).get(mistake, "")
            changed = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(cell["changed"]))
            lesson = catalogue.lessons.get(exercise, "")
            passed = "yes" if cell["passed"] else "no"
            counts = cell["attempts"], cell["failed"], cell["status"]
            line = (who, lesson, exercise, passed, *counts, mistake, title, "yes" if flag else "no")
            lines.append((*line, changed))
    return csv_text(lines)

"""The pages: everything a learner and a teacher need, and nothing that learners wrote runs."""

import dataclasses
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from made_up import ADA, CLASS, EVIL, SOFTMAX, UNREADABLE, ZOE, exercise, result

from qkv_course.checks.calls import LiveTarget
from qkv_course.checks.render import report_html
from qkv_course.checks.run import run_check
from qkv_course.grading.ladder import RUNGS
from qkv_course.grading.pages import cohort_page, feedback_page, write_pages
from qkv_course.grading.results import STATUSES, ExerciseResult, Result
from qkv_course.grading.teach_again import mistakes_of_class
from qkv_course.grading.trusted_html import card
from qkv_course.lessons import LESSONS, find_exercise


class Page(HTMLParser):
    """A page taken apart: its tags, its text, its links and the ids they can lead to."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.text += " " if tag in {"td", "th", "br"} else ""
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data

    def values(self, name: str) -> list[str]:
        return [value or "" for key, value in self.attributes if key == name]


def words(html: str) -> str:
    return " ".join(Page(html).text.split())


def failed(function, name: str = "softmax") -> ExerciseResult:
    """Judge a function with the course's own check."""
    report = run_check(find_exercise(name), LiveTarget(function), 7)
    slug = report.mistake.name if report.mistake else ""
    return ExerciseResult(
        name, 0, 2, report.status, slug, report.headline, str(report), report_html(report)
    )


def with_exercise(one: ExerciseResult, **more: object) -> Result:
    return result(ADA, SOFTMAX, exercises=(one,), **more)


def first_axis(scores: np.ndarray) -> np.ndarray:
    exps = np.exp(scores - scores.max(axis=0, keepdims=True))
    return exps / exps.sum(axis=0, keepdims=True)


# --- A learner's page -----------------------------------------------------------------------------


def test_a_learner_reads_points_report_code_and_how_to_go_on() -> None:
    one = dataclasses.replace(failed(first_axis), code="def softmax(scores):\n    ...")
    html = feedback_page(ADA, [with_exercise(one, notes=("Cell 5 stopped with NameError.",))])
    text = words(html)
    assert "Feedback for Ada Lovelace 0 of 2 points" in text
    assert "✗ softmax: not right yet, 0 of 2 points" in text
    assert "looks like a softmax over the first axis" in text
    assert '<td class="qkv-wrong"' in html  # the card with its pictures
    assert "def softmax(scores):" in text
    assert "check(softmax)" in text and "hint(softmax)" in text
    assert "Cell 5 stopped with NameError." in text
    assert "qkv grade --seed 7 notebooks/05_softmax.ipynb" in text


@pytest.mark.parametrize("status", sorted(STATUSES))
def test_every_status_is_said_in_words(status: str) -> None:
    html = feedback_page(ADA, [with_exercise(exercise("softmax", 2, status))])
    assert words(html).count("softmax") >= 3
    assert ("How to go on" in html) == (status in {"wrong", "raised", "timed out", "crashed"})


@pytest.mark.parametrize("rung", [*RUNGS, ""])
def test_it_says_how_it_was_isolated(rung: str) -> None:
    text = words(feedback_page(ADA, [with_exercise(exercise("softmax", 2), rung=rung)]))
    assert f"Isolation: {rung or 'none'}." in text


def test_what_could_not_be_read_is_said() -> None:
    text = words(feedback_page(ZOE, [UNREADABLE]))
    assert "Nothing could be graded" in text and UNREADABLE.problem in text


def test_of_two_notebooks_for_a_lesson_the_better_is_shown() -> None:
    worse = result(ADA, SOFTMAX, "softmax", source="a copy")
    text = words(feedback_page(ADA, [worse, result(ADA, SOFTMAX)]))
    assert "6 of 6 points" in text and "a copy" not in text


def test_long_code_is_folded_and_endless_code_is_cut() -> None:
    short = dataclasses.replace(exercise("softmax", 2, "wrong"), code="x = 1\n" * 5)
    assert "<details open>" in feedback_page(ADA, [with_exercise(short)])
    endless = dataclasses.replace(short, code="x = 1\n" * 1_000_000)
    html = feedback_page(ADA, [with_exercise(endless)])
    assert "<details>" in html and len(html) < 60_000
    assert "5980000 more characters" in html


# --- What learners write is text ------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></pre></details><h1>",
    "{{ 7 * 7 }}{% include '/etc/passwd' %}",
    "javascript:alert(1)//%0a",
    "a\u202eb\u2066c",
    "\x00\x1b[31m\ud800",
    "`<b>`",
]


def everywhere(text: str) -> Result:
    """Put a text wherever something of a learner's can get."""
    one = ExerciseResult("softmax", 0, 2, "wrong", text, text, text, "", text)
    return Result(
        text, SOFTMAX, text, text, 7, "jail", "v", problem=text, notes=(text,), exercises=(one,)
    )


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_adds_no_tag_to_a_page(text: str) -> None:
    harmless, hostile = everywhere("x"), everywhere(text)
    pages = [
        (feedback_page("x", [harmless]), feedback_page(text, [hostile])),
        (
            cohort_page([harmless, UNREADABLE], ["x"], [("x", "x")]),
            cohort_page(
                [hostile, dataclasses.replace(UNREADABLE, source=text)], [text], [(text, text)]
            ),
        ),
    ]
    for plain, page in pages:
        page.encode()  # no half characters are left
        more = {"code"} if "`" in text else set()
        assert [t for t in Page(page).tags if t not in more] == [
            t for t in Page(plain).tags if t not in more
        ]
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b]", page)
        assert not any(link.startswith("javascript") for link in Page(page).values("href"))


def test_what_learners_print_stays_text_in_the_card_too() -> None:
    def loud(scores: np.ndarray) -> np.ndarray:
        raise ValueError("</div><script>alert(1)</script>")

    page = feedback_page(ADA, [with_exercise(failed(loud))])
    assert "script" not in Page(page).tags
    assert "<script>alert(1)</script>" in words(page)


@pytest.mark.parametrize("name", ["softmax", "attention", "causal_mask", "split_heads"])
def test_every_card_of_the_renderer_is_used_as_it_is(name: str) -> None:
    whole = find_exercise(name)
    for function in (whole.reference, *(m.broken for m in whole.mistakes), lambda *args: "x<y"):
        html = report_html(run_check(whole, LiveTarget(whole.applied(function)), 7))
        trusted = card(html)
        assert trusted is not None and html.endswith(trusted)


def test_half_a_character_in_a_card_is_replaced() -> None:
    one = dataclasses.replace(exercise("softmax", 2, "wrong"), html="<div>a\ud800b</div>")
    page = feedback_page(ADA, [with_exercise(one)])
    assert "<div>a\ufffd" in page and page.encode()


NOT_OURS = [
    "",
    "<script>1</script>",
    "<div onclick='x'></div>",
    "<div",
    "<div>",
    "</div>",
    "<div></div></div>",
    "<div><dl></div></dl>",
    "<td style='background:url(x)'></td>",
    "<a href='x'></a>",
    "<img src=x",
    "<!-- x -->",
    "<!x>",
    "<?x?>",
    "<![CDATA[x]]>",
    "<style></style><style>p{}</style>",
    "<svg></svg>",
    "<div>" + "x" * 1_000_000 + "</div>",
]


@pytest.mark.parametrize("html", NOT_OURS, ids=lambda html: html[:20])
def test_a_card_that_is_not_the_renderer_s_is_shown_as_text(html: str) -> None:
    assert card(html) is None
    one = dataclasses.replace(exercise("softmax", 2, "wrong"), html=html, text="the text")
    assert "the text" in words(feedback_page(ADA, [with_exercise(one)]))


@pytest.mark.parametrize("page", [feedback_page(ADA, CLASS), cohort_page(CLASS)])
def test_a_page_fetches_nothing_and_runs_nothing(page: str) -> None:
    taken = Page(page)
    (policy,) = [value for value in taken.values("content") if "default-src" in value]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert not {"script", "link", "img", "iframe", "form"} & set(taken.tags)
    assert taken.values("src") == [] and "url(" not in page and "@import" not in page
    assert not [link for link in taken.values("href") if "//" in link]


# --- The teacher's page ---------------------------------------------------------------------------


def test_the_teacher_sees_totals_exercises_and_who_is_missing() -> None:
    text = words(cohort_page(CLASS, ["Grace Hopper"], [("b/x.ipynb", "A copy.")], seconds=12.3))
    assert "3 learners handed in 5 notebooks. 0 have all 12 points; the median is 4." in text
    assert "1 on the roster handed in nothing." in text and "Grace Hopper" in text
    assert "1 notebook could not be graded." in text and UNREADABLE.problem in text
    assert "b/x.ipynb: A copy." in text and "12.3 s" in text
    assert "✗ 0 ✓ 1 ✓ 1 ✓ 2 4" in text  # one learner's row: signs, not colors alone


def test_it_says_what_to_teach_again() -> None:
    text = words(cohort_page(CLASS))
    mistake = find_exercise("softmax").find_mistake("over-the-first-axis")
    assert f"2 of 3: {mistake.title} softmax in {SOFTMAX} {mistake.why}" in text


def test_mistakes_are_counted_over_those_who_tried() -> None:
    one = dataclasses.replace(exercise("softmax", 2, "not attempted"))
    other = result("Bea", "04_scores_and_scaling", "score_std", mistake="std-of-one")
    counted = mistakes_of_class([*CLASS, other, result("Bea", SOFTMAX, exercises=(one,))])
    assert [(m.exercise, m.learners, m.of) for m in counted] == [
        ("softmax", (EVIL, ZOE), 3),
        ("score_std", ("Bea",), 1),
        ("mask_scores", (ADA,), 1),
    ]


def test_a_mistake_that_the_course_no_longer_knows_is_still_counted() -> None:
    (mistake,) = mistakes_of_class([result(ADA, SOFTMAX, "softmax", mistake="long-gone")])
    assert (mistake.title, mistake.why) == ("long-gone", "")


def test_weak_isolation_is_a_warning() -> None:
    assert "Weak isolation" not in cohort_page(CLASS)
    weak = dataclasses.replace(CLASS[0], rung="process")
    assert "1 of 5 notebooks ran in a process of its own" in words(cohort_page([weak, *CLASS[1:]]))


def test_every_link_leads_somewhere(tmp_path: Path) -> None:
    index = write_pages(tmp_path, CLASS, ["Grace Hopper"])
    pages = [index, *sorted((tmp_path / "feedback").iterdir())]
    assert len(pages) == 4
    for page in pages:
        taken = Page(page.read_text("utf-8"))
        for link in taken.values("href"):
            if link.startswith("#"):
                assert link[1:] in taken.values("id")
            else:
                assert (page.parent / unquote(link)).is_file()


def test_a_learner_s_page_names_nobody_else(tmp_path: Path) -> None:
    write_pages(tmp_path, CLASS, ["Grace Hopper"])
    for path in (tmp_path / "feedback").iterdir():
        text = words(path.read_text("utf-8"))
        assert sum(name in text for name in (ADA, ZOE, EVIL, "Grace Hopper")) == 1


def test_an_empty_class_has_a_page() -> None:
    assert "0 learners handed in 0 notebooks." in words(cohort_page([]))


def test_a_large_class_stays_readable() -> None:
    lessons = [name for name in LESSONS if name[:2] <= "10"]
    assert sum(len(LESSONS[name]) for name in lessons) >= 35
    crowd = [
        result(f"learner {i:03}", name, list(LESSONS[name])[i % 2 % len(LESSONS[name])])
        for i in range(300)
        for name in lessons
    ]
    html = cohort_page(crowd, [f"absent {i}" for i in range(100)])
    assert len(html.encode()) < 5_000_000
    assert html.count('scope="row"') > 300 * len(lessons)


def test_headings_go_down_one_step_at_a_time() -> None:
    one = failed(first_axis)
    for html in (feedback_page(ADA, [with_exercise(one)]), cohort_page(CLASS)):
        levels = [int(tag[1]) for tag in Page(html).tags if re.fullmatch(r"h\d", tag)]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(b - a <= 1 for a, b in pairwise(levels))


def test_text_can_be_read_in_light_and_dark(tmp_path: Path) -> None:
    css = (Path(write_pages.__code__.co_filename).parent / "templates" / "page.css").read_text()
    light, dark = (dict(re.findall(r"--(\w+): (#\w+)", part)) for part in css.split("@media")[:2])
    for colors in (light, dark):
        for ink in ("ink", "soft", "good", "bad", "link"):
            for paper in ("paper", "band", "warn"):
                assert contrast(colors[ink], colors[paper]) >= 4.5, (ink, paper)


def contrast(one: str, other: str) -> float:
    """As WCAG 2.2 defines it."""

    def luminance(color: str) -> float:
        digits = color[1:] if len(color) == 7 else "".join(2 * c for c in color[1:])
        parts = np.array([int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)

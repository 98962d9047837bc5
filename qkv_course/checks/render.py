"""The rich form of a report: a card with got and expected as small colored tables."""

from html import escape
from textwrap import dedent
from typing import Any

import numpy as np

from qkv_course.checks.compare import apart, matches, number
from qkv_course.checks.report import Comparison, Report

SIDE = 8  # rows and columns of a picture

STYLE = """
.qkv-report { font-family: var(--jp-ui-font-family, system-ui, sans-serif); font-size: 14px;
  line-height: 1.45; max-width: 48em; padding: 8px 14px; border-left: 5px solid #767676;
  color: var(--jp-content-font-color1, inherit); }
.qkv-report.qkv-passed { border-left-color: #0a7d4f; }
.qkv-report.qkv-failed { border-left-color: #c4500a; }
.qkv-report h4 { margin: 0 0 6px; font-size: 15px; font-weight: 600; }
.qkv-report dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 12px;
  margin: 6px 0; }
.qkv-report dt { font-weight: 600; width: auto; }
.qkv-report dd { margin: 0; min-width: 0; width: auto;
  white-space: pre-wrap; overflow-wrap: anywhere; }
.qkv-report pre, .qkv-report code { font-family: var(--jp-code-font-family, monospace);
  font-size: 13px; }
.qkv-report pre { margin: 2px 0; background: none; color: inherit; }
.qkv-report .qkv-input.qkv-input { white-space: pre; word-break: normal; overflow-x: auto; }
.qkv-pair { display: flex; flex-wrap: wrap; align-items: flex-start; gap: 8px 28px; margin: 6px 0; }
.qkv-pair table { border-collapse: collapse; font-variant-numeric: tabular-nums;
  font-size: 13px; margin: 0; }
.qkv-pair caption { text-align: left; font-weight: 600; caption-side: top; padding: 0 0 2px;
  color: inherit; white-space: nowrap; }
.qkv-report .qkv-pair tr:nth-child(n) { background: none; }
.qkv-pair td { padding: 3px 9px; text-align: right; white-space: nowrap; }
.qkv-pair td.qkv-wrong { box-shadow: inset 0 0 0 2px #d55e00; font-weight: 600; }
"""


def report_html(report: Report) -> str:
    """Write a report as one self-contained piece of HTML; all text is escaped."""
    failed = report.status not in ("passed", "not attempted")
    tone = "qkv-passed" if report.passed else "qkv-failed" if failed else ""
    rows = []
    if report.inputs:
        given = (
            f'<pre class="qkv-input">{escape(dedent(report.inputs_text()))}</pre>'
            f"{escape(report.group)}; seed {report.seed}"
        )
        rows.append(_row("Input", given))
    for title, text in report.sections():
        picture = _pair(report.comparison) if title == "Expected" and report.comparison else ""
        rows.append(_row(title, _code(text) + picture))
    body = f"<dl>{''.join(rows)}</dl>" if rows else ""
    return (
        f"<style>{STYLE}</style>"
        f'<div class="qkv-report {tone}" role="group" '
        f'aria-label="Report on {escape(report.exercise)}">'
        f"<h4>{escape(report.headline)}</h4>{body}</div>"
    )


def _row(title: str, html: str) -> str:
    return f"<dt>{escape(title)}</dt><dd>{html}</dd>"


def _code(text: str) -> str:
    """Escape a text; what stands between backticks becomes code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # an odd backtick somewhere: leave them all as they are
        return escape(text)
    return "".join(f"<code>{escape(p)}</code>" if i % 2 else escape(p) for i, p in enumerate(parts))


def _pair(comparison: Comparison) -> str:
    if comparison.want.ndim == comparison.got.ndim == 0:
        return ""
    here, got = _part(comparison, comparison.got)
    there, want = _part(comparison, comparison.want)
    if comparison.got.shape == comparison.want.shape:
        wrong = ~matches(got, want, comparison.limits)
        left, right = _cells(got, want, wrong), _cells(want, got, wrong)
    else:
        left, right = (_cells(a, a, np.zeros(a.shape, bool)) for a in (got, want))
    tables = _table(f"got{here}", left) + _table(f"expected{there}", right)
    return f'<div class="qkv-pair">{tables}</div>'


def _part(comparison: Comparison, array: np.ndarray) -> tuple[str, np.ndarray]:
    """Give the matrix to draw, and how it is indexed."""
    if array.size == 0:
        return "", np.zeros((0, 0))
    where, part = comparison.cut(array, SIDE)
    return where, np.atleast_2d(part)


def _table(title: str, cells: list[list[str]]) -> str:
    rows = "".join(f"<tr>{''.join(row)}</tr>" for row in cells)
    return f"<table><caption>{escape(title)}</caption>{rows}</table>"


def _cells(matrix: np.ndarray, other: np.ndarray, wrong: np.ndarray) -> list[list[str]]:
    """Draw every number; `other` is the matrix beside it, on the same color scale."""
    sizes = np.abs(np.concatenate([matrix, other], axis=None, dtype=np.float64))
    largest = float(sizes[np.isfinite(sizes)].max(initial=0)) or 1.0
    triples = zip(matrix.tolist(), other.tolist(), wrong.tolist(), strict=True)
    return [[_cell(*cell, largest) for cell in zip(*rows, strict=True)] for rows in triples]


def _cell(value: Any, other: Any, wrong: bool, largest: float) -> str:
    share = abs(value) / largest if np.isfinite(value) else 0.0
    color = "86,180,233" if value >= 0 else "230,159,0"  # Okabe-Ito blue and orange
    mark = ' class="qkv-wrong"' if wrong else ""
    text = apart(value, other, 4)[0] if wrong else number(value, 4)
    return f'<td{mark} style="background:rgba({color},{0.45 * share:.2f})">{text}</td>'

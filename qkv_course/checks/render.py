"""The rich form of a report: a card with got and expected as small colored tables."""

from html import escape

import numpy as np

from qkv_course.checks.compare import number
from qkv_course.checks.report import Comparison, Report

SIDE = 8  # rows and columns of a picture; larger arrays show the corner around the first difference

STYLE = """
.qkv-report { font-family: var(--jp-ui-font-family, system-ui, sans-serif); font-size: 14px;
  line-height: 1.45; max-width: 48em; padding: 8px 14px; border-left: 5px solid #767676;
  color: var(--jp-content-font-color1, inherit); }
.qkv-report.qkv-passed { border-left-color: #0a7d4f; }
.qkv-report.qkv-failed { border-left-color: #c4500a; }
.qkv-report h4 { margin: 0 0 6px; font-size: 15px; }
.qkv-report dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 12px;
  margin: 6px 0; }
.qkv-report dt { font-weight: 600; } .qkv-report dd { margin: 0; white-space: pre-wrap; }
.qkv-report pre, .qkv-report code { font-family: var(--jp-code-font-family, monospace);
  font-size: 13px; }
.qkv-report pre { margin: 2px 0; background: none; color: inherit; }
.qkv-pair { display: flex; flex-wrap: wrap; gap: 8px 28px; margin: 6px 0; }
.qkv-pair table { border-collapse: collapse; font-variant-numeric: tabular-nums;
  font-size: 13px; margin: 0; }
.qkv-pair caption { text-align: left; font-weight: 600; caption-side: top; padding: 0 0 2px;
  color: inherit; }
.qkv-pair td { padding: 2px 8px; text-align: right; border: 2px solid transparent; }
.qkv-pair td.qkv-wrong { border-color: #c4500a; }
"""


def report_html(report: Report) -> str:
    """Write a report as one self-contained piece of HTML; all text is escaped."""
    failed = report.status not in ("passed", "not attempted")
    tone = "qkv-passed" if report.passed else "qkv-failed" if failed else ""
    rows = []
    if report.inputs:
        given = (
            f"<pre>{escape(report.inputs_text())}</pre>{escape(report.group)}; seed {report.seed}"
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
    got, want = comparison.got, comparison.want
    if want.ndim == 0 or got.ndim == 0:
        return ""
    same = got.shape == want.shape
    lead = comparison.index[:-2] if same and comparison.index and want.ndim > 2 else None
    tables = [
        _table(
            f"{title}{_where(array, lead)}",
            _plane(array, lead),
            _plane(other, lead) if same else None,
        )
        for title, array, other in (("got", got, want), ("expected", want, got))
    ]
    return f'<div class="qkv-pair">{"".join(tables)}</div>'


def _where(array: np.ndarray, lead: tuple[int, ...] | None) -> str:
    if array.ndim <= 2:
        return ""
    return f" [{', '.join(map(str, lead or (0,) * (array.ndim - 2)))}]"


def _plane(array: np.ndarray, lead: tuple[int, ...] | None) -> np.ndarray:
    """Give the matrix to draw: of a batch, the one that holds the first difference."""
    if array.size == 0:
        return np.zeros((0, 0))
    matrix = array[lead or (0,) * (array.ndim - 2)] if array.ndim > 2 else np.atleast_2d(array)
    return np.asarray(matrix[:SIDE, :SIDE])


def _table(title: str, matrix: np.ndarray, other: np.ndarray | None) -> str:
    differs = np.zeros(matrix.shape, bool)
    if other is not None:
        differs = ~np.isclose(matrix, other, rtol=1e-3, atol=1e-6, equal_nan=True)
    finite = np.abs(matrix[np.isfinite(matrix)])
    largest = float(finite.max()) if finite.size and finite.max() > 0 else 1.0
    rows = "".join(
        "<tr>" + "".join(_cell(v, w, largest) for v, w in zip(row, wrong, strict=True)) + "</tr>"
        for row, wrong in zip(matrix.tolist(), differs.tolist(), strict=True)
    )
    return f"<table><caption>{escape(title)}</caption>{rows}</table>"


def _cell(value: float, wrong: bool, largest: float) -> str:
    share = min(abs(value) / largest, 1.0) if np.isfinite(value) else 0.0
    color = "86,180,233" if value >= 0 else "230,159,0"  # Okabe-Ito blue and orange
    mark = ' class="qkv-wrong"' if wrong else ""
    return f'<td{mark} style="background:rgba({color},{0.45 * share:.2f})">{number(value)}</td>'

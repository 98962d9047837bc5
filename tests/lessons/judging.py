"""What tests of several lessons ask of a report."""

from qkv_course.checks import Report


def assert_rejected_without_a_name(report: Report) -> None:
    """A wrong answer outside the catalogue fails, and no named mistake is put on it."""
    assert not report.passed
    assert report.mistake is None, f"called {report.mistake.title}"
    assert report.saw and report.try_next
    assert report.expected or report.status == "raised"  # a complaint says itself what should be

"""The course's one family of exceptions: each prints as a short text, without a traceback."""


class QkvError(Exception):
    """Anything that the course has to say to the person at the keyboard."""

    def _render_traceback_(self) -> list[str]:
        # IPython prints these lines in place of a traceback of the course's own code.
        return str(self).splitlines()


class CheckFailed(QkvError):
    """A check did not pass. The report says what was seen and what to try."""


class UnknownName(QkvError, LookupError):
    """A name that belongs to no exercise, question or explorer."""


class BadAnswer(QkvError, ValueError):
    """An answer that is none of a question's options, or a setting out of its range."""


class BadText(QkvError, ValueError):
    """A text that a model cannot read: empty, too long, or no text at all."""


class ModelUnavailable(QkvError, ImportError):
    """The pretrained model's files are not there, or are not what they should be."""

"""Requests from a learner's computer to the board."""

import http.client
import json
import urllib.error
import urllib.request
from typing import Any

from qkv_course.errors import QkvError

PATIENCE = 5.0  # seconds
LARGEST = 4_000_000  # bytes of an answer


class Unreachable(QkvError):
    """The board does not answer, or cannot right now: later it may.

    busy: it is there, and asks for patience.
    """

    def __init__(self, sentence: str, busy: bool = False) -> None:
        super().__init__(sentence)
        self.busy = busy


class Refused(QkvError):
    """The board answers that it will not. status: of the answer."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Follow nothing: a token is for the board that gave it."""


_opener = urllib.request.build_opener(_NoRedirects)


def ask(method: str, url: str, token: str = "", body: dict[str, Any] | None = None) -> Any:
    """Send one request and decode the answer. Raises Unreachable, Refused."""
    headers = {"Authorization": f"token {token}"} if token else {}
    data = None
    if body is not None:
        headers["Content-Type"], data = "application/json", json.dumps(body).encode()
    try:
        request = urllib.request.Request(url, data, headers, method=method)
        with _opener.open(request, timeout=PATIENCE) as answer:
            return json.loads(answer.read(LARGEST))
    except urllib.error.HTTPError as error:
        with error:
            sentence = _sentence(error)
        # These say "not now"; a redirect is some other page that stands in the way.
        if error.code >= 500 or error.code in (408, 429) or 300 <= error.code < 400:
            raise Unreachable(sentence, busy=error.code == 429) from None
        raise Refused(sentence, error.code) from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise Unreachable(f"No board answers at {url}: {reason}.") from None
    except (ValueError, RecursionError):
        raise Unreachable(f"What answers at {url} is no board.") from None


def _sentence(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read(10_000))["error"])[:500]
    except (OSError, ValueError, KeyError, TypeError, RecursionError, http.client.HTTPException):
        return f"The board answered {error.code}."

"""What all of the board's pages share: their headers, refusals, and whether a request is ours."""

import json
import logging
from typing import Any
from urllib.parse import urlsplit

from tornado import web

from qkv_course.workshop.board.catalogue import Catalogue
from qkv_course.workshop.board.feed import Feed
from qkv_course.workshop.board.joining import Pace
from qkv_course.workshop.board.settings import Settings
from qkv_course.workshop.board.store import Store

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
LARGEST = 64 * 1024  # bytes of a request's body


class BadRequest(ValueError):
    """A body that the board does not take. The message says why."""


class Board:
    """What the handlers of one board share."""

    def __init__(self, settings: Settings, store: Store, catalogue: Catalogue) -> None:
        self.settings, self.store, self.catalogue = settings, store, catalogue
        self.feed, self.pace = Feed(), Pace()
        self.ping = 4.0  # seconds after which a silent feed says that it lives


class BoardRequest(web.RequestHandler):
    """A request to the board. Who sent it is for the subclass to say: see LanRequest, HubRequest.

    `learner()` names who reports, by the token in the Authorization header alone;
    `may_read()` says whether it comes from a teacher. Nothing in a body or an address does.
    """

    @property
    def board(self) -> Board:
        board: Board = self.settings["board"]
        return board

    async def learner(self) -> str | None:
        raise NotImplementedError

    async def may_read(self) -> bool:
        raise NotImplementedError

    async def invite(self) -> None:
        """Answer a stranger who opens the page."""
        self.refuse(403, "This page is for teachers.")

    def page_token(self) -> str:
        """What the page has to send along when it asks for data, if anything."""
        return ""

    def set_default_headers(self) -> None:
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Security-Policy", POLICY)
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.clear_header("Server")

    def refuse(self, status: int, sentence: str, **more: Any) -> None:
        """Say in a sentence why not."""
        self.set_status(status)
        self.finish({"error": sentence, **more})

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        sentence = "The board could not do this. Try again in a moment."
        if status_code < 500:
            sentence = f"The board does not take this request ({self._reason})."
        self.finish({"error": sentence})

    def log_exception(self, kind: Any, value: Any, trace: Any) -> None:
        # As tornado would, but without the address of who asked.
        if not isinstance(value, web.HTTPError):
            logging.getLogger("qkv_course.board").error("", exc_info=(kind, value, trace))

    def from_elsewhere(self) -> bool:
        """Say whether a page of another site had a browser send this, and refuse it."""
        site = self.request.headers.get("Sec-Fetch-Site", "none")
        origin = self.request.headers.get("Origin")
        host = self.request.headers.get("Host", "")
        if site in ("same-origin", "none") and (not origin or urlsplit(origin).netloc == host):
            return False
        self.refuse(403, "The board takes nothing that another site's page sends.")
        return True

    def body(self) -> dict[str, Any]:
        """Decode the request's JSON object. Raises BadRequest."""
        kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise BadRequest("The board takes JSON, sent as application/json.")
        if len(self.request.body) > LARGEST:
            raise BadRequest(f"The board takes at most {LARGEST} bytes at a time.")
        try:
            given = json.loads(self.request.body)
        except (ValueError, RecursionError):
            raise BadRequest("What was sent is no JSON.") from None
        if not isinstance(given, dict):
            raise BadRequest("The board takes a JSON object.")
        return given

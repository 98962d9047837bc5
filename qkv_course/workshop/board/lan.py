"""Who is who in a room without a hub: tokens for learners, one key for the teacher."""

import hmac
import secrets

from qkv_course.workshop.board.joining import digest, new_name, plain
from qkv_course.workshop.board.requests import BadRequest, BoardRequest
from qkv_course.workshop.board.store import BoardFull, NameTaken

MOST_LEARNERS = 1000
TRIES = 50
BAD_KEY = (
    "This page is for the teacher. Open the private link that `qkv board` printed in the terminal."
)


class LanRequest(BoardRequest):
    """Learners carry a random token, the teacher's browser a cookie."""

    @property
    def cookie_name(self) -> str:
        # Browsers keep cookies by host, whatever the port.
        return f"qkv-board-{self.board.settings.port}"

    async def learner(self) -> str | None:
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in ("token", "bearer") or not token:
            return None
        return self.board.store.learner_of(digest(token.strip()))

    async def may_read(self) -> bool:
        return self.is_key(self.get_cookie(self.cookie_name, "") or "")

    def is_key(self, given: str) -> bool:
        return hmac.compare_digest(digest(given), self.board.settings.key)

    async def invite(self) -> None:
        """Turn the key of the private link into a cookie, and take it out of the address."""
        key = self.get_query_argument("key", "")
        if not self.is_key(key):
            return self.refuse(403, BAD_KEY)
        self.set_cookie(self.cookie_name, key, httponly=True, samesite="Strict")
        # Not a redirect: after one from another page, a strict cookie would stay behind.
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(
            '<!doctype html><title>Board</title><meta http-equiv="refresh" content="0;url=./">'
        )


class Join(LanRequest):
    """The code on the screen buys a token and a pseudonym."""

    async def post(self) -> None:
        if self.from_elsewhere():
            return
        try:
            given = self.body()
            if set(given) != {"code"} or not isinstance(given["code"], str):
                raise BadRequest("To join, send the code on the screen, and nothing else.")
        except BadRequest as error:
            return self.refuse(400, str(error))
        address, pace = self.request.remote_ip or "", self.board.pace
        if not await pace.take_turn(address):
            self.set_header("Retry-After", "2")
            return self.refuse(429, "Too many try to join from there at once. Try again.")
        code = plain(given["code"]).encode()
        if not hmac.compare_digest(code, self.board.settings.code.encode()):
            pace.wrong(address)
            return self.refuse(403, "That is not the code on the teacher's screen.")
        self._take_in()

    def _take_in(self) -> None:
        token, store = secrets.token_urlsafe(24), self.board.store
        for _ in range(TRIES):
            name = new_name()
            try:
                store.join(name, digest(token), MOST_LEARNERS)
            except NameTaken:
                continue
            except BoardFull as error:
                return self.refuse(409, str(error))
            self.board.feed.changed(name)
            self.finish({"token": token, "learner": name, "title": self.board.settings.title})
            return
        self.refuse(503, "No name was free. Try again.")

"""The board as a web application, behind one of two doors: see `lan` and `hub`."""

import asyncio
import html
import json
import time
from pathlib import Path
from typing import Any

from tornado import web
from tornado.iostream import StreamClosedError

from qkv_course.workshop.board.catalogue import Catalogue
from qkv_course.workshop.board.events import MOST_EVENTS, BadEvent, Event, read_event
from qkv_course.workshop.board.feed import Viewer
from qkv_course.workshop.board.joining import shown
from qkv_course.workshop.board.requests import BadRequest, Board, BoardRequest
from qkv_course.workshop.board.settings import Settings
from qkv_course.workshop.board.store import BoardFull, Store

PAGE = Path(__file__).parent / "page"
FILES = {"board.js": "text/javascript", "board.css": "text/css"}
NO_TOKEN = "The board does not know this token. `qkv join` gives a new one."
TEACHERS_ONLY = "The board is shown to teachers only."
CALM = 0.1  # seconds between two messages of a feed: what happens meanwhile goes into one


class Events(BoardRequest):
    """Learners' computers report here."""

    async def post(self) -> None:
        if self.from_elsewhere():
            return
        if (learner := await self.learner()) is None:
            return self.refuse(403, NO_TOKEN)
        try:
            events = self._events()
            self.board.store.add(learner, events)
        except (BadRequest, BadEvent) as error:
            return self.refuse(400, str(error))
        except BoardFull as error:
            return self.refuse(409, str(error))
        self.board.feed.changed(learner)
        self.finish({"learner": learner, "accepted": [event.id for event in events]})

    def _events(self) -> list[Event]:
        given = self.body()
        events = given.get("events")
        if set(given) != {"events"} or not isinstance(events, list):
            raise BadRequest("A report is an object with a list of events, and nothing else.")
        if not 1 <= len(events) <= MOST_EVENTS:
            raise BadRequest(f"A report has from 1 to {MOST_EVENTS} events.")
        return [read_event(event, self.board.catalogue) for event in events]


class Me(BoardRequest):
    """Learners see and delete what is kept of them."""

    async def get(self) -> None:
        if (learner := await self.learner()) is None:
            return self.refuse(403, NO_TOKEN)
        self.finish({"learner": learner, "events": self.board.store.events(learner)})

    async def delete(self) -> None:
        if self.from_elsewhere():
            return
        if (learner := await self.learner()) is None:
            return self.refuse(403, NO_TOKEN)
        deleted = self.board.store.forget(learner)
        self.board.feed.changed(learner)
        self.finish({"learner": learner, "deleted": deleted})


class Page(BoardRequest):
    """The teacher's page."""

    async def get(self) -> None:
        if not await self.may_read():
            return await self.invite()
        text = (PAGE / "index.html").read_text(encoding="utf-8")
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(text.replace("PAGE-TOKEN", html.escape(self.page_token())))


class File(BoardRequest):
    """What the page is made of; there is nothing secret in it."""

    def get(self, name: str) -> None:
        self.set_header("Content-Type", f"{FILES[name]}; charset=utf-8")
        self.finish((PAGE / name).read_bytes())


class State(BoardRequest):
    """All that the page shows, at this moment."""

    async def get(self) -> None:
        if not await self.may_read():
            return self.refuse(403, TEACHERS_ONLY)
        self.finish(snapshot(self.board))


class Export(BoardRequest):
    """The same as a table."""

    async def get(self) -> None:
        from qkv_course.workshop.board.export import board_csv

        if not await self.may_read():
            return self.refuse(403, TEACHERS_ONLY)
        named = self.get_query_argument("names", "") != "hidden"
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", 'attachment; filename="board.csv"')
        self.finish(board_csv(self.board.store, self.board.catalogue, named))


class Stream(BoardRequest):
    """The feed: a snapshot, then every row that changes, as server-sent events."""

    _viewer: Viewer | None = None

    async def get(self) -> None:
        if not await self.may_read():
            return self.refuse(403, TEACHERS_ONLY)
        self._viewer = viewer = self.board.feed.enter()
        if viewer is None:
            return self.refuse(503, "Too many pages watch the board. Close some.")
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("X-Accel-Buffering", "no")
        try:
            await self._send("snapshot", snapshot(self.board))
            while True:
                # A ping is an event, not a comment: where a proxy keeps the page's side of a
                # broken stream open, only a script that misses it can tell.
                changed = await viewer.next(self.board.ping)
                await self._send("change" if changed else "ping", news(self.board, changed))
                await asyncio.sleep(CALM)
        except (StreamClosedError, TimeoutError, asyncio.CancelledError):
            self._drop()
        finally:
            self.board.feed.leave(viewer)

    def on_connection_close(self) -> None:
        if self._viewer is not None:
            self._viewer.wake()  # to notice at once that nobody listens

    async def _send(self, kind: str, data: dict[str, Any]) -> None:
        self.write(f"event: {kind}\ndata: {json.dumps(data)}\n\n")
        await asyncio.wait_for(self.flush(), self.board.settings.patience)

    def _drop(self) -> None:
        # What waits to be sent is thrown away; whoever comes back gets a snapshot.
        self._auto_finish = False
        stream: Any = self.detach()
        stream.close()


class Health(BoardRequest):
    """Whether the board is there: for whoever waits for it to start."""

    def get(self) -> None:
        self.finish({"ok": True, "viewers": len(self.board.feed)})


class Nothing(BoardRequest):
    """Every other address."""

    def prepare(self) -> None:
        self.refuse(404, "There is nothing here. The board is at its front page.")


def snapshot(board: Board) -> dict[str, Any]:
    """Give all that the page shows."""
    settings, store = board.settings, board.store
    join = f"qkv join {settings.address} {shown(settings.code)}" if settings.code else "qkv join"
    return {
        "title": settings.title,
        "join": join,
        "lessons": board.catalogue.lessons,
        "rows": list(store.rows().values()),
        **_counts(board),
    }


def news(board: Board, learners: set[str]) -> dict[str, Any]:
    """Give the rows of these learners, and the names of those who are gone."""
    if not learners:
        return {"now": time.time()}
    found = {name: board.store.rows(name).get(name) for name in sorted(learners)}
    gone = [name for name, row in found.items() if row is None]
    return {"rows": [row for row in found.values() if row], "gone": gone, **_counts(board)}


def _counts(board: Board) -> dict[str, Any]:
    counts = board.store.mistakes()
    for count in counts:
        titles = board.catalogue.mistakes.get(count["exercise"], {})
        count["title"] = titles.get(count["mistake"], count["mistake"])
    return {"mistakes": counts, "now": time.time()}


ROUTES: dict[str, type[BoardRequest]] = {
    "": Page,
    "(board.js|board.css)": File,
    "api/events": Events,
    "api/me": Me,
    "api/state": State,
    "api/feed": Stream,
    "api/board.csv": Export,
    "api/health": Health,
}


def make_board(settings: Settings, folder: Path) -> tuple[web.Application, Board]:
    """Make the application of the board in `folder`, and what its handlers share.

    Raises OSError, sqlite3.Error; ImportError for a hub's board without JupyterHub.
    """
    store = Store(folder / "board.sqlite")
    board = Board(settings, store, Catalogue.read(folder / "catalogue.json"))
    prefix = "/" + settings.prefix.strip("/") + "/" if settings.prefix.strip("/") else "/"
    door, extra = _door(settings)
    routes: list[Any] = [(prefix + path, _behind(door, page)) for path, page in ROUTES.items()]
    routes += [(prefix + path, page) for path, page in extra.items()]
    routes.append((prefix.rstrip("/"), web.RedirectHandler, {"url": prefix}))
    app = web.Application(
        routes,
        default_handler_class=_behind(door, Nothing),
        cookie_secret=settings.secret,
        log_function=lambda handler: None,  # it would write down addresses
        board=board,
    )
    return app, board


def _door(settings: Settings) -> tuple[type[BoardRequest], dict[str, type[web.RequestHandler]]]:
    if settings.door == "hub":
        from qkv_course.workshop.board.hub import HubOAuthCallbackHandler, HubRequest

        return HubRequest, {"oauth_callback": HubOAuthCallbackHandler}
    from qkv_course.workshop.board.lan import Join, LanRequest

    return LanRequest, {"api/join": Join}


def _behind(door: type[BoardRequest], page: type[BoardRequest]) -> type[BoardRequest]:
    """Make a handler whose requests the door has a look at."""
    return type(page.__name__, (page, door), {})

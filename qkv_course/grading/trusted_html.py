"""The cards of the course's own renderer, told apart from any other HTML."""

import re
from html.parser import HTMLParser

from markupsafe import Markup

LONGEST = 300_000  # characters of a card; the largest real ones have some tens of thousands
ALLOWED = {
    "div": {"class", "role", "aria-label"},
    "h4": set(),
    "dl": set(),
    "dt": set(),
    "dd": set(),
    "pre": {"class"},
    "code": set(),
    "table": set(),
    "caption": set(),
    "tr": set(),
    "td": {"class", "style"},
}
BACKGROUND = re.compile(r"background:rgba\([\d,.]+\)")
OWN_STYLE = re.compile(r"\A<style>[^<]*</style>")


def card(html: str) -> Markup | None:
    """Give a report's card for use in a page, without its style sheet.

    Cards are made by the trusted side and their text is escaped, so they are used as they are.
    But they come out of a file: what holds anything that the renderer never writes gives None.
    """
    body = OWN_STYLE.sub("", html)
    if not body or len(body) > LONGEST:
        return None
    reader = _Reader()
    reader.feed(body)
    reader.close()
    return Markup(body) if reader.fine and not reader.open else None


class _Reader(HTMLParser):
    """Reads a card; `fine` until something turns up that the renderer does not write."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)  # so that "&lt;" stays what it is
        self.fine = True
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        for name, value in attrs:
            if name == "style" and not BACKGROUND.fullmatch(value or ""):
                self.fine = False
        self.fine &= tag in ALLOWED and {name for name, _ in attrs} <= ALLOWED[tag]

    def handle_endtag(self, tag: str) -> None:
        self.fine &= bool(self.open) and self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.fine &= "<" not in data  # half a tag

    def handle_comment(self, data: str) -> None:
        self.fine = False

    def handle_decl(self, decl: str) -> None:
        self.fine = False

    def handle_pi(self, data: str) -> None:
        self.fine = False

    def unknown_decl(self, data: str) -> None:
        self.fine = False

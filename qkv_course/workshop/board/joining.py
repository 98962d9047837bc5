"""How strangers in a room join: a code on the screen, a name that is given, a pace for guessers."""

import asyncio
import hashlib
import re
import secrets
import time
from collections import defaultdict, deque

# Without vowels, so that no code spells a word, and without signs that look or sound alike.
LETTERS = "CDFGHJKLMNPQRTVWXY347"
CODE_LENGTH = 6
COLORS_AND_MOODS = (
    "amber azure brave bright calm clever cobalt coral cosmic curious eager fern gentle golden "
    "happy indigo jade keen lilac lucid mellow merry nimble olive quick quiet ruby sunny teal tidy "
    "velvet violet vivid warm"
)
ANIMALS = (
    "badger beaver bison crane dingo dolphin falcon ferret finch gecko heron ibis jackal koala "
    "lemur lynx marten moose newt otter owl panda puffin quail raven robin seal stoat swift tapir "
    "wombat wren"
)


def new_code() -> str:
    """Draw a join code, as "K7QM4X": one of 86 million."""
    return "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))


def shown(code: str) -> str:
    """Write a code as it is read aloud, as "K7Q-M4X"."""
    return f"{code[:3]}-{code[3:]}"


def plain(code: str) -> str:
    """Take a code as people type it."""
    return re.sub(r"[\s-]", "", code).upper()


def new_name() -> str:
    """Draw a pseudonym, as "teal-lynx-60"."""
    return f"{_word(COLORS_AND_MOODS)}-{_word(ANIMALS)}-{secrets.randbelow(90) + 10}"


def _word(words: str) -> str:
    return secrets.choice(words.split())


def digest(secret: str) -> str:
    """Give what is kept of a token or a key: its SHA-256."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Pace:
    """Slows down an address that sends wrong codes; a whole room may share one address.

    free: so many wrong codes in a minute cost nothing. step: seconds that each further one adds
    to every try, right or wrong, before it is looked at; at most `slowest`.
    at_once: tries of one address that may wait at the same time.
    """

    def __init__(
        self, free: int = 10, step: float = 0.25, slowest: float = 3.0, at_once: int = 60
    ) -> None:
        self.free, self.step, self.slowest, self.at_once = free, step, slowest, at_once
        self._wrong: dict[str, deque[float]] = {}
        self._waiting: dict[str, int] = defaultdict(int)

    def wrong(self, address: str) -> None:
        """Remember that a wrong code came from there."""
        most = self.free + int(self.slowest / self.step) + 1
        self._wrong.setdefault(address, deque(maxlen=most)).append(time.monotonic())

    def delay(self, address: str) -> float:
        """Say how long a try from there has to wait."""
        minute_ago = time.monotonic() - 60
        for known in [a for a, times in self._wrong.items() if times[-1] < minute_ago]:
            del self._wrong[known]
        recent = sum(t >= minute_ago for t in self._wrong.get(address, ()))
        return min(self.slowest, self.step * max(0, recent - self.free))

    async def take_turn(self, address: str) -> bool:
        """Wait as long as it takes. Returns False at once if too many wait there already."""
        if self._waiting[address] >= self.at_once:
            return False
        self._waiting[address] += 1
        try:
            await asyncio.sleep(self.delay(address))
        finally:
            self._waiting[address] -= 1
            if not self._waiting[address]:
                del self._waiting[address]
        return True

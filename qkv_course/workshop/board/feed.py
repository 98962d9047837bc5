"""Who watches the board, and what each has not been told yet.

A viewer holds names, no messages, so that one who never reads takes no more room than the room
has learners.
"""

import asyncio

MOST_VIEWERS = 32


class Viewer:
    """One open page: the learners whose rows have changed since it was last told."""

    def __init__(self) -> None:
        self._changed: set[str] = set()
        self._woken = asyncio.Event()

    def tell(self, learner: str) -> None:
        self._changed.add(learner)
        self.wake()

    def wake(self) -> None:
        """End the wait, changes or none."""
        self._woken.set()

    async def next(self, patience: float) -> set[str]:
        """Wait for changes. Returns whose rows changed; none after `patience` seconds."""
        try:
            await asyncio.wait_for(self._woken.wait(), patience)
        except TimeoutError:
            return set()
        changed, self._changed = self._changed, set()
        self._woken.clear()
        return changed


class Feed:
    """All viewers."""

    def __init__(self) -> None:
        self._viewers: set[Viewer] = set()

    def __len__(self) -> int:
        return len(self._viewers)

    def enter(self) -> Viewer | None:
        """Give a new viewer, or None if there are too many."""
        if len(self._viewers) >= MOST_VIEWERS:
            return None
        viewer = Viewer()
        self._viewers.add(viewer)
        return viewer

    def leave(self, viewer: Viewer) -> None:
        self._viewers.discard(viewer)

    def changed(self, learner: str) -> None:
        for viewer in self._viewers:
            viewer.tell(learner)

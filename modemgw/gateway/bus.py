"""The stream of events: from the store as far back as asked, then live."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from modemgw.store import Store
from modemgw.store.records import Event

RECENT = 4096
"""Events kept in memory (their ids have no gaps): who follows closely never touches the disk."""
CHUNK = 500


class Watch:
    """What is told of one message while somebody waits for it."""

    __slots__ = ("latest", "news")

    def __init__(self) -> None:
        self.news = asyncio.Event()
        """Set when something was told; who looks clears it first."""
        self.latest: Event | None = None


class EventBus:
    """Lets any number of followers read the log of events at their own pace.

    A follower that is slow costs nothing but its place: it reads on from the store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._recent: deque[Event] = deque(maxlen=RECENT)
        self._news = asyncio.Event()
        self._watched: dict[str, set[Watch]] = {}
        """By the message's id."""
        store.on_events(self._publish)

    @property
    def newest(self) -> int:
        """The id of the last event there was."""
        return self._store.last_event

    def _publish(self, group: list[Event]) -> None:
        self._recent.extend(group)
        self._news.set()
        self._news = asyncio.Event()
        if self._watched:
            self._tell(group)

    def _tell(self, group: list[Event]) -> None:
        for event in group:
            for watch in self._watched.get(event.data.get("id", ""), ()):
                watch.latest = event
                watch.news.set()

    @contextmanager
    def watch(self, message: str) -> Iterator[Watch]:
        """What is told of the message with this id, while this is open.

        Costs an event nothing while nobody watches, and else one look into a dictionary.
        """
        watch = Watch()
        self._watched.setdefault(message, set()).add(watch)
        try:
            yield watch
        finally:
            others = self._watched[message]
            others.discard(watch)
            if not others:
                del self._watched[message]

    def follow(self, after: int | None = None) -> AsyncIterator[Event]:
        """Events with an id above `after` (default: those from this call on), without end.

        An `after` that was never given out, as from another database, means the default too.
        """
        return _each(self.groups(after))

    def groups(self, after: int | None = None) -> AsyncIterator[list[Event]]:
        """As `follow`, with as many events at a time as there are, CHUNK at the most."""
        last = self._store.last_event
        return self._groups(last if after is None else min(after, last))

    async def _groups(self, at: int) -> AsyncIterator[list[Event]]:
        while True:
            news = self._news
            group = await self._since(at)
            if group:
                at = group[-1].id
                yield group
            else:
                await news.wait()

    async def _since(self, at: int) -> list[Event]:
        recent = self._recent
        if recent and recent[0].id <= at + 1:
            # Counted from the newest, where most followers are: a deque is slow in its middle.
            behind = recent[-1].id - at
            return [recent[-n] for n in range(behind, max(0, behind - CHUNK), -1)]
        return await self._store.read(lambda view: view.events.after(at, CHUNK))


async def _each(groups: AsyncIterator[list[Event]]) -> AsyncIterator[Event]:
    async for group in groups:
        for event in group:
            yield event

"""The stream of events: from the store as far back as asked, then live."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from modemgw.store import Store
from modemgw.store.records import Event

RECENT = 4096
"""Events kept in memory (their ids have no gaps): who follows closely never touches the disk."""
CHUNK = 500


class EventBus:
    """Lets any number of followers read the log of events at their own pace.

    A follower that is slow costs nothing but its place: it reads on from the store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._recent: deque[Event] = deque(maxlen=RECENT)
        self._news = asyncio.Event()
        store.on_events(self._publish)

    def _publish(self, group: list[Event]) -> None:
        self._recent.extend(group)
        self._news.set()
        self._news = asyncio.Event()

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

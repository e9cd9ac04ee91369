"""Messages as doors see them: looked up, listed, canceled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from modemgw.gateway.errors import NotFound, foreign_cursor
from modemgw.gateway.fleet.tariffs import Tariffs
from modemgw.gateway.outgoing import life
from modemgw.gateway.outgoing.costs import with_cost
from modemgw.gateway.outgoing.outbox import Outbox
from modemgw.store import MessageQuery, Store
from modemgw.store.records import Message, Page


class Messages:
    """What was accepted, and how far it came."""

    def __init__(self, store: Store, outbox: Outbox, tariffs: Tariffs) -> None:
        self._store = store
        self._outbox = outbox
        self._tariffs = tariffs

    async def get(self, id: str) -> Message:
        """A message and its history. Raises NotFound."""
        found = await self._store.look_up(lambda view: view.messages.get(id, life.part_status))
        if found is None:
            raise NotFound(f"there is no message {id!r}")
        return with_cost(found, self._tariffs)

    async def find(self, query: MessageQuery) -> Page[Message]:
        """A page of messages, newest first. Raises Rejected for a cursor that is not ours."""
        try:
            page = await self._store.read(lambda view: view.messages.find(query, life.part_status))
        except (ValueError, OverflowError) as error:
            raise foreign_cursor() from error
        return replace(page, items=tuple(with_cost(one, self._tariffs) for one in page.items))

    async def cancel(self, id: str) -> Message:
        """Cancel a message of which nothing can have gone out. Raises NotFound, Conflict."""
        n = await self._store.look_up(lambda view: view.messages.number_of(id))
        if n is None:
            raise NotFound(f"there is no message {id!r}")
        await self._outbox.cancel(n)
        return await self.get(id)

    async def batch(self, id: str) -> tuple[dict[str, Any], dict[str, int]]:
        """What is known of a batch, and its messages counted by status. Raises NotFound."""
        found = await self._store.read(lambda view: view.messages.batch_counts(id))
        if found is None:
            raise NotFound(f"there is no batch {id!r}")
        return found

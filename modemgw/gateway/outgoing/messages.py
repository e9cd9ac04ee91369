"""Messages as doors see them: looked up, listed, canceled."""

from __future__ import annotations

from modemgw.gateway.errors import NotFound, foreign_cursor
from modemgw.gateway.fleet.tariffs import Tariffs
from modemgw.gateway.outgoing import life
from modemgw.gateway.outgoing.costs import page_with_cost, with_cost
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
        return page_with_cost(page, self._tariffs)

    async def cancel(self, id: str) -> Message:
        """Cancel a message of which nothing can have gone out. Raises NotFound, Conflict."""
        n = await self._store.look_up(lambda view: view.messages.number_of(id))
        if n is None:
            raise NotFound(f"there is no message {id!r}")
        await self._outbox.cancel(n)
        return await self.get(id)

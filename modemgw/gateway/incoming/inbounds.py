"""Received messages as doors see them: looked up and listed."""

from __future__ import annotations

from modemgw.gateway.errors import NotFound, foreign_cursor
from modemgw.store import InboundQuery, Store
from modemgw.store.records import Inbound, Page


class Inbounds:
    """What was received."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, id: str) -> Inbound:
        """A received message. Raises NotFound."""
        found = await self._store.look_up(lambda view: view.inbound.get(id))
        if found is None:
            raise NotFound(f"there is no inbound message {id!r}")
        return found

    async def find(self, query: InboundQuery) -> Page[Inbound]:
        """A page of received messages, newest first. Raises Rejected for a foreign cursor."""
        try:
            return await self._store.read(lambda view: view.inbound.find(query))
        except (ValueError, OverflowError) as error:
            raise foreign_cursor() from error

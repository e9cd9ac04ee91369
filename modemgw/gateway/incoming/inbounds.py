"""Received messages as doors see them: looked up, listed, marked as read."""

from __future__ import annotations

from modemgw.gateway.errors import NotFound, foreign_cursor
from modemgw.store import InboundQuery, Store, Transaction
from modemgw.store.records import Inbound, Page


class Inbounds:
    """What was received."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, id: str) -> Inbound:
        """A received message. Raises NotFound."""
        return _known(await self._store.look_up(lambda view: view.inbound.get(id)), id)

    async def find(self, query: InboundQuery) -> Page[Inbound]:
        """A page of received messages, newest first. Raises Rejected for a foreign cursor."""
        try:
            return await self._store.read(lambda view: view.inbound.find(query))
        except (ValueError, OverflowError) as error:
            raise foreign_cursor() from error

    async def mark(self, id: str, read: bool) -> Inbound:
        """Mark a message as read, or as not read. Raises NotFound."""

        def mark(tx: Transaction) -> Inbound | None:
            return tx.inbound.get(id) if tx.inbound.mark_read(id, read) else None

        return _known(await self._store.write(mark), id)


def _known(found: Inbound | None, id: str) -> Inbound:
    if found is None:
        raise NotFound(f"there is no inbound message {id!r}")
    return found

"""What an admin sees of the handlers, and has delivered once more."""

from __future__ import annotations

from dataclasses import dataclass

from modemgw.config import HandlerMatch
from modemgw.gateway.deliveries import replaying
from modemgw.gateway.deliveries.queue import Deliveries
from modemgw.gateway.deliveries.replaying import Replay
from modemgw.gateway.errors import NotFound
from modemgw.store import Delivery, DeliveryQuery, Store
from modemgw.store.records import Page


@dataclass(frozen=True, slots=True)
class HandlerView:
    """A configured handler, and how many of its deliveries have not been made."""

    id: str
    kind: str
    on: str
    match: HandlerMatch
    stop: bool
    at_once: int
    in_order: bool
    timeout_s: float
    pending: int
    claimed: int
    dead: int
    problem: str | None
    """Why it did not take the last delivery of this run, if it did not; nothing of a message."""


class Handlers:
    """The handlers and their deliveries."""

    def __init__(self, deliveries: Deliveries, store: Store) -> None:
        self._deliveries = deliveries
        self._store = store

    async def all(self) -> list[HandlerView]:
        """Every handler of the configuration, in its order."""
        handlers = list(self._deliveries.subscribers.values())
        counts = await self._store.read(
            lambda view: {h.id: view.deliveries.counts(h.id) for h in handlers}
        )
        return [
            HandlerView(
                id=h.id,
                kind=h.action,
                on=h.section.on,
                match=h.section.match,
                stop=h.section.stop,
                at_once=h.section.at_once,
                in_order=h.in_order,
                timeout_s=h.section.timeout,
                problem=h.complaint,
                **counts[h.id],
            )
            for h in handlers
        ]

    async def deliveries(self, query: DeliveryQuery) -> Page[Delivery]:
        """A page of a handler's deliveries, newest first. Raises NotFound, Rejected (cursor)."""
        self._require(query.subscriber)
        return await replaying.find(self._store, query)

    async def replay(self, id: str, wanted: Replay) -> int:
        """Have deliveries made once more; returns how many. What has not ended is left alone.

        Raises NotFound; Rejected for deliveries that are not this handler's: then none is made.
        """
        self._require(id)
        count = await replaying.replay(self._store, id, wanted)
        self._deliveries.wake()
        return count

    def _require(self, id: str) -> None:
        if id not in self._deliveries.subscribers:
            raise NotFound(f"there is no handler {id!r}; see the list of handlers")

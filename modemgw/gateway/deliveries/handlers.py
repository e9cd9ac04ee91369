"""What an admin sees of the handlers, and has delivered once more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal

from modemgw.config import HandlerMatch
from modemgw.gateway.deliveries.queue import CHUNK, Deliveries
from modemgw.gateway.errors import FieldProblem, NotFound, Rejected, foreign_cursor
from modemgw.store import Delivery, DeliveryQuery, DeliveryState, Store, Transaction
from modemgw.store.contract import deliveries as rows
from modemgw.store.records import Page


@dataclass(frozen=True, slots=True)
class HandlerView:
    """A configured handler, and how many of its deliveries have not been made."""

    id: str
    kind: str
    match: HandlerMatch
    at_once: int
    in_order: bool
    timeout_s: float
    pending: int
    claimed: int
    dead: int
    problem: str | None
    """Why it did not take the last delivery of this run, if it did not; nothing of a message."""


@dataclass(frozen=True, slots=True)
class Replay:
    """Which deliveries to make once more: these, or those that ended so, made since and before."""

    deliveries: Sequence[str] | None = None
    since: float | None = None
    until: float | None = None
    state: Literal["delivered", "dead"] = "dead"


class Handlers:
    """The handlers and their deliveries."""

    def __init__(self, deliveries: Deliveries, store: Store) -> None:
        self._deliveries = deliveries
        self._store = store

    async def all(self) -> list[HandlerView]:
        """Every handler of the configuration, in its order."""
        subscribers = list(self._deliveries.subscribers.values())
        counts = await self._store.read(
            lambda view: {s.id: view.deliveries.counts(s.id) for s in subscribers}
        )
        return [
            HandlerView(
                id=s.id,
                kind=s.action,
                match=s.section.match,
                at_once=s.at_once,
                in_order=s.section.in_order,
                timeout_s=s.timeout_s,
                problem=s.complaint,
                **counts[s.id],
            )
            for s in subscribers
        ]

    async def deliveries(self, query: DeliveryQuery) -> Page[Delivery]:
        """A page of a handler's deliveries, newest first. Raises NotFound, Rejected (cursor)."""
        self._require(query.subscriber)
        try:
            return await self._store.read(lambda view: view.deliveries.find(query))
        except (ValueError, OverflowError) as error:
            raise foreign_cursor() from error

    async def replay(self, id: str, wanted: Replay) -> int:
        """Have deliveries made once more; returns how many. What has not ended is left alone.

        Raises NotFound; Rejected for deliveries that are not this handler's: then none is made.
        """
        self._require(id)
        if wanted.deliveries is None:
            count = await self._replay_all(id, wanted)
        else:
            count = await self._replay_these(id, wanted.deliveries)
        self._deliveries.wake()
        return count

    async def _replay_these(self, id: str, names: Sequence[str]) -> int:
        numbers = [rows.number_in(name) for name in names]
        known = [n for n in numbers if n is not None]

        def work(tx: Transaction) -> tuple[int, set[int]]:
            own = tx.deliveries.of_subscriber(id, known)
            if len(own) < len(set(numbers)):
                return 0, own
            return tx.deliveries.replay(known), own

        count, own = await self._store.write(work)
        strange = [
            FieldProblem(f"deliveries[{i}]", f"{id} has no delivery {names[i]!r}", "unknown")
            for i, n in enumerate(numbers)
            if n not in own
        ]
        if strange:
            raise Rejected(strange)
        return count

    async def _replay_all(self, id: str, wanted: Replay) -> int:
        since = -inf if wanted.since is None else wanted.since
        until = inf if wanted.until is None else wanted.until
        state = DeliveryState(wanted.state)

        def work(tx: Transaction) -> tuple[int, list[tuple[float, int]]]:
            found = tx.deliveries.ended(id, state, since, until, after, CHUNK)
            return tx.deliveries.replay([n for _, n in found]), found

        count, after = 0, (-inf, 0)
        while True:
            done, found = await self._store.write(work)
            count += done
            if len(found) < CHUNK:
                return count
            after = found[-1]

    def _require(self, id: str) -> None:
        if id not in self._deliveries.subscribers:
            raise NotFound(f"there is no handler {id!r}; see the list of handlers")

"""Deliveries of one subscriber, looked at and made once more: of handlers and webhooks alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal

from modemgw.gateway.errors import FieldProblem, Rejected, foreign_cursor
from modemgw.store import Delivery, DeliveryQuery, DeliveryState, Store, Transaction
from modemgw.store.contract import deliveries as rows
from modemgw.store.records import Page

CHUNK = 500
"""Rows touched in one transaction: others must not wait long for the writer."""


@dataclass(frozen=True, slots=True)
class Replay:
    """Which deliveries to make once more: these, or those that ended so, made since and before."""

    deliveries: Sequence[str] | None = None
    since: float | None = None
    until: float | None = None
    state: Literal["delivered", "dead"] = "dead"


async def find(store: Store, query: DeliveryQuery) -> Page[Delivery]:
    """A page of deliveries, newest first. Raises Rejected (cursor)."""
    try:
        return await store.read(lambda view: view.deliveries.find(query))
    except (ValueError, OverflowError) as error:
        raise foreign_cursor() from error


async def replay(store: Store, subscriber: str, wanted: Replay) -> int:
    """Have deliveries made once more; returns how many. What has not ended is left alone.

    Raises Rejected for deliveries that are not this subscriber's: then none is made.
    """
    if wanted.deliveries is None:
        return await _replay_all(store, subscriber, wanted)
    return await _replay_these(store, subscriber, wanted.deliveries)


async def _replay_these(store: Store, subscriber: str, names: Sequence[str]) -> int:
    numbers = [rows.number_in(name) for name in names]
    known = [n for n in numbers if n is not None]

    def work(tx: Transaction) -> tuple[int, set[int]]:
        own = tx.deliveries.of_subscriber(subscriber, known)
        if len(own) < len(set(numbers)):
            return 0, own
        return tx.deliveries.replay(known), own

    count, own = await store.write(work)
    strange = [
        FieldProblem(f"deliveries[{i}]", f"{subscriber} has no delivery {names[i]!r}", "unknown")
        for i, n in enumerate(numbers)
        if n not in own
    ]
    if strange:
        raise Rejected(strange)
    return count


async def _replay_all(store: Store, subscriber: str, wanted: Replay) -> int:
    since = -inf if wanted.since is None else wanted.since
    until = inf if wanted.until is None else wanted.until
    state = DeliveryState(wanted.state)

    def work(tx: Transaction) -> tuple[int, list[tuple[float, int]]]:
        found = tx.deliveries.ended(subscriber, state, since, until, after, CHUNK)
        return tx.deliveries.replay([n for _, n in found]), found

    count, after = 0, (-inf, 0)
    while True:
        done, found = await store.write(work)
        count += done
        if len(found) < CHUNK:
            return count
        after = found[-1]

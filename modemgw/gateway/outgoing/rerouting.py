"""Waiting messages whose route the configuration no longer has get another one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from modemgw.config import Config
from modemgw.gateway.outgoing.queue import Queue
from modemgw.gateway.outgoing.routes import route_for
from modemgw.store import Store, Transaction, View

CHUNK = 1000
"""Messages moved in one transaction: others must not wait long for the writer."""


@dataclass(frozen=True, slots=True)
class Rerouted:
    """What became of messages whose route is gone."""

    moved: int
    stranded: int
    """No route matches them: they wait, it may come back, until their validity ends."""

    def lines(self) -> list[str]:
        """What to tell a person; nothing when there is nothing to tell."""
        told = []
        if self.moved:
            told.append(f"{self.moved} messages waited for a route that is gone: they have another")
        if self.stranded:
            told.append(
                f"{self.stranded} messages wait for a route that is gone, and no other matches them"
            )
        return told


async def reroute(store: Store, queue: Queue, config: Config) -> Rerouted:
    """Route anew by match, as if they came now, the messages whose route is not configured.

    Each has its new route in the store before it moves in the queue. Raises StoreUnavailable: what
    was moved by then has moved, the rest waits for the next time.
    """
    await store.write(lambda tx: None)  # what was accepted by other routes is in the store by then
    chosen = await store.read(lambda view: _choose(view, config))
    found = [(n, route) for n, route in chosen if route is not None]

    def move(chunk: Sequence[tuple[int, str]], _: None) -> None:
        for n, route in chunk:
            job = queue.matchmaking.get(n)
            if job is not None:
                queue.reroute(job, route)

    for start in range(0, len(found), CHUNK):
        chunk = found[start : start + CHUNK]
        await store.write(partial(_write, chunk), then=partial(move, chunk))
        await asyncio.sleep(0)
    return Rerouted(moved=len(found), stranded=len(chosen) - len(found))


def _choose(view: View, config: Config) -> list[tuple[int, str | None]]:
    return [
        (m.n, route_for(config, to=m.to, type=m.type, key=m.key, tags=m.tags))
        for m in view.messages.unrouted([r.id for r in config.routes])
    ]


def _write(chunk: Sequence[tuple[int, str]], tx: Transaction) -> None:
    tx.messages.set_routes(chunk)

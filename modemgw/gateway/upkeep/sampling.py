"""What costs a look: how long messages wait, what the store holds, how full the disk is.

It is looked at now and then, beside everything else, so that neither a scrape nor an alert has to
wait for it.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from modemgw.clock import SteadyClock
from modemgw.gateway.outgoing.gates import TARGETS
from modemgw.histogram import Histogram
from modemgw.store import Balance, Store, StoreError, View

logger = logging.getLogger(__name__)

EVERY_S = 10.0
"""How often it is looked."""
TURN = 2000
"""Messages that are looked at before others may do something."""
LAG_EVERY_S = 0.5
LAG_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class Waiting(Protocol):
    """What a look wants of a message that waits (a Job has it)."""

    type: str
    due_at: float
    lies_in: str | None

    def pending(self) -> list[int]:
        """The parts that are still to be sent."""
        ...


class Subscriber(Protocol):
    """What a look wants of one who gets deliveries."""

    @property
    def id(self) -> str: ...
    @property
    def action(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Backlog:
    """Messages of one type that want a modem."""

    due: int = 0
    """Those that may be sent by now."""
    oldest_s: float = 0.0
    """How long the oldest of these has waited."""
    later: int = 0
    """Those whose time has not come."""
    gated: int = 0
    """Those of a batch that is paused, or whose pace has not come to them."""
    held: int = 0
    """Those that wait for word of parts of which nobody knows."""


@dataclass(frozen=True, slots=True)
class Room:
    """The database and its disk, in bytes."""

    database: int
    log: int
    """Of the write-ahead log."""
    free: int
    size: int


@dataclass(frozen=True, slots=True)
class Sample:
    """What was found."""

    backlog: Mapping[str, Backlog] = field(default_factory=dict)
    """By type of message."""
    balances: Mapping[str, Balance] = field(default_factory=dict)
    """By ICCID: what the network last said."""
    deliveries: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By kind and state (`pending`, `dead`): how many there are."""
    room: Room | None = None


class Sampler:
    """Looks, and keeps what was found last."""

    def __init__(
        self,
        store: Store,
        database: Path,
        *,
        jobs: Callable[[], Iterable[Waiting]],
        sims: Callable[[], Iterable[str]],
        subscribers: Callable[[], Iterable[Subscriber]],
        types: Iterable[str],
        clock: SteadyClock,
    ) -> None:
        """`database`: its file; `jobs`: the messages that want a modem; `sims`: ICCIDs of those
        that have been ready; `subscribers`: who gets deliveries."""
        self._store = store
        self._database = database
        self._jobs = jobs
        self._sims = sims
        self._subscribers = subscribers
        self._types = tuple(types)
        self._clock = clock
        self.last = Sample()
        self.lag = Histogram(LAG_SECONDS)
        """How much later than it should the event loop comes to what waits for it, in seconds."""

    async def run(self) -> None:
        """Look every EVERY_S seconds, until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(EVERY_S)

    async def watch_lag(self) -> None:
        """Measure how late the loop is, until cancelled."""
        while True:
            before = self._clock.monotonic()
            await self._clock.sleep(LAG_EVERY_S)
            self.lag.observe(max(0.0, self._clock.monotonic() - before - LAG_EVERY_S))

    async def look(self) -> Sample:
        """Look now. What cannot be looked at stays as it was."""
        sample = replace(self.last, backlog=await self._backlog())
        try:
            sample = replace(sample, room=await asyncio.to_thread(_room, self._database))
        except OSError as error:
            logger.debug("the disk cannot be looked at: %s", error)
        sims = [*self._sims()]
        subscribers = [(one.id, one.action) for one in self._subscribers()]
        try:
            balances, deliveries = await self._store.read(
                lambda view: (_balances(view, sims), _deliveries(view, subscribers))
            )
            sample = replace(sample, balances=balances, deliveries=deliveries)
        except StoreError as error:
            logger.debug("the store cannot be looked at: %s", error)
        self.last = sample
        return sample

    async def _backlog(self) -> dict[str, Backlog]:
        now = self._clock.time()
        due: Counter[str] = Counter()
        later: Counter[str] = Counter()
        gated: Counter[str] = Counter()
        held: Counter[str] = Counter()
        oldest: dict[str, float] = {}
        for n, job in enumerate(list(self._jobs()), 1):
            if job.due_at > now:
                later[job.type] += 1
            elif job.lies_in is not None and job.lies_in.startswith(TARGETS):
                gated[job.type] += 1
            elif not job.pending():
                held[job.type] += 1
            else:
                due[job.type] += 1
                if job.due_at < oldest.get(job.type, now):
                    oldest[job.type] = job.due_at
            if n % TURN == 0:
                await asyncio.sleep(0)
        return {
            type: Backlog(
                due=due[type],
                oldest_s=now - oldest.get(type, now),
                later=later[type],
                gated=gated[type],
                held=held[type],
            )
            for type in self._types
        }


def _balances(view: View, sims: Iterable[str]) -> dict[str, Balance]:
    found = {iccid: view.sim_state.balance(iccid) for iccid in sims}
    return {iccid: balance for iccid, balance in found.items() if balance is not None}


def _deliveries(view: View, subscribers: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    found: Counter[tuple[str, str]] = Counter()
    for id, kind in subscribers:
        counts = view.deliveries.counts(id)
        found[kind, "pending"] += counts["pending"] + counts["claimed"]
        found[kind, "dead"] += counts["dead"]
    return dict(found)


def _room(database: Path) -> Room:
    """Raises OSError."""
    disk = os.statvfs(database.parent)
    log = database.with_name(f"{database.name}-wal")
    return Room(
        database=database.stat().st_size,
        log=log.stat().st_size if log.exists() else 0,
        free=disk.f_bavail * disk.f_frsize,
        size=disk.f_blocks * disk.f_frsize,
    )

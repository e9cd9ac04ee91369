"""Batches: how far they came, held back, let go at a pace, called off.

What is asked of a batch is committed first, then it is in force: a gate stands before its messages
(gates.py). What takes long (taking back a hundred thousand messages) is done in the background, a
little at a time; as the store knows what was asked, a restart goes on with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from typing import Any, Literal, TypedDict

from modemgw.clock import SteadyClock
from modemgw.gateway.errors import Conflict, NotFound, Unavailable, foreign_cursor
from modemgw.gateway.fleet.tariffs import Tariffs
from modemgw.gateway.outgoing import life
from modemgw.gateway.outgoing.costs import page_with_cost
from modemgw.gateway.outgoing.gates import Gate, Pace
from modemgw.gateway.outgoing.job import Job
from modemgw.gateway.outgoing.life import Happening
from modemgw.gateway.outgoing.queue import Queue
from modemgw.store import (
    Batch,
    BatchQuery,
    BatchState,
    MessageQuery,
    NewBatch,
    Span,
    Store,
    StoreConflict,
    StoreUnavailable,
    Transaction,
    View,
)
from modemgw.store.records import Message, Page

LOOK_S = 1.0
"""So often it is looked whether a batch has come to its end."""
LOOK_AT = 1000
"""So many batches are looked at each time."""
CHUNK = 100
"""Messages taken back in one transaction: others must not wait long for the writer."""
MOVED_AT_ONCE = 1000
"""Messages moved to a gate, or from it, in one turn of the loop."""
PAUSE_S = 0.005
"""Between such transactions."""
COUNTS_LAST = 10.0
"""Counts of a batch are good for so many times what the counting took: whoever asks all the time
keeps no reader of the store busy."""
MOST_COUNTS = 256


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch as doors show it."""

    batch: Batch
    state: BatchState
    counts: Mapping[str, int]
    """How many of its messages have which status."""


class BatchChange(TypedDict, total=False):
    """What may be changed about a batch."""

    name: str | None
    rate_per_minute: int | None
    """None: as many as the SIMs can."""
    more: Literal[False]
    """Nothing is added to it any more."""


@dataclass(slots=True)
class _Open:
    """A batch that has not ended, as far as its gate goes by it."""

    id: str
    spans: list[Span]
    more: bool
    rate_per_minute: int | None
    paced_from: float
    """UTC seconds of the wall clock."""
    paused: bool = False
    canceled: bool = False


@dataclass(frozen=True, slots=True)
class _Counts:
    until: float
    counts: Mapping[str, int]


class Batches:
    """What was sent together. `clock` is the queue's."""

    def __init__(self, store: Store, queue: Queue, clock: SteadyClock, *, tariffs: Tariffs) -> None:
        self._store = store
        self._tariffs = tariffs
        self._queue = queue
        self._clock = clock
        self._open: dict[str, _Open] = {}
        """Those that have not ended, the oldest first."""
        self._counted: dict[str, _Counts] = {}
        self._changing = asyncio.Lock()
        self._work = asyncio.Event()
        """Set while there is a batch that has not ended."""

    async def recover(self) -> None:
        """Put up the gates of the last run, before its messages are queued.

        Raises StoreUnavailable.
        """
        found = await self._store.read(lambda view: view.batches.not_ended())
        self._open = {batch.id: _open(batch, spans) for batch, spans in found}
        for one in self._open.values():
            self._put_up(one)
        if self._open:
            self._work.set()

    # --- what was accepted

    def opened(self, new: NewBatch, span: Span | None) -> None:
        """A batch was accepted: its messages are about to be queued."""
        one = self._open[new.id] = _Open(
            new.id,
            [] if span is None else [span],
            new.more,
            new.rate_per_minute,
            new.created_at,
        )
        self._put_up(one)
        self._work.set()

    def extended(self, id: str, span: Span | None, *, more: bool) -> None:
        """Messages were added to a batch, and are about to be queued."""
        one = self._open[id]
        one.more = more
        if span is not None:
            one.spans.append(span)
            if one.paused or one.canceled or one.rate_per_minute is not None:
                self._queue.matchmaking.gates.widen(id, span)

    # --- what is shown

    async def kept(self, id: str) -> Batch:
        """What is known of a batch. Raises NotFound."""
        batch = await self._store.look_up(lambda view: view.batches.get(id))
        if batch is None:
            raise NotFound(f"there is no batch {id!r}")
        return batch

    async def get(self, id: str) -> BatchView:
        """A batch, and how far its messages came. Raises NotFound."""
        return await self._view(await self.kept(id))

    async def find(self, query: BatchQuery) -> Page[BatchView]:
        """A page of batches, newest first. Raises Rejected for a cursor that is not ours."""
        query = replace(query, now=self._clock.date())
        try:
            page = await self._store.read(lambda view: view.batches.find(query))
        except (ValueError, OverflowError) as error:
            raise foreign_cursor() from error
        return Page(tuple([await self._view(one) for one in page.items]), page.next_cursor)

    async def messages(self, id: str, query: MessageQuery) -> Page[Message]:
        """A page of a batch's messages, newest first. Raises NotFound, Rejected (cursor)."""
        await self.kept(id)
        try:
            page = await self._store.read(lambda view: view.messages.find(query, life.part_status))
        except (ValueError, OverflowError) as error:
            raise foreign_cursor() from error
        return page_with_cost(page, self._tariffs)

    async def _view(self, batch: Batch) -> BatchView:
        return BatchView(batch, batch.state(self._clock.date()), await self._counts(batch.id))

    async def _counts(self, id: str) -> Mapping[str, int]:
        """By status: as they are, or were a moment ago where many wait to be sent."""
        began = self._clock.monotonic()
        known = self._counted.get(id)
        if known is not None and began < known.until:
            return known.counts
        counts = await self._store.read(lambda view: view.batches.counts(id))
        now = self._clock.monotonic()
        self._counted.pop(id, None)
        while len(self._counted) >= MOST_COUNTS:
            del self._counted[next(iter(self._counted))]
        self._counted[id] = _Counts(now + COUNTS_LAST * (now - began), counts)
        return counts

    # --- what is asked

    async def pause(self, id: str) -> BatchView:
        """Hold back what has not begun. Raises NotFound, Conflict, Unavailable."""
        return await self._change(id, _pause, paused=True)

    async def resume(self, id: str) -> BatchView:
        """Go on with a batch. Raises NotFound, Conflict, Unavailable."""
        return await self._change(id, _resume, paused=False)

    async def cancel(self, id: str) -> BatchView:
        """Take back what has not begun: at once nothing more begins, then it is canceled message
        by message. Raises NotFound, Conflict, Unavailable.
        """
        return await self._change(id, _cancel, canceled=True)

    async def change(self, id: str, change: BatchChange) -> BatchView:
        """Call it otherwise, give it another pace, or say that nothing is added any more.

        Raises NotFound, Conflict, Unavailable.
        """
        became: dict[str, Any] = {k: v for k, v in change.items() if k != "name"}
        if "rate_per_minute" in change:
            became["paced_from"] = self._clock.date()
        return await self._change(id, partial(_change, change), **became)

    async def _change(
        self, id: str, write: Callable[[Transaction, Batch], bool], **became: Any
    ) -> BatchView:
        async with self._changing:  # each is in force before the next is looked at
            await self.kept(id)
            try:
                await asyncio.shield(
                    self._store.write(
                        lambda tx: write(tx, _there(tx, id)),
                        then=lambda changed: self._in_force(id, became) if changed else None,
                    )
                )
            except StoreConflict as conflict:
                raise Conflict(str(conflict)) from conflict
            except StoreUnavailable as error:
                raise Unavailable(str(error)) from error
            if (one := self._open.get(id)) is not None and became.keys() - {"more"}:
                await self._move(one)
        self._counted.pop(id, None)
        return await self.get(id)

    def _in_force(self, id: str, became: Mapping[str, Any]) -> None:
        one = self._open.get(id)
        if one is None:
            return
        for name, value in became.items():
            setattr(one, name, value)
        self._put_up(one)
        self._work.set()

    def _put_up(self, one: _Open) -> None:
        """Have the gate before a batch that it is to have now, or none."""
        gates = self._queue.matchmaking.gates
        if one.paused or one.canceled:
            gates.set(Gate(one.id, one.spans, None))
        elif one.rate_per_minute is not None:
            begins, now = self._clock.steady(one.paced_from), self._clock.time()
            gates.set(Gate(one.id, one.spans, Pace(one.rate_per_minute, begins, now)))
        else:
            gates.remove(one.id)

    async def _move(self, one: _Open) -> None:
        """Have what lies before or behind the gate lie where it belongs, letting others between."""
        numbers = chain.from_iterable(range(s.first, s.last + 1) for s in list(one.spans))
        try:
            while chunk := list(islice(numbers, MOVED_AT_ONCE)):
                self._queue.move(chunk)
                await asyncio.sleep(0)
        except asyncio.CancelledError:  # whoever asked for it has left: it is done all the same
            self._queue.move(numbers)
            raise

    # --- in the background

    async def run(self) -> None:
        """Take back what is canceled and tell of what has ended, until cancelled."""
        while True:
            await self._work.wait()
            for one in [one for one in self._open.values() if one.canceled]:
                await self._take_back(one)
            await self._end()
            if not self._open:
                self._work.clear()
            await self._clock.sleep(LOOK_S)

    async def _take_back(self, one: _Open) -> None:
        """Cancel what waits of a batch. What is in a lane's hands may come back: then again."""
        matchmaking = self._queue.matchmaking
        after = 0
        while numbers := await self._store.read(partial(_waiting, one.id, after)):
            after = numbers[-1]
            jobs = [
                job
                for n in numbers
                if (job := matchmaking.get(n)) is not None and job.waiting and job.unsent
            ]
            if jobs:
                await self._store.write(partial(_take_back, jobs), then=self._gone)
                await self._clock.sleep(PAUSE_S)

    def _gone(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            self._queue.remove(job)

    async def _end(self) -> None:
        """End the batches of which nothing waits any more: the ones longest not looked at."""
        looked = list(islice(self._open.values(), LOOK_AT))
        for one in looked:  # the others are looked at the next time
            self._open[one.id] = self._open.pop(one.id)
        ids = [one.id for one in looked if not one.more]
        ended = await self._store.read(partial(_with_nothing_waiting, ids))
        for id in ended:
            counts = await self._store.read(partial(_counted, id))
            await self._store.write(
                partial(_end, id, counts),
                then=lambda over, id=id: self._over(id) if over else None,  # type: ignore[misc]
            )

    def _over(self, id: str) -> None:
        one = self._open.pop(id)
        self._counted.pop(id, None)
        self._queue.matchmaking.gates.remove(id)
        self._queue.matchmaking.forget_target(f"batch:{one.id}")


def _open(batch: Batch, spans: Sequence[Span]) -> _Open:
    return _Open(
        batch.id,
        list(spans),
        batch.more,
        batch.rate_per_minute,
        batch.created_at if batch.paced_from is None else batch.paced_from,
        batch.paused_at is not None,
        batch.canceled_at is not None,
    )


# --- units of work; those that change a batch say whether they did


def _there(tx: Transaction, id: str) -> Batch:
    batch = tx.batches.get(id)
    if batch is None:
        raise StoreConflict("it is gone")
    return batch


def _pause(tx: Transaction, batch: Batch) -> bool:
    _require_open(batch)
    if batch.paused_at is None:
        tx.batches.set_paused(batch.id, tx.now)
        _tell(tx, batch, "batch.paused", BatchState.PAUSED)
    return True


def _resume(tx: Transaction, batch: Batch) -> bool:
    _require_open(batch)
    if batch.paused_at is not None:
        tx.batches.set_paused(batch.id, None)
        resumed = _there(tx, batch.id)
        _tell(tx, batch, "batch.resumed", resumed.state(tx.now))
    return True


def _cancel(tx: Transaction, batch: Batch) -> bool:
    if batch.canceled_at is not None:
        return batch.ended_at is None
    _require_open(batch)
    tx.batches.set_canceled(batch.id, tx.now)
    _tell(tx, batch, "batch.canceled", BatchState.CANCELED)
    return True


def _change(change: BatchChange, tx: Transaction, batch: Batch) -> bool:
    if "name" in change:
        tx.batches.set_name(batch.id, change["name"])
    if change.keys() == {"name"}:
        return False
    _require_open(batch)
    if "rate_per_minute" in change:
        tx.batches.set_rate(batch.id, change["rate_per_minute"], tx.now)
    if "more" in change:
        tx.batches.set_complete(batch.id)
    return True


def _require_open(batch: Batch) -> None:
    if batch.canceled_at is not None:
        raise StoreConflict("the batch is canceled")
    if batch.ended_at is not None:
        raise StoreConflict("the batch is done: nothing of it waits to be sent any more")


def _tell(tx: Transaction, batch: Batch, type: str, state: BatchState, **more: Any) -> None:
    data = {"id": batch.id, "name": batch.name, "state": state.value, "accepted": batch.accepted}
    tx.events.emit(type, data | more)


def _take_back(jobs: Sequence[Job], tx: Transaction) -> Sequence[Job]:
    for job in jobs:
        life.move(tx, job.subject, Happening.CANCELED, likely=job.status)
    return jobs


def _end(id: str, counts: Mapping[str, int], tx: Transaction) -> bool:
    if not tx.batches.set_ended(id, tx.now):
        return False
    batch = _there(tx, id)
    _tell(tx, batch, "batch.completed", batch.state(tx.now), counts=dict(counts))
    return True


def _waiting(id: str, after: int, view: View) -> list[int]:
    return view.batches.waiting(id, after, CHUNK)


def _with_nothing_waiting(ids: Sequence[str], view: View) -> list[str]:
    return [id for id in ids if not view.batches.waiting(id, 0, 1)]


def _counted(id: str, view: View) -> dict[str, int]:
    return view.batches.counts(id)

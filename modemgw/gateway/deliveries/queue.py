"""The queue of what must reach somebody outside: kept in the store, delivered at least once.

Nothing of it is on the way of what is sent and received: an event is committed, and then fanned out
(fan_out.py). One unit of work reads on in the log, makes deliveries and claims what is due, for a
time, so that whatever ends this process they are made by the next. Each subscriber has places of
its own: a slow one holds up nobody else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections import defaultdict
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from modemgw.clock import Clock
from modemgw.config import HandlerSection
from modemgw.gateway.deliveries.fan_out import Read, fan_out
from modemgw.gateway.deliveries.outcome import Never, Outcome, Retry, Taken
from modemgw.gateway.deliveries.reply import Accept
from modemgw.gateway.deliveries.subscriber import (
    Subscriber,
    former_ids,
    made_up_id,
    make,
    named,
)
from modemgw.gateway.identifiers import new_id
from modemgw.gateway.outgoing.retry import LONGEST_WAIT_S, backoff
from modemgw.plain import printable
from modemgw.store import Payload, Store, StoreConflict, Transaction
from modemgw.store.records import Event

logger = logging.getLogger(__name__)

FIRST_WAIT_S = 5.0
MAX_TRIES = 12
"""With back-off from FIRST_WAIT_S this is a little over two hours; then the delivery is dead."""
FURTHEST_S = 4 * 3600.0
"""No delivery is put off, and no lease given, for longer: one that seems to be was by a clock gone
wrong. Above LONGEST_WAIT_S and the longest `timeout` of a handler."""
LEASE_S = 30.0
"""How much longer than its subscriber's `timeout` a delivery is claimed."""
LONGEST_REST_S = 60.0
"""The wall clock may be set meanwhile: look again at least this often."""
CLOSE_S = 5.0
"""At the end: how long what is under way may take to be called off."""
CHUNK = 500
"""Rows touched in one transaction: others must not wait long for the writer."""
GONE = "this handler is no longer configured"

assert FURTHEST_S > 2 * LONGEST_WAIT_S


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the next turn in the store's thread goes by."""

    subscribers: tuple[Subscriber, ...]
    free: dict[str, int]
    """Places by subscriber."""
    at_work: frozenset[int]
    after: int


@dataclass(frozen=True, slots=True)
class _Turn:
    """What a turn has found."""

    read: Read
    claimed: list[tuple[Subscriber, Payload]]
    unknown: list[str]
    """Subscribers that are not configured and have something pending."""
    next_at: float | None
    """When something is due next, if nothing happens before."""


class Deliveries:
    """Delivers what happens to the configured handlers.

    `run` looks for what is due and begins it; it may fail and be run anew. What was begun goes on
    meanwhile, until `close`.
    """

    def __init__(
        self,
        sections: Sequence[HandlerSection],
        *,
        store: Store,
        reply: Accept,
        clock: Clock,
        random: Random,
    ) -> None:
        self._store = store
        self._reply = reply
        self._clock = clock
        self._random = random
        self._node = socket.gethostname()
        self._claims_as = f"{self._node}/{new_id('run', clock.time(), random)}"
        """What this process claims is known by; all of a node's begin alike."""
        self._begun = self._closed = False
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._at_work: defaultdict[str, set[int]] = defaultdict(set)
        """By subscriber: numbers of the deliveries that are being made."""
        self._former = former_ids(sections)
        self._subscribers: dict[str, Subscriber] = {}
        self._retired: set[Subscriber] = set()
        """Replaced or removed, while deliveries are still being made to them."""
        self._events: frozenset[str] = frozenset()
        """Types that somebody is asked about."""
        self._read = 0
        """The id of the last event that is fanned out, or for nobody."""
        self.reconfigure(sections)
        store.on_events(self._happened)

    @property
    def subscribers(self) -> dict[str, Subscriber]:
        """The configured handlers, by id."""
        return self._subscribers

    def wake(self) -> None:
        """Something may be due."""
        self._wake.set()

    def _happened(self, group: list[Event]) -> None:
        """What nobody is asked about is passed by without a look into the store."""
        events = self._events
        if group[0].id == self._read + 1 and not any(event.type in events for event in group):
            self._read = group[-1].id
        else:
            self.wake()

    def reconfigure(self, sections: Sequence[HandlerSection]) -> None:
        """Have these handlers from now on.

        What is pending goes to the handler with the same id, as it is now; where there is none any
        more, it is dead. What is being delivered is not disturbed.
        """
        before, now = self._subscribers, {}
        for id, section in named(sections).items():
            now[id] = self._subscriber(id, section, before.get(id))
            if section.id is None and id not in before:
                logger.info(
                    "a handler without an id is called %s; give it an id (of your own, or this) "
                    "if what is pending is to follow it to another address",
                    id,
                )
        self._subscribers = now
        self._events = frozenset().union(*(s.events for s in now.values()))
        for old in before.values():
            if old not in now.values():
                self._retired.add(old)
                self._spawn(self._close_retired(old), f"end of {old.id}")
        self.wake()

    def _subscriber(self, id: str, section: HandlerSection, old: Subscriber | None) -> Subscriber:
        if old is not None:
            like = {"match": section.match, "id": section.id, "in_order": section.in_order}
            if old.section.model_copy(update=like) == section:
                old.section = section
                return old
        return Subscriber(id, section, make(section, self._reply))

    async def run(self) -> None:
        """Begin what is due, until cancelled. What fails here is the writing of the store."""
        while True:
            self._wake.clear()
            if not self._begun:
                await self._store.write(lambda tx: tx.deliveries.release(self._node))
                self._begun = True
            turn = await self._store.write(
                partial(_turn, self._plan(), self._claims_as), then=self._begin
            )
            for id in turn.unknown:
                await self._settle_owner(id)
            if turn.read.more:
                continue
            rest = LONGEST_REST_S
            if turn.next_at is not None:
                rest = min(rest, max(0.0, turn.next_at - self._clock.time()))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await self._wake.wait()

    def _plan(self) -> _Plan:
        subscribers = tuple(self._subscribers.values())
        return _Plan(
            subscribers,
            {s.id: max(0, s.section.at_once - len(self._at_work[s.id])) for s in subscribers},
            frozenset().union(*self._at_work.values()),
            self._read,
        )

    def _begin(self, turn: _Turn) -> None:
        """Follows the commit, whoever still waits for it: what was claimed is made."""
        self._read = max(self._read, turn.read.last)
        for subscriber, payload in turn.claimed:
            present = self._subscribers.get(subscriber.id)  # as it is configured by now
            if self._closed or present is None:
                self._store.write(
                    partial(lambda tx, payload: tx.deliveries.let_go(payload), payload=payload),
                    keep=True,
                )
                continue
            self._at_work[present.id].add(payload.n)
            present.under_way += 1
            self._spawn(self._work(present, payload), f"delivery to {present.id}")

    async def close(self) -> None:
        """Call off what is under way: it stays pending. Takes CLOSE_S and a little at the most."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_S)
        if self._begun:
            # Nobody waits for it: the store commits it before it closes, if it can.
            self._store.write(lambda tx: tx.deliveries.release(self._node), keep=True)
        everybody = (*self._subscribers.values(), *self._retired)
        await asyncio.gather(*(subscriber.kind.close() for subscriber in everybody))

    async def _close_retired(self, subscriber: Subscriber) -> None:
        if subscriber in self._retired and not subscriber.under_way:
            self._retired.discard(subscriber)
            await subscriber.kind.close()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _settle_owner(self, id: str) -> None:
        """Deliveries under an id that nobody has: give them to whom it meant, or let them be dead.

        Those that are being made are left alone; how they end is recorded first.
        """
        heir = self._heir(id)

        def settle(tx: Transaction) -> int:
            if id in self._subscribers:  # it has come back, and what is pending may be new
                return 0
            if heir is not None:
                return tx.deliveries.hand_on(id, heir, CHUNK)
            return tx.deliveries.bury(id, GONE, CHUNK)

        try:
            count = last = await self._store.write(settle)
            while last == CHUNK:
                last = await self._store.write(settle)
                count += last
        except Exception:  # it keeps nobody else from what is pending
            logger.exception("what is pending for %s, which is not configured, stays so", id)
            return
        if heir is not None:
            self.wake()
        elif count:
            logger.warning(
                "handler %s is no longer configured: what was pending for it is given up (%d)",
                id,
                count,
            )

    def _heir(self, id: str) -> str | None:
        former = self._former.get(id)
        if former in self._subscribers:
            return former
        for subscriber in self._subscribers.values():
            if id == made_up_id(subscriber.section):  # it has been given an id of its own since
                return subscriber.id
        return None

    async def _work(self, subscriber: Subscriber, payload: Payload) -> None:
        begun = self._clock.monotonic()
        try:
            outcome = await self._deliver(subscriber, payload)
            took_ms = round(1000 * (self._clock.monotonic() - begun))
            await self._record(subscriber, payload, outcome, took_ms)
        except Exception:
            logger.exception("what became of a delivery to %s is not recorded", subscriber.id)
            await self._clock.sleep(FIRST_WAIT_S)  # it is still claimed: not at once again
        finally:
            self._at_work[subscriber.id].discard(payload.n)
            subscriber.under_way -= 1
            self._wake.set()
        await self._close_retired(subscriber)

    async def _deliver(self, subscriber: Subscriber, payload: Payload) -> Outcome:
        timeout = subscriber.section.timeout
        try:
            async with asyncio.timeout(timeout):
                return await subscriber.kind.deliver(payload)
        except TimeoutError:
            return Retry(f"no answer within {timeout:g} s", code="no-answer")
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return Retry("it was cancelled from within")
        except (Exception, SystemExit) as error:
            logger.debug("a delivery to %s failed", subscriber.id, exc_info=error)
            return Retry(f"unforeseen: {type(error).__name__}", str(error))

    async def _record(
        self, subscriber: Subscriber, payload: Payload, outcome: Outcome, took_ms: int
    ) -> None:
        if isinstance(outcome, Taken):
            subscriber.complaint = None
            if not outcome.recorded:
                with contextlib.suppress(StoreConflict):
                    await self._store.write(
                        lambda tx: tx.deliveries.taken(payload, took_ms), keep=True
                    )
            return
        problem = printable(": ".join(filter(None, (outcome.problem, outcome.detail))))[:500]
        code, tries = outcome.code, payload.tries + 1
        if isinstance(outcome, Retry) and tries < MAX_TRIES:
            self._tell(subscriber, payload, outcome, given_up=False)
            next_at = self._clock.time() + backoff(FIRST_WAIT_S, tries, self._random)
            await self._store.write(
                lambda tx: tx.deliveries.put_off(payload, code, problem, took_ms, next_at),
                keep=True,
            )
            return
        self._tell(subscriber, payload, outcome, given_up=True)
        await self._store.write(
            lambda tx: tx.deliveries.give_up(payload, code, problem, took_ms), keep=True
        )

    def _tell(
        self, subscriber: Subscriber, payload: Payload, outcome: Retry | Never, *, given_up: bool
    ) -> None:
        """Log a failure: each that is the last, and of others each that is a new one."""
        problem, news = outcome.problem, outcome.problem != subscriber.complaint
        subscriber.complaint = problem
        logger.log(
            logging.WARNING if news or given_up else logging.DEBUG,
            "handler %s did not take %s (%s): %s",
            subscriber.id,
            payload.id if payload.inbound is None else payload.inbound.id,
            "given up" if given_up else "will be tried again",
            problem,
        )
        if outcome.detail:
            logger.debug("handler %s: %s", subscriber.id, outcome.detail)


def _turn(plan: _Plan, by: str, tx: Transaction) -> _Turn:
    """In the store's thread: read on in the log, make deliveries, claim what is due."""
    read = fan_out(tx, plan.subscribers, plan.after, CHUNK)
    tx.deliveries.release_expired(but=plan.at_work, furthest_s=FURTHEST_S)
    claimed: list[tuple[Subscriber, Payload]] = []
    due: list[float] = []
    for subscriber in plan.subscribers:
        free = plan.free[subscriber.id]
        if not free:
            continue  # it wakes us when it has
        payloads = tx.deliveries.claim(
            subscriber.id,
            kind=subscriber.section.action,
            by=by,
            lease_s=subscriber.section.timeout + LEASE_S,
            furthest_s=FURTHEST_S,
            limit=free,
        )
        claimed += [(subscriber, payload) for payload in payloads]
        next_at = tx.deliveries.next_due(subscriber.id)
        if next_at is not None:
            due.append(next_at)
    unknown = tx.deliveries.unknown_subscribers({s.id for s in plan.subscribers})
    return _Turn(read, claimed, unknown, min(due, default=None))

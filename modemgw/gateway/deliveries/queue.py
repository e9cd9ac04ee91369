"""The queue of what must reach somebody outside: kept in the store, delivered at least once.

A delivery stands in the store from the moment its message does, so a crash loses nothing. Each
subscriber has places of its own: a slow one holds up nobody else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Coroutine, Sequence
from functools import partial
from random import Random
from typing import Any

from modemgw.clock import Clock
from modemgw.config import Config, HandlerSection
from modemgw.gateway.deliveries.outcome import Never, Outcome, Retry, Taken
from modemgw.gateway.deliveries.reply import Accept
from modemgw.gateway.deliveries.subscriber import (
    Subscriber,
    former_ids,
    made_up_id,
    make,
    matches,
    named,
)
from modemgw.gateway.following import Rest, nothing_left
from modemgw.gateway.outgoing.retry import LONGEST_WAIT_S, backoff
from modemgw.plain import printable
from modemgw.store import Handling, Store, StoreConflict, Transaction
from modemgw.store import inbound as rows
from modemgw.store.records import Inbound

logger = logging.getLogger(__name__)

FIRST_WAIT_S = 5.0
MAX_TRIES = 12
"""With back-off from FIRST_WAIT_S this is a little over two hours; then the delivery is dead."""
FURTHEST_S = 2 * LONGEST_WAIT_S
"""No delivery is put off for longer: one that seems to be was put off by a clock gone wrong."""
LONGEST_REST_S = 60.0
"""The wall clock may be set meanwhile: look again at least this often."""
CLOSE_S = 5.0
"""At the end: how long what is under way may take to be called off."""
CHUNK = 500
"""Deliveries touched in one transaction: others must not wait long for the writer."""
GONE = "this handler is no longer configured"


class Deliveries:
    """Hands inbound messages to the configured handlers.

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
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._at_work: defaultdict[str, set[int]] = defaultdict(set)
        """By handler: numbers of the inbound messages that are being handed to it."""
        self._former = former_ids(sections)
        self._subscribers: dict[str, Subscriber] = {}
        self._retired: set[Subscriber] = set()
        """Replaced or removed, while messages are still being handed to them."""
        self.reconfigure(sections)

    def wanted_by(self, message: Inbound) -> list[str]:
        """The ids of the handlers that are to get a message. Safe in any thread."""
        return [s.id for s in self._subscribers.values() if matches(s.section.match, message)]

    def wake(self) -> None:
        """Something is to be delivered."""
        self._wake.set()

    def follow(self, config: Config) -> Rest:
        """See Follower."""
        self.reconfigure(config.handler)
        return nothing_left()

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
        for old in before.values():
            if old not in now.values():
                self._retired.add(old)
                self._spawn(self._close_retired(old), f"end of {old.id}")
        self.wake()

    def _subscriber(self, id: str, section: HandlerSection, old: Subscriber | None) -> Subscriber:
        if old is not None:
            same = old.section.model_copy(update={"match": section.match, "id": section.id})
            if same == section:
                old.section = section
                return old
        return Subscriber(id, section, make(section, self._reply))

    async def run(self) -> None:
        """Begin what is due, until cancelled. What fails here is the reading of the store."""
        while True:
            self._wake.clear()
            # Those at work are still pending, and the oldest: look beyond them. What ends while
            # this is read may be in it all the same: it was at work before.
            before = {id: set(at_work) for id, at_work in self._at_work.items()}
            limits = {s.id: self._look_for(s) for s in self._subscribers.values()}
            pending, others = await self._store.read(partial(rows.pending, limits=limits))
            rest = [LONGEST_REST_S]
            for id, handlings in pending.items():
                subscriber = self._subscribers.get(id)
                if subscriber is not None:
                    rest += self._begin(subscriber, handlings, before.get(id, set()))
            for id in others:
                await self._settle_owner(id)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(rest)):
                    await self._wake.wait()

    def _look_for(self, subscriber: Subscriber) -> int:
        """How many deliveries to read: none where none could be begun."""
        places = subscriber.section.at_once
        return 2 * places if len(self._at_work[subscriber.id]) < places else 0

    async def close(self) -> None:
        """Call off what is under way: it stays pending. Takes CLOSE_S and a little at the most."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_S)
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

    def _begin(
        self, subscriber: Subscriber, handlings: Sequence[Handling], before: set[int]
    ) -> list[float]:
        """Begin as much as there are places for; how long the others may rest, in seconds."""
        now = self._clock.time()
        at_work = self._at_work[subscriber.id]
        idle = [h for h in handlings if h.inbound_n not in before | at_work]
        waits = [h.next_at - now for h in idle]
        due = [h for h, wait in zip(idle, waits, strict=True) if not 0 < wait <= FURTHEST_S]
        free = max(0, subscriber.section.at_once - len(at_work))
        for handling in due[:free]:
            at_work.add(handling.inbound_n)
            subscriber.under_way += 1
            self._spawn(self._work(subscriber, handling), f"delivery to {subscriber.id}")
        return [wait for wait in waits if 0 < wait <= FURTHEST_S]

    async def _settle_owner(self, id: str) -> None:
        """Deliveries under an id that nobody has: give them to whom it meant, or let them be dead.

        Those that are being made are left alone; how they end is recorded first.
        """
        but = frozenset(self._at_work.get(id, ()))
        heir = self._heir(id)

        def settle(tx: Transaction) -> int:
            if id in self._subscribers:  # it has come back, and what is pending may be new
                return 0
            if heir is not None:
                return rows.hand_on(tx, id, heir, but=but, limit=CHUNK)
            return rows.bury(tx, id, GONE, but=but, limit=CHUNK)

        count = last = await self._store.write(settle)
        while last == CHUNK:
            last = await self._store.write(settle)
            count += last
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

    async def _work(self, subscriber: Subscriber, handling: Handling) -> None:
        try:
            await self._record(subscriber, handling, await self._deliver(subscriber, handling))
        except Exception:
            logger.exception("what became of a delivery to %s is not recorded", subscriber.id)
            await self._clock.sleep(FIRST_WAIT_S)  # it is still pending: not at once again
        finally:
            self._at_work[subscriber.id].discard(handling.inbound_n)
            subscriber.under_way -= 1
            self._wake.set()
        await self._close_retired(subscriber)

    async def _deliver(self, subscriber: Subscriber, handling: Handling) -> Outcome:
        timeout = subscriber.section.timeout
        try:
            async with asyncio.timeout(timeout):
                return await subscriber.kind.deliver(handling)
        except TimeoutError:
            return Retry(f"no answer within {timeout:g} s")
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return Retry("it was cancelled from within")
        except (Exception, SystemExit) as error:
            logger.debug("a delivery to %s failed", subscriber.id, exc_info=error)
            return Retry(f"unforeseen: {type(error).__name__}", str(error))

    async def _record(self, subscriber: Subscriber, handling: Handling, outcome: Outcome) -> None:
        n, handler = handling.inbound_n, handling.handler
        if isinstance(outcome, Taken):
            subscriber.complaint = None
            if not outcome.recorded:
                with contextlib.suppress(StoreConflict):
                    await self._store.write(lambda tx: rows.handled(tx, n, handler), keep=True)
            return
        tries = handling.tries + 1
        next_at = None
        if isinstance(outcome, Retry) and tries < MAX_TRIES:
            next_at = self._clock.time() + backoff(FIRST_WAIT_S, tries, self._random)
        self._tell(subscriber, handling, outcome, given_up=next_at is None)
        problem = printable(": ".join(filter(None, (outcome.problem, outcome.detail))))[:500]
        await self._store.write(
            lambda tx: rows.not_handled(tx, n, handler, problem, next_at), keep=True
        )

    def _tell(
        self, subscriber: Subscriber, handling: Handling, outcome: Retry | Never, *, given_up: bool
    ) -> None:
        """Log a failure: each that is the last, and of others each that is a new one."""
        problem, news = outcome.problem, outcome.problem != subscriber.complaint
        subscriber.complaint = problem
        logger.log(
            logging.WARNING if news or given_up else logging.DEBUG,
            "handler %s did not take %s (%s): %s",
            subscriber.id,
            handling.inbound.id,
            "given up" if given_up else "will be tried again",
            problem,
        )
        if outcome.detail:
            logger.debug("handler %s: %s", subscriber.id, outcome.detail)

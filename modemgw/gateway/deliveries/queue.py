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
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from random import Random
from typing import Any

from modemgw.clock import Clock
from modemgw.config import Config, HandlerSection, SmtpSection, WebhooksSection
from modemgw.gateway.deliveries.answering import Answering
from modemgw.gateway.deliveries.endpoint import Outside
from modemgw.gateway.deliveries.fan_out import Read, fan_out
from modemgw.gateway.deliveries.kinds import Surroundings
from modemgw.gateway.deliveries.making import Making
from modemgw.gateway.deliveries.matching import find, of_message
from modemgw.gateway.deliveries.patience import OF_HANDLERS, OF_MAIL, OF_WEBHOOKS
from modemgw.gateway.deliveries.payload import Tell, told_plainly
from modemgw.gateway.deliveries.roster import Roster
from modemgw.gateway.deliveries.subscriber import Handler, Subscriber, make
from modemgw.gateway.deliveries.targets import Targets
from modemgw.gateway.following import Rest, nothing_left
from modemgw.gateway.identifiers import new_id
from modemgw.gateway.outgoing import life
from modemgw.store import Payload, Store, Transaction, Webhook
from modemgw.store.records import Event, Inbound

logger = logging.getLogger(__name__)

FURTHEST_S = 4 * 3600.0
"""No delivery is put off, and no lease given, for longer: one that seems to be was by a clock gone
wrong. Above the longest wait, however it falls out, and the longest `timeout` of a handler."""
LEASE_S = 30.0
"""How much longer than its subscriber's timeout a delivery is claimed."""
LONGEST_REST_S = 60.0
"""The wall clock may be set meanwhile: look again at least this often."""
CLOSE_S = 5.0
"""At the end: how long what is under way may take to be called off."""
CHUNK = 500
"""Rows touched in one transaction: others must not wait long for the writer."""
UNRECORDED_S = 5.0
"""Pause after an outcome that could not be recorded."""
GONE = "who was to get this is no longer configured"

assert 1.5 * max(p.longest_wait_s for p in (OF_HANDLERS, OF_MAIL, OF_WEBHOOKS)) < FURTHEST_S


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the next turn in the store's thread goes by."""

    subscribers: tuple[Subscriber, ...]
    free: dict[str, int]
    """Places by subscriber."""
    at_work: frozenset[int]
    after: int
    call_back: bool
    rested_at: float
    """When the first of those who rest may be tried again (monotonic seconds)."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """What a turn has found."""

    read: Read
    claimed: list[tuple[Subscriber, Payload]]
    unknown: list[str]
    """Subscribers that are not there and have something pending."""
    idle: list[str]
    """Subscribers that have nothing to do."""
    next_at: float | None
    """When something is due next, if nothing happens before."""


class Deliveries:
    """Delivers what happens to the configured handlers, to webhooks, and to who is called back; and
    to `own` parts of the gateway.

    `run` looks for what is due and begins it; it may fail and be run anew. What was begun goes on
    meanwhile, until `close`. `webhooks` says where may be posted to, `tell` what is told there;
    `smtp` by whom mail goes.
    """

    def __init__(
        self,
        sections: Sequence[HandlerSection],
        *,
        store: Store,
        answering: Answering,
        clock: Clock,
        random: Random,
        webhooks: WebhooksSection | None = None,
        smtp: SmtpSection | None = None,
        tell: Tell = told_plainly,
        own: Sequence[Subscriber] = (),
    ) -> None:
        self._store = store
        self.around = Surroundings(answering, store, smtp)
        """What handlers are made with."""
        self._tell_of = tell
        self._confined = webhooks or WebhooksSection()
        self.targets = Targets(self._confined)
        """Where may be posted to."""
        self._clock = clock
        self._making = Making(store, clock=clock, random=random, changed=self._changed)
        self._node = socket.gethostname()
        self._claims_as = f"{self._node}/{new_id('run', clock.time(), random)}"
        """What this process claims is known by; all of a node's begin alike."""
        self._begun = self._closed = False
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._at_work: defaultdict[str, set[int]] = defaultdict(set)
        """By subscriber: numbers of the deliveries that are being made."""
        self._ends: dict[int, list[asyncio.Event]] = {}
        """Who waits until a delivery has been tried, by its number."""
        self._retired: set[Subscriber] = set()
        """Replaced or removed, while deliveries are still being made to them."""
        self.roster = Roster(
            sections,
            make=lambda section: make(section, self.around),
            outside=self._outside(),
            retire=self._retire,
            own=own,
        )
        """Who gets deliveries."""
        self._read = 0
        """The id of the last event that is fanned out, or for nobody."""
        self.reconfigure(sections)
        store.on_events(self._happened)

    @property
    def subscribers(self) -> dict[str, Handler]:
        """The configured handlers, by id."""
        return self.roster.handlers

    @property
    def outcomes(self) -> Mapping[tuple[str, str], int]:
        """By kind and outcome (`taken`, `put-off`, `given-up`): the tries since the start."""
        return self._making.outcomes

    def has_the_word(self, message: Inbound) -> bool:
        """Whether a received message is for a handler by its keyword. Called in any thread."""
        came = of_message(message)
        sections = [handler.section for handler in self.roster.handlers.values()]
        return any(s.match.keyword and find(s.match, came) is not None for s in sections)

    def wake(self) -> None:
        """Something may be due."""
        self._wake.set()

    def follow(self, config: Config) -> Rest:
        """See Follower."""
        if config.webhooks != self._confined:
            self._confined = config.webhooks
            self.targets = Targets(config.webhooks)
            self.roster.lead(self._outside())
        self.around = replace(self.around, smtp=config.smtp)
        self.reconfigure(config.handler)
        return nothing_left()

    def expect_callbacks(self) -> None:
        """Messages are about to be accepted that name an address to call back."""
        self.roster.expect_callbacks()

    @contextlib.asynccontextmanager
    async def trying(self, n: int) -> AsyncIterator[asyncio.Event]:
        """An event that is set when delivery `n` has been tried, for as long as this is open."""
        tried = asyncio.Event()
        self._ends.setdefault(n, []).append(tried)
        try:
            yield tried
        finally:
            self._ends[n].remove(tried)
            if not self._ends[n]:
                del self._ends[n]

    def _outside(self) -> Outside:
        return Outside(self.targets, self._tell_of, self._key_secret, self._clock)

    async def _key_secret(self, key: str) -> str | None:
        return await self._store.look_up(lambda view: view.keys.webhook_secret(key))

    def _happened(self, group: list[Event]) -> None:
        """What nobody is asked about is passed by without a look into the store."""
        hears = self.roster.hears
        if not self._begun:  # nor is it known as yet who is asked
            return
        first, last = group[0].id, group[-1].id
        if first == self._read + 1 and not any(map(hears, {event.type for event in group})):
            self._read = last
        elif last > self._read:  # a turn may have read them before they were published
            self.wake()

    def reconfigure(self, sections: Sequence[HandlerSection]) -> None:
        """Have these handlers from now on.

        What is pending goes to the handler with the same id, as it is now; where there is none any
        more, it is dead. What is being delivered is not disturbed.
        """
        self.roster.configure(sections)
        if self._begun:
            self.roster.warm()
        self.wake()

    def _retire(self, subscriber: Subscriber) -> None:
        self._retired.add(subscriber)
        self._spawn(self._close_retired(subscriber), f"end of {subscriber.id}")

    async def run(self) -> None:
        """Begin what is due, until cancelled. What fails here is the writing of the store."""
        while True:
            self._wake.clear()
            if not self._begun:
                await self._store.write(self._left, then=self._take_up)
            plan = self._plan()
            turn = await self._store.write(partial(_turn, plan, self._claims_as), then=self._begin)
            self.roster.forget(turn.idle)
            adopted = [id for id in turn.unknown if self.roster.adopt(id)]
            for id in turn.unknown:
                if id not in adopted:
                    await self._settle_owner(id)
            if turn.read.more or adopted:
                continue
            rest = min(LONGEST_REST_S, plan.rested_at - self._clock.monotonic())
            if turn.next_at is not None:
                rest = min(rest, turn.next_at - self._clock.time())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, rest)):
                    await self._wake.wait()

    def _changed(self, webhook: Webhook | None) -> None:
        if webhook is not None and webhook.id in self.roster.endpoints:
            self.roster.put(webhook)
            logger.warning("webhook %s is disabled: %s", webhook.id, webhook.disabled_reason)

    def _left(self, tx: Transaction) -> tuple[list[Webhook], bool]:
        """What the last run has left."""
        tx.deliveries.release(self._node)
        return tx.webhooks.all(), tx.webhooks.any_callback()

    def _take_up(self, left: tuple[list[Webhook], bool]) -> None:
        webhooks, callbacks = left
        for webhook in webhooks:
            self.roster.put(webhook)
        if callbacks:
            self.roster.expect_callbacks()
        self._begun = True
        self.roster.warm()

    def _plan(self) -> _Plan:
        subscribers, now = self.roster.all(), self._clock.monotonic()
        return _Plan(
            subscribers,
            {s.id: self._places(s, now) for s in subscribers},
            frozenset().union(*self._at_work.values()),
            self._read,
            self.roster.calls_back,
            min((s.rests_until for s in subscribers if s.rests_until > now), default=inf),
        )

    def _places(self, subscriber: Subscriber, now: float) -> int:
        if subscriber.held or subscriber.rests_until > now:
            return 0
        return max(0, subscriber.at_once - len(self._at_work.get(subscriber.id, ())))

    def _begin(self, turn: _Turn) -> None:
        """Follows the commit, whoever still waits for it: what was claimed is made."""
        self._read = max(self._read, turn.read.last)
        for subscriber, payload in turn.claimed:
            present = self.roster.get(subscriber.id)  # as it is by now
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
        everybody = (*self.roster.all(), *self._retired)
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
        heir = self.roster.heir(id)

        def settle(tx: Transaction) -> int:
            if self.roster.get(id):  # it has come back, and what is pending may be new
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
            logger.exception("what is pending for %s, which is not there, stays so", id)
            return
        if heir is not None:
            self.wake()
        elif count:
            logger.warning(
                "%s is no longer configured: what was pending for it is given up (%d)",
                id,
                count,
            )

    async def _work(self, subscriber: Subscriber, payload: Payload) -> None:
        try:
            await self._making.make(subscriber, payload)
        except Exception:
            logger.exception("what became of a delivery to %s is not recorded", subscriber.id)
            await self._clock.sleep(UNRECORDED_S)  # it is still claimed: not at once again
        finally:
            for tried in self._ends.get(payload.n, ()):
                tried.set()
            self._at_work[subscriber.id].discard(payload.n)
            if not self._at_work[subscriber.id]:
                del self._at_work[subscriber.id]
            subscriber.under_way -= 1
            self._wake.set()
        await self._close_retired(subscriber)


def _turn(plan: _Plan, by: str, tx: Transaction) -> _Turn:
    """In the store's thread: read on in the log, make deliveries, claim what is due."""
    events = CHUNK // max(1, len(plan.subscribers)) or 1
    read = fan_out(tx, plan.subscribers, plan.after, events, call_back=plan.call_back)
    tx.deliveries.release_expired(but=plan.at_work, furthest_s=FURTHEST_S)
    claimed: list[tuple[Subscriber, Payload]] = []
    due: list[float] = []
    idle: list[str] = []
    for subscriber in plan.subscribers:
        free = plan.free[subscriber.id]
        if not free:
            continue  # it wakes us when it has
        payloads = tx.deliveries.claim(
            subscriber.id,
            kind=subscriber.action,
            by=by,
            lease_s=subscriber.timeout_s + LEASE_S,
            furthest_s=FURTHEST_S,
            limit=free,
            stand=life.part_status if subscriber.with_messages else None,
        )
        claimed += [(subscriber, payload) for payload in payloads]
        if len(payloads) == free:
            continue
        next_at = tx.deliveries.next_due(subscriber.id)
        if next_at is not None:
            due.append(next_at)
        elif not payloads:
            idle.append(subscriber.id)
    unknown = tx.deliveries.unknown_subscribers({s.id for s in plan.subscribers})
    return _Turn(read, claimed, unknown, idle, min(due, default=None))

"""The gateway: the verbs that the doors call, and the tasks behind them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from prometheus_client import CollectorRegistry

from modemgw.clock import Clock, SystemClock
from modemgw.config import Config, RateLimits
from modemgw.gateway.accept import NOBODY, Acceptance
from modemgw.gateway.bus import EventBus
from modemgw.gateway.changes import in_force, lines
from modemgw.gateway.errors import (
    FieldProblem,
    IdempotencyConflict,
    NotFound,
    Rejected,
    TooMany,
    Unavailable,
)
from modemgw.gateway.fleet import Fleet, ModemView
from modemgw.gateway.handlers import Handlers
from modemgw.gateway.housekeeping import Housekeeping
from modemgw.gateway.identifiers import new_id, new_ids
from modemgw.gateway.inbox import Inbox
from modemgw.gateway.incoming import Incoming
from modemgw.gateway.metrics import Accepted as AcceptedCount
from modemgw.gateway.metrics import registry_of
from modemgw.gateway.outbox import Outbox, RecoveryReport
from modemgw.gateway.quota import Quota
from modemgw.gateway.receipts import Receipts
from modemgw.modem import Modem, Timings, TraceLine, UssdAnswer
from modemgw.store import (
    FILE_NAME,
    AnsweredBefore,
    InboundQuery,
    MessageQuery,
    Store,
    StoreUnavailable,
    Transaction,
    inbound,
    keys,
    messages,
)
from modemgw.store.events import find_answer, remember_answer
from modemgw.store.records import (
    Event,
    Inbound,
    Key,
    Mailing,
    Message,
    NewMailing,
    NewMessage,
    Page,
    Recipient,
)

logger = logging.getLogger(__name__)

KEY_CACHE_S = 5.0
"""How long a revoked key may go on working."""
KEY_CACHE_SIZE = 1024
REPLIES = RateLimits(per_minute=6, per_hour=60)
"""Automatic replies to one number: two machines that answer each other must not go on for ever."""


@dataclass(frozen=True, slots=True)
class Idempotency:
    """An Idempotency-Key, the fingerprint of its request, and how its answer is rendered."""

    key: str
    fingerprint: str
    render: Callable[[Any], bytes]
    """Called with the Message (or AcceptedBatch) that was accepted."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that was taken; or the bytes of the first answer to the same request."""

    message: Message | None
    replay: bytes | None = None


@dataclass(frozen=True, slots=True)
class AcceptedBatch:
    """A batch that was taken, with what was not; or the bytes of the first answer."""

    id: str
    accepted: int
    rejected: tuple[tuple[int, Rejected | TooMany], ...]
    """(index in the request, why)."""
    replay: bytes | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a message would be sent as."""

    encoding: str
    parts: int
    units: tuple[int, ...]
    """Septets, UTF-16 units or octets in each part."""
    units_left: int
    """Free in the last part."""
    changes: tuple[tuple[str, str], ...]
    """What transliteration would change."""


class Gateway:
    """The running gateway. Make one with `Gateway.open`."""

    def __init__(
        self,
        config: Config,
        store: Store,
        *,
        clock: Clock,
        random: Random,
        timings: Timings | None = None,
    ) -> None:
        self._config = config
        self._store = store
        self._clock = clock
        self._random = random
        self._timings = timings
        self._acceptance = Acceptance(config, random)
        self._accepted = AcceptedCount()
        self._per_recipient = Quota(config.recipient_limits)
        self._per_key = Quota(config.key_limits)
        self._replies = Quota(REPLIES)
        self._known_keys: dict[bytes, tuple[float, Key | None]] = {}
        self._bus = EventBus(store)
        self._started = asyncio.Event()
        self._changing = asyncio.Lock()
        self.found = RecoveryReport(0, 0)

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls,
        config: Config,
        *,
        clock: Clock | None = None,
        random: Random | None = None,
        timings: Timings | None = None,
    ) -> AsyncIterator[Gateway]:
        """Open the store, recover, run modems and dispatch; at the end drain and close.

        `timings`: how patient the keepers of modems are; the default suits real modems.
        Raises StoreError when the data directory or the database cannot be used.
        """
        clock = clock or SystemClock()
        random = random or Random()  # noqa: S311 - ids and jitter, not secrets
        path = config.gateway.data_dir / FILE_NAME
        async with Store(path, clock=clock) as store:
            gateway = cls(config, store, clock=clock, random=random, timings=timings)
            await gateway._set_up()
            stop = asyncio.Event()
            owner = asyncio.current_task()
            runner = asyncio.create_task(gateway._run(stop), name="gateway")
            runner.add_done_callback(
                lambda _: None if stop.is_set() or not owner else owner.cancel()
            )
            try:
                yield gateway
            finally:
                stop.set()
                await runner

    async def _set_up(self) -> None:
        last_message = await self._store.read(messages.last_n)
        last_inbound = await self._store.read(inbound.last_n)
        receipts = Receipts()
        self._outbox = Outbox(
            self._config,
            store=self._store,
            receipts=receipts,
            clock=self._clock,
            random=self._random,
            next_n=last_message + 1,
        )
        self._handlers = Handlers(
            self._config.handler,
            store=self._store,
            reply=self._reply,
            clock=self._clock,
            random=self._random,
        )
        incoming = Incoming(
            next_n=last_inbound + 1,
            random=self._random,
            handlers_of=self._handlers.wanted_by,
            number_of=lambda modem, sim: self._fleet.number_of(modem, sim),
        )
        self._inbox = Inbox(
            store=self._store,
            incoming=incoming,
            receipts=receipts,
            on_settled=self._outbox.settle,
            on_message=lambda _: self._handlers.wake(),
            reassembly_timeout_s=self._config.gateway.reassembly_timeout,
            clock=self._clock,
        )
        self._housekeeping = Housekeeping(
            self._config,
            store=self._store,
            inbox=self._inbox,
            quotas=(self._per_recipient, self._per_key, self._replies),
            clock=self._clock,
        )
        self._fleet = Fleet(
            self._config,
            store=self._store,
            outbox=self._outbox,
            received=self._inbox.received,
            clock=self._clock,
            random=self._random,
            timings=self._timings,
        )
        await self._count_used()
        self.found = await self._outbox.recover()

    async def _count_used(self) -> None:
        """Limits count what was accepted within their windows before they were there."""
        window = max(self._per_recipient.window_s, self._per_key.window_s)
        if window:
            since = self._clock.time() - window
            by_to, by_key = await self._store.read(lambda db: messages.since(db, since))
            self._per_recipient.recount(by_to)
            self._per_key.recount(by_key)

    async def _run(self, stop: asyncio.Event) -> None:
        with self._outbox.dispatcher:
            async with asyncio.TaskGroup() as modems:
                self._fleet.start(modems)
                self._started.set()
                followers = [
                    modems.create_task(self._housekeeping.run(), name="housekeeping"),
                    modems.create_task(self._handlers.run(), name="handlers"),
                ]
                await stop.wait()
                timeout = self._config.gateway.drain_timeout
                if not await self._fleet.drain(timeout):
                    logger.warning("a part was still in the air after %g s", timeout)
                for task in followers:
                    task.cancel()
                self._fleet.stop()

    # --- another configuration

    @property
    def config(self) -> Config:
        """The configuration in force."""
        return self._config

    async def reconfigure(self, config: Config) -> list[str]:
        """Go by another configuration. Returns when everything is done, with a line for each thing.

        One after the other, and within `gateway.drain_timeout` for modems that have to go. What is
        read at the start only stays as it is. Raises ValueError for a modem's profile that there is
        not: then nothing has changed. Cancelled midway, some of it is done; call it again.
        """
        await self._started.wait()
        async with self._changing:
            begin = self._fleet.plan(config)
            told = lines(self._config, config)
            config = self._config = in_force(self._config, config)
            self._acceptance = Acceptance(config, self._random)
            self._outbox.reconfigure(config)
            self._handlers.reconfigure(config.handler)
            self._inbox.reassembly_timeout_s = config.gateway.reassembly_timeout
            self._housekeeping.reconfigure(config)
            modems, moved, _ = await asyncio.gather(
                self._fleet.reconfigure(config, begin),
                self._outbox.reroute(),
                self._limit(config),
            )
            return [*told, *modems, *moved, *self._outbox.pinned_to_nobody()]

    async def _limit(self, config: Config) -> None:
        changed = False
        for quota, limits in (
            (self._per_recipient, config.recipient_limits),
            (self._per_key, config.key_limits),
        ):
            changed |= quota.limits != limits
            quota.limits = limits
        if changed:
            with contextlib.suppress(StoreUnavailable):  # then nothing is accepted either
                await self._store.write(lambda tx: None)  # what was accepted is in the store now
            await self._count_used()

    # --- sending

    @property
    def ready(self) -> bool:
        """Whether a modem can send."""
        return self._fleet.ready

    @property
    def accepting(self) -> str | None:
        """Why new work is refused, or None when it is not."""
        return self._store.problem

    async def send(
        self, new: NewMessage, *, key: str, idempotency: Idempotency | None = None
    ) -> Accepted:
        """Accept a message: when this returns it is committed.

        Raises Rejected (with every field that is wrong), TooMany, IdempotencyConflict,
        Unavailable.
        """
        try:
            message = self._check(new, key=key, now=self._clock.time())
        except TooMany:
            before = await self._answered(key, idempotency)
            if before is None:
                raise
            return Accepted(None, self._replay(before, idempotency))
        try:
            await self._commit([Mailing.of(message)], self._answer(key, idempotency, message))
        except AnsweredBefore as before:
            return Accepted(None, self._replay(before, idempotency))
        return Accepted(message)

    async def send_batch(
        self, news: Iterable[NewMessage], *, key: str, idempotency: Idempotency | None = None
    ) -> AcceptedBatch:
        """Accept what can be accepted of a batch, in one transaction.

        Raises IdempotencyConflict, Unavailable.
        """
        now = self._clock.time()
        id = new_id("bat", now, self._random)
        if isinstance(news, NewMailing):
            good, bad = await self._check_mailing(news, key=key, now=now, batch=id)
        else:
            good, bad = await self._check_each(news, key=key, now=now, batch=id)
        accepted = sum(len(mailing.recipients) for mailing in good)
        batch = AcceptedBatch(id, accepted, tuple(bad))
        try:
            await self._commit(
                good,
                self._answer(key, idempotency, batch),
                lambda tx: messages.insert_batch(tx, id, key, now, accepted, len(bad)),
            )
        except AnsweredBefore as before:
            return AcceptedBatch("", 0, (), self._replay(before, idempotency))
        return batch

    async def _check_each(
        self, news: Iterable[NewMessage], *, key: str, now: float, batch: str
    ) -> tuple[list[Mailing], list[tuple[int, Rejected | TooMany]]]:
        ids = new_ids("msg", now, self._random)
        good: list[Mailing] = []
        bad: list[tuple[int, Rejected | TooMany]] = []
        for index, new in enumerate(news):
            try:
                message = self._check(new, key=key, now=now, id=next(ids), batch=batch)
                good.append(Mailing.of(message))
            except (Rejected, TooMany) as refusal:
                bad.append((index, refusal))
            if index % 500 == 499:
                await asyncio.sleep(0)  # let others in between
        return good, bad

    async def _check_mailing(
        self, news: NewMailing, *, key: str, now: float, batch: str
    ) -> tuple[list[Mailing], list[tuple[int, Rejected | TooMany]]]:
        content, acceptance = news.content, self._acceptance
        try:
            common = acceptance.address(content, NOBODY, key=key, now=now, batch=batch)
        except Rejected:
            # Nobody can get it; one by one they are told that, and whose number is wrong besides.
            return await self._check_each(news, key=key, now=now, batch=batch)
        read = acceptance.addressing(content, key)
        ids = new_ids("msg", now, self._random)
        good: list[Recipient] = []
        bad: list[tuple[int, Rejected | TooMany]] = []
        for index, given in enumerate(news.to):
            try:
                to, route = read(given)
                self._count(to, key, now)
                good.append((next(ids), to, route))
            except (Rejected, TooMany) as refusal:
                bad.append((index, refusal))
            if index % 2000 == 1999:
                await asyncio.sleep(0)  # let others in between
        return [Mailing(common, good)], bad

    def _check(
        self,
        new: NewMessage,
        *,
        key: str,
        now: float,
        id: str | None = None,
        batch: str | None = None,
    ) -> Message:
        message = self._acceptance.check(new, key=key, now=now, id=id, batch=batch)
        self._count(message.to, key, now)
        return message

    def _count(self, to: str, key: str, now: float) -> None:
        """One more message from `key` to `to`. Raises TooMany."""
        for what, quota, name in (
            ("recipient", self._per_recipient, to),
            ("API key", self._per_key, key),
        ):
            at = quota.allowed_at(name, now)
            if at > now:
                raise TooMany(
                    f"this {what} has had as many messages as its limits allow; "
                    f"one more is allowed in {at - now:.0f} s",
                    at - now,
                )
        self._per_recipient.record(to, now)
        self._per_key.record(key, now)

    async def _answered(self, key: str, idempotency: Idempotency | None) -> AnsweredBefore | None:
        if idempotency is None:
            return None
        name = idempotency.key
        return await self._store.read(lambda db: find_answer(db, key, name))

    async def _reply(self, new: NewMessage, first: Callable[[Transaction], None]) -> None:
        now = self._clock.time()
        message = self._check(new, key="handler", now=now)
        at = self._replies.allowed_at(message.to, now)
        if at > now:
            raise TooMany("it has had as many automatic replies as it may have", at - now)
        self._replies.record(message.to, now)
        await self._commit([Mailing.of(message)], first)

    async def _commit(
        self,
        accepted: Sequence[Mailing],
        first: Callable[[Transaction], None] | None,
        then: Callable[[Transaction], None] | None = None,
    ) -> None:
        try:
            await self._outbox.accept(accepted, first=first, then=then)
        except Exception as error:
            for mailing in accepted:
                for _, to, _ in mailing.recipients:
                    self._per_recipient.give_back(to)
                    self._per_key.give_back(mailing.common.key)
            if isinstance(error, StoreUnavailable):
                raise Unavailable(str(error)) from error
            raise
        for mailing in accepted:
            self._accepted.add(mailing.common.type, len(mailing.recipients))

    def _answer(
        self, key: str, idempotency: Idempotency | None, answer: Any
    ) -> Callable[[Transaction], None] | None:
        if idempotency is None:
            return None
        body = idempotency.render(answer)
        return lambda tx: remember_answer(tx, key, idempotency.key, idempotency.fingerprint, body)

    def _replay(self, before: AnsweredBefore, idempotency: Idempotency | None) -> bytes:
        if idempotency is None or before.fingerprint != idempotency.fingerprint:
            raise IdempotencyConflict(
                "this Idempotency-Key was used for another request; use a new one"
            ) from before
        return before.body

    def preview(self, new: NewMessage, *, key: str) -> Preview:
        """What a message would be sent as; sends nothing. Raises Rejected as `send` would."""
        self._acceptance.check(new, key=key, now=self._clock.time())
        parts = self._acceptance.split(new)
        return Preview(
            encoding=parts.alphabet.value,
            parts=len(parts.parts),
            units=parts.units,
            units_left=parts.units_left,
            changes=parts.changes,
        )

    async def message(self, id: str) -> Message:
        """A message and its history. Raises NotFound."""
        found = await self._store.read(lambda db: messages.get(db, id))
        if found is None:
            raise NotFound(f"there is no message {id!r}")
        return found

    async def messages(self, query: MessageQuery) -> Page[Message]:
        """A page of messages, newest first. Raises Rejected for a cursor that is not ours."""
        try:
            return await self._store.read(lambda db: messages.find(db, query))
        except (ValueError, OverflowError) as error:
            raise _bad_cursor() from error

    async def cancel(self, id: str) -> Message:
        """Cancel a message that has not begun. Raises NotFound, Conflict."""
        n = await self._store.read(lambda db: messages.number_of(db, id))
        if n is None:
            raise NotFound(f"there is no message {id!r}")
        await self._outbox.cancel(n)
        return await self.message(id)

    async def batch(self, id: str) -> tuple[dict[str, Any], dict[str, int]]:
        """What is known of a batch, and its messages counted by status. Raises NotFound."""
        found = await self._store.read(lambda db: messages.batch_counts(db, id))
        if found is None:
            raise NotFound(f"there is no batch {id!r}")
        return found

    # --- receiving

    async def inbound(self, id: str) -> Inbound:
        """A received message. Raises NotFound."""
        found = await self._store.read(lambda db: inbound.get(db, id))
        if found is None:
            raise NotFound(f"there is no inbound message {id!r}")
        return found

    async def inbounds(self, query: InboundQuery) -> Page[Inbound]:
        """A page of received messages, newest first. Raises Rejected for a foreign cursor."""
        try:
            return await self._store.read(lambda db: inbound.find(db, query))
        except (ValueError, OverflowError) as error:
            raise _bad_cursor() from error

    def events(self, after: int | None = None) -> AsyncIterator[Event]:
        """Events with an id above `after` (default: from now on), then live, without end."""
        return self._bus.follow(after)

    # --- modems

    def modems(self) -> list[ModemView]:
        """Every modem as it is now."""
        return self._fleet.views()

    def modem(self, id: str) -> ModemView:
        """A modem as it is now. Raises NotFound."""
        return self._fleet.view(id)

    def pause_modem(self, id: str) -> ModemView:
        """Send nothing more through a modem. Raises NotFound."""
        return self._tell(id, Modem.pause)

    def resume_modem(self, id: str) -> ModemView:
        """Let a paused modem work again. Raises NotFound."""
        return self._tell(id, Modem.resume)

    def restart_modem(self, id: str) -> ModemView:
        """Let a modem begin anew with its identification. Raises NotFound."""
        return self._tell(id, Modem.restart)

    def _tell(self, id: str, verb: Callable[[Modem], None]) -> ModemView:
        verb(self._fleet.modem(id))
        return self._fleet.view(id)

    async def ussd(self, id: str, code: str, timeout_s: float) -> UssdAnswer:
        """Send a USSD request. Raises NotFound, Conflict (not ready), ModemError."""
        return await self._fleet.ready_modem(id).ussd(code, timeout_s=timeout_s)

    async def end_ussd(self, id: str) -> None:
        """End a modem's USSD dialogue, if there is one. Raises NotFound, Conflict, ModemError."""
        await self._fleet.ready_modem(id).ussd_cancel()

    def trace(self, id: str, *, texts: bool = False) -> list[TraceLine]:
        """What was last said on a modem's port, oldest first. Raises NotFound.

        PINs are masked always, PDUs and USSD strings unless `texts`.
        """
        return self._fleet.modem(id).trace.lines(texts=texts)

    def follow_trace(self, id: str, tap: Callable[[TraceLine], None]) -> None:
        """Hand every line on a modem's port to `tap` as well, masked. Raises NotFound."""
        self._fleet.modem(id).trace.tap = tap

    # --- the rest

    async def authenticate(self, token: str) -> Key | None:
        """The key with this token, if it is in force."""
        hash_ = keys.digest(token)
        now = self._clock.monotonic()
        known = self._known_keys.get(hash_)
        if known is not None and now - known[0] < KEY_CACHE_S:
            return known[1]
        key = await self._store.read(lambda db: keys.find(db, hash_))
        if len(self._known_keys) >= KEY_CACHE_SIZE:
            self._known_keys.clear()
        if key is not None:
            self._known_keys[hash_] = (now, key)
        return key

    def metrics(self) -> CollectorRegistry:
        """The figures for Prometheus."""
        return registry_of(
            self._fleet.views, lambda: len(self._outbox.dispatcher.core), self._accepted
        )


def _bad_cursor() -> Rejected:
    return Rejected(
        [FieldProblem("cursor", "is not a next_cursor that this list gave", "invalid-cursor")]
    )

"""The door by which messages come in: checked, counted, committed, and answered once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from modemgw.clock import Clock
from modemgw.config import Config, RateLimits
from modemgw.gateway.accept import NOBODY, Acceptance
from modemgw.gateway.errors import IdempotencyConflict, Rejected, TooMany, Unavailable
from modemgw.gateway.identifiers import new_id, new_ids
from modemgw.gateway.metrics import Accepted as AcceptedCount
from modemgw.gateway.outbox import Outbox
from modemgw.gateway.quota import Quota
from modemgw.store import AnsweredBefore, Store, StoreUnavailable, Transaction, messages
from modemgw.store.events import find_answer, remember_answer
from modemgw.store.records import Mailing, Message, NewMailing, NewMessage, Recipient

REPLIES = RateLimits(per_minute=6, per_hour=60)
"""Automatic replies to one number: two machines that answer each other must not go on for ever."""

TURN_S = 0.02
"""How long the messages of a batch are looked at before others may do something."""


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


class Door:
    """Accepts messages into the outbox, or says why not."""

    def __init__(
        self, config: Config, *, store: Store, outbox: Outbox, clock: Clock, random: Random
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._clock = clock
        self._random = random
        self._acceptance = Acceptance(config, random)
        self._to_count = True
        """Limits are new: what was accepted before them is not counted yet."""
        self.accepted = AcceptedCount()
        self._per_recipient = Quota(config.recipient_limits)
        self._per_key = Quota(config.key_limits)
        self._replies = Quota(REPLIES)
        self.quotas = (self._per_recipient, self._per_key, self._replies)

    def reconfigure(self, config: Config) -> None:
        """Check by another configuration; then call `count_used`."""
        self._acceptance = Acceptance(config, self._random)
        for quota, limits in (
            (self._per_recipient, config.recipient_limits),
            (self._per_key, config.key_limits),
        ):
            self._to_count |= quota.limits != limits
            quota.limits = limits

    async def count_used(self) -> None:
        """Limits count what was accepted within their windows before they were there."""
        window = max(self._per_recipient.window_s, self._per_key.window_s)
        if self._to_count and window:
            with contextlib.suppress(StoreUnavailable):  # then nothing is accepted either
                await self._store.write(lambda tx: None)  # what was accepted is in the store now
            since = self._clock.time() - window
            by_to, by_key = await self._store.read(lambda db: messages.since(db, since))
            self._per_recipient.recount(by_to)
            self._per_key.recount(by_key)
        self._to_count = False

    async def send(
        self, new: NewMessage, *, key: str, idempotency: Idempotency | None = None
    ) -> Accepted:
        """See Gateway.send."""
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
        """See Gateway.send_batch."""
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
        turn = self._clock.monotonic() + TURN_S
        for index, new in enumerate(news):
            try:
                message = self._check(new, key=key, now=now, id=next(ids), batch=batch)
                good.append(Mailing.of(message))
            except (Rejected, TooMany) as refusal:
                bad.append((index, refusal))
            if self._clock.monotonic() > turn:
                await asyncio.sleep(0)  # let others in between
                turn = self._clock.monotonic() + TURN_S
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
        turn = self._clock.monotonic() + TURN_S
        for index, given in enumerate(news.to):
            try:
                to, route = read(given)
                self._count(to, key, now)
                good.append((next(ids), to, route))
            except (Rejected, TooMany) as refusal:
                bad.append((index, refusal))
            if index % 64 == 63 and self._clock.monotonic() > turn:
                await asyncio.sleep(0)  # let others in between
                turn = self._clock.monotonic() + TURN_S
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

    async def reply(self, new: NewMessage, first: Callable[[Transaction], None]) -> None:
        """Accept an automatic reply; `first` is done in the same transaction, before that.

        Raises Rejected, TooMany, Unavailable, or what `first` raises.
        """
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
            self.accepted.add(mailing.common.type, len(mailing.recipients))

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
        """See Gateway.preview."""
        self._acceptance.check(new, key=key, now=self._clock.time())
        parts = self._acceptance.split(new)
        return Preview(
            encoding=parts.alphabet.value,
            parts=len(parts.parts),
            units=parts.units,
            units_left=parts.units_left,
            changes=parts.changes,
        )

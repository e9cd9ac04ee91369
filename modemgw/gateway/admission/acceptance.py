"""The door by which messages come in: checked, counted, committed, and answered once."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from modemgw.clock import Clock
from modemgw.config import Config, RateLimits
from modemgw.gateway.admission.checks import NOBODY, Acceptance
from modemgw.gateway.admission.quota import Quota
from modemgw.gateway.errors import IdempotencyConflict, Rejected, TooMany, Unavailable
from modemgw.gateway.following import Rest
from modemgw.gateway.identifiers import new_id, new_ids
from modemgw.gateway.misdated import believed, found_in
from modemgw.gateway.outgoing.outbox import REDATE_S, Outbox
from modemgw.gateway.upkeep.metrics import Accepted as AcceptedCount
from modemgw.store import (
    AnsweredBefore,
    Store,
    StoreUnavailable,
    Transaction,
    messages,
    sim_state,
)
from modemgw.store.events import find_answer, remember_answer
from modemgw.store.records import Mailing, Message, Misdated, NewMailing, NewMessage, Recipient

REPLIES = RateLimits(per_minute=6, per_hour=60)
"""Automatic replies to one number: two machines that answer each other must not go on for ever."""

TURN_S = 0.02
"""How long the messages of a batch are looked at before others may do something."""


REPLIES_KEY = "handler"
"""What stands for the API key in automatic replies."""

_Used = list[tuple[float, str, str]]
"""(time of acceptance, recipient, key) of messages, oldest first."""


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
        self._began = clock.time()
        outbox.clock.follow(self._clock_set)

    def follow(self, config: Config) -> Rest:
        """See Follower: checks by another configuration, and counts for its limits."""
        self._acceptance = Acceptance(config, self._random)
        for quota, limits in (
            (self._per_recipient, config.recipient_limits),
            (self._per_key, config.key_limits),
        ):
            self._to_count |= quota.limits != limits
            quota.limits = limits
        return self._count_for_new_limits()

    async def _count_for_new_limits(self) -> list[str]:
        await self.count_used()
        return []

    async def count_used(self) -> None:
        """Limits count what was accepted within their windows before they were there."""
        if self._to_count:
            with contextlib.suppress(StoreUnavailable):  # then nothing is accepted either
                await self._store.write(lambda tx: None)  # what was accepted is in the store now
            since, now = self._window()
            used, found = await self._store.read(lambda db: _used(db, since, now))
            if found is not None:
                self._store.write(lambda tx: _keep(tx, found), keep=True)
            self._know(used)
        self._to_count = False

    def _window(self) -> tuple[float, float]:
        """Since when messages count, and the time."""
        now = self._clock.time()
        return now - max(quota.window_s for quota in self.quotas), now

    def _know(self, used: _Used) -> None:
        by_to: dict[str, list[float]] = {}
        by_key: dict[str, list[float]] = {}
        replies: dict[str, list[float]] = {}
        for at, to, key in used:
            by_to.setdefault(to, []).append(at)
            by_key.setdefault(key, []).append(at)
            if key == REPLIES_KEY:
                replies.setdefault(to, []).append(at)
        self._per_recipient.recount(by_to)
        self._per_key.recount(by_key)
        self._replies.recount(replies)

    def _clock_set(self, by_s: float) -> None:
        """The wall clock was set: the store's dates of this run are moved, so must be ours."""
        if abs(by_s) < REDATE_S:
            return
        before = self._outbox.clock.ahead_s - by_s
        for quota in self.quotas:
            quota.clock_set(by_s, self._began + before - REDATE_S)
        since, now = self._window()

        def count(tx: Transaction) -> _Used:
            used, found = _used(tx, since, now)
            if found is not None:
                _keep(tx, found)
            return used

        self._store.write(count, keep=True, then=self._know)

    async def send(
        self, new: NewMessage, *, key: str, idempotency: Idempotency | None = None
    ) -> Accepted:
        """Accept a message: when this returns it is committed.

        Raises Rejected (with every field that is wrong), TooMany, IdempotencyConflict,
        Unavailable.
        """
        self._outbox.clock.look()
        try:
            message = self._check(new, key=key, now=self._clock.time())
        except (Rejected, TooMany):  # the first time it may have been taken: by other routes, say
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
        self._outbox.clock.look()
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
        return await self._store.look_up(lambda db: find_answer(db, key, name))

    async def reply(self, new: NewMessage, first: Callable[[Transaction], None]) -> None:
        """Accept an automatic reply; `first` is done in the same transaction, before that.

        Raises Rejected, TooMany, Unavailable, or what `first` raises.
        """
        self._outbox.clock.look()
        now = self._clock.time()
        message = self._check(new, key=REPLIES_KEY, now=now)
        to = message.to
        at = self._replies.allowed_at(to, now)
        if at > now:
            self._give_back([(to, REPLIES_KEY)])
            raise TooMany("it has had as many automatic replies as it may have", at - now)
        self._replies.record(to, now)
        try:
            await self._commit([Mailing.of(message)], first)
        except Exception:
            self._replies.give_back(to)
            raise

    async def _commit(
        self,
        accepted: Sequence[Mailing],
        first: Callable[[Transaction], None] | None,
        then: Callable[[Transaction], None] | None = None,
    ) -> None:
        try:
            await self._outbox.accept(accepted, first=first, then=then)
        except Exception as error:
            self._give_back((to, m.common.key) for m in accepted for _, to, _ in m.recipients)
            if isinstance(error, StoreUnavailable):
                raise Unavailable(str(error)) from error
            raise
        for mailing in accepted:
            self.accepted.add(mailing.common.type, len(mailing.recipients))

    def _give_back(self, counted: Iterable[tuple[str, str]]) -> None:
        """Messages (recipient, key) were not accepted after all."""
        for to, key in counted:
            self._per_recipient.give_back(to)
            self._per_key.give_back(key)

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


def _used(
    db: sqlite3.Connection | Transaction, since: float, now: float
) -> tuple[_Used, Misdated | None]:
    """What was accepted since then; and what is to be remembered of dates later than now."""
    rows = messages.since(db, since)
    known = sim_state.misdated(db, sim_state.MESSAGES)
    found = found_in((at for at, _, _ in rows), now, known, REDATE_S)
    used = [
        (at, to, key)
        for date, to, key in rows
        if (at := believed(date, now, found, REDATE_S)) >= since
    ]
    return sorted(used), None if found == known else found


def _keep(tx: Transaction, found: Misdated) -> None:
    sim_state.keep_misdated(tx, sim_state.MESSAGES, found)

"""Housekeeping: overdue receipts and sets of parts, and letting old things go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol

from modemgw.clock import Clock, SteadyClock
from modemgw.config import Config, TypeSection
from modemgw.gateway.admission.duplicates import SLACK_S
from modemgw.gateway.following import Rest, nothing_left
from modemgw.gateway.incoming.intake import Intake
from modemgw.gateway.outgoing import life
from modemgw.gateway.outgoing.life import Happening, Subject
from modemgw.store import Store, Transaction
from modemgw.store.records import MessageStatus

EVERY_S = 60.0
CHUNK = 500
"""Rows touched in one transaction: others must not wait long for the writer."""
DAY_S = 86400.0
ANSWERS_DAYS = 7.0
"""An Idempotency-Key is remembered this long."""

SETTLED_S = 3600.0
"""Nothing is let go by a clock that was set, or first seen, less than this time ago: on a board
without a battery it may be a year ahead until the network tells the time."""
PAUSE_S = 0.1
"""Between such transactions: letting go of a million rows must not hold up sending."""

_Step = Callable[[Transaction, int, float, int], int | None]


class Forgetful(Protocol):
    """A part of the gateway whose memory holds things that matter for a time only."""

    def forget_idle(self, now: float) -> None:
        """Forget the things that do not matter any more at `now` (UTC seconds)."""
        ...


class Housekeeping:
    """Runs every EVERY_S seconds, in small transactions."""

    def __init__(
        self,
        config: Config,
        *,
        store: Store,
        intake: Intake,
        forgetful: Sequence[Forgetful],
        clock: Clock,
    ) -> None:
        self._config = config
        self._store = store
        self._intake = intake
        self._forgetful = forgetful
        self._day = 0.0
        self._at: dict[str, int] = {}
        """How far each kind of thing was looked through today."""
        self._clock = clock
        self._steady = SteadyClock(clock)
        """By which it is seen how long the clock has not been set."""

    def follow(self, config: Config) -> Rest:
        """See Follower: other times from the next round on."""
        self._config = config
        return nothing_left()

    async def run(self) -> None:
        """Hand on what is overdue, until cancelled. What fails is begun anew."""
        while True:
            await self._hand_on()
            await self._clock.sleep(EVERY_S)

    async def let_go(self) -> None:
        """Let old things go, until cancelled: it holds up nothing of what `run` does."""
        while True:
            await self._let_go_by_a_settled_clock()
            await self._clock.sleep(EVERY_S)

    async def turn(self) -> None:
        """One round of everything."""
        await self._hand_on()
        await self._let_all_go()

    async def _hand_on(self) -> None:
        """Hand on whatever somebody waits for: deleting a million rows does not hold it up."""
        for one in self._forgetful:
            one.forget_idle(self._clock.time())
        await _each(self._intake.release_overdue, self._end_waiting)

    async def _end_waiting(self) -> None:
        overdue = self._clock.time() - self._config.gateway.receipt_timeout
        while await self._store.write(lambda tx: _end_waiting(tx, overdue)) >= CHUNK:
            await self._clock.sleep(PAUSE_S)

    async def _let_go_by_a_settled_clock(self) -> None:
        self._steady.look()
        if self._steady.time() - self._steady.set_at >= SETTLED_S:
            await self._let_all_go()

    async def _let_all_go(self) -> None:
        now = self._clock.time()
        if now // DAY_S != self._day:
            # Once a day from the beginning: what had not ended last time may have by now.
            self._day, self._at = now // DAY_S, {}
        answers = now - ANSWERS_DAYS * DAY_S
        chores = [
            partial(self._let_go, name, step, now - days * DAY_S)
            for name, days, step in self._retention()
            if days
        ]
        if days := self._config.retention.messages_days:
            chores.append(partial(self._forget_batches, now - days * DAY_S))
        if days := self._config.retention.usage_days:
            chores.append(partial(self._forget_usage, now - days * DAY_S))
        chores.append(
            partial(self._forget, lambda tx, before: tx.retention.delete_answers(before), answers)
        )
        chores.append(
            partial(self._forget, lambda tx, before: tx.retention.delete_unmatched(before), answers)
        )
        chores.append(partial(self._forget_said, now))
        chores.append(partial(self._forget, lambda tx, at: tx.keys.forget_retired(at), now))
        if days := self._config.retention.alerts_days:
            cleared = now - days * DAY_S
            chores.append(
                partial(self._forget, lambda tx, at: tx.alerts.delete_cleared(at), cleared)
            )
        chores.append(
            partial(self._forget, lambda tx, at: tx.verifications.forget_uses(at), now - DAY_S)
        )
        await _each(*chores)

    async def _forget_batches(self, before: float) -> None:
        while (
            await self._store.write(lambda tx: tx.retention.delete_batches(before, CHUNK)) >= CHUNK
        ):
            await self._clock.sleep(PAUSE_S)

    async def _forget_usage(self, before: float) -> None:
        while await self._store.write(lambda tx: tx.retention.delete_usage(before)):
            await self._clock.sleep(PAUSE_S)

    async def _forget_said(self, now: float) -> None:
        """Forget what is no longer a duplicate when it comes again."""
        before, after = now - self._config.duplicates.window_seconds, now + SLACK_S
        while (
            await self._store.write(lambda tx: tx.retention.delete_recent(before, after, CHUNK))
            >= CHUNK
        ):
            await self._clock.sleep(PAUSE_S)

    async def _forget(self, forget: Callable[[Transaction, float], int], before: float) -> None:
        await self._store.write(lambda tx: forget(tx, before))

    def _retention(self) -> list[tuple[str, float, _Step]]:
        """(name, days after which, what is done) for each kind of thing that is let go."""
        keep = self._config.retention
        return [
            *(
                (name, self._texts_days(policy), partial(_redact, name))
                for name, policy in self._config.type.by_name().items()
            ),
            (
                "messages",
                keep.messages_days,
                lambda tx, after, before, limit: tx.retention.delete_messages(after, before, limit),
            ),
            (
                "inbound",
                keep.inbound_days,
                lambda tx, after, before, limit: tx.retention.delete_inbound(after, before, limit),
            ),
            (
                "deliveries",
                keep.deliveries_days,
                lambda tx, after, before, limit: tx.retention.delete_deliveries(
                    after, before, limit
                ),
            ),
            (
                "events",
                keep.events_days,
                lambda tx, after, before, limit: tx.retention.delete_events(after, before, limit),
            ),
            (
                "audit",
                keep.audit_days,
                lambda tx, after, before, limit: tx.retention.delete_audit(after, before, limit),
            ),
            (
                "verifications",
                keep.verifications_days,
                lambda tx, after, before, limit: tx.retention.delete_verifications(
                    after, before, limit
                ),
            ),
        ]

    def _texts_days(self, policy: TypeSection) -> float:
        """After how many days texts are emptied that are still there; 0: never.

        Those that end with their messages are not, but for what ended before that was wanted.
        """
        days = policy.redact_text_after_days
        if not policy.erase_text:
            return days
        settled = max(self._config.gateway.receipt_timeout, SETTLED_S) / DAY_S
        return min(days, settled) if days else settled

    async def _let_go(self, name: str, step: _Step, before: float) -> None:
        while True:
            after = self._at.get(name, 0)
            last = await self._store.write(partial(_call, step, after, before))
            if last is None:
                return
            self._at[name] = last
            await self._clock.sleep(PAUSE_S)


async def _each(*chores: Callable[[], Awaitable[None]]) -> None:
    """Do all of them: what goes wrong with one keeps none of the others from being done.

    Raises the first error.
    """
    first: Exception | None = None
    for chore in chores:
        try:
            await chore()
        except Exception as error:
            first = first or error
    if first is not None:
        raise first


def _call(step: _Step, after: int, before: float, tx: Transaction) -> int | None:
    return step(tx, after, before, CHUNK)


def _redact(type: str, tx: Transaction, after: int, before: float, limit: int) -> int | None:
    return tx.retention.redact_texts(type, after, before, limit)


def _end_waiting(tx: Transaction, before: float) -> int:
    """Messages whose receipts did not come in time are `sent` for good: say so once."""
    rows = tx.messages.overdue(before, CHUNK)
    for n, id, reference in rows:
        subject = Subject(n, id, reference)
        life.move(tx, subject, Happening.OVERDUE, stands=MessageStatus.SENT, more={"final": True})
    tx.messages.wait_no_longer([n for n, _, _ in rows])
    return len(rows)

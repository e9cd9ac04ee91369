"""What is done now and then: overdue receipts and sets of parts, and letting old things go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from modemgw.clock import Clock
from modemgw.config import Config
from modemgw.gateway import progress
from modemgw.gateway.inbox import Inbox
from modemgw.gateway.quota import Quota
from modemgw.store import Store, Transaction, maintenance, messages
from modemgw.store.records import MessageStatus

EVERY_S = 60.0
CHUNK = 500
"""Rows touched in one transaction: others must not wait long for the writer."""
DAY_S = 86400.0
ANSWERS_DAYS = 7.0
"""An Idempotency-Key is remembered this long."""

PAUSE_S = 0.1
"""Between such transactions: letting go of a million rows must not hold up sending."""

_Step = Callable[[Transaction, int, float, int], int | None]


class Housekeeping:
    """Runs every EVERY_S seconds, in small transactions."""

    def __init__(
        self,
        config: Config,
        *,
        store: Store,
        inbox: Inbox,
        quotas: Sequence[Quota],
        clock: Clock,
    ) -> None:
        self._config = config
        self._store = store
        self._inbox = inbox
        self._quotas = quotas
        self._day = 0.0
        self._at: dict[str, int] = {}
        """How far each kind of thing was looked through today."""
        self._clock = clock

    def reconfigure(self, config: Config) -> None:
        """Go by other times from the next round on."""
        self._config = config

    async def run(self) -> None:
        """Keep house until cancelled. A turn that fails is begun anew by the keeper."""
        while True:
            await self.turn()
            await self._clock.sleep(EVERY_S)

    async def turn(self) -> None:
        """One round."""
        now = self._clock.time()
        for quota in self._quotas:
            quota.forget_idle(now)
        await self._inbox.release_overdue()
        overdue = now - self._config.gateway.receipt_timeout
        while await self._store.write(lambda tx: _end_waiting(tx, overdue)) >= CHUNK:
            await self._clock.sleep(PAUSE_S)
        if now // DAY_S != self._day:
            # Once a day from the beginning: what had not ended last time may have by now.
            self._day, self._at = now // DAY_S, {}
        for name, days, step in self._retention():
            if days:
                await self._let_go(name, step, now - days * DAY_S)
        answers = now - ANSWERS_DAYS * DAY_S
        await self._store.write(lambda tx: maintenance.delete_answers(tx, answers))
        await self._store.write(lambda tx: maintenance.delete_unmatched(tx, answers))

    def _retention(self) -> list[tuple[str, float, _Step]]:
        """(name, days after which, what is done) for each kind of thing that is let go."""
        keep, types = self._config.retention, self._config.type
        return [
            ("otp", types.otp.redact_text_after_days, partial(_redact, "otp")),
            (
                "transactional",
                types.transactional.redact_text_after_days,
                partial(_redact, "transactional"),
            ),
            (
                "promotional",
                types.promotional.redact_text_after_days,
                partial(_redact, "promotional"),
            ),
            ("messages", keep.messages_days, maintenance.delete_messages),
            ("inbound", keep.inbound_days, maintenance.delete_inbound),
            ("events", keep.events_days, maintenance.delete_events),
        ]

    async def _let_go(self, name: str, step: _Step, before: float) -> None:
        while True:
            after = self._at.get(name, 0)
            last = await self._store.write(partial(_call, step, after, before))
            if last is None:
                return
            self._at[name] = last
            await self._clock.sleep(PAUSE_S)


def _call(step: _Step, after: int, before: float, tx: Transaction) -> int | None:
    return step(tx, after, before, CHUNK)


def _redact(type: str, tx: Transaction, after: int, before: float, limit: int) -> int | None:
    return maintenance.redact_texts(tx, type, after, before, limit)


def _end_waiting(tx: Transaction, before: float) -> int:
    """Messages whose receipts did not come in time are `sent` for good: say so once."""
    rows = messages.take_overdue(tx, before, CHUNK)
    for id, reference in rows:
        data = progress.about(id, MessageStatus.SENT, reference)
        tx.emit("message.sent", {**data, "final": True})
    return len(rows)

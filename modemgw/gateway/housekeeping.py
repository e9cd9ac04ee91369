"""What is done now and then: overdue receipts and sets of parts, and letting old things go."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from modemgw.clock import Clock
from modemgw.config import Config
from modemgw.gateway import progress
from modemgw.gateway.inbox import Inbox
from modemgw.gateway.quota import Quota
from modemgw.store import Store, StoreError, Transaction, maintenance, messages
from modemgw.store.records import MessageStatus

logger = logging.getLogger(__name__)

EVERY_S = 60.0
CHUNK = 500
"""Rows touched in one transaction: others must not wait long for the writer."""
DAY_S = 86400.0
ANSWERS_DAYS = 7.0
"""An Idempotency-Key is remembered this long."""

_Step = Callable[[Transaction], int]


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
        self._clock = clock

    async def run(self) -> None:
        """Keep house until cancelled. A database in trouble is left alone until the next turn."""
        while True:
            try:
                await self.turn()
            except StoreError as error:
                logger.warning("housekeeping is put off: %s", error)
            except Exception:  # whatever it is, messages must go on
                logger.exception("housekeeping failed")
            await self._clock.sleep(EVERY_S)

    async def turn(self) -> None:
        """One round."""
        now = self._clock.time()
        for quota in self._quotas:
            quota.forget_idle(now)
        await self._inbox.release_overdue()
        overdue = now - self._config.gateway.receipt_timeout
        await self._in_chunks(lambda tx: _end_waiting(tx, overdue))
        for step in self._retention(now):
            await self._in_chunks(step)

    def _retention(self, now: float) -> list[_Step]:
        keep = self._config.retention
        steps: list[_Step] = []
        for type_ in ("otp", "transactional", "promotional"):
            days = getattr(self._config.type, type_).redact_text_after_days
            if days:
                steps.append(
                    lambda tx, t=type_, b=now - days * DAY_S: maintenance.redact_texts(  # type: ignore[misc]
                        tx, t, b, CHUNK
                    )
                )
        for days, delete in (
            (keep.messages_days, maintenance.delete_messages),
            (keep.inbound_days, maintenance.delete_inbound),
            (keep.events_days, maintenance.delete_events),
        ):
            if days:
                steps.append(
                    lambda tx, d=delete, b=now - days * DAY_S: d(tx, b, CHUNK)  # type: ignore[misc]
                )
        steps.append(lambda tx: maintenance.delete_answers(tx, now - ANSWERS_DAYS * DAY_S))
        steps.append(lambda tx: maintenance.delete_unmatched(tx, now - ANSWERS_DAYS * DAY_S))
        return steps

    async def _in_chunks(self, step: _Step) -> None:
        while await self._store.write(step) >= CHUNK:
            pass


def _end_waiting(tx: Transaction, before: float) -> int:
    """Messages whose receipts did not come in time are `sent` for good: say so once."""
    rows = messages.take_overdue(tx, before, CHUNK)
    for id, reference in rows:
        data = progress.about(id, MessageStatus.SENT, reference)
        tx.emit("message.sent", {**data, "final": True})
    return len(rows)

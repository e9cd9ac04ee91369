"""What admins did: put on record where it is done, and listed."""

from __future__ import annotations

import asyncio
import logging

from modemgw.gateway.errors import foreign_cursor
from modemgw.store import AuditQuery, AuditRecord, Store, Transaction
from modemgw.store.records import Page

logger = logging.getLogger(__name__)

DONE = "done"
"""The outcome of what was not refused."""
PATIENCE_S = 2.0
"""So long an answer waits until what was done is committed. On a full disk that may take days: an
admin must be able to act all the same, and it is committed when that works again."""


class Audit:
    """The record of what admins did."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def record(
        self,
        action: str,
        *,
        key: str | None,
        address: str,
        target: str | None = None,
        outcome: str = DONE,
        detail: str | None = None,
    ) -> None:
        """Put on record what was done, or why it was not. There are no secrets in `detail`."""

        def work(tx: Transaction) -> None:
            tx.audit.record(
                action, key=key, address=address, target=target, outcome=outcome, detail=detail
            )

        recorded = self._store.write(work, keep=True)
        recorded.add_done_callback(_tell_failure)
        await asyncio.wait((recorded,), timeout=PATIENCE_S)

    async def find(self, query: AuditQuery) -> Page[AuditRecord]:
        """A page of records, newest first. Raises Rejected for a foreign cursor."""
        try:
            return await self._store.read(lambda view: view.audit.find(query))
        except (ValueError, OverflowError) as error:
            raise foreign_cursor() from error


def _tell_failure(recorded: asyncio.Future[None]) -> None:
    if not recorded.cancelled() and (error := recorded.exception()) is not None:
        logger.warning("what an admin did is not on record: %s", error)

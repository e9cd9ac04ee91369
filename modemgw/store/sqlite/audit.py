"""Rows of what admins did."""

from __future__ import annotations

from modemgw.store.contract.audit import AuditQuery, AuditRecord
from modemgw.store.records import Page
from modemgw.store.sqlite.paging import page
from modemgw.store.sqlite.rows import Rows

_COLUMNS = "n, at, key, address, action, target, outcome, detail"


class SqliteAudit(Rows):
    """What admins did, and what they do now."""

    __slots__ = ()

    def record(
        self,
        action: str,
        *,
        key: str | None,
        address: str,
        target: str | None,
        outcome: str,
        detail: str | None = None,
    ) -> None:
        """Put on record what is done at the time of this unit of work."""
        self._db.execute(
            "INSERT INTO audit (at, key, address, action, target, outcome, detail) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (self.now, key, address, action, target, outcome, detail),
        )

    def find(self, query: AuditQuery) -> Page[AuditRecord]:
        """A page of records, newest first. Raises ValueError for a foreign cursor."""
        return page(
            self._db,
            "audit",
            _COLUMNS,
            (
                ("key", "=", query.key),
                ("action", "=", query.action),
                ("target", "=", query.target),
                ("outcome", "=", query.outcome),
                ("at", ">=", query.since),
                ("at", "<", query.until),
            ),
            time="at",
            cursor=query.cursor,
            limit=query.limit,
            make=lambda row: AuditRecord(*row[1:8]),
        )

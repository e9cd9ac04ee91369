"""When the wall clock was set, what this run had dated by it before is dated right.

Only rows that a run has written itself are touched, and of those the newest: how far off the clock
was is known for them alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence

from modemgw.store.sqlite.rows import Rows

MOST = 100_000
"""Rows of a table that are dated anew at the most: others must not wait long for the writer."""

_TABLES = (
    ("messages", "n", "created_at", ("created_at", "updated_at")),
    ("attempts", "message", "started_at", ("started_at", "ended_at", "report_at", "retry_at")),
    ("inbound_parts", "n", "received_at", ("received_at",)),
    ("inbound", "n", "received_at", ("received_at", "completed_at")),
    ("unmatched_reports", "n", "received_at", ("received_at",)),
    ("events", "id", "at", ("at",)),
    ("deliveries", "n", "created_at", ("created_at", "ended_at")),
    ("delivery_outcomes", "n", "at", ("at",)),
    ("audit", "n", "at", ("at",)),
    ("verifications", "n", "created_at", ("created_at", "expires_at", "sent_at", "ended_at")),
    ("verification_uses", "n", "at", ("at",)),
)
"""(table, what numbers its rows as they come, the date by which a row is known, its dates)."""


class SqliteDates(Rows):
    """What was dated by a clock that was wrong."""

    __slots__ = ("_on_redated",)

    def __init__(
        self,
        db: sqlite3.Connection,
        now: float = 0.0,
        *,
        on_redated: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_redated` is called when the clocks of service centres were moved."""
        super().__init__(db, now)
        self._on_redated = on_redated

    def marks(self) -> dict[str, int]:
        """How far each table goes: what comes later is of this run."""
        return {table: _last(self._db, table, number) for table, number, _, _ in _TABLES}

    def redate(
        self,
        by_s: float,
        since: float,
        until: float,
        after: Mapping[str, int],
        waiting: Sequence[int],
    ) -> None:
        """Move what was dated from `since` to `until` by `by_s` seconds.

        `after`: the marks of when the run began. `waiting`: messages that it found waiting.
        """
        for table, number, known_by, dates in _TABLES:
            first = max(after[table], _last(self._db, table, number) - MOST)
            moved = ", ".join(f"{date} = {date} + ?1" for date in dates)
            if table == "messages":  # what is scheduled ends by its date
                moved += ", expires_at = expires_at + CASE WHEN send_at IS NULL THEN ?1 ELSE 0 END"
            self._db.execute(
                f"UPDATE {table} SET {moved} WHERE {number} > ?2 AND {known_by} BETWEEN ?3 AND ?4",
                (by_s, first, since, until),
            )
        self._db.executemany(
            "UPDATE attempts SET started_at = started_at + ?1, ended_at = ended_at + ?1, "
            "report_at = report_at + ?1, retry_at = retry_at + ?1 "
            "WHERE message = ?2 AND started_at BETWEEN ?3 AND ?4",
            [(by_s, n, since, until) for n in waiting[:MOST]],
        )
        self._db.execute(
            "UPDATE messages SET updated_at = updated_at + ?1 WHERE n <= ?2 AND status = 'sent' "
            "AND receipt = 1 AND receipt_overdue = 0 AND updated_at BETWEEN ?3 AND ?4",
            (by_s, after["messages"], since, until),
        )
        self._db.execute(
            "UPDATE deliveries SET next_at = next_at + ?1 WHERE state = 'pending' "
            "AND next_at BETWEEN ?2 AND ?3",
            (by_s, since, until + 3600.0),
        )
        self._db.execute(
            "UPDATE deliveries SET lease_until = lease_until + ?1 WHERE state = 'claimed'", (by_s,)
        )
        self._db.execute(
            "UPDATE answers SET created_at = created_at + ?1 WHERE created_at BETWEEN ?2 AND ?3",
            (by_s, since, until),
        )
        self._db.execute(
            "UPDATE retired_tokens SET retired_at = retired_at + ?1, until = until + ?1 "
            "WHERE retired_at BETWEEN ?2 AND ?3",
            (by_s, since, until),
        )
        self._db.execute(
            "UPDATE service_centres SET ahead_s = ahead_s - ?1, rival_s = rival_s - ?1", (by_s,)
        )
        self._on_redated()
        self._db.execute(
            "UPDATE misdated SET seen_at = seen_at + ?1 WHERE seen_at BETWEEN ?2 AND ?3",
            (by_s, since, until),
        )


def _last(db: sqlite3.Connection, table: str, number: str) -> int:
    return int(db.execute(f"SELECT coalesce(max({number}), 0) FROM {table}").fetchone()[0])

"""Letting old things go, a part at a time."""

from __future__ import annotations

import sqlite3

from modemgw.store.contract.usage import DAY_S
from modemgw.store.sqlite.numbers import keep_number
from modemgw.store.sqlite.rows import Rows
from modemgw.store.sqlite.templates import forget_uses

_FINAL = "('sent', 'delivered', 'undelivered', 'failed', 'expired', 'canceled', 'unknown')"

MONTHS_S = 62 * DAY_S
"""Free parts of a month that began later than that are still counted."""


class SqliteRetention(Rows):
    """Letting old things go, a part at a time."""

    __slots__ = ()

    def redact_texts(self, type: str, after: int, before: float, limit: int) -> int | None:
        """Empty texts and data of messages of a type that ended before then.

        Looks at the `limit` messages after the number `after`. Returns the last one's number, for
        the next call; None when none is old enough. So do the verbs below.
        """
        found = _next(self._db, "messages", "n", "created_at", after, before, limit)
        if found is None:
            return None
        self._db.execute(
            "UPDATE messages SET text = NULL, data = NULL WHERE n BETWEEN ? AND ? "
            f"AND +type = ? AND +status IN {_FINAL} AND (text IS NOT NULL OR data IS NOT NULL)",
            (*found, type),
        )
        return found[1]

    def delete_messages(self, after: int, before: float, limit: int) -> int | None:
        """Delete ended messages that were made before then, with their history."""
        found = _next(self._db, "messages", "n", "created_at", after, before, limit)
        if found is None:
            return None
        rows = self._db.execute(
            f"SELECT n FROM messages WHERE n BETWEEN ? AND ? AND +status IN {_FINAL}", found
        ).fetchall()
        if rows:
            keep_number(self._db, "messages", rows[-1][0])
        self._db.executemany("DELETE FROM attempts WHERE message = ?", rows)
        self._db.executemany("DELETE FROM messages WHERE n = ?", rows)
        forget_uses(self._db, found[1])
        return found[1]

    def delete_inbound(self, after: int, before: float, limit: int) -> int | None:
        """Delete received messages that came before then, with the deliveries of them.

        Not those that somebody is to get yet: a delivery has not ended, or is not even made.
        """
        unread = self._db.execute(
            "SELECT at FROM events WHERE id > (SELECT min(event) FROM cursors) ORDER BY id LIMIT 1"
        ).fetchone()
        if unread is not None:
            before = min(before, unread[0])
        found = _next(self._db, "inbound", "n", "received_at", after, before, limit)
        if found is None:
            return None
        rows = self._db.execute(
            "SELECT n FROM inbound WHERE n BETWEEN ? AND ? "
            "AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.inbound = inbound.n "
            "AND d.state IN ('pending', 'claimed'))",
            found,
        ).fetchall()
        self._db.executemany(
            "DELETE FROM delivery_outcomes WHERE delivery IN "
            "(SELECT n FROM deliveries WHERE inbound = ?)",
            rows,
        )
        self._db.executemany("DELETE FROM deliveries WHERE inbound = ?", rows)
        if rows:
            keep_number(self._db, "inbound", rows[-1][0])
        self._db.executemany("DELETE FROM inbound_parts WHERE inbound = ?", rows)
        self._db.executemany("DELETE FROM inbound WHERE n = ?", rows)
        return found[1]

    def delete_deliveries(self, after: int, before: float, limit: int) -> int | None:
        """Delete deliveries that have ended and were made before then."""
        found = _next(self._db, "deliveries", "n", "created_at", after, before, limit)
        if found is None:
            return None
        rows = self._db.execute(
            "SELECT n FROM deliveries WHERE n BETWEEN ? AND ? AND +state IN ('delivered', 'dead')",
            found,
        ).fetchall()
        self._db.executemany("DELETE FROM delivery_outcomes WHERE delivery = ?", rows)
        self._db.executemany("DELETE FROM deliveries WHERE n = ?", rows)
        return found[1]

    def delete_events(self, after: int, before: float, limit: int) -> int | None:
        """Delete events of before then that all consumers are done with and no delivery refers to.

        A delivery that has not ended, that is. The newest stays: ids go on from it.
        """
        found = _next(self._db, "events", "id", "at", after, before, limit)
        if found is None:
            return None
        self._db.execute(
            "DELETE FROM events WHERE id BETWEEN ? AND ? AND id < (SELECT max(id) FROM events) "
            "AND id <= (SELECT coalesce(min(event), 0) FROM cursors) "
            "AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.event = events.id "
            "AND d.state IN ('pending', 'claimed') AND d.inbound IS NULL)",
            found,
        )
        return found[1]

    def delete_audit(self, after: int, before: float, limit: int) -> int | None:
        """Delete what admins did before then. The newest record stays."""
        found = _next(self._db, "audit", "n", "at", after, before, limit)
        if found is None:
            return None
        self._db.execute(
            "DELETE FROM audit WHERE n BETWEEN ? AND ? AND n < (SELECT max(n) FROM audit)", found
        )
        return found[1]

    def delete_verifications(self, after: int, before: float, limit: int) -> int | None:
        """Delete verifications that have ended and were begun before then."""
        found = _next(self._db, "verifications", "n", "created_at", after, before, limit)
        if found is None:
            return None
        rows = self._db.execute(
            "SELECT n FROM verifications WHERE n BETWEEN ? AND ? AND +status <> 'pending'", found
        ).fetchall()
        self._db.executemany("DELETE FROM verification_messages WHERE verification = ?", rows)
        self._db.executemany("DELETE FROM verifications WHERE n = ?", rows)
        return found[1]

    def delete_batches(self, before: float, limit: int) -> int:
        """Forget `limit` batches that were taken before then and whose messages are all gone.

        Returns how many they were.
        """
        rows = self._db.execute(
            "SELECT n FROM batches b WHERE created_at < ? AND NOT EXISTS (SELECT 1 FROM "
            "batch_spans s JOIN messages m ON m.n BETWEEN s.first AND s.last WHERE s.batch = b.n) "
            "LIMIT ?",
            (before, limit),
        ).fetchall()
        self._db.executemany("DELETE FROM batch_spans WHERE batch = ?", rows)
        self._db.executemany("DELETE FROM batches WHERE n = ?", rows)
        return len(rows)

    def delete_usage(self, before: float) -> int:
        """Forget the oldest day of what was counted, if it ended before then.

        With it go free parts of months long before then. Returns how many sums there were.
        """
        (oldest,) = self._db.execute("SELECT min(day) FROM usage").fetchone()
        if oldest is None or (oldest + 1) * DAY_S > before:
            return 0
        self._db.execute("DELETE FROM usage_amounts WHERE day = ?", (oldest,))
        self._db.execute("DELETE FROM free_parts WHERE month < ?", (before - MONTHS_S,))
        return self._db.execute("DELETE FROM usage WHERE day = ?", (oldest,)).rowcount

    def delete_answers(self, before: float) -> int:
        """Forget answers kept for Idempotency-Keys that were used before then."""
        return self._db.execute("DELETE FROM answers WHERE created_at < ?", (before,)).rowcount

    def delete_recent(self, before: float, after: float, limit: int) -> int:
        """Forget what was said (see Recent) before then, or by a clock that was wrong after then.

        Looks at the `limit` oldest; returns how many of them were forgotten.
        """
        return self._db.execute(
            "DELETE FROM recent WHERE n IN (SELECT n FROM recent ORDER BY n LIMIT ?) "
            "AND at NOT BETWEEN ? AND ?",
            (limit, before, after),
        ).rowcount

    def delete_unmatched(self, before: float) -> int:
        """Forget status reports that matched nothing and came before then."""
        return self._db.execute(
            "DELETE FROM unmatched_reports WHERE received_at < ?", (before,)
        ).rowcount


def _next(
    db: sqlite3.Connection,
    table: str,
    number: str,
    time: str,
    after: int,
    before: float,
    limit: int,
) -> tuple[int, int] | None:
    """First and last number of the next `limit` rows that are older than `before`.

    Numbers grow with time, so nothing newer is looked at: a turn with nothing to do costs nothing,
    and one with much to do costs no more than its `limit`. (The `+` in the statements below keeps
    SQLite to these numbers, where an index by status looks as good to it.)
    """
    rows = db.execute(
        f"SELECT {number}, {time} FROM {table} WHERE {number} > ? ORDER BY {number} LIMIT ?",
        (after, limit),
    ).fetchall()
    old = [n for n, at in rows if at < before]
    return (old[0], old[-1]) if old else None

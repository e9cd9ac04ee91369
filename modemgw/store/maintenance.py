"""Looking after the database file: check, back up, compact, and let old things go."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from modemgw.store.errors import StoreError
from modemgw.store.opening import connect, copy, inspect
from modemgw.store.trouble import describe
from modemgw.store.writer import Transaction

_FINAL = "('sent', 'delivered', 'undelivered', 'failed', 'expired', 'canceled', 'unknown')"


def check(path: Path) -> list[str]:
    """What is wrong with the database, a line each; empty when it is sound.

    Of whatever version it is, nothing of it is changed. Raises StoreError when it cannot be opened.
    """
    with closing(inspect(path)) as db:
        try:
            found = [str(row[0]) for row in db.execute("PRAGMA integrity_check")]
            if found != ["ok"]:
                return found
            orphans = db.execute(
                "SELECT count(*) FROM attempts WHERE message NOT IN (SELECT n FROM messages)"
            ).fetchone()[0]
        except sqlite3.Error as error:
            return [str(error)]
        return [f"{orphans} attempts belong to no message"] if orphans else []


def backup(path: Path, target: Path) -> int:
    """Copy the database, of whatever version, to `target` while it is in use.

    Only its owner may read the copy. Returns its size in octets. Raises StoreError: `target`
    exists, or cannot be written.
    """
    with closing(inspect(path)) as db:
        try:
            copy(db, target)
        except FileExistsError as error:
            raise StoreError(
                f"{target} exists; name a file that does not, a backup replaces nothing"
            ) from error
        except (sqlite3.Error, OSError) as error:
            raise StoreError(describe(error, f"the backup {target} cannot be written")) from error
    return target.stat().st_size


def vacuum(path: Path) -> tuple[int, int]:
    """Give space of deleted rows back. Returns the size in octets before and after.

    Raises StoreError when the database is in use by a daemon that writes.
    """
    with closing(connect(path)) as db:
        before = path.stat().st_size
        try:
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise StoreError(describe(error, f"{path} cannot be compacted now")) from error
    return before, path.stat().st_size


def _next(
    tx: Transaction, table: str, number: str, time: str, after: int, before: float, limit: int
) -> tuple[int, int] | None:
    """First and last number of the next `limit` rows that are older than `before`.

    Numbers grow with time, so nothing newer is looked at: a turn with nothing to do costs nothing,
    and one with much to do costs no more than its `limit`. (The `+` in the statements below keeps
    SQLite to these numbers, where an index by status looks as good to it.)
    """
    rows = tx.execute(
        f"SELECT {number}, {time} FROM {table} WHERE {number} > ? ORDER BY {number} LIMIT ?",
        (after, limit),
    ).fetchall()
    old = [n for n, at in rows if at < before]
    return (old[0], old[-1]) if old else None


def redact_texts(tx: Transaction, type: str, after: int, before: float, limit: int) -> int | None:
    """Empty texts and data of messages of a type that ended before then.

    Looks at the `limit` messages after the number `after`. Returns the last one's number, for the
    next call; None when none is old enough. So do the functions below.
    """
    found = _next(tx, "messages", "n", "created_at", after, before, limit)
    if found is None:
        return None
    tx.execute(
        "UPDATE messages SET text = NULL, data = NULL WHERE n BETWEEN ? AND ? "
        f"AND +type = ? AND +status IN {_FINAL} AND (text IS NOT NULL OR data IS NOT NULL)",
        (*found, type),
    )
    return found[1]


def delete_messages(tx: Transaction, after: int, before: float, limit: int) -> int | None:
    """Delete ended messages that were made before then, with their history."""
    found = _next(tx, "messages", "n", "created_at", after, before, limit)
    if found is None:
        return None
    rows = tx.execute(
        f"SELECT n FROM messages WHERE n BETWEEN ? AND ? AND +status IN {_FINAL}", found
    ).fetchall()
    tx.many("DELETE FROM attempts WHERE message = ?", rows)
    tx.many("DELETE FROM messages WHERE n = ?", rows)
    return found[1]


def delete_inbound(tx: Transaction, after: int, before: float, limit: int) -> int | None:
    """Delete received messages that came before then, with the deliveries of them.

    Not those that somebody is to get yet: a delivery has not ended, or is not even made.
    """
    unread = tx.execute(
        "SELECT at FROM events WHERE id > (SELECT min(event) FROM cursors) ORDER BY id LIMIT 1"
    ).fetchone()
    if unread is not None:
        before = min(before, unread[0])
    found = _next(tx, "inbound", "n", "received_at", after, before, limit)
    if found is None:
        return None
    rows = tx.execute(
        "SELECT n FROM inbound WHERE n BETWEEN ? AND ? "
        "AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.inbound = inbound.n "
        "AND d.state IN ('pending', 'claimed'))",
        found,
    ).fetchall()
    tx.many(
        "DELETE FROM delivery_outcomes WHERE delivery IN "
        "(SELECT n FROM deliveries WHERE inbound = ?)",
        rows,
    )
    tx.many("DELETE FROM deliveries WHERE inbound = ?", rows)
    tx.many("DELETE FROM inbound_parts WHERE inbound = ?", rows)
    tx.many("DELETE FROM inbound WHERE n = ?", rows)
    return found[1]


def delete_deliveries(tx: Transaction, after: int, before: float, limit: int) -> int | None:
    """Delete deliveries that have ended and were made before then."""
    found = _next(tx, "deliveries", "n", "created_at", after, before, limit)
    if found is None:
        return None
    rows = tx.execute(
        "SELECT n FROM deliveries WHERE n BETWEEN ? AND ? AND +state IN ('delivered', 'dead')",
        found,
    ).fetchall()
    tx.many("DELETE FROM delivery_outcomes WHERE delivery = ?", rows)
    tx.many("DELETE FROM deliveries WHERE n = ?", rows)
    return found[1]


def delete_events(tx: Transaction, after: int, before: float, limit: int) -> int | None:
    """Delete events of before then that all consumers are done with and no delivery refers to.

    A delivery that has not ended, that is. The newest stays: ids go on from it.
    """
    found = _next(tx, "events", "id", "at", after, before, limit)
    if found is None:
        return None
    tx.execute(
        "DELETE FROM events WHERE id BETWEEN ? AND ? AND id < (SELECT max(id) FROM events) "
        "AND id <= (SELECT coalesce(min(event), 0) FROM cursors) "
        "AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.event = events.id "
        "AND d.state IN ('pending', 'claimed') AND d.inbound IS NULL)",
        found,
    )
    return found[1]


def delete_batches(tx: Transaction, before: float, limit: int) -> int:
    """Forget `limit` batches that were taken before then and whose messages are all gone.

    Returns how many they were.
    """
    return tx.execute(
        "DELETE FROM batches WHERE id IN (SELECT id FROM batches b WHERE created_at < ? "
        "AND NOT EXISTS (SELECT 1 FROM messages WHERE batch = b.id) LIMIT ?)",
        (before, limit),
    ).rowcount


def delete_answers(tx: Transaction, before: float) -> int:
    """Forget answers kept for Idempotency-Keys that were used before then."""
    return tx.execute("DELETE FROM answers WHERE created_at < ?", (before,)).rowcount


def delete_unmatched(tx: Transaction, before: float) -> int:
    """Forget status reports that matched nothing and came before then."""
    return tx.execute("DELETE FROM unmatched_reports WHERE received_at < ?", (before,)).rowcount

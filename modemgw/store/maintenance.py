"""Looking after the database file: check, back up, compact, and let old things go."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from modemgw.store.database import connect
from modemgw.store.errors import StoreError
from modemgw.store.writer import Transaction

_FINAL = "('sent', 'delivered', 'undelivered', 'failed', 'expired', 'canceled', 'unknown')"


def check(path: Path) -> list[str]:
    """What is wrong with the database, a line each; empty when it is sound."""
    with closing(connect(_existing(path))) as db:
        try:
            found = [str(row[0]) for row in db.execute("PRAGMA integrity_check")]
        except sqlite3.Error as error:
            return [str(error)]
        if found != ["ok"]:
            return found
        orphans = db.execute(
            "SELECT count(*) FROM attempts WHERE message NOT IN (SELECT n FROM messages)"
        ).fetchone()[0]
        return [f"{orphans} attempts belong to no message"] if orphans else []


def backup(path: Path, target: Path) -> int:
    """Copy the database to `target` while it is in use. Returns the size in octets.

    Raises StoreError: `target` exists, or cannot be written.
    """
    if target.exists():
        raise StoreError(f"{target} exists; name a file that does not, a backup replaces nothing")
    try:
        with closing(connect(_existing(path))) as db, closing(sqlite3.connect(target)) as copy:
            db.backup(copy, pages=1024)
            copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise StoreError(f"the backup {target} cannot be written: {error}") from error
    return target.stat().st_size


def vacuum(path: Path) -> tuple[int, int]:
    """Give space of deleted rows back. Returns the size in octets before and after.

    Raises StoreError when the database is in use by a daemon that writes.
    """
    before = _existing(path).stat().st_size
    try:
        with closing(connect(path)) as db:
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be compacted now: {error}") from error
    return before, path.stat().st_size


def _existing(path: Path) -> Path:
    if not path.exists():
        raise StoreError(f"there is no database at {path}")
    return path


def _older(table: str, number: str, time: str) -> str:
    """The condition for rows of before a time, told by their numbers, which grow with it.

    Newer rows are not looked at: a turn with nothing to do costs nothing, however much is kept.
    """
    first_kept = f"SELECT {number} FROM {table} WHERE {time} >= ? ORDER BY {number} LIMIT 1"
    return f"{number} < coalesce(({first_kept}), 9223372036854775807)"


def redact_texts(tx: Transaction, type: str, before: float, limit: int) -> int:
    """Empty texts and data of messages of a type that ended before then. Returns how many."""
    return tx.execute(
        "UPDATE messages SET text = NULL, data = NULL WHERE n IN ("
        f"SELECT n FROM messages WHERE {_older('messages', 'n', 'created_at')} "
        f"AND type = ? AND status IN {_FINAL} "
        "AND (text IS NOT NULL OR data IS NOT NULL) LIMIT ?)",
        (before, type, limit),
    ).rowcount


def delete_messages(tx: Transaction, before: float, limit: int) -> int:
    """Delete ended messages that were made before then, oldest first, with their history."""
    rows = tx.execute(
        f"SELECT n FROM messages WHERE {_older('messages', 'n', 'created_at')} "
        f"AND status IN {_FINAL} ORDER BY n LIMIT ?",
        (before, limit),
    ).fetchall()
    tx.many("DELETE FROM attempts WHERE message = ?", rows)
    tx.many("DELETE FROM messages WHERE n = ?", rows)
    return len(rows)


def delete_inbound(tx: Transaction, before: float, limit: int) -> int:
    """Delete received messages that came before then and that no handler is owed any more."""
    rows = tx.execute(
        f"SELECT n FROM inbound WHERE {_older('inbound', 'n', 'received_at')} "
        "AND NOT EXISTS (SELECT 1 FROM handlings h WHERE h.inbound = inbound.n "
        "AND h.state = 'pending') ORDER BY n LIMIT ?",
        (before, limit),
    ).fetchall()
    tx.many("DELETE FROM handlings WHERE inbound = ?", rows)
    tx.many("DELETE FROM inbound_parts WHERE inbound = ?", rows)
    tx.many("DELETE FROM inbound WHERE n = ?", rows)
    return len(rows)


def delete_events(tx: Transaction, before: float, limit: int) -> int:
    """Delete events of before then, oldest first. The newest stays: ids go on from it."""
    return tx.execute(
        "DELETE FROM events WHERE id IN (SELECT id FROM events "
        f"WHERE {_older('events', 'id', 'at')} AND id < (SELECT max(id) FROM events) "
        "ORDER BY id LIMIT ?)",
        (before, limit),
    ).rowcount


def delete_answers(tx: Transaction, before: float) -> int:
    """Forget answers kept for Idempotency-Keys that were used before then."""
    return tx.execute("DELETE FROM answers WHERE created_at < ?", (before,)).rowcount


def delete_unmatched(tx: Transaction, before: float) -> int:
    """Forget status reports that matched nothing and came before then."""
    return tx.execute("DELETE FROM unmatched_reports WHERE received_at < ?", (before,)).rowcount

"""The log of events, the answers kept for Idempotency-Key, and reports that matched nothing."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass

from modemgw.store.errors import StoreConflict
from modemgw.store.records import Event
from modemgw.store.writer import Transaction


class AnsweredBefore(StoreConflict):
    """This Idempotency-Key was used before; `fingerprint` and `body` are of its first use."""

    def __init__(self, fingerprint: str, body: bytes) -> None:
        super().__init__("this Idempotency-Key was used before")
        self.fingerprint = fingerprint
        self.body = body


@dataclass(frozen=True, slots=True)
class UnmatchedReport:
    """A status report that no attempt was found for (yet)."""

    n: int
    sim: str
    reference: int
    tpdu: bytes
    received_at: float


def after(db: sqlite3.Connection | Transaction, id: int, limit: int) -> list[Event]:
    """Events with a higher id than this, in order."""
    rows = db.execute(
        "SELECT id, type, at, data FROM events WHERE id > ? ORDER BY id LIMIT ?", (id, limit)
    )
    return [Event(i, type_, at, json.loads(data)) for i, type_, at, data in rows]


def find_answer(
    db: sqlite3.Connection | Transaction, key: str, idempotency_key: str
) -> AnsweredBefore | None:
    """The answer that was given to an Idempotency-Key of this API key."""
    row = db.execute(
        "SELECT fingerprint, body FROM answers WHERE key = ? AND idempotency_key = ?",
        (key, idempotency_key),
    ).fetchone()
    return None if row is None else AnsweredBefore(row[0], row[1])


def remember_answer(
    tx: Transaction, key: str, idempotency_key: str, fingerprint: str, body: bytes
) -> None:
    """Keep the answer to a request. Raises AnsweredBefore when there is one already."""
    before = find_answer(tx, key, idempotency_key)
    if before is not None:
        raise before
    tx.execute(
        "INSERT INTO answers (key, idempotency_key, fingerprint, body, created_at) "
        "VALUES (?, ?, ?, ?, ?)",
        (key, idempotency_key, fingerprint, body, tx.now),
    )


def keep_unmatched(
    tx: Transaction,
    *,
    digest: bytes,
    modem: str,
    sim: str,
    tpdu: bytes,
    reference: int,
    recipient: str,
    tail: str,
    tp_status: int,
) -> None:
    """Keep a report that matched nothing; the same report offered again changes nothing."""
    tx.execute(
        "INSERT OR IGNORE INTO unmatched_reports (digest, modem, sim, tpdu, reference, recipient, "
        "to_tail, tp_status, received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (digest, modem, sim, tpdu, reference, recipient, tail, tp_status, tx.now),
    )


def unmatched(
    tx: Transaction, sim: str, reference: int | None, tail: str, since: float
) -> list[UnmatchedReport]:
    """Kept reports for a SIM that came since a time, by TP-MR or recipient, oldest first."""
    rows = tx.execute(
        "SELECT n, sim, reference, tpdu, received_at FROM unmatched_reports "
        "WHERE sim = ? AND (reference = ? OR to_tail = ?) AND received_at >= ? ORDER BY n",
        (sim, reference, tail, since),
    )
    return [UnmatchedReport(*row) for row in rows]


def drop_unmatched(tx: Transaction, n: int) -> None:
    """The report has found its attempt."""
    tx.execute("DELETE FROM unmatched_reports WHERE n = ?", (n,))

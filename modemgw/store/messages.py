"""Rows of messages: accepting, showing, listing, changing their status."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from modemgw.sms import Outcome, status_of
from modemgw.store import attempts
from modemgw.store.errors import StoreConflict
from modemgw.store.paging import page
from modemgw.store.records import (
    Attempt,
    AttemptState,
    ErrorInfo,
    Mailing,
    Message,
    MessageStatus,
    Page,
    Part,
    PartStatus,
)
from modemgw.store.writer import Transaction

_OWN = "n, id, to_number, route"
"""What each message of a mailing has of its own …"""
_COMMON = (
    "text, data, ports, type, status, encoding, message_class, receipt, parts, modem, key, "
    "reference, callback_url, batch, tags, created_at, updated_at, send_at, expires_at, "
    "error_code, error_detail, error_permanent"
)
"""… and what they share."""
_COLUMNS = f"{_OWN}, {_COMMON}"
_INSERT = f"INSERT INTO messages ({_COLUMNS}) VALUES ({', '.join('?' * 26)})"
_BLOCK = 100
"""Messages of a mailing that are inserted by one statement."""
_INSERT_BLOCK = (
    f"INSERT INTO messages ({_COLUMNS}) "
    f"SELECT column1, column2, column3, column4, {', '.join(f'?{i}' for i in range(1, 23))} "
    f"FROM (VALUES {', '.join(['(?, ?, ?, ?)'] * _BLOCK)})"
)
_OPEN = "'scheduled', 'queued', 'sending'"
"""OPEN_STATUSES, in the words of the index `messages_open`: SQLite uses it for no others."""


@dataclass(frozen=True, slots=True)
class MessageQuery:
    """Which messages to list, newest first. Times are UTC seconds."""

    status: str | None = None
    to: str | None = None
    type: str | None = None
    since: float | None = None
    until: float | None = None
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that still wants a modem, as a restart finds it."""

    n: int
    message: Message


@dataclass(frozen=True, slots=True)
class Unrouted:
    """What the choice of a route wants to know of a message."""

    n: int
    to: str
    type: str
    key: str
    tags: tuple[str, ...]


def last_n(db: sqlite3.Connection) -> int:
    """The highest message number so far, 0 in an empty database."""
    return int(db.execute("SELECT coalesce(max(n), 0) FROM messages").fetchone()[0])


def insert(tx: Transaction, n: int, accepted: Iterable[Mailing]) -> None:
    """Accept messages: the first becomes number `n`, the others follow in their order."""
    few: list[tuple[int, Mailing]] = []
    for mailing in accepted:
        if len(mailing.recipients) < _BLOCK:
            few.append((n, mailing))
        else:
            _insert_many(tx, n, mailing)
        n += len(mailing.recipients)
    tx.many(_INSERT, _rows(few))


def _insert_many(tx: Transaction, n: int, mailing: Mailing) -> None:
    """Insert by blocks: what the messages share is bound once a block.

    And the interpreter is free for others while SQLite works on a block.
    """
    common = _common(mailing.common)
    own = [(i, *recipient) for i, recipient in enumerate(mailing.recipients, n)]
    blocks = len(own) - len(own) % _BLOCK
    for start in range(0, blocks, _BLOCK):
        block = chain.from_iterable(own[start : start + _BLOCK])
        tx.execute(_INSERT_BLOCK, (*common, *block))
    tx.many(_INSERT, (one + common for one in own[blocks:]))


def _rows(numbered: Iterable[tuple[int, Mailing]]) -> Iterator[tuple[Any, ...]]:
    for n, mailing in numbered:
        common = _common(mailing.common)
        for i, recipient in enumerate(mailing.recipients, n):
            yield (i, *recipient, *common)


def insert_batch(
    tx: Transaction, batch: str, key: str, created_at: float, accepted: int, rejected: int
) -> None:
    """Record that a batch was taken."""
    tx.execute(
        "INSERT INTO batches (id, key, created_at, accepted, rejected) VALUES (?, ?, ?, ?, ?)",
        (batch, key, created_at, accepted, rejected),
    )


def batch_counts(
    db: sqlite3.Connection, batch: str
) -> tuple[dict[str, Any], dict[str, int]] | None:
    """What is known of a batch, and its messages counted by status."""
    row = db.execute(
        "SELECT id, created_at, accepted, rejected FROM batches WHERE id = ?", (batch,)
    ).fetchone()
    if row is None:
        return None
    about = dict(zip(("id", "created_at", "accepted", "rejected"), row, strict=True))
    counts = db.execute(
        "SELECT status, count(*) FROM messages WHERE batch = ? GROUP BY status", (batch,)
    )
    return about, dict(counts.fetchall())


_WELL = frozenset({MessageStatus.SENT, MessageStatus.DELIVERED})


def set_status(
    tx: Transaction, n: int, status: MessageStatus, error: ErrorInfo | None = None
) -> None:
    """Move a message to `status`; an error stays until there is another, or all is well."""
    if error is None and status in _WELL:
        tx.execute(
            "UPDATE messages SET status = ?, updated_at = ?, error_code = NULL, "
            "error_detail = NULL, error_permanent = NULL WHERE n = ?",
            (status, tx.now, n),
        )
    elif error is None:
        tx.execute(
            "UPDATE messages SET status = ?, updated_at = ? WHERE n = ?", (status, tx.now, n)
        )
    else:
        tx.execute(
            "UPDATE messages SET status = ?, updated_at = ?, error_code = ?, error_detail = ?, "
            "error_permanent = ? WHERE n = ?",
            (status, tx.now, error.code, error.detail, error.permanent, n),
        )


def is_open(tx: Transaction, n: int) -> bool:
    """Whether message `n` has not come to an end."""
    found = tx.execute(f"SELECT 1 FROM messages WHERE n = ? AND status IN ({_OPEN})", (n,))
    return found.fetchone() is not None


def cancel(tx: Transaction, n: int) -> None:
    """Cancel a message of which nothing can have gone out. Raises StoreConflict otherwise."""
    done = tx.execute(
        "UPDATE messages SET status = 'canceled', updated_at = ? "
        f"WHERE n = ? AND status IN ({_OPEN}) "
        "AND NOT EXISTS (SELECT 1 FROM attempts WHERE message = messages.n "
        "AND state NOT IN ('refused', 'not_sent'))",
        (tx.now, n),
    )
    if done.rowcount == 0:
        raise StoreConflict("it may have gone out, or it is over")


def take_overdue(tx: Transaction, before: float, limit: int) -> list[tuple[str, str | None]]:
    """Mark messages that were `sent` before then and got no final receipt: (id, reference) each."""
    return tx.execute(
        "UPDATE messages SET receipt_overdue = 1 WHERE n IN (SELECT n FROM messages "
        "WHERE status = 'sent' AND receipt = 1 AND receipt_overdue = 0 AND updated_at < ? LIMIT ?) "
        "RETURNING id, reference",
        (before, limit),
    ).fetchall()


OLDER_IN_A_ROW = 10_000
"""So many messages dated before a time: then those before them are older, whatever clocks did."""


def since(db: sqlite3.Connection | Transaction, at: float) -> list[tuple[float, str, str]]:
    """(time of acceptance, recipient, key) of messages accepted since then, in no order."""
    found: list[tuple[float, str, str]] = []
    older = 0
    for created_at, to, key in db.execute(
        "SELECT created_at, to_number, key FROM messages ORDER BY n DESC"
    ):
        if created_at >= at:
            found.append((created_at, to, key))
            older = 0
        elif (older := older + 1) > OLDER_IN_A_ROW:
            break
    return found


def number_of(db: sqlite3.Connection, id: str) -> int | None:
    """The number `n` of the message with this id."""
    row = db.execute("SELECT n FROM messages WHERE id = ?", (id,)).fetchone()
    return None if row is None else int(row[0])


def get(db: sqlite3.Connection, id: str) -> Message | None:
    """The message with this id and its whole history."""
    row = db.execute(f"SELECT {_COLUMNS} FROM messages WHERE id = ?", (id,)).fetchone()
    return None if row is None else _message(row, attempts.of(db, row[0]))


def find(db: sqlite3.Connection, query: MessageQuery) -> Page[Message]:
    """A page of messages, newest first. Raises ValueError for a cursor that is not ours."""
    return page(
        db,
        "messages",
        _COLUMNS,
        (
            ("status", "=", query.status),
            ("to_number", "=", query.to),
            ("type", "=", query.type),
            ("created_at", ">=", query.since),
            ("created_at", "<", query.until),
        ),
        cursor=query.cursor,
        limit=query.limit,
        make=lambda row: _message(row, attempts.of(db, row[0])),
    )


def waiting(db: sqlite3.Connection) -> Iterable[Waiting]:
    """Every message that still wants a modem, in the order of acceptance."""
    begun = {
        n
        for (n,) in db.execute(
            f"SELECT DISTINCT a.message FROM messages m CROSS JOIN attempts a ON a.message = m.n "
            f"WHERE m.status IN ({_OPEN})"
        )
    }
    rows = db.execute(f"SELECT {_COLUMNS} FROM messages WHERE status IN ({_OPEN}) ORDER BY n")
    for row in rows:
        history = attempts.of(db, row[0]) if row[0] in begun else {}
        yield Waiting(row[0], _message(row, history))


def unrouted(db: sqlite3.Connection, routes: Collection[str]) -> list[Unrouted]:
    """Messages that still want a modem, whichever is free, by a route that is none of these."""
    rows = db.execute(
        f"SELECT n, to_number, type, key, tags FROM messages WHERE status IN ({_OPEN}) "
        f"AND modem IS NULL AND route NOT IN ({', '.join('?' * len(routes))}) ORDER BY n",
        tuple(routes),
    )
    return [
        Unrouted(n, to, type, key, tuple(json.loads(tags or "[]")))
        for n, to, type, key, tags in rows
    ]


def set_routes(tx: Transaction, routes: Iterable[tuple[int, str]]) -> None:
    """Give messages that still want a modem another route: (n, route) each."""
    tx.many(
        f"UPDATE messages SET route = ?, updated_at = ? WHERE n = ? AND status IN ({_OPEN})",
        [(route, tx.now, n) for n, route in routes],
    )


def of_number(db: sqlite3.Connection | Transaction, n: int) -> Message | None:
    """The message number `n` and its whole history."""
    row = db.execute(f"SELECT {_COLUMNS} FROM messages WHERE n = ?", (n,)).fetchone()
    return None if row is None else _message(row, attempts.of(db, n))


def part_status(history: Sequence[Attempt], message: MessageStatus) -> PartStatus:
    """Where a part stands, from its attempts (oldest first) and its message's status."""
    if any(a.receipt and a.receipt.outcome == "delivered" for a in history[:-1]):
        return PartStatus.DELIVERED  # by an earlier try that was in doubt
    for attempt in reversed(history):
        if attempt.receipt is not None and attempt.receipt.final:
            return reported_status(attempt.receipt.status)
        if attempt.state in _ATTEMPT_STATUS:
            return _ATTEMPT_STATUS[attempt.state]
        break
    if message in (MessageStatus.FAILED, MessageStatus.EXPIRED, MessageStatus.CANCELED):
        return PartStatus(message.value)
    return PartStatus.QUEUED


_ATTEMPT_STATUS = {
    AttemptState.SUBMITTING: PartStatus.SUBMITTING,
    AttemptState.ACCEPTED: PartStatus.SENT,
    AttemptState.AMBIGUOUS: PartStatus.AMBIGUOUS,
}
_REPORTED = {
    Outcome.DELIVERED: PartStatus.DELIVERED,
    Outcome.UNCONFIRMED: PartStatus.SENT,
    Outcome.REPLACED: PartStatus.SENT,
    Outcome.TRYING: PartStatus.SENT,
    Outcome.UNKNOWN: PartStatus.SENT,
    Outcome.EXPIRED: PartStatus.EXPIRED,
}


def reported_status(tp_status: int) -> PartStatus:
    """Where a part stands after a report with this TP-ST (TS 23.040 9.2.3.15)."""
    return _REPORTED.get(status_of(tp_status).outcome, PartStatus.UNDELIVERED)


def _common(m: Message) -> tuple[Any, ...]:
    error = m.error
    return (
        m.text,
        m.data,
        None if m.ports is None else f"{m.ports[0]}:{m.ports[1]}",
        m.type,
        m.status.value,
        m.encoding,
        m.message_class,
        m.receipt,
        len(m.parts),
        m.modem,
        m.key,
        m.reference,
        m.callback_url,
        m.batch,
        json.dumps(m.tags) if m.tags else None,
        m.created_at,
        m.updated_at,
        m.send_at,
        m.expires_at,
        None if error is None else error.code,
        None if error is None else error.detail,
        None if error is None else error.permanent,
    )


def _message(row: Sequence[Any], history: dict[int, list[Attempt]]) -> Message:
    status = MessageStatus(row[8])
    return Message(
        id=row[1],
        to=row[2],
        route=row[3],
        text=row[4],
        data=row[5],
        ports=_ports(row[6]),
        type=row[7],
        status=status,
        encoding=row[9],
        message_class=row[10],
        receipt=bool(row[11]),
        parts=tuple(
            Part(i, part_status(history.get(i, ()), status), tuple(history.get(i, ())))
            for i in range(1, row[12] + 1)
        ),
        modem=row[13],
        key=row[14],
        reference=row[15],
        callback_url=row[16],
        batch=row[17],
        tags=tuple(json.loads(row[18])) if row[18] else (),
        created_at=row[19],
        updated_at=row[20],
        send_at=row[21],
        expires_at=row[22],
        error=None if row[23] is None else ErrorInfo(row[23], row[24], bool(row[25])),
    )


def _ports(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    destination, _, source = text.partition(":")
    return int(destination), int(source)

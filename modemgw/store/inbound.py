"""Rows of inbound messages: each PDU as it came, the messages made of them."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from modemgw.store.paging import page
from modemgw.store.records import Inbound, InboundPart, Page
from modemgw.store.writer import Transaction

_COLUMNS = (
    "n, id, sender, to_number, text, data, encoding, parts_total, complete, modem, sim, sent_at, "
    "received_at, message_class, ports, problem"
)


@dataclass(frozen=True, slots=True)
class InboundQuery:
    """Which inbound messages to list, newest first. Times are UTC seconds."""

    from_: str | None = None
    since: float | None = None
    until: float | None = None
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class StoredPart:
    """One received SMS-DELIVER, as it came."""

    n: int
    tpdu: bytes
    sequence: int
    received_at: float
    modem: str


@dataclass(frozen=True, slots=True)
class WaitingSet:
    """The parts of a long message that is not complete."""

    set_key: str
    sim: str
    oldest: float


Place = tuple[str, int]
"""Where a message lies in a SIM or modem: the store's name, the slot."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where an equal message was kept from, and when."""

    place: Place
    at: float


def digest_of(sim: str, identity: bytes) -> bytes:
    """By which what came for a SIM is known again."""
    return hashlib.sha256(sim.encode() + b"\0" + identity).digest()


def seen(tx: Transaction, digest: bytes, since: float) -> bool:
    """Whether an equal PDU was kept since then."""
    row = tx.execute(
        "SELECT 1 FROM inbound_parts WHERE digest = ? AND received_at >= ?", (digest, since)
    ).fetchone()
    return row is not None


def kept_from(tx: Transaction, digest: bytes) -> list[Kept]:
    """The places of which an equal PDU is the last that was kept."""
    rows = tx.execute(
        "SELECT memory, slot, kept_at FROM inbound_places WHERE digest = ?", (digest,)
    )
    return [Kept((memory, slot), at) for memory, slot, at in rows]


def keep_place(tx: Transaction, sim: str, place: Place, digest: bytes) -> None:
    """This PDU is the last that was kept from a place; what lay there before is gone."""
    tx.execute(
        "INSERT OR REPLACE INTO inbound_places (sim, memory, slot, digest, kept_at) "
        "VALUES (?, ?, ?, ?, ?)",
        (sim, *place, digest, tx.now),
    )


def add_part(
    tx: Transaction,
    *,
    digest: bytes,
    modem: str,
    sim: str,
    tpdu: bytes,
    sender: str,
    set_key: str | None,
    sequence: int,
    total: int,
    received_at: float,
) -> int:
    """Keep one PDU. `set_key` names the long message it belongs to. Returns its number."""
    done = tx.execute(
        "INSERT INTO inbound_parts (digest, modem, sim, tpdu, sender, set_key, sequence, total, "
        "received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (digest, modem, sim, tpdu, sender, set_key, sequence, total, received_at),
    )
    assert done.lastrowid is not None
    return done.lastrowid


def waiting_parts(tx: Transaction, set_key: str, since: float) -> list[StoredPart]:
    """The parts of a long message that came since then and are in no message yet."""
    rows = tx.execute(
        "SELECT n, tpdu, sequence, received_at, modem FROM inbound_parts "
        "WHERE set_key = ? AND inbound IS NULL AND received_at >= ? ORDER BY received_at, n",
        (set_key, since),
    )
    return [StoredPart(*row) for row in rows]


def overdue_sets(db: sqlite3.Connection, before: float, limit: int) -> list[WaitingSet]:
    """Long messages whose first part came before then and that are not complete."""
    rows = db.execute(
        "SELECT set_key, sim, min(received_at) FROM inbound_parts "
        "WHERE inbound IS NULL AND set_key IS NOT NULL GROUP BY set_key "
        "HAVING min(received_at) < ? LIMIT ?",
        (before, limit),
    )
    return [WaitingSet(*row) for row in rows]


def next_n(tx: Transaction) -> int:
    """The number of the next inbound message."""
    return int(tx.execute("SELECT coalesce(max(n), 0) + 1 FROM inbound").fetchone()[0])


def add(tx: Transaction, n: int, inbound: Inbound, parts: Sequence[int]) -> None:
    """Keep a message as number `n`, made of the stored parts with these numbers."""
    tx.execute(
        f"INSERT INTO inbound ({_COLUMNS}) VALUES ({', '.join('?' * 16)})",
        (
            n,
            inbound.id,
            inbound.sender,
            inbound.to,
            inbound.text,
            inbound.data,
            inbound.encoding,
            inbound.parts_total,
            inbound.complete,
            inbound.modem,
            inbound.sim,
            inbound.sent_at,
            inbound.received_at,
            inbound.message_class,
            None if inbound.ports is None else f"{inbound.ports[0]}:{inbound.ports[1]}",
            inbound.problem,
        ),
    )
    tx.many("UPDATE inbound_parts SET inbound = ? WHERE n = ?", [(n, part) for part in parts])


def get(db: sqlite3.Connection, id: str) -> Inbound | None:
    """The inbound message with this id."""
    row = db.execute(f"SELECT {_COLUMNS} FROM inbound WHERE id = ?", (id,)).fetchone()
    return None if row is None else _inbound(db, row)


def numbered(db: sqlite3.Connection | Transaction, n: int) -> Inbound | None:
    """The inbound message with this number."""
    row = db.execute(f"SELECT {_COLUMNS} FROM inbound WHERE n = ?", (n,)).fetchone()
    return None if row is None else _inbound(db, row)


def number_of(db: sqlite3.Connection | Transaction, id: str) -> int | None:
    """The number of the inbound message with this id."""
    row = db.execute("SELECT n FROM inbound WHERE id = ?", (id,)).fetchone()
    return None if row is None else int(row[0])


def find(db: sqlite3.Connection, query: InboundQuery) -> Page[Inbound]:
    """A page of inbound messages, newest first. Raises ValueError for a foreign cursor."""
    return page(
        db,
        "inbound",
        _COLUMNS,
        (
            ("sender", "=", query.from_),
            ("received_at", ">=", query.since),
            ("received_at", "<", query.until),
        ),
        time="received_at",
        cursor=query.cursor,
        limit=query.limit,
        make=lambda row: _inbound(db, row),
    )


def _inbound(db: sqlite3.Connection | Transaction, row: Sequence[Any]) -> Inbound:
    parts = db.execute(
        "SELECT sequence, received_at FROM inbound_parts WHERE inbound = ? ORDER BY sequence",
        (row[0],),
    )
    destination, _, source = (row[14] or "").partition(":")
    return Inbound(
        id=row[1],
        sender=row[2],
        to=row[3],
        text=row[4],
        data=row[5],
        encoding=row[6],
        parts_total=row[7],
        parts=tuple(InboundPart(*part) for part in parts),
        complete=bool(row[8]),
        modem=row[9],
        sim=row[10],
        sent_at=row[11],
        received_at=row[12],
        message_class=row[13],
        ports=(int(destination), int(source)) if destination else None,
        problem=row[15],
    )

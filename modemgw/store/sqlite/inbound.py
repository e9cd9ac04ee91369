"""Rows of inbound messages: each PDU as it came, the messages made of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from modemgw.store.contract.inbound import (
    InboundQuery,
    Kept,
    Place,
    StoredPart,
    WaitingSet,
)
from modemgw.store.records import Inbound, InboundPart, Page
from modemgw.store.sqlite.numbers import next_number
from modemgw.store.sqlite.paging import page
from modemgw.store.sqlite.rows import Rows

_COLUMNS = (
    "n, id, sender, to_number, text, data, encoding, parts_total, complete, modem, sim, sent_at, "
    "received_at, message_class, ports, problem, keyword"
)


class SqliteInboundMessages(Rows):
    """What came in: every PDU as it was, and the messages made of them."""

    __slots__ = ()

    def seen(self, digest: bytes, since: float) -> bool:
        """Whether an equal PDU was kept since then."""
        row = self._db.execute(
            "SELECT 1 FROM inbound_parts WHERE digest = ? AND received_at >= ?", (digest, since)
        ).fetchone()
        return row is not None

    def kept_from(self, digest: bytes) -> list[Kept]:
        """The places of which an equal PDU is the last that was kept."""
        rows = self._db.execute(
            "SELECT memory, slot, kept_at FROM inbound_places WHERE digest = ?", (digest,)
        )
        return [Kept((memory, slot), at) for memory, slot, at in rows]

    def keep_place(self, sim: str, place: Place, digest: bytes) -> None:
        """This PDU is the last that was kept from a place; what lay there before is gone."""
        self._db.execute(
            "INSERT OR REPLACE INTO inbound_places (sim, memory, slot, digest, kept_at) "
            "VALUES (?, ?, ?, ?, ?)",
            (sim, *place, digest, self.now),
        )

    def add_part(
        self,
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
        done = self._db.execute(
            "INSERT INTO inbound_parts (digest, modem, sim, tpdu, sender, set_key, sequence, "
            "total, received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (digest, modem, sim, tpdu, sender, set_key, sequence, total, received_at),
        )
        assert done.lastrowid is not None
        return done.lastrowid

    def waiting_parts(self, set_key: str, since: float) -> list[StoredPart]:
        """The parts of a long message that came since then and are in no message yet."""
        rows = self._db.execute(
            "SELECT n, tpdu, sequence, received_at, modem FROM inbound_parts "
            "WHERE set_key = ? AND inbound IS NULL AND received_at >= ? ORDER BY received_at, n",
            (set_key, since),
        )
        return [StoredPart(*row) for row in rows]

    def overdue_sets(self, before: float, limit: int) -> list[WaitingSet]:
        """Long messages whose first part came before then and that are not complete."""
        rows = self._db.execute(
            "SELECT set_key, sim, min(received_at) FROM inbound_parts "
            "WHERE inbound IS NULL AND set_key IS NOT NULL GROUP BY set_key "
            "HAVING min(received_at) < ? LIMIT ?",
            (before, limit),
        )
        return [WaitingSet(*row) for row in rows]

    def add(self, inbound: Inbound, parts: Sequence[int]) -> int:
        """Keep a message, made of the stored parts with these numbers. Returns its own."""
        n = next_number(self._db, "inbound")
        self._db.execute(
            f"INSERT INTO inbound ({_COLUMNS}) VALUES ({', '.join('?' * 17)})",
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
                inbound.keyword,
            ),
        )
        self._db.executemany(
            "UPDATE inbound_parts SET inbound = ? WHERE n = ?", [(n, part) for part in parts]
        )
        return n

    def get(self, id: str) -> Inbound | None:
        """The inbound message with this id."""
        row = self._db.execute(f"SELECT {_COLUMNS} FROM inbound WHERE id = ?", (id,)).fetchone()
        return None if row is None else _inbound(self._db, row)

    def numbered(self, n: int) -> Inbound | None:
        """The inbound message with this number."""
        row = self._db.execute(f"SELECT {_COLUMNS} FROM inbound WHERE n = ?", (n,)).fetchone()
        return None if row is None else _inbound(self._db, row)

    def number_of(self, id: str) -> int | None:
        """The number of the inbound message with this id."""
        row = self._db.execute("SELECT n FROM inbound WHERE id = ?", (id,)).fetchone()
        return None if row is None else int(row[0])

    def find(self, query: InboundQuery) -> Page[Inbound]:
        """A page of inbound messages, newest first. Raises ValueError for a foreign cursor."""
        return page(
            self._db,
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
            make=lambda row: _inbound(self._db, row),
        )


def _inbound(db: sqlite3.Connection, row: Sequence[Any]) -> Inbound:
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
        keyword=row[16],
    )

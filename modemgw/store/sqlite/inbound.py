"""Rows of inbound messages: each PDU as it came, the messages made of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from modemgw.store.contract.inbound import (
    Gap,
    InboundQuery,
    Kept,
    Place,
    StoredPart,
    WaitingSet,
)
from modemgw.store.records import Inbound, InboundKind, InboundPart, Page
from modemgw.store.sqlite import inbound_lists
from modemgw.store.sqlite.numbers import next_number
from modemgw.store.sqlite.rows import Rows

_NAMES = (
    *("id", "sender", "to_number", "text", "data", "encoding", "parts_total", "complete"),
    *("modem", "sim", "sent_at", "received_at", "message_class", "ports", "problem", "kind"),
    *("details", "read", "completed_at", "replace_type", "replaces", "replaced_by"),
    "keyword",
)
"""Columns, in the order of `_values`."""
_COLUMNS = f"n, {', '.join(_NAMES)}"
_INSERT = (
    f"INSERT INTO inbound (n, {', '.join(_NAMES)}, set_key) "
    f"VALUES ({', '.join('?' * (len(_NAMES) + 2))})"
)
_FILL = (
    f"UPDATE inbound SET {', '.join(f'{name} = ?' for name in _NAMES)}, "
    "set_key = CASE WHEN ? THEN NULL ELSE set_key END WHERE n = ?"
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

    def add(self, inbound: Inbound, parts: Sequence[int], *, set_key: str | None = None) -> int:
        """Keep a message, made of the stored parts with these numbers. Returns its own."""
        n = next_number(self._db, "inbound")
        self._db.execute(_INSERT, (n, *_values(inbound), set_key))
        self._attach(n, parts)
        return n

    def gaps(self, set_key: str) -> list[Gap]:
        """The incomplete messages to which a late part of this set may belong, newest first."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM inbound WHERE set_key = ? ORDER BY n DESC", (set_key,)
        ).fetchall()
        return [Gap(row[0], _inbound(self._db, row), tuple(self._parts(row[0]))) for row in rows]

    def fill(self, n: int, inbound: Inbound, parts: Sequence[int]) -> None:
        """Message `n` is now this, with these stored parts added. Once complete it has no gaps."""
        self._db.execute(_FILL, (*_values(inbound), inbound.complete, n))
        self._attach(n, parts)

    def _attach(self, n: int, parts: Sequence[int]) -> None:
        self._db.executemany(
            "UPDATE inbound_parts SET inbound = ? WHERE n = ?", [(n, part) for part in parts]
        )

    def _parts(self, n: int) -> list[StoredPart]:
        rows = self._db.execute(
            "SELECT n, tpdu, sequence, received_at, modem FROM inbound_parts WHERE inbound = ? "
            "ORDER BY received_at, n",
            (n,),
        )
        return [StoredPart(*row) for row in rows]

    def former(self, inbound: Inbound) -> Inbound | None:
        """The message that this one takes the place of: by SIM, sender and replace type."""
        row = self._db.execute(
            f"SELECT {_COLUMNS} FROM inbound INDEXED BY inbound_replaceable WHERE sim = ? "
            "AND sender = ? AND replace_type = ? AND replace_type IS NOT NULL "
            "AND replaced_by IS NULL ORDER BY n DESC LIMIT 1",
            (inbound.sim, inbound.sender, inbound.replace_type),
        ).fetchone()
        return None if row is None else _inbound(self._db, row)

    def mark_replaced(self, id: str, by: str) -> None:
        """Another message has taken the place of this one, which is kept."""
        self._db.execute("UPDATE inbound SET replaced_by = ? WHERE id = ?", (by, id))

    def mark_read(self, id: str, read: bool) -> bool:
        """Mark a message as read or as not read. False: there is no such message."""
        done = self._db.execute("UPDATE inbound SET read = ? WHERE id = ?", (read, id))
        return done.rowcount == 1

    def mark_all_read(self, sender: str, through: int | None, limit: int) -> int:
        """Mark `limit` unread messages of a sender as read, of the first that came.

        `through`: none that came after the message with this number. Returns how many they were.
        """
        return self._db.execute(
            "UPDATE inbound SET read = 1 WHERE n IN (SELECT n FROM inbound "
            "INDEXED BY inbound_unread WHERE sender = ?1 AND read = 0 "
            "AND (?2 IS NULL OR n <= ?2) ORDER BY received_at LIMIT ?3)",
            (sender, through, limit),
        ).rowcount

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
        found = inbound_lists.numbers(self._db, query)
        marks = ", ".join("?" * len(found.numbers))
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM inbound WHERE n IN ({marks}) "
            "ORDER BY received_at DESC, n DESC",
            found.numbers,
        ).fetchall()
        return Page(tuple(_inbound(self._db, row) for row in rows), found.next_cursor)


def _values(inbound: Inbound) -> tuple[Any, ...]:
    ports, details = inbound.ports, inbound.details
    return (
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
        None if ports is None else f"{ports[0]}:{ports[1]}",
        inbound.problem,
        inbound.kind,
        None if details is None else json.dumps(details, ensure_ascii=False),
        inbound.read,
        inbound.completed_at,
        inbound.replace_type,
        inbound.replaces,
        inbound.replaced_by,
        inbound.keyword,
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
        kind=InboundKind(row[16]),
        details=None if row[17] is None else json.loads(row[17]),
        read=bool(row[18]),
        completed_at=row[19],
        replace_type=row[20],
        replaces=row[21],
        replaced_by=row[22],
        keyword=row[23],
    )

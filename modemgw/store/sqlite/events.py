"""The log of events, the answers kept for Idempotency-Key, and reports that matched nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from itertools import chain
from typing import Any

from pydantic_core import to_json

from modemgw.store.contract.events import AnsweredBefore, UnmatchedReport
from modemgw.store.records import Event
from modemgw.store.sqlite.rows import Rows

BLOCK = 100
"""Events that are inserted by one statement."""
_INSERT_EVENT = "INSERT INTO events (id, type, at, data) VALUES (?, ?, ?, ?)"
_INSERT_EVENTS = f"{_INSERT_EVENT}{', (?, ?, ?, ?)' * (BLOCK - 1)}"

Emitted = tuple[str, float, dict[str, Any], str]
"""Type, time, data, and the data as JSON."""


class SqliteEvents(Rows):
    """The log of what happened."""

    __slots__ = ("emitted",)

    def __init__(self, db: sqlite3.Connection, now: float = 0.0) -> None:
        super().__init__(db, now)
        self.emitted: list[Emitted] = []
        """What the group has emitted so far; numbered and written at its end."""

    def emit(self, type: str, data: dict[str, Any]) -> None:
        """Record an event; it is published once the group is committed."""
        self.emitted.append((type, self.now, data, to_json(data).decode()))

    def emit_all(self, type: str, datas: Iterable[dict[str, Any]]) -> None:
        """See `emit`."""
        now = self.now
        self.emitted += [(type, now, data, to_json(data).decode()) for data in datas]

    def write_emitted(self, first_id: int) -> list[Event]:
        """Write what the group has emitted. Returns it as it is to be published."""
        rows = [(n, one[0], one[1], one[3]) for n, one in enumerate(self.emitted, first_id)]
        blocks = len(rows) - len(rows) % BLOCK
        for start in range(0, blocks, BLOCK):
            block = chain.from_iterable(rows[start : start + BLOCK])
            self._db.execute(_INSERT_EVENTS, [*block])
        self._db.executemany(_INSERT_EVENT, rows[blocks:])
        return [
            Event(n, type, at, data) for n, (type, at, data, _) in enumerate(self.emitted, first_id)
        ]

    def after(self, id: int, limit: int) -> list[Event]:
        """Events with a higher id than this, in order."""
        rows = self._db.execute(
            "SELECT id, type, at, data FROM events WHERE id > ? ORDER BY id LIMIT ?", (id, limit)
        )
        return [Event(i, type_, at, json.loads(data)) for i, type_, at, data in rows]


class SqliteAnswers(Rows):
    """Answers kept for Idempotency-Key."""

    __slots__ = ()

    def find(self, key: str, idempotency_key: str) -> AnsweredBefore | None:
        """The answer that was given to an Idempotency-Key of this API key."""
        row = self._db.execute(
            "SELECT fingerprint, body FROM answers WHERE key = ? AND idempotency_key = ?",
            (key, idempotency_key),
        ).fetchone()
        return None if row is None else AnsweredBefore(row[0], row[1])

    def remember(self, key: str, idempotency_key: str, fingerprint: str, body: bytes) -> None:
        """Keep the answer to a request. Raises AnsweredBefore when there is one already."""
        before = self.find(key, idempotency_key)
        if before is not None:
            raise before
        self._db.execute(
            "INSERT INTO answers (key, idempotency_key, fingerprint, body, created_at) "
            "VALUES (?, ?, ?, ?, ?)",
            (key, idempotency_key, fingerprint, body, self.now),
        )


class SqliteUnmatchedReports(Rows):
    """Status reports that no attempt was found for."""

    __slots__ = ("_some",)

    def __init__(self, db: sqlite3.Connection, now: float = 0.0) -> None:
        super().__init__(db, now)
        self._some: bool | None = None
        """Whether there is any, as far as that is known: mostly there is none to be looked for."""

    def forget(self) -> None:
        """See Rows."""
        self._some = None

    def keep(
        self,
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
        self._some = True
        self._db.execute(
            "INSERT OR IGNORE INTO unmatched_reports (digest, modem, sim, tpdu, reference, "
            "recipient, to_tail, tp_status, received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (digest, modem, sim, tpdu, reference, recipient, tail, tp_status, self.now),
        )

    def find(
        self, sim: str, reference: int | None, tail: str, since: float
    ) -> list[UnmatchedReport]:
        """Kept reports for a SIM that came since a time, by TP-MR or recipient, oldest first."""
        if self._some is None:
            row = self._db.execute("SELECT EXISTS (SELECT 1 FROM unmatched_reports)").fetchone()
            self._some = bool(row[0])
        if not self._some:
            return []
        rows = self._db.execute(
            "SELECT n, sim, reference, tpdu, received_at FROM unmatched_reports "
            "WHERE sim = ? AND (reference = ? OR to_tail = ?) AND received_at >= ? ORDER BY n",
            (sim, reference, tail, since),
        )
        return [UnmatchedReport(*row) for row in rows]

    def drop(self, n: int) -> None:
        """The report has found its attempt."""
        self._some = None
        self._db.execute("DELETE FROM unmatched_reports WHERE n = ?", (n,))

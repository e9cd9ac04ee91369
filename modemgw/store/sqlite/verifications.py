"""Rows of verifications, of the messages that have their codes, and of what their limits count."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from modemgw.store.contract.verifications import (
    CodeMessage,
    Counted,
    CountedBy,
    StoppedPrefix,
    Tally,
    Use,
    Verification,
    VerificationQuery,
)
from modemgw.store.errors import StoreConflict
from modemgw.store.records import Page
from modemgw.store.sqlite.message_lists import OPEN
from modemgw.store.sqlite.paging import page
from modemgw.store.sqlite.rows import Rows

_NAMES = (
    "id", "key", "number", "prefix", "client", "status", "salt", "length", "attempts",
    "max_attempts", "sends", "max_sends", "template", "language", "domain", "reference",
    "created_at", "expires_at", "sent_at", "ended_at",
)  # fmt: skip
"""The columns, in the order of Verification's fields."""
_COLUMNS = ", ".join(_NAMES)
_INSERT = f"INSERT INTO verifications ({_COLUMNS}) VALUES ({', '.join('?' * len(_NAMES))})"
_SELECT = f"SELECT {_COLUMNS} FROM verifications"


class SqliteVerifications(Rows):
    """Verifications, and what is done to them."""

    __slots__ = ()

    def get(self, id: str) -> Verification | None:
        """The verification with this id."""
        row = self._db.execute(f"{_SELECT} WHERE id = ?", (id,)).fetchone()
        return None if row is None else Verification(*row)

    def latest(self, key: str, number: str) -> Verification | None:
        """The newest verification of a number that a key has asked for."""
        row = self._db.execute(
            f"{_SELECT} WHERE number = ? AND key = ? ORDER BY +n DESC LIMIT 1",
            (number, key),
        ).fetchone()
        return None if row is None else Verification(*row)

    def find(self, query: VerificationQuery) -> Page[Verification]:
        """A page of them, newest first. Raises ValueError for a cursor that is not ours."""
        return page(
            self._db,
            "verifications",
            f"n, {_COLUMNS}",
            (
                ("number", "=", query.number),
                ("status", "=", query.status),
                ("key", "=", query.key),
                ("reference", "=", query.reference),
                ("created_at", ">=", query.since),
                ("created_at", "<", query.until),
            ),
            time="created_at",
            cursor=query.cursor,
            limit=query.limit,
            make=lambda row: Verification(*row[1:-1]),
        )

    def next_expiry(self) -> float | None:
        """When the first of the pending ones expires; None when there is none."""
        (at,) = self._db.execute(
            "SELECT min(expires_at) FROM verifications WHERE status = 'pending'"
        ).fetchone()
        return None if at is None else float(at)

    def overdue(self, now: float, limit: int) -> list[Verification]:
        """Pending ones that have expired, the first to do so first."""
        rows = self._db.execute(
            f"{_SELECT} WHERE status = 'pending' AND expires_at <= ? ORDER BY expires_at LIMIT ?",
            (now, limit),
        )
        return [Verification(*row) for row in rows]

    def waiting_messages(self) -> list[CodeMessage]:
        """The messages with codes that still want a modem."""
        columns = ", ".join(f"v.{name}" for name in _NAMES)
        rows = self._db.execute(
            f"SELECT m.id, m.text, c.places, m.expires_at, {columns} "
            "FROM (SELECT id, text, expires_at FROM messages INDEXED BY messages_open "
            f"WHERE {OPEN}) m JOIN verification_messages c ON c.message = m.id "
            "JOIN verifications v ON v.n = c.verification"
        )
        return [
            CodeMessage(
                message=id,
                verification=Verification(*row),
                text=text,
                places=tuple(json.loads(places)),
                expires_at=expires_at,
            )
            for id, text, places, expires_at, *row in rows
        ]

    def allowed_at(
        self, what: Counted, by: CountedBy, name: str | bytes, most: int, span_s: float, now: float
    ) -> float:
        """When one more of `what` is within `most` (1 or more) in `span_s` seconds; `now` if so."""
        row = self._db.execute(
            f"SELECT at FROM verification_uses WHERE what = ? AND {by} = ? AND at > ? "
            "ORDER BY at DESC LIMIT 1 OFFSET ?",
            (what, name, now - span_s, most - 1),
        ).fetchone()
        return now if row is None else float(row[0]) + span_s

    def tally(self, prefix: str, since: float) -> Tally:
        """How the verifications of a prefix went that were begun since then."""
        row = self._db.execute(
            "SELECT count(*), coalesce(sum(status = 'approved'), 0) FROM verifications "
            "WHERE prefix = ? AND created_at >= ?",
            (prefix, since),
        ).fetchone()
        return Tally(*row)

    def stopped(self, prefix: str) -> StoppedPrefix | None:
        """That a prefix was stopped, be it over by now or not."""
        row = self._db.execute(
            "SELECT prefix, since, until, sent, approved FROM stopped_prefixes WHERE prefix = ?",
            (prefix,),
        ).fetchone()
        return None if row is None else StoppedPrefix(*row)

    def all_stopped(self, now: float) -> list[StoppedPrefix]:
        """The prefixes that are stopped now, the last one first."""
        rows = self._db.execute(
            "SELECT prefix, since, until, sent, approved FROM stopped_prefixes WHERE until > ? "
            "ORDER BY since DESC, prefix",
            (now,),
        )
        return [StoppedPrefix(*row) for row in rows]

    def insert(self, verification: Verification) -> None:
        """Keep a new one. Raises StoreConflict: the key has a pending one of the number."""
        try:
            self._db.execute(_INSERT, _row(verification))
        except sqlite3.IntegrityError as error:
            raise StoreConflict("there is a pending verification of this number") from error

    def update(self, verification: Verification) -> None:
        """Keep what has become of one; its id, key and number stay."""
        v = verification
        self._db.execute(
            "UPDATE verifications SET status = ?, attempts = ?, sends = ?, template = ?, "
            "language = ?, domain = ?, sent_at = ?, ended_at = ? WHERE id = ?",
            (
                v.status, v.attempts, v.sends, v.template, v.language, v.domain, v.sent_at,
                v.ended_at, v.id,
            ),
        )  # fmt: skip

    def add_message(self, message: str, verification: str, places: Sequence[int]) -> None:
        """The message with this id is to have the code of a verification at these places."""
        self._db.execute(
            "INSERT INTO verification_messages (message, verification, places) "
            "SELECT ?, n, ? FROM verifications WHERE id = ?",
            (message, json.dumps(places), verification),
        )

    def count(self, use: Use) -> None:
        """Count what limits count."""
        self._db.execute(
            "INSERT INTO verification_uses (what, number, key, prefix, client, at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            astuple(use),
        )

    def forget_uses(self, before: float) -> int:
        """Forget what was counted before then; returns how many."""
        return self._db.execute("DELETE FROM verification_uses WHERE at < ?", (before,)).rowcount

    def stop(self, stop: StoppedPrefix) -> None:
        """Stop a prefix, in place of an earlier stop of it."""
        self._db.execute(
            "INSERT OR REPLACE INTO stopped_prefixes (prefix, since, until, sent, approved) "
            "VALUES (?, ?, ?, ?, ?)",
            astuple(stop),
        )

    def lift(self, prefix: str) -> bool:
        """Stop a prefix no longer; False when it was not stopped."""
        done = self._db.execute("DELETE FROM stopped_prefixes WHERE prefix = ?", (prefix,))
        return done.rowcount == 1


def _row(verification: Verification) -> tuple[Any, ...]:
    return tuple(getattr(verification, name) for name in _NAMES)

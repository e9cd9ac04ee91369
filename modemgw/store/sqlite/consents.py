"""Rows of consents: the decisions that stand, their history, and marks of erased numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from modemgw.store.contract.consents import (
    EVERYTHING,
    Consent,
    ConsentQuery,
    ConsentState,
    Erased,
    lets_in,
    mark_of,
)
from modemgw.store.records import Page
from modemgw.store.sqlite.paging import page
from modemgw.store.sqlite.rows import Rows

_COLUMNS = "number, scope, state, source, at, recorded_at, evidence, key, inbound"
_INSERT = f"({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"


class SqliteConsents(Rows):
    """Who may be sent what."""

    __slots__ = ()

    def current(self, number: str, scope: str = EVERYTHING) -> Consent | None:
        """The decision that stands."""
        row = self._db.execute(
            f"SELECT {_COLUMNS} FROM consents WHERE number = ? AND scope = ?", (number, scope)
        ).fetchone()
        return None if row is None else _consent(row)

    def standing(self, number: str) -> list[Consent]:
        """Every decision that stands about a number, by scope."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM consents WHERE number = ? ORDER BY scope", (number,)
        )
        return [_consent(row) for row in rows]

    def history(self, number: str) -> list[Consent]:
        """Every decision about a number, the newest record first."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM consent_history WHERE number = ? ORDER BY n DESC", (number,)
        )
        return [_consent(row) for row in rows]

    def find(self, query: ConsentQuery) -> Page[Consent]:
        """A page of decisions that stand, the newest record first.

        Raises ValueError for a foreign cursor.
        """
        return page(
            self._db,
            "consents",
            f"n, {_COLUMNS}",
            (
                ("number", "=", query.number),
                ("scope", "=", query.scope),
                ("state", "=", query.state),
            ),
            time="recorded_at",
            cursor=query.cursor,
            limit=query.limit,
            make=lambda row: _consent(row[1:10]),
        )

    def after(self, n: int, limit: int) -> list[tuple[int, Consent]]:
        """Decisions that stand, by their numbers above `n`, in order: all of them, part by part."""
        rows = self._db.execute(
            f"SELECT n, {_COLUMNS} FROM consents WHERE n > ? ORDER BY n LIMIT ?", (n, limit)
        )
        return [(row[0], _consent(row[1:])) for row in rows]

    def erased(self) -> Erased:
        """The marks of those who opted out and were erased."""
        marks = self._db.execute("SELECT mark FROM consent_marks").fetchall()
        return Erased(self._mark_key(), frozenset(mark for (mark,) in marks))

    def record(self, consents: Iterable[Consent], *, stands: bool = True) -> None:
        """Keep decisions; they stand, each in place of the one before it, unless that is denied.

        A number that opts into everything has no mark any more.
        """
        kept = list(consents)
        rows = [_row(consent) for consent in kept]
        self._db.executemany(f"INSERT INTO consent_history {_INSERT}", rows)
        if stands:
            self._db.executemany(f"INSERT OR REPLACE INTO consents {_INSERT}", rows)
            self._unmark([consent.number for consent in kept if lets_in(consent)])

    def erase(self, number: str) -> int:
        """Forget every decision about a number; returns how many they were.

        A number that is opted out of everything leaves its mark.
        """
        stands = self.current(number)
        if stands is not None and stands.state is ConsentState.OPTED_OUT:
            self._db.execute(
                "INSERT OR IGNORE INTO consent_marks (mark, at) VALUES (?, ?)",
                (mark_of(self._mark_key(), number), self.now),
            )
        self._db.execute("DELETE FROM consents WHERE number = ?", (number,))
        return self._db.execute("DELETE FROM consent_history WHERE number = ?", (number,)).rowcount

    def _unmark(self, numbers: Sequence[str]) -> None:
        if numbers and self._db.execute("SELECT 1 FROM consent_marks LIMIT 1").fetchone():
            key = self._mark_key()
            self._db.executemany(
                "DELETE FROM consent_marks WHERE mark = ?",
                [(mark_of(key, number),) for number in numbers],
            )

    def _mark_key(self) -> bytes:
        (key,) = self._db.execute("SELECT key FROM consent_mark_key").fetchone()
        return bytes(key)


def _row(consent: Consent) -> tuple[Any, ...]:
    return (
        consent.number,
        consent.scope,
        consent.state,
        consent.source,
        consent.at,
        consent.recorded_at,
        consent.evidence,
        consent.key,
        consent.inbound,
    )


def _consent(row: Sequence[Any]) -> Consent:
    number, scope, state, *rest = row
    return Consent(number, scope, ConsentState(state), *rest)

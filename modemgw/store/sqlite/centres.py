"""Rows of service centres: how far the clock of each SIM's centre is ahead of ours."""

from __future__ import annotations

import sqlite3

from modemgw.store.sqlite.rows import Rows


class SqliteCentres(Rows):
    """The clocks of service centres."""

    __slots__ = ()

    def clock(self, sim: str) -> tuple[float | None, float | None]:
        """What is thought of the clock of a SIM's service centre, and what was seen against it.

        Seconds by which it is ahead of ours; None: nothing is known.
        """
        row = self._db.execute(
            "SELECT ahead_s, rival_s FROM service_centres WHERE sim = ?", (sim,)
        ).fetchone()
        return (None, None) if row is None else (row[0], row[1])

    def set_clock(self, sim: str, offset: float, rival: float | None) -> None:
        """Keep what is thought of a service centre's clock, see `clock`."""
        self._db.execute(
            "INSERT OR REPLACE INTO service_centres (sim, ahead_s, rival_s) VALUES (?, ?, ?)",
            (sim, offset, rival),
        )


class RememberedCentres(SqliteCentres):
    """The same on the writing connection, which alone changes them: each is read once."""

    __slots__ = ("_known",)

    def __init__(self, db: sqlite3.Connection, now: float = 0.0) -> None:
        super().__init__(db, now)
        self._known: dict[str, tuple[float | None, float | None]] = {}

    def forget(self) -> None:
        """See Rows."""
        self._known.clear()

    def clock(self, sim: str) -> tuple[float | None, float | None]:
        """See SqliteCentres."""
        known = self._known.get(sim)
        if known is None:
            known = self._known[sim] = super().clock(sim)
        return known

    def set_clock(self, sim: str, offset: float, rival: float | None) -> None:
        """See SqliteCentres."""
        super().set_clock(sim, offset, rival)
        self._known[sim] = (offset, rival)

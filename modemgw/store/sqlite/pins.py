"""Tries of PINs: what was typed into which SIM, and what came of it."""

from __future__ import annotations

from dataclasses import astuple

from modemgw.store.contract.pins import PinRow
from modemgw.store.sqlite.rows import Rows


class SqlitePinTries(Rows):
    """Tries of PINs."""

    __slots__ = ()

    def read(self) -> list[PinRow]:
        """All of them, the one that was tried last first."""
        rows = self._db.execute(
            "SELECT salt, hash, modem, iccid, outcome, open FROM pin_tries ORDER BY at DESC"
        )
        return [PinRow(*row) for row in rows]

    def keep(self, row: PinRow) -> None:
        """Write it in place of the one with the same salt."""
        self._db.execute(
            "INSERT OR REPLACE INTO pin_tries (salt, hash, modem, iccid, outcome, open, at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*astuple(row), self.now),
        )

"""Tries of PINs: what was typed into which SIM, and what came of it."""

from __future__ import annotations

import sqlite3
from dataclasses import astuple, dataclass

from modemgw.store.writer import Transaction


@dataclass(frozen=True, slots=True)
class PinRow:
    """One PIN (hashed, salted) at one SIM. `modem` is its IMEI, or its id where it has none."""

    salt: bytes
    hash: bytes
    modem: str
    iccid: str | None
    outcome: str
    open: int
    """Tries since `outcome` whose own outcome is not known."""


def read(db: sqlite3.Connection) -> list[PinRow]:
    """All of them, the one that was tried last first."""
    rows = db.execute(
        "SELECT salt, hash, modem, iccid, outcome, open FROM pin_tries ORDER BY at DESC"
    )
    return [PinRow(*row) for row in rows]


def keep(tx: Transaction, row: PinRow) -> None:
    """Write it in place of the one with the same salt."""
    tx.execute(
        "INSERT OR REPLACE INTO pin_tries (salt, hash, modem, iccid, outcome, open, at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*astuple(row), tx.now),
    )

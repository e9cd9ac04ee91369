"""Rows of service centres: how far the clock of each SIM's centre is ahead of ours."""

from __future__ import annotations

import sqlite3

from modemgw.store.writer import Transaction


def clock(db: sqlite3.Connection | Transaction, sim: str) -> tuple[float | None, float | None]:
    """What is thought of the clock of a SIM's service centre, and what was last seen against it.

    Seconds by which it is ahead of ours; None: nothing is known.
    """
    row = db.execute(
        "SELECT ahead_s, rival_s FROM service_centres WHERE sim = ?", (sim,)
    ).fetchone()
    return (None, None) if row is None else (row[0], row[1])


def set_clock(tx: Transaction, sim: str, offset: float, rival: float | None) -> None:
    """Keep what is thought of a service centre's clock, see `clock`."""
    tx.execute(
        "INSERT OR REPLACE INTO service_centres (sim, ahead_s, rival_s) VALUES (?, ?, ?)",
        (sim, offset, rival),
    )

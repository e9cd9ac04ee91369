"""Rows of policy that outlives a restart: refusals of a SIM, pauses of modems, wrong dates."""

from __future__ import annotations

import json
import sqlite3

from modemgw.store.records import BreakerState, Misdated
from modemgw.store.writer import Transaction

MESSAGES = "messages"
"""Stands for the dates of messages in the table `misdated`, beside ICCIDs for those of attempts."""


def breaker(db: sqlite3.Connection | Transaction, sim: str) -> BreakerState | None:
    """What is remembered of a SIM's refusals."""
    row = db.execute(
        "SELECT barred, failed, recipients, probes, probe_at FROM sim_state WHERE sim = ?", (sim,)
    ).fetchone()
    if row is None:
        return None
    return BreakerState(row[0], row[1], tuple(json.loads(row[2])), row[3], row[4])


def keep_breaker(tx: Transaction, sim: str, state: BreakerState | None) -> None:
    """Remember a SIM's refusals; None: it has none."""
    if state is None:
        tx.execute("DELETE FROM sim_state WHERE sim = ?", (sim,))
        return
    tx.execute(
        "INSERT OR REPLACE INTO sim_state (sim, barred, failed, recipients, probes, probe_at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (
            sim,
            state.barred,
            state.failed,
            json.dumps(state.recipients),
            state.probes,
            state.probe_at,
        ),
    )


def paused(db: sqlite3.Connection) -> frozenset[str]:
    """Modems that an administrator has paused."""
    return frozenset(modem for (modem,) in db.execute("SELECT modem FROM paused_modems"))


def set_paused(tx: Transaction, modem: str, pause: bool) -> None:
    """An administrator has paused a modem, or lets it work again."""
    if pause:
        tx.execute(
            "INSERT OR IGNORE INTO paused_modems (modem, paused_at) VALUES (?, ?)", (modem, tx.now)
        )
    else:
        tx.execute("DELETE FROM paused_modems WHERE modem = ?", (modem,))


def misdated(db: sqlite3.Connection | Transaction, what: str) -> Misdated | None:
    """What was found of rows that are dated later than now."""
    row = db.execute("SELECT newest, seen_at FROM misdated WHERE what = ?", (what,)).fetchone()
    return None if row is None else Misdated(*row)


def keep_misdated(tx: Transaction, what: str, found: Misdated) -> None:
    """Remember what was found of rows that are dated later than now."""
    tx.execute(
        "INSERT OR REPLACE INTO misdated (what, newest, seen_at) VALUES (?, ?, ?)",
        (what, found.newest, found.seen_at),
    )

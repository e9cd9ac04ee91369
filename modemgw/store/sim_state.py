"""Rows of policy that outlives a restart: SIMs and their refusals, paused modems, wrong dates."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass

from modemgw.store.records import BreakerState, Misdated
from modemgw.store.writer import Transaction

MESSAGES = "messages"
"""Stands for the dates of messages in the table `misdated`, beside ICCIDs for those of attempts."""


def breaker(db: sqlite3.Connection | Transaction, sim: str) -> BreakerState | None:
    """What is remembered of a SIM's refusals."""
    row = db.execute(
        "SELECT barred, failed, recipients, probes, probe_at, since FROM sim_state WHERE sim = ?",
        (sim,),
    ).fetchone()
    if row is None:
        return None
    return BreakerState(row[0], row[1], tuple(json.loads(row[2])), *row[3:])


def keep_breaker(tx: Transaction, sim: str, state: BreakerState | None) -> None:
    """Remember a SIM's refusals; None: it has none."""
    if state is None:
        tx.execute("DELETE FROM sim_state WHERE sim = ?", (sim,))
        return
    tx.execute(
        "INSERT OR REPLACE INTO sim_state "
        "(sim, barred, failed, recipients, probes, probe_at, since) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            sim,
            state.barred,
            state.failed,
            json.dumps(state.recipients),
            state.probes,
            state.probe_at,
            state.since,
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


@dataclass(frozen=True, slots=True)
class SeenSim:
    """A SIM that was ready in a modem, or has sent."""

    iccid: str
    imsi: str | None
    number: str | None
    """As configured for its modem then, else as the SIM said."""
    modem: str
    """The one that it was last seen in."""
    seen_at: float


def keep_seen(tx: Transaction, sim: SeenSim) -> None:
    """Remember where and when a SIM was last seen."""
    tx.execute(
        "INSERT OR REPLACE INTO sims (iccid, imsi, number, modem, seen_at) VALUES (?, ?, ?, ?, ?)",
        (sim.iccid, sim.imsi, sim.number, sim.modem, sim.seen_at),
    )


def seen(db: sqlite3.Connection, iccid: str | None = None) -> list[SeenSim]:
    """Every SIM that was seen, or the one with this ICCID, by ICCID. A part begun through one
    counts as having seen it."""
    rows = db.execute(
        "SELECT iccid, imsi, number, modem, max(seen_at, coalesce("
        "(SELECT max(started_at) FROM attempts WHERE sim = iccid), 0)) "
        "FROM sims WHERE ?1 IS NULL OR iccid = ?1 ORDER BY iccid",
        (iccid,),
    )
    return [SeenSim(*row) for row in rows]

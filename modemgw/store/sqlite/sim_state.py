"""Rows of policy that outlives a restart: SIMs and their refusals, paused modems, wrong dates."""

from __future__ import annotations

import json
from decimal import Decimal

from modemgw.store.contract.sim_state import Balance, SeenSim
from modemgw.store.records import BreakerState, Misdated
from modemgw.store.sqlite.rows import Rows


class SqliteSimState(Rows):
    """Policy that outlives a restart: refusals of a SIM, pauses of modems, wrong dates."""

    __slots__ = ()

    def breaker(self, sim: str) -> BreakerState | None:
        """What is remembered of a SIM's refusals."""
        row = self._db.execute(
            "SELECT barred, failed, recipients, probes, probe_at, since FROM sim_state WHERE sim "
            "= ?",
            (sim,),
        ).fetchone()
        if row is None:
            return None
        return BreakerState(row[0], row[1], tuple(json.loads(row[2])), *row[3:])

    def keep_breaker(self, sim: str, state: BreakerState | None) -> None:
        """Remember a SIM's refusals; None: it has none."""
        if state is None:
            self._db.execute("DELETE FROM sim_state WHERE sim = ?", (sim,))
            return
        self._db.execute(
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

    def paused(self) -> frozenset[str]:
        """Modems that an administrator has paused."""
        return frozenset(modem for (modem,) in self._db.execute("SELECT modem FROM paused_modems"))

    def set_paused(self, modem: str, pause: bool) -> None:
        """An administrator has paused a modem, or lets it work again."""
        if pause:
            self._db.execute(
                "INSERT OR IGNORE INTO paused_modems (modem, paused_at) VALUES (?, ?)",
                (modem, self.now),
            )
        else:
            self._db.execute("DELETE FROM paused_modems WHERE modem = ?", (modem,))

    def misdated(self, what: str) -> Misdated | None:
        """What was found of rows that are dated later than now."""
        row = self._db.execute(
            "SELECT newest, seen_at FROM misdated WHERE what = ?", (what,)
        ).fetchone()
        return None if row is None else Misdated(*row)

    def keep_misdated(self, what: str, found: Misdated) -> None:
        """Remember what was found of rows that are dated later than now."""
        self._db.execute(
            "INSERT OR REPLACE INTO misdated (what, newest, seen_at) VALUES (?, ?, ?)",
            (what, found.newest, found.seen_at),
        )

    def balance(self, sim: str) -> Balance | None:
        """What was last said of a SIM's credit."""
        row = self._db.execute(
            "SELECT amount, currency, said, at, low FROM balances WHERE sim = ?", (sim,)
        ).fetchone()
        if row is None:
            return None
        amount, currency, said, at, low = row
        return Balance(None if amount is None else Decimal(amount), currency, said, at, bool(low))

    def keep_balance(self, sim: str, balance: Balance) -> None:
        """Remember what was said of a SIM's credit."""
        amount = None if balance.amount is None else str(balance.amount)
        self._db.execute(
            "INSERT OR REPLACE INTO balances (sim, amount, currency, said, at, low) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (sim, amount, balance.currency, balance.said, balance.at, balance.low),
        )

    def keep_seen(self, sim: SeenSim) -> None:
        """Remember where and when a SIM was last seen."""
        self._db.execute(
            "INSERT OR REPLACE INTO sims (iccid, imsi, number, modem, seen_at) VALUES (?, ?, ?, "
            "?, ?)",
            (sim.iccid, sim.imsi, sim.number, sim.modem, sim.seen_at),
        )

    def seen(self, iccid: str | None = None) -> list[SeenSim]:
        """Every SIM that was seen, or the one with this ICCID, by ICCID. A part begun through one
        counts as having seen it."""
        rows = self._db.execute(
            "SELECT iccid, imsi, number, modem, max(seen_at, coalesce("
            "(SELECT max(started_at) FROM attempts WHERE sim = iccid), 0)) "
            "FROM sims WHERE ?1 IS NULL OR iccid = ?1 ORDER BY iccid",
            (iccid,),
        )
        return [SeenSim(*row) for row in rows]

"""Rows of what a person must see to, and of what was silenced of it."""

from __future__ import annotations

from modemgw.store.contract.alerts import Alert, AlertQuery, Silence
from modemgw.store.records import Page
from modemgw.store.sqlite.paging import page
from modemgw.store.sqlite.rows import Rows

_COLUMNS = (
    "n, id, alert, metric, severity, subject, modem, value, threshold, reason, raised_at, "
    "cleared_at, (SELECT until FROM alert_silences s WHERE s.alert = alerts.alert "
    "AND s.subject = alerts.subject)"
)


class SqliteAlerts(Rows):
    """Alerts, and what may be done to them."""

    __slots__ = ()

    def get(self, id: str) -> Alert | None:
        """One of them."""
        row = self._db.execute(f"SELECT {_COLUMNS} FROM alerts WHERE id = ?", (id,)).fetchone()
        return None if row is None else Alert(*row[1:])

    def find(self, query: AlertQuery) -> Page[Alert]:
        """A page of them, that raised last first. Raises ValueError for a foreign cursor."""
        return page(
            self._db,
            "alerts",
            _COLUMNS,
            (
                ("(cleared_at IS NULL)", "=", query.raised),
                ("alert", "=", query.alert),
                ("severity", "=", query.severity),
                ("subject", "=", query.subject),
                ("modem", "=", query.modem),
                ("raised_at", ">=", query.since),
                ("raised_at", "<", query.until),
            ),
            time="raised_at",
            cursor=query.cursor,
            limit=query.limit,
            make=lambda row: Alert(*row[1:13]),
        )

    def standing(self) -> list[Alert]:
        """Those that are raised, oldest first."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM alerts WHERE cleared_at IS NULL ORDER BY raised_at, n"
        )
        return [Alert(*row[1:]) for row in rows]

    def silences(self) -> list[Silence]:
        """What is silenced, also what was so and is no longer."""
        rows = self._db.execute("SELECT alert, subject, until FROM alert_silences")
        return [Silence(*row) for row in rows]

    def raise_(self, alert: Alert) -> None:
        """Keep an alert. One with its id changes nothing."""
        self._db.execute(
            "INSERT OR IGNORE INTO alerts (id, alert, metric, severity, subject, modem, value, "
            "threshold, reason, raised_at, cleared_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                alert.id,
                alert.alert,
                alert.metric,
                alert.severity,
                alert.subject,
                alert.modem,
                alert.value,
                alert.threshold,
                alert.reason,
                alert.raised_at,
                alert.cleared_at,
            ),
        )

    def clear(self, id: str, at: float) -> bool:
        """It is over. False when there is none, or it was before."""
        done = self._db.execute(
            "UPDATE alerts SET cleared_at = ? WHERE id = ? AND cleared_at IS NULL", (at, id)
        )
        return done.rowcount == 1

    def silence(self, silence: Silence) -> None:
        """Silence an alert about a subject; one that is over by now ends the silence."""
        self._db.execute("DELETE FROM alert_silences WHERE until <= ?", (self.now,))
        self._db.execute(
            "INSERT OR REPLACE INTO alert_silences (alert, subject, until) VALUES (?, ?, ?)",
            (silence.alert, silence.subject, silence.until),
        )

    def delete_cleared(self, before: float) -> int:
        """Delete what was cleared before this moment. Returns how many were."""
        return self._db.execute("DELETE FROM alerts WHERE cleared_at < ?", (before,)).rowcount

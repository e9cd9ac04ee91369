"""The alerts of a running gateway: looked at, kept, told as events, listed and silenced."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from random import Random
from typing import Any

from modemgw.clock import SteadyClock
from modemgw.config import Config
from modemgw.gateway.errors import NotFound, foreign_cursor
from modemgw.gateway.following import Rest, nothing_left
from modemgw.gateway.identifiers import new_id
from modemgw.gateway.upkeep.alerts.engine import Change, Engine, Raised, Reading
from modemgw.gateway.upkeep.alerts.notices import Notice, Notices
from modemgw.store import Alert, AlertQuery, Silence, Store, Transaction, View
from modemgw.store.records import Page

logger = logging.getLogger(__name__)

LOOK_S = 5.0
"""How often it is looked whether something is wrong."""
_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "critical": logging.ERROR}
_Key = tuple[str, str]


class Alerts:
    """Looks whether something is wrong. `run` goes on where the process before this one ended."""

    def __init__(
        self,
        config: Config,
        *,
        store: Store,
        read: Callable[[], Iterable[Reading]],
        notices: Notices,
        clock: SteadyClock,
        random: Random,
    ) -> None:
        """`read` gives what the metrics are now; `notices` reach people."""
        self._config = config
        self._store = store
        self._read = read
        self._notices = notices
        self._clock = clock
        self._random = random
        self._engine = Engine(config.alert_rules)
        self._standing: dict[_Key, Alert] = {}
        self._silences: dict[_Key, float] = {}
        """Until when, by the wall clock, nobody is notified of what."""
        self._loaded = False
        self._wake = asyncio.Event()

    def follow(self, config: Config) -> Rest:
        """See Follower."""
        self._config = config
        self._engine.configure(config.alert_rules)
        self.wake()
        return nothing_left()

    def wake(self) -> None:
        """Something may be wrong: look at once."""
        self._wake.set()

    async def run(self) -> None:
        """Look, now and then and when there is a reason, until cancelled."""
        while True:
            await self.look()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._wake.wait()
            self._wake.clear()

    async def look(self) -> None:
        """Look whether something is wrong, or over. Raises StoreUnavailable at the first time."""
        if not self._loaded:
            standing, silences = await self._store.read(_kept)
            self._standing = {(one.alert, one.subject): one for one in standing}
            self._silences = {(one.alert, one.subject): one.until for one in silences}
            self._engine.restore(self._standing, self._clock.time())
            self._loaded = True
        self._clock.look()
        for change in self._engine.look(self._clock.time(), self._read()):
            self._changed(change)

    @property
    def standing(self) -> list[Alert]:
        """Those that are raised now, oldest first."""
        return list(self._standing.values())

    async def find(self, query: AlertQuery) -> Page[Alert]:
        """A page of alerts, that raised last first. Raises Rejected for a foreign cursor."""
        try:
            page = await self._store.read(lambda view: view.alerts.find(query))
        except (ValueError, OverflowError) as error:
            raise foreign_cursor() from error
        return replace(page, items=tuple(map(self._shown, page.items)))

    async def one(self, id: str) -> Alert:
        """One alert. Raises NotFound, StoreUnavailable."""
        return self._shown(_found(id, await self._store.look_up(lambda view: view.alerts.get(id))))

    async def silence(self, id: str, seconds: float) -> Alert:
        """Notify nobody of this alert about this subject for so long; 0 ends that.

        Raises NotFound, StoreUnavailable.
        """
        alert = await self.one(id)
        key = (alert.alert, alert.subject)
        until = self._clock.date() + seconds

        def keep(tx: Transaction) -> Alert | None:
            tx.alerts.silence(Silence(*key, until))
            return tx.alerts.get(id)

        silenced = await self._store.write(keep)
        self._silences[key] = until
        return self._shown(_found(id, silenced))

    def _shown(self, alert: Alert) -> Alert:
        """A silence that is over is none."""
        if alert.silenced_until is None or alert.silenced_until > self._clock.date():
            return alert
        return replace(alert, silenced_until=None)

    def _is_silent(self, key: _Key) -> bool:
        return self._silences.get(key, 0.0) > self._clock.date()

    def _changed(self, change: Change) -> None:
        now = self._clock.date()
        if isinstance(change, Raised):
            rule = change.rule
            alert = Alert(
                id=new_id("alr", now, self._random),
                alert=rule.id,
                metric=rule.metric,
                severity=rule.severity,
                subject=change.subject,
                modem=change.modem,
                value=change.value,
                threshold=change.threshold,
                reason=change.reason,
                raised_at=now,
            )
            self._standing[alert.alert, alert.subject] = alert
            logger.log(_LEVELS[rule.severity], "alert %s is raised: %s", rule.id, alert.reason)
            self._keep(alert, lambda tx: tx.alerts.raise_(alert))
        else:
            found = self._standing.pop((change.alert, change.subject), None)
            if found is None:
                return
            alert = replace(found, cleared_at=now)
            logger.info("alert %s is cleared: it was raised because %s", alert.alert, alert.reason)
            self._keep(alert, lambda tx: tx.alerts.clear(alert.id, now))
        key = (alert.alert, alert.subject)
        rule_now = next((r for r in self._config.alert_rules if r.id == alert.alert), None)
        if rule_now is not None and rule_now.notify and not self._is_silent(key):
            self._notices.give(Notice(alert, rule_now.notify))

    def _keep(self, alert: Alert, write: Callable[[Transaction], Any]) -> None:
        type = "alert.raised" if alert.cleared_at is None else "alert.cleared"
        data = told(alert, silenced=self._is_silent((alert.alert, alert.subject)))

        def keep(tx: Transaction) -> None:
            write(tx)
            tx.events.emit(type, data)

        self._store.write(keep, keep=True)


def told(alert: Alert, *, silenced: bool) -> dict[str, Any]:
    """The data of an alert's event. `reason` is there while it stands."""
    data: dict[str, Any] = {
        "id": alert.id,
        "alert": alert.alert,
        "severity": alert.severity,
        "subject": alert.subject,
        "value": alert.value,
        "threshold": alert.threshold,
        "silenced": silenced,
    }
    if alert.modem is not None:
        data["modem"] = alert.modem
    if alert.cleared_at is None:
        data["reason"] = alert.reason
    return data


def _found(id: str, alert: Alert | None) -> Alert:
    if alert is None:
        raise NotFound(f"there is no alert {id!r}")
    return alert


def _kept(view: View) -> tuple[list[Alert], list[Silence]]:
    return view.alerts.standing(), view.alerts.silences()

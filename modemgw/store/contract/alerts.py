"""What a person must see to: raised, cleared, silenced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from modemgw.store.records import Page


@dataclass(frozen=True, slots=True)
class Alert:
    """One time that something was wrong with something. Moments are UTC seconds."""

    id: str
    alert: str
    """The id of the alert in the configuration."""
    metric: str
    severity: str
    subject: str
    """What it is about: a modem, a SIM, a type of messages …"""
    modem: str | None
    """The modem that it has to do with, where it has to do with one."""
    value: float
    """What was measured when it was raised."""
    threshold: float
    reason: str
    """What is wrong, in one sentence."""
    raised_at: float
    cleared_at: float | None = None
    """None: it is still so."""
    silenced_until: float | None = None
    """Nobody is notified of it before this moment."""


@dataclass(frozen=True, slots=True)
class AlertQuery:
    """Which alerts to list; None asks for nothing."""

    raised: bool | None = None
    """True: those that stand; False: those that are cleared."""
    alert: str | None = None
    severity: str | None = None
    subject: str | None = None
    modem: str | None = None
    since: float | None = None
    until: float | None = None
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody is notified of an alert about a subject until then (UTC seconds)."""

    alert: str
    subject: str
    until: float


class AlertsView(Protocol):
    """What can be asked about alerts."""

    def get(self, id: str) -> Alert | None:
        """One of them."""

    def find(self, query: AlertQuery) -> Page[Alert]:
        """A page of them, that raised last first. Raises ValueError for a foreign cursor."""

    def standing(self) -> list[Alert]:
        """Those that are raised, oldest first."""

    def silences(self) -> list[Silence]:
        """What is silenced, also what was so and is no longer."""


class Alerts(AlertsView, Protocol):
    """Alerts, and what may be done to them."""

    def raise_(self, alert: Alert) -> None:
        """Keep an alert. One with its id changes nothing."""

    def clear(self, id: str, at: float) -> bool:
        """It is over. False when there is none, or it was before."""

    def silence(self, silence: Silence) -> None:
        """Silence an alert about a subject; one that is over by now ends the silence."""

    def delete_cleared(self, before: float) -> int:
        """Delete what was cleared before this moment. Returns how many were."""

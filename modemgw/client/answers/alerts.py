"""What a person must see to, or had to."""

from __future__ import annotations

from datetime import datetime

from modemgw.client.answer import Answer


class Alert(Answer):
    """One time that something was wrong with something."""

    id: str
    alert: str
    """Which alert of the configuration."""
    metric: str
    severity: str
    """`info`, `warning` or `critical`."""
    state: str
    """`raised`, or `cleared`: it is over."""
    subject: str
    """What it is about: a modem, a SIM, a type of messages …"""
    modem: str | None
    value: float
    """What was measured when it was raised."""
    threshold: float
    reason: str
    """What is wrong, in one sentence."""
    raised_at: datetime
    cleared_at: datetime | None
    silenced_until: datetime | None
    """Nobody is notified until then."""

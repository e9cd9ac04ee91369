"""What a person must see to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import TypedDict, Unpack

from modemgw.client.answers import Alert
from modemgw.client.outgoing import asked
from modemgw.client.transport import Transport, segment


class AlertFilters(TypedDict, total=False):
    """Which alerts to list; times are RFC 3339, or datetimes with a zone."""

    state: str | None
    """`raised` or `cleared`."""
    alert: str | None
    severity: str | None
    subject: str | None
    modem: str | None
    since: datetime | str | None
    until: datetime | str | None
    limit: int
    """Of one page, 1 to 1000."""


class Alerts(Transport):
    """Calls about alerts."""

    def alerts(self, **filters: Unpack[AlertFilters]) -> AsyncIterator[Alert]:
        """Alerts, that raised last first; a page is fetched when it is wanted."""
        return self._pages("v1/alerts", asked(filters), Alert)

    async def alert(self, identifier: str) -> Alert:
        """One alert."""
        return Alert(await self._get(f"v1/alerts/{segment(identifier)}"))

    async def silence_alert(self, identifier: str, seconds: float) -> Alert:
        """Have nobody notified of an alert about its subject for so long; 0 ends that."""
        path = f"v1/alerts/{segment(identifier)}/silence"
        return Alert(await self._post(path, {"seconds": seconds}))

"""Which alerts to list, and how long one is to be silent."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from modemgw.api.moments import Moment
from modemgw.api.requests.shared import Body, Cursor, Limit, Query

LONGEST_SILENCE_S = 90 * 86400


class AlertsQuery(Query):
    """Which alerts to list; that raised last comes first."""

    state: Literal["raised", "cleared"] | None = None
    alert: Annotated[str | None, Field(max_length=64)] = None
    severity: Literal["info", "warning", "critical"] | None = None
    subject: Annotated[str | None, Field(max_length=256)] = None
    modem: Annotated[str | None, Field(max_length=64)] = None
    since: Annotated[Moment | None, Field(description="Raised at this time or later.")] = None
    until: Annotated[Moment | None, Field(description="Raised before this time.")] = None
    limit: Limit = 50
    cursor: Cursor = None


class SilenceBody(Body):
    """For how long nobody is notified."""

    seconds: Annotated[
        float,
        Field(
            ge=0,
            le=LONGEST_SILENCE_S,
            description="From now on; 0: people are notified again.",
        ),
    ]

"""Which received messages to list, and what may be changed of one."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    Field,
)

from modemgw.api.moments import Moment
from modemgw.api.requests.shared import Body, Cursor, Limit, Number, Query
from modemgw.store.records import InboundKind


class InboundsQuery(Query):
    """Which received messages to list; the newest come first."""

    sender: Annotated[Number, Field(alias="from")] = None
    to: Annotated[Number, Field(description="The number of the SIM.")] = None
    modem: Annotated[str | None, Field(max_length=64)] = None
    kind: InboundKind | None = None
    read: Annotated[bool | None, Field(description="Those marked as read, or the others.")] = None
    complete: Annotated[bool | None, Field(description="false: parts are missing.")] = None
    since: Moment | None = None
    until: Moment | None = None
    limit: Limit = 50
    cursor: Cursor = None


class InboundChanges(Body):
    """What of a received message is to be another."""

    read: Annotated[bool, Field(description="Whether it counts as read.")]

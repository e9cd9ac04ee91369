"""Which received messages to list."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    Field,
)

from modemgw.api.moments import Moment
from modemgw.api.requests.shared import Cursor, Limit, Number, Query


class InboundsQuery(Query):
    """Which received messages to list; the newest come first."""

    sender: Annotated[Number, Field(alias="from")] = None
    since: Moment | None = None
    until: Moment | None = None
    limit: Limit = 50
    cursor: Cursor = None

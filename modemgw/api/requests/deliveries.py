"""Which deliveries to list, and which to make once more."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    ConfigDict,
    Field,
    model_validator,
)

from modemgw.api.moments import Moment
from modemgw.api.requests.shared import Body, Cursor, Limit, Query
from modemgw.store import DeliveryState


class DeliveriesQuery(Query):
    """Which deliveries of a handler, or of a webhook, to list; the newest come first."""

    state: DeliveryState | None = None
    limit: Limit = 50
    cursor: Cursor = None


MAX_REPLAY = 1000


class ReplayBody(Body):
    """Which ended deliveries to make once more: those named, or all of a state and time."""

    # Both would be a question of which counts.
    model_config = ConfigDict(
        json_schema_extra={
            "not": {
                "required": ["deliveries"],
                "anyOf": [{"required": [name]} for name in ("since", "until", "state")],
            }
        }
    )

    deliveries: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] | None,
        Field(min_length=1, max_length=MAX_REPLAY, description="Ids of deliveries."),
    ] = None
    since: Annotated[Moment | None, Field(description="Of events at this time or later.")] = None
    until: Annotated[Moment | None, Field(description="Of events before this time.")] = None
    state: Annotated[Literal["dead", "delivered"], Field(description="Those that ended so.")] = (
        "dead"
    )

    @model_validator(mode="after")
    def _one_way(self) -> ReplayBody:
        if "deliveries" in self.model_fields_set and len(self.model_fields_set) > 1:
            raise ValueError("give deliveries, or since, until and state, not both")
        return self

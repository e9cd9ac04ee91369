"""Which events to stream."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    AfterValidator,
    Field,
)

from modemgw.api.interest import Interest, patterns_of
from modemgw.api.requests.shared import Query

MAX_EVENT = 2**63 - 1
"""The largest id that an event can have."""


def _patterns(types: str) -> str:
    patterns_of(types)
    return types


class EventsQuery(Query):
    """Where a stream of events begins, and what it shows."""

    after: Annotated[
        int | None,
        Field(ge=0, le=MAX_EVENT, description="Begin after this event; only what is new without."),
    ] = None
    types: Annotated[
        Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_patterns)] | None,
        Field(
            description="Only these types, a comma between them; `message.*` is all of a family.",
            examples=["message.delivered,message.failed,inbound.*"],
        ),
    ] = None
    reference: Annotated[
        str | None,
        Field(max_length=255, description="Only what is told of messages with this reference."),
    ] = None

    @property
    def interest(self) -> Interest:
        """What it shows."""
        return Interest(() if self.types is None else patterns_of(self.types), self.reference)

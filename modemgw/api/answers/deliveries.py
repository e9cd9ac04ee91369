"""What handlers and webhooks get, as far as it is the same for both."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from modemgw.api.answers.shared import Time


class Outcome(TypedDict):
    """How one try of a delivery has ended."""

    at: Time
    code: Annotated[str, Field(description="`taken`, `failed`, `refused`, `no-answer` …")]
    problem: str | None
    took_ms: int | None
    http_status: Annotated[int | None, Field(description="Of the answer, if there was one.")]
    answer: Annotated[str | None, Field(description="How its body begins: 1,024 characters.")]


class AnyDelivery(TypedDict):
    """A delivery without whose it is."""

    id: str
    kind: Annotated[str | None, Field(description="What was done when it was last tried.")]
    event: Annotated[str, Field(description="The type of the event.")]
    event_id: int | None
    inbound: Annotated[str | None, Field(description="Id of the received message.")]
    key: Annotated[str | None, Field(description="Those with the same one are made in order.")]
    state: str
    tries: int
    next_at: Annotated[Time | None, Field(description="When it is tried, while it is pending.")]
    created_at: Time
    ended_at: Time | None
    outcomes: Annotated[list[Outcome], Field(description="Of the last tries, oldest first.")]


class Replayed(TypedDict):
    """What is made once more."""

    replayed: Annotated[int, Field(description="How many deliveries.")]

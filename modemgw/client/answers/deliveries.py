"""What handlers and webhooks get, as far as it is the same for both."""

from __future__ import annotations

from datetime import datetime

from modemgw.client.answer import Answer


class Outcome(Answer):
    """How one try of a delivery has ended."""

    at: datetime
    code: str
    problem: str | None
    took_ms: int | None
    http_status: int | None = None
    """Of the answer, if there was one."""
    answer: str | None = None
    """How its body begins: 1,024 characters."""


class AnyDelivery(Answer):
    """A delivery without whose it is."""

    id: str
    kind: str | None
    event: str
    """The type of the event."""
    event_id: int | None
    inbound: str | None
    """Id of the received message."""
    key: str | None
    """Those with the same one are made in order."""
    state: str
    tries: int
    next_at: datetime | None
    created_at: datetime
    ended_at: datetime | None
    outcomes: tuple[Outcome, ...]
    """Of the last tries, oldest first."""

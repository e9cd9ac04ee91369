"""Webhooks and their deliveries."""

from __future__ import annotations

from datetime import datetime

from modemgw.client.answer import Answer
from modemgw.client.answers.deliveries import AnyDelivery


class WebhookDelivery(AnyDelivery):
    """An event that a webhook gets, and how far that came."""

    webhook: str


class Webhook(Answer):
    """An address that is told of events, and its deliveries that have not been made."""

    id: str
    url: str
    events: tuple[str, ...]
    """Types, families (`message.*`), or `*`."""
    description: str | None
    enabled: bool
    created_at: datetime
    disabled_reason: str | None
    """Why the gateway has disabled it, if it has."""
    pending: int
    dead: int
    """Given up; they can be replayed."""
    problem: str | None
    """Why it did not take the last one."""


class WebhookWithSecret(Webhook):
    """A webhook as it is shown once, when it is created and when its secret is rotated."""

    secret: str
    """`whsec_` and base64: what signs. Keep it."""

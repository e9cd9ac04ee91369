"""Webhooks and their deliveries."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from modemgw.api.answers.deliveries import AnyDelivery
from modemgw.api.answers.shared import Time


class Webhook(TypedDict):
    """An address that is told of events, and its deliveries that have not been made."""

    id: str
    url: str
    events: Annotated[list[str], Field(description="Types, families (`message.*`), or `*`.")]
    description: str | None
    enabled: Annotated[bool, Field(description="False: it is told nothing.")]
    created_at: Time
    disabled_reason: Annotated[
        str | None, Field(description="Why the gateway has disabled it, if it has.")
    ]
    pending: Annotated[int, Field(description="Deliveries that are yet to be made.")]
    dead: Annotated[int, Field(description="Given up; they can be replayed.")]
    problem: Annotated[str | None, Field(description="Why it did not take the last one.")]


class WebhookWithSecret(Webhook):
    """A webhook as it is shown once, when it is created and when its secret is rotated."""

    secret: Annotated[str, Field(description="`whsec_` and base64: what signs. Keep it.")]


class Webhooks(TypedDict):
    """All webhooks, the oldest first."""

    items: list[Webhook]
    next_cursor: None


class WebhookDelivery(AnyDelivery):
    """An event that a webhook gets, and how far that came."""

    webhook: str


class WebhookDeliveries(TypedDict):
    """A page of a webhook's deliveries."""

    items: list[WebhookDelivery]
    next_cursor: str | None

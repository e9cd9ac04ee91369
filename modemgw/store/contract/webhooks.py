"""Webhooks: who asked to be told of what by HTTP; and which messages name an address of their own.

Secrets are kept in clear, for they sign: nobody but the database's owner may read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class WebhookSecret:
    """What signs for a webhook."""

    secret: str
    """`whsec_` and base64."""
    until: float | None = None
    """UTC seconds; None: until it is rotated."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that is told of events. Times are UTC seconds."""

    id: str
    url: str
    events: tuple[str, ...]
    """Types of events, or patterns: `message.*`, `*`."""
    description: str | None
    enabled: bool
    created_at: float
    disabled_reason: str | None
    """Why it was disabled by us."""
    after_event: int
    """It is told of later events than this one."""
    secrets: tuple[WebhookSecret, ...]
    """The newest first."""


class WebhooksView(Protocol):
    """Who asked to be told: what can be asked."""

    def all(self) -> list[Webhook]:
        """Every webhook, the oldest first."""

    def get(self, id: str) -> Webhook | None:
        """The webhook with this id."""

    def any_callback(self) -> bool:
        """Whether any message names an address to call back."""

    def callbacks(self, messages: Sequence[str]) -> dict[str, str]:
        """The addresses to call back, by message, of those with these ids that name one."""


class Webhooks(WebhooksView, Protocol):
    """Who asked to be told."""

    def put(self, webhook: Webhook) -> None:
        """Keep a webhook, in place of the one with its id if there is one."""

    def delete(self, id: str) -> bool:
        """Forget a webhook and its secrets; False when there is none."""

"""Webhooks: who asked to be told of what by HTTP, and what became of telling them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from modemgw.gateway.admission.results import Idempotency
from modemgw.gateway.deliveries.handlers import Replay
from modemgw.store import Delivery, DeliveryQuery
from modemgw.store.records import Page


@dataclass(frozen=True, slots=True)
class WebhookView:
    """A webhook without its secrets, and how many of its deliveries have not been made."""

    id: str
    """`whk_…`"""
    url: str
    events: tuple[str, ...]
    """Types of events: `message.*`, `inbound.received`, `*` …"""
    description: str | None
    enabled: bool
    created_at: float
    """UTC seconds."""
    disabled_reason: str | None
    """Why the gateway has disabled it; None: it has not."""
    pending: int
    """Deliveries not made yet, those being made among them."""
    dead: int
    problem: str | None
    """Why it did not take the last delivery of this run, if it did not; nothing of a message."""


@dataclass(frozen=True, slots=True)
class CreatedWebhook:
    """A webhook that was just created, and its secret, which is shown this once."""

    view: WebhookView
    secret: str


class Change(TypedDict, total=False):
    """What of a webhook is to be changed: the keys that are there."""

    url: str
    events: Sequence[str]
    description: str | None
    enabled: bool


class Webhooks:
    """The webhooks and their deliveries. Each verb raises StoreUnavailable when the store fails."""

    async def all(self) -> list[WebhookView]:
        """Every webhook, the oldest first."""
        raise NotImplementedError

    async def one(self, id: str) -> WebhookView:
        """One webhook. Raises NotFound."""
        raise NotImplementedError

    async def create(
        self,
        *,
        url: str,
        events: Sequence[str],
        description: str | None = None,
        enabled: bool = True,
        key: str = "",
        idempotency: Idempotency | None = None,
    ) -> CreatedWebhook | bytes:
        """Tell `url` of these events from now on.

        Returns the webhook with its secret (`whsec_…`); or the first answer to the same request
        (`idempotency`) of the API key named `key`, which is kept in the transaction that makes it.
        Raises Rejected (fields `url`, `events[i]`), IdempotencyConflict.
        """
        raise NotImplementedError

    async def change(self, id: str, change: Change) -> WebhookView:
        """Change a webhook. Raises NotFound, Rejected (as `create`).

        A disabled one gets nothing: what is pending for it is held until it is enabled again,
        and what happens meanwhile it is never told.
        """
        raise NotImplementedError

    async def delete(self, id: str) -> None:
        """Forget a webhook; what is pending for it is dead. Raises NotFound."""
        raise NotImplementedError

    async def rotate(self, id: str) -> str:
        """Give a webhook another secret, which is returned. Raises NotFound.

        The old ones sign beside it for ROTATION_S seconds (24 h).
        """
        raise NotImplementedError

    async def test(self, id: str) -> Delivery:
        """Send a `webhook.test` event to this webhook alone, once; it is not tried again.

        Returns the delivery when it has ended (its `outcomes` say how), or as it stands after
        TEST_WAIT_S. Raises NotFound, Conflict (it is disabled).
        """
        raise NotImplementedError

    async def deliveries(self, query: DeliveryQuery) -> Page[Delivery]:
        """A page of a webhook's deliveries, newest first; `query.subscriber` is its id.

        Raises NotFound, Rejected (cursor). A try has `http_status` and `answer` (its first
        1,024 characters) where there was an answer.
        """
        raise NotImplementedError

    async def replay(self, id: str, wanted: Replay) -> int:
        """Have deliveries made once more; returns how many. What has not ended is left alone.

        Raises NotFound; Rejected for deliveries that are not this webhook's: then none is made.
        """
        raise NotImplementedError

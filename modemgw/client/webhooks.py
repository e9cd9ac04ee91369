"""The webhooks that the gateway keeps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Literal, TypedDict, Unpack

from modemgw.client.answers import Webhook, WebhookDelivery, WebhookWithSecret
from modemgw.client.incoming import DeliveryFilters, Replaying
from modemgw.client.transport import segment


class WebhookChanges(TypedDict, total=False):
    """What may be changed of a webhook."""

    url: str
    events: Sequence[str]
    description: str | None
    enabled: bool


class Webhooks(Replaying):
    """Calls about webhooks. All of them want the scope admin."""

    async def webhooks(self) -> list[Webhook]:
        """Every webhook, the oldest first."""
        return [Webhook(item) for item in (await self._get("v1/webhooks"))["items"]]

    async def webhook(self, identifier: str) -> Webhook:
        """One webhook."""
        return Webhook(await self._get(f"v1/webhooks/{segment(identifier)}"))

    async def create_webhook(
        self,
        url: str,
        events: Sequence[str],
        *,
        description: str | None = None,
        enabled: bool = True,
        idempotency_key: str | None = None,
    ) -> WebhookWithSecret:
        """Have events posted to `url` from now on. The answer's `secret` is shown this once."""
        body: dict[str, Any] = {"url": url, "events": list(events), "enabled": enabled}
        if description is not None:
            body["description"] = description
        return WebhookWithSecret(await self._create("v1/webhooks", body, idempotency_key))

    async def change_webhook(self, identifier: str, **changes: Unpack[WebhookChanges]) -> Webhook:
        """Change what is given of a webhook."""
        body: dict[str, Any] = dict(changes)
        if "events" in changes:
            body["events"] = list(changes["events"])
        path = f"v1/webhooks/{segment(identifier)}"
        return Webhook((await self._request("PATCH", path, body=body, repeatable=True)).document)

    async def delete_webhook(self, identifier: str) -> None:
        """Delete a webhook; what is pending for it is not delivered."""
        await self._request("DELETE", f"v1/webhooks/{segment(identifier)}")

    async def rotate_webhook(self, identifier: str) -> WebhookWithSecret:
        """Give a webhook another secret; the old one signs beside it for 24 hours."""
        return WebhookWithSecret(await self._post(f"v1/webhooks/{segment(identifier)}/rotate"))

    async def test_webhook(self, identifier: str) -> WebhookDelivery:
        """Post an event `webhook.test` to a webhook, once; its `outcomes` say how that went."""
        return WebhookDelivery(await self._post(f"v1/webhooks/{segment(identifier)}/test"))

    def webhook_deliveries(
        self, identifier: str, **filters: Unpack[DeliveryFilters]
    ) -> AsyncIterator[WebhookDelivery]:
        """The deliveries of a webhook, newest first; a page is fetched when it is wanted."""
        return self._pages(
            f"v1/webhooks/{segment(identifier)}/deliveries", filters, WebhookDelivery
        )

    async def replay_webhook(
        self,
        identifier: str,
        deliveries: Sequence[str] | None = None,
        *,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        state: Literal["dead", "delivered"] | None = None,
    ) -> int:
        """As `replay`, of a webhook."""
        path = f"v1/webhooks/{segment(identifier)}/replay"
        return await self._replay(path, deliveries, since, until, state)

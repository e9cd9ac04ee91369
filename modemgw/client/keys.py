"""API keys, and the record of what admins did."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, TypedDict, Unpack

from modemgw.client.answers import ApiKey, AuditRecord, NewApiKey, RotatedApiKey
from modemgw.client.outgoing import asked, moment
from modemgw.client.transport import Transport, segment


class LimitOptions(TypedDict, total=False):
    """How many messages a key may send."""

    per_minute: int
    per_hour: int
    per_day: int


class AuditFilters(TypedDict, total=False):
    """Which records to list; times are RFC 3339, or datetimes with a zone."""

    key: str | None
    action: str | None
    target: str | None
    outcome: str | None
    since: datetime | str | None
    until: datetime | str | None
    limit: int
    """Of one page, 1 to 1000."""


class Keys(Transport):
    """Calls about API keys. All of them want the scope admin."""

    async def keys(self) -> list[ApiKey]:
        """Every API key, the oldest first."""
        return [ApiKey(item) for item in (await self._get("v1/keys"))["items"]]

    async def key(self, name: str) -> ApiKey:
        """One API key; never the key itself."""
        return ApiKey(await self._get(f"v1/keys/{segment(name)}"))

    async def create_key(
        self,
        name: str,
        scopes: Sequence[str],
        *,
        limits: LimitOptions | None = None,
        expires_at: datetime | str | None = None,
        templates_only: bool = False,
        templates: Sequence[str] = (),
    ) -> NewApiKey:
        """Make an API key. The answer's `key` and `webhook_secret` are shown this once.

        `templates_only`: it may send what templates make, and nothing else; `templates`: of these
        names.
        """
        body: dict[str, Any] = {"name": name, "scopes": list(scopes)}
        if limits is not None:
            body["limits"] = limits
        if expires_at is not None:
            body["expires_at"] = moment(expires_at)
        if templates_only or templates:
            body |= {"templates_only": True, "templates": list(templates)}
        return NewApiKey(await self._post("v1/keys", body))

    async def rotate_key(self, name: str, *, grace_seconds: float = 0) -> RotatedApiKey:
        """Replace an API key by another one, which `key` shows this once.

        The one before goes on for `grace_seconds`.
        """
        body = {"grace_seconds": grace_seconds}
        return RotatedApiKey(await self._post(f"v1/keys/{segment(name)}/rotate", body))

    async def revoke_key(self, name: str) -> ApiKey:
        """Revoke an API key: it opens nothing from now on."""
        return ApiKey((await self._request("DELETE", f"v1/keys/{segment(name)}")).document)

    async def renew_webhook_secret(self, name: str) -> str:
        """Sign events to the callback_url of a key's messages with another secret: this one."""
        secret: str = (await self._post(f"v1/keys/{segment(name)}/webhook-secret"))[
            "webhook_secret"
        ]
        return secret

    def audit(self, **filters: Unpack[AuditFilters]) -> AsyncIterator[AuditRecord]:
        """What admins did, newest first; a page is fetched when it is wanted."""
        return self._pages("v1/audit", asked(filters), AuditRecord)

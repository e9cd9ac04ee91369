"""API keys, and the record of what admins did."""

from __future__ import annotations

from datetime import datetime

from modemgw.client.answer import Answer


class KeyLimits(Answer):
    """How many messages an API key may send; None: as many as it likes."""

    per_minute: int | None
    per_hour: int | None
    per_day: int | None


class ApiKey(Answer):
    """An API key, without what opens doors."""

    name: str
    scopes: tuple[str, ...]
    state: str
    """active, expired or revoked; only `active` opens anything."""
    limits: KeyLimits | None
    expires_at: datetime | None
    created_at: datetime
    last_used_at: datetime | None
    """Up to a minute late."""
    revoked_at: datetime | None
    templates_only: bool
    """It may send what templates make, and nothing else …"""
    templates: tuple[str, ...]
    """… of these names, if there are any."""
    has_webhook_secret: bool
    """Whether events to a `callback_url` are signed for this key."""


class NewApiKey(ApiKey):
    """A new API key, and what is told of it this once."""

    key: str
    webhook_secret: str


class RotatedApiKey(ApiKey):
    """An API key that was rotated, and what is told of it this once."""

    key: str


class AuditRecord(Answer):
    """One thing that an admin did, or was refused."""

    at: datetime
    key: str | None
    """The API key's name; None: without one, on the gateway's machine."""
    address: str
    action: str
    """`keys.create`, `modems.pause` …"""
    target: str | None
    """The name or id of what it was done to."""
    outcome: str
    """`done`, or the end of the problem's type."""
    detail: str | None

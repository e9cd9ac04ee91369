"""API keys, and the record of what admins did."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from modemgw.api.answers.shared import Time


class KeyLimits(TypedDict):
    """How many messages an API key may send; null: as many as it likes."""

    per_minute: int | None
    per_hour: int | None
    per_day: int | None


class ApiKey(TypedDict):
    """An API key, without what opens doors."""

    name: str
    scopes: list[str]
    state: Annotated[
        Literal["active", "expired", "revoked"], Field(description="Only `active` opens anything.")
    ]
    limits: Annotated[
        KeyLimits | None, Field(description="Beside those of the configuration; null: none.")
    ]
    expires_at: Time | None
    created_at: Time
    last_used_at: Annotated[Time | None, Field(description="Up to a minute late.")]
    revoked_at: Time | None
    templates_only: Annotated[
        bool, Field(description="It may send what templates make, and nothing else.")
    ]
    templates: Annotated[list[str], Field(description="Names of those; none: all there are.")]
    has_webhook_secret: Annotated[
        bool, Field(description="Whether events to a `callback_url` are signed for this key.")
    ]


class NewApiKey(ApiKey):
    """A new API key, and what is told of it this once."""

    key: Annotated[str, Field(description="The key itself. It is told this once.")]
    webhook_secret: Annotated[
        str,
        Field(
            description="What events to a `callback_url` are signed with (Standard Webhooks). "
            "It is told this once."
        ),
    ]


class RotatedApiKey(ApiKey):
    """An API key that was rotated, and what is told of it this once."""

    key: Annotated[str, Field(description="The key itself from now on. It is told this once.")]


class ApiKeys(TypedDict):
    """Every API key, the oldest first."""

    items: list[ApiKey]
    next_cursor: None


class WebhookSecret(TypedDict):
    """What events to the `callback_url` of a key's messages are signed with from now on."""

    name: str
    webhook_secret: Annotated[str, Field(description="It is told this once.")]


class AuditRecord(TypedDict):
    """One thing that an admin did, or was refused."""

    at: Time
    key: Annotated[
        str | None,
        Field(description="The API key's name; null: without one, on the gateway's machine."),
    ]
    address: Annotated[str, Field(description="Where it was asked for.")]
    action: Annotated[str, Field(description="`keys.create`, `modems.pause` …")]
    target: Annotated[str | None, Field(description="The name or id of what it was done to.")]
    outcome: Annotated[str, Field(description="`done`, or the end of the problem's type.")]
    detail: str | None


class AuditRecords(TypedDict):
    """A page of what admins did, the newest first."""

    items: list[AuditRecord]
    next_cursor: str | None

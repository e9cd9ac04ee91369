"""Keys to make and to rotate, and which records of the audit to list."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    Field,
)

from modemgw.api.moments import Moment
from modemgw.api.requests.shared import WHOLE, Body, Cursor, Limit, Query
from modemgw.gateway.keys import MOST_GRACE_S, RESERVED
from modemgw.gateway.keys import NAME as KEY_NAME

Scope = Literal["send", "read", "inbound", "admin"]


KeyLimit = Annotated[
    Annotated[int, Field(ge=1, le=10_000_000), WHOLE] | None,
    Field(description="Messages; null: as many as it likes."),
]


class KeyLimitsBody(Body):
    """How many messages a key may send, beside the limits of the configuration."""

    per_minute: KeyLimit = None
    per_hour: KeyLimit = None
    per_day: KeyLimit = None


TemplateName = Annotated[
    str,
    Field(min_length=1, max_length=64, json_schema_extra={"pattern": f"^{KEY_NAME.pattern}$"}),
]


class KeyBody(Body):
    """A key to be made."""

    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=64,
            description="Letters, digits, dots, dashes and underscores.",
            json_schema_extra={"pattern": f"^{KEY_NAME.pattern}$", "not": {"enum": list(RESERVED)}},
        ),
    ]
    scopes: Annotated[
        tuple[Scope, ...],
        Field(min_length=1, max_length=16, description="What it may do; `admin`: everything."),
    ]
    limits: KeyLimitsBody | None = None
    expires_at: Annotated[
        Moment | None, Field(description="It opens nothing from then on; null: no end.")
    ] = None
    templates_only: Annotated[
        bool, Field(description="It may send what templates make, and nothing else.")
    ] = False
    templates: Annotated[
        tuple[TemplateName, ...],
        Field(max_length=64, description="Names of those templates; none: all there are."),
    ] = ()


class RotateBody(Body):
    """How a key is rotated."""

    grace_seconds: Annotated[
        float,
        Field(ge=0, le=MOST_GRACE_S, description="So long the key as it was goes on."),
    ] = 0


class AuditQuery(Query):
    """Which records to list; the newest come first."""

    key: Annotated[str | None, Field(max_length=64)] = None
    action: Annotated[str | None, Field(max_length=64)] = None
    target: Annotated[str | None, Field(max_length=256)] = None
    outcome: Annotated[str | None, Field(max_length=64)] = None
    since: Moment | None = None
    until: Moment | None = None
    limit: Limit = 50
    cursor: Cursor = None

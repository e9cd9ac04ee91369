"""Webhooks to create and to change."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    Field,
)

from modemgw.api.requests.shared import Body
from modemgw.gateway import WebhookChange
from modemgw.gateway.event_types import EVENT_TYPES, PATTERNS
from modemgw.gateway.urls import MAX_LENGTH, PATTERN

WebhookEvents = Annotated[
    tuple[
        Annotated[
            str,
            Field(max_length=64, json_schema_extra={"enum": [*EVENT_TYPES, *PATTERNS]}),
        ],
        ...,
    ],
    Field(
        min_length=1,
        max_length=64,
        description="What it is told of: types of events, families (`message.*`), or `*` for all.",
    ),
]


WebhookDescription = Annotated[
    str | None, Field(max_length=255, description="Your own words for it; comes back as is.")
]


WebhookEnabled = Annotated[bool, Field(description="False: it is told nothing until it is true.")]


class WebhookBody(Body):
    """A webhook to create: where to post, and what of."""

    url: Annotated[
        str,
        Field(
            description="http or https. Never link-local, nor where clouds keep their metadata.",
            json_schema_extra={"pattern": PATTERN, "maxLength": MAX_LENGTH},
        ),
    ]
    events: WebhookEvents
    description: WebhookDescription = None
    enabled: WebhookEnabled = True


class WebhookChanges(Body):
    """What of a webhook is to be another; what is left out stays."""

    # Whether a field was given is what counts; the factories' values are never read.
    url: Annotated[
        str,
        Field(
            default_factory=str,
            json_schema_extra={"pattern": PATTERN, "maxLength": MAX_LENGTH},
        ),
    ]
    events: Annotated[WebhookEvents, Field(default_factory=tuple)]
    description: WebhookDescription = None
    enabled: Annotated[WebhookEnabled, Field(default_factory=bool)]

    def given(self) -> WebhookChange:
        """The fields that were given."""
        given: WebhookChange = {}
        if "url" in self.model_fields_set:
            given["url"] = self.url
        if "events" in self.model_fields_set:
            given["events"] = self.events
        if "description" in self.model_fields_set:
            given["description"] = self.description
        if "enabled" in self.model_fields_set:
            given["enabled"] = self.enabled
        return given

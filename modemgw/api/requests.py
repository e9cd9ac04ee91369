"""What callers may send: bodies and query strings, their shape only.

What they mean (is this a number? does this route exist?) is the gateway's to judge.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from modemgw.api.interest import Interest, patterns_of
from modemgw.api.moments import Moment
from modemgw.config import MessageType
from modemgw.gateway import WebhookChange
from modemgw.gateway.event_types import EVENT_TYPES, PATTERNS
from modemgw.gateway.keys import MOST_GRACE_S, RESERVED
from modemgw.gateway.keys import NAME as KEY_NAME
from modemgw.gateway.urls import MAX_LENGTH, PATTERN, place_of
from modemgw.modem import UssdUntypable, check_ussd
from modemgw.sms.gsm7 import gsm7
from modemgw.store import DeliveryState
from modemgw.store.records import MessageStatus, NewMailing, NewMessage

MAX_BATCH = 10_000
MAX_EVENT = 2**63 - 1
"""The largest id that an event can have."""
MAX_VALIDITY_S = 63 * 7 * 86400
"""TS 23.040 9.2.3.12.1: the longest relative validity period, 63 weeks."""
MAX_BASE64 = 4 * -(-255 * 134 // 3)
"""Of the octets that 255 parts hold (TS 23.040 9.2.3.24.1)."""


def _decode_base64(value: Any) -> bytes:
    if not isinstance(value, str):
        raise ValueError("this must be a string in base64")
    if len(value) > MAX_BASE64:
        raise ValueError(f"this may have {MAX_BASE64:,} characters at most")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"this is not base64: {error}") from error


Base64 = Annotated[
    bytes,
    PlainValidator(_decode_base64),
    WithJsonSchema(
        {
            "type": "string",
            "contentEncoding": "base64",
            "pattern": "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
            "maxLength": MAX_BASE64,
        }
    ),
]


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
"""After the bounds of an integer: `1.0` is one, to JSON Schema and to many who write JSON."""


def _postable(url: str) -> str:
    place_of(url)
    return url


PostableUrl = Annotated[
    str,
    AfterValidator(_postable),
    Field(json_schema_extra={"pattern": PATTERN, "maxLength": MAX_LENGTH}),
]
"""A URL that has the form of one that can be posted to. Whether anybody is there is another matter,
and whether the host may be posted to is the gateway's to judge."""


class Body(BaseModel):
    """A JSON object: nothing is converted silently, unknown fields are refused."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Query(BaseModel):
    """A query string: numbers come as text, unknown parameters are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PortsBody(Body):
    """Application ports of a binary message (TS 23.040 9.2.3.24.4)."""

    destination: Annotated[int, Field(ge=0, le=65535), WHOLE]
    source: Annotated[int, Field(ge=0, le=65535), WHOLE] = 0


class SharedFields(Body):
    """Everything about a message but its recipient."""

    text: Annotated[
        str | None,
        Field(min_length=1, max_length=255 * 153, description="What to say. Or `data`, not both."),
    ] = None
    data: Annotated[Base64 | None, Field(description="Octets of a binary message, in base64.")] = (
        None
    )
    ports: Annotated[
        PortsBody | None, Field(description="Application ports; only with `data`.")
    ] = None
    type: Annotated[
        MessageType, Field(description="Decides priority and what happens when it is unclear.")
    ] = "transactional"
    route: Annotated[
        str | None,
        Field(max_length=64, description="The route to take; the gateway chooses without."),
    ] = None
    modem: Annotated[
        str | None, Field(max_length=64, description="Send through this modem and no other.")
    ] = None
    encoding: Annotated[
        Literal["auto", "gsm7", "ucs2", "binary"],
        Field(description="`auto` takes GSM 7-bit where every character is in it, else UCS-2."),
    ] = "auto"
    transliterate: Annotated[
        bool, Field(description="Replace characters that GSM 7-bit lacks by similar ones.")
    ] = False
    message_class: Annotated[
        Annotated[int, Field(ge=0, le=3), WHOLE] | None,
        Field(alias="class", description="Message class; 0 is shown at once."),
    ] = None
    validity: Annotated[
        Annotated[int, Field(ge=1, le=MAX_VALIDITY_S), WHOLE] | None,
        Field(description="Seconds after which it is not worth sending."),
    ] = None
    send_at: Annotated[
        Moment | None, Field(description="Not before this time, 366 days ahead at the most.")
    ] = None
    receipt: Annotated[bool, Field(description="Ask the network for a delivery report.")] = True
    reference: Annotated[
        str | None, Field(max_length=255, description="Your own name for it; comes back as is.")
    ] = None
    callback_url: Annotated[PostableUrl | None, Field(description="Told of its fate.")] = None
    max_parts: Annotated[
        Annotated[int, Field(ge=1, le=255), WHOLE] | None,
        Field(description="Refuse what needs more SMS than this."),
    ] = None
    tags: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=64)], ...],
        Field(max_length=20),
        FailFast(),
    ] = ()

    def addressed(self, to: str) -> NewMessage:
        """This content as a message to `to`."""
        return NewMessage(
            to=to,
            text=self.text,
            data=self.data,
            ports=None if self.ports is None else (self.ports.destination, self.ports.source),
            type=self.type,
            route=self.route,
            modem=self.modem,
            encoding=self.encoding,
            transliterate=self.transliterate,
            message_class=self.message_class,
            validity_s=self.validity,
            send_at=self.send_at,
            receipt=self.receipt,
            reference=self.reference,
            callback_url=self.callback_url,
            max_parts=self.max_parts,
            tags=self.tags,
        )


Recipient = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        description="A number, best with + and country code; short codes as they are dialled. "
        "One that no numbering plan knows is refused.",
    ),
]
_PUNCTUATION = r"[\s().\-/\u2010-\u2015]"
_NUMBER = f"^{_PUNCTUATION}*[+]?(?:{_PUNCTUATION}*[0-9*#]){{3,19}}{_PUNCTUATION}*$"


class BatchItem(SharedFields):
    """One message of a batch. What is wrong with one is told beside the others."""

    to: Recipient

    def new_message(self) -> NewMessage:
        """What the gateway is asked to send."""
        return self.addressed(self.to)


class MessageBody(BatchItem):
    """One message to one recipient: a text, or octets."""

    # What the gateway will judge, as far as JSON Schema can say it.
    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {
                    "required": ["text"],
                    "properties": {
                        "text": {"type": "string"},
                        "data": {"type": "null"},
                        "encoding": {"enum": ["auto", "gsm7", "ucs2"]},
                    },
                },
                {
                    "required": ["data"],
                    "properties": {
                        "data": {"type": "string"},
                        "text": {"type": "null"},
                        "encoding": {"enum": ["auto", "binary"]},
                    },
                },
            ]
        }
    )

    to: Annotated[Recipient, Field(json_schema_extra={"pattern": _NUMBER})]


class BatchOfMessages(Body):
    """Many messages, each with its own content."""

    messages: Annotated[
        tuple[BatchItem, ...], Field(min_length=1, max_length=MAX_BATCH), FailFast()
    ]

    def new_messages(self) -> Iterable[NewMessage]:
        """What the gateway is asked to send, in the order given; each is made when it is read."""
        return (message.new_message() for message in self.messages)


class BatchOfRecipients(SharedFields):
    """One content to many recipients."""

    to: Annotated[tuple[Recipient, ...], Field(min_length=1, max_length=MAX_BATCH), FailFast()]

    def new_messages(self) -> NewMailing:
        """What the gateway is asked to send, in the order given."""
        return NewMailing(self.addressed(""), self.to)


def _typable(code: str) -> str:
    try:
        check_ussd(code)
    except UssdUntypable as error:
        raise ValueError(str(error)) from error
    return code


_USSD_CHARACTERS = "".join(sorted(c for c in gsm7().characters if c.isprintable() and c != '"'))
_USSD_PATTERN = "^[" + re.sub(r"([\\\]\[^-])", r"\\\1", _USSD_CHARACTERS) + "]+$"


class UssdBody(Body):
    """A USSD request, such as a balance query."""

    code: Annotated[
        str,
        AfterValidator(_typable),
        Field(
            min_length=1,
            max_length=182,
            description="Such as `*100#`, or an answer: `1`. Characters of the GSM alphabet.",
            json_schema_extra={"pattern": _USSD_PATTERN},
        ),
    ]
    timeout_s: Annotated[float, Field(gt=0, le=120)] = 30


Limit = Annotated[int, Field(ge=1, le=1000, description="Most items in one answer.")]


def _check_cursor(cursor: str) -> str:
    if not _CURSOR.fullmatch(cursor):
        raise ValueError("this is not a next_cursor that this list gave")
    return cursor


_CURSOR = re.compile(r"(?:[0-9]{1,12}\.[0-9]{1,17}~)?[0-9]{1,18}", re.ASCII)
Cursor = Annotated[
    Annotated[str, AfterValidator(_check_cursor)] | None,
    Field(
        description="`next_cursor` of the answer before.",
        json_schema_extra={"pattern": f"^{_CURSOR.pattern}$"},
    ),
]


def _of_query(value: Any) -> Any:
    """`?to=447700900001` with its + escaped or lost: a leading space was a +."""
    return f"+{value[1:]}" if isinstance(value, str) and value.startswith(" ") else value


Number = Annotated[str | None, BeforeValidator(_of_query), Field(max_length=64)]


class MessagesQuery(Query):
    """Which messages to list; the newest come first."""

    status: MessageStatus | None = None
    to: Number = None
    type: MessageType | None = None
    reference: Annotated[
        str | None, Field(max_length=255, description="Your own name for it, as it was given.")
    ] = None
    since: Moment | None = None
    until: Moment | None = None
    limit: Limit = 50
    cursor: Cursor = None


class InboundsQuery(Query):
    """Which received messages to list; the newest come first."""

    sender: Annotated[Number, Field(alias="from")] = None
    since: Moment | None = None
    until: Moment | None = None
    limit: Limit = 50
    cursor: Cursor = None


class DeliveriesQuery(Query):
    """Which deliveries of a handler, or of a webhook, to list; the newest come first."""

    state: DeliveryState | None = None
    limit: Limit = 50
    cursor: Cursor = None


MAX_REPLAY = 1000


class ReplayBody(Body):
    """Which ended deliveries to make once more: those named, or all of a state and time."""

    # Both would be a question of which counts.
    model_config = ConfigDict(
        json_schema_extra={
            "not": {
                "required": ["deliveries"],
                "anyOf": [{"required": [name]} for name in ("since", "until", "state")],
            }
        }
    )

    deliveries: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] | None,
        Field(min_length=1, max_length=MAX_REPLAY, description="Ids of deliveries."),
    ] = None
    since: Annotated[Moment | None, Field(description="Of events at this time or later.")] = None
    until: Annotated[Moment | None, Field(description="Of events before this time.")] = None
    state: Annotated[Literal["dead", "delivered"], Field(description="Those that ended so.")] = (
        "dead"
    )

    @model_validator(mode="after")
    def _one_way(self) -> ReplayBody:
        if "deliveries" in self.model_fields_set and len(self.model_fields_set) > 1:
            raise ValueError("give deliveries, or since, until and state, not both")
        return self


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


class TraceQuery(Query):
    """What a trace shows."""

    texts: Annotated[
        bool, Field(description="Show PDUs and USSD strings as they are; PINs stay masked.")
    ] = False


def _patterns(types: str) -> str:
    patterns_of(types)
    return types


class EventsQuery(Query):
    """Where a stream of events begins, and what it shows."""

    after: Annotated[
        int | None,
        Field(ge=0, le=MAX_EVENT, description="Begin after this event; only what is new without."),
    ] = None
    types: Annotated[
        Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_patterns)] | None,
        Field(
            description="Only these types, a comma between them; `message.*` is all of a family.",
            examples=["message.delivered,message.failed,inbound.*"],
        ),
    ] = None
    reference: Annotated[
        str | None,
        Field(max_length=255, description="Only what is told of messages with this reference."),
    ] = None

    @property
    def interest(self) -> Interest:
        """What it shows."""
        return Interest(() if self.types is None else patterns_of(self.types), self.reference)

"""Messages and batches to send, and which messages to list."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    FailFast,
    Field,
)

from modemgw.api.moments import Moment
from modemgw.api.requests.shared import (
    WHOLE,
    Base64,
    Body,
    Cursor,
    Limit,
    Number,
    PostableUrl,
    Query,
)
from modemgw.config import MessageType
from modemgw.config.templates import MAX_PARAMETERS
from modemgw.store.records import MessageStatus, NewMessage

MAX_VALIDITY_S = 63 * 7 * 86400
"""TS 23.040 9.2.3.12.1: the longest relative validity period, 63 weeks."""


class PortsBody(Body):
    """Application ports of a binary message (TS 23.040 9.2.3.24.4)."""

    destination: Annotated[int, Field(ge=0, le=65535), WHOLE]
    source: Annotated[int, Field(ge=0, le=65535), WHOLE] = 0


Params = Annotated[
    dict[str, Any],
    Field(
        max_length=MAX_PARAMETERS,
        json_schema_extra={
            "additionalProperties": {"type": ["string", "number", "boolean", "null"]}
        },
    ),
]
"""What they mean, and of which type each must be, the template says."""


class SharedFields(Body):
    """Everything about a message but its recipient."""

    text: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=255 * 153,
            description="What to say. Or `data`, or a `template`: one of them.",
        ),
    ] = None
    template: Annotated[
        str | None, Field(max_length=64, description="Name of the template that makes the text.")
    ] = None
    params: Annotated[
        Params | None, Field(description="What the template's placeholders stand for, by name.")
    ] = None
    language: Annotated[
        str | None,
        Field(
            max_length=16,
            description="Which variant of the template, best: `pt-BR`, else `pt`, else its first. "
            "Without it the country of the number may decide.",
        ),
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
            template=self.template,
            params=self.params,
            language=self.language,
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
                        "template": {"type": "null"},
                        "params": {"type": "null"},
                        "language": {"type": "null"},
                        "encoding": {"enum": ["auto", "gsm7", "ucs2"]},
                    },
                },
                {
                    "required": ["template"],
                    "properties": {
                        "template": {"type": "string"},
                        "text": {"type": "null"},
                        "data": {"type": "null"},
                        "encoding": {"enum": ["auto", "gsm7", "ucs2"]},
                    },
                },
                {
                    "required": ["data"],
                    "properties": {
                        "data": {"type": "string"},
                        "text": {"type": "null"},
                        "template": {"type": "null"},
                        "params": {"type": "null"},
                        "language": {"type": "null"},
                        "encoding": {"enum": ["auto", "binary"]},
                    },
                },
            ]
        }
    )

    to: Annotated[Recipient, Field(json_schema_extra={"pattern": _NUMBER})]


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

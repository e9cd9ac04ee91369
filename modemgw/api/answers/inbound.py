"""Received messages."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from modemgw.api.answers.shared import Base64, Ports, Time, _WithClass, _WithFrom

Kind = Literal[
    "text",
    "data",
    "flash",
    "mwi",
    "return_call",
    "application",
    "wap_push",
    "mms_notification",
    "sim_data",
    "raw",
]


class InboundPart(TypedDict):
    """One SMS of a received message."""

    sequence: int
    received_at: Time


class Waiting(TypedDict):
    """Messages of a kind that wait for the owner of the SIM."""

    type: Annotated[str, Field(description="voicemail, fax, email, video or other.")]
    active: Annotated[bool, Field(description="False: none wait any more.")]
    count: Annotated[int | None, Field(description="null: it is only said whether there are any.")]
    store: Annotated[bool, Field(description="False: the message is of no use once it was heeded.")]
    profile: Annotated[int, Field(description="1 to 4; a subscriber may have several lines.")]


class WapPush(TypedDict):
    """A notice with a link, or what else was pushed; see `data` for what is not decoded."""

    content_type: str
    title: str | None
    href: str | None
    action: Annotated[str | None, Field(description="signal-high, delete, execute-low …")]
    id: Annotated[str | None, Field(description="By which a later one replaces or deletes it.")]
    created_at: Time | None
    expires_at: Time | None


_WithSender = TypedDict(
    "_WithSender",
    {"from": Annotated[str | None, Field(description="null: the sender is hidden.")]},
)
_WithMmsClass = TypedDict("_WithMmsClass", {"class": str | None})


class Mms(_WithSender, _WithMmsClass):
    """A multimedia message that can be fetched, over the operator's network."""

    transaction_id: str
    location: Annotated[str, Field(description="Where it lies.")]
    subject: str | None
    size: Annotated[int | None, Field(description="In octets.")]
    version: Annotated[str | None, Field(description="Of MMS, such as 1.2.")]
    expires_at: Time | None


class Inbound(_WithFrom, _WithClass):
    """A received message."""

    id: str
    kind: Annotated[Kind, Field(description="What it is; raw: it could not be decoded.")]
    to: Annotated[str | None, Field(description="The number of the SIM, where it is known.")]
    text: Annotated[str | None, Field(description="Whole; a gap is marked in it.")]
    data: Annotated[Base64 | None, Field(description="Octets of what is no text.")]
    encoding: Annotated[str, Field(description="gsm7, ucs2 or binary; raw: see `problem`.")]
    parts: Annotated[list[InboundPart], Field(description="Those that were received.")]
    parts_total: int
    complete: Annotated[bool, Field(description="False: parts are missing.")]
    modem: str
    sim: Annotated[str, Field(description="ICCID.")]
    sent_at: Annotated[Time | None, Field(description="By the service centre's clock.")]
    received_at: Time
    completed_at: Annotated[Time | None, Field(description="When a late part completed it.")]
    read: Annotated[bool, Field(description="Whether it was marked as read.")]
    ports: Ports | None
    replace_type: Annotated[
        int | None, Field(description="1 to 7: it replaces the last of this type and sender.")
    ]
    replaces: Annotated[str | None, Field(description="Id of the one that it replaces.")]
    replaced_by: Annotated[str | None, Field(description="Id of the one that replaces it.")]
    mwi: Annotated[list[Waiting] | None, Field(description="Of the kind mwi.")]
    wap_push: Annotated[WapPush | None, Field(description="Of the kind wap_push.")]
    mms: Annotated[Mms | None, Field(description="Of the kind mms_notification.")]
    problem: Annotated[
        str | None, Field(description="Why it, or what it carries, could not be decoded.")
    ]
    keyword: Annotated[
        str | None,
        Field(description="stop, start or help: what its whole text asks for, and is done."),
    ]


class Inbounds(TypedDict):
    """A page of received messages."""

    items: list[Inbound]
    next_cursor: str | None

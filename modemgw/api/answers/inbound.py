"""Received messages."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from modemgw.api.answers.shared import Base64, Ports, Time, _WithClass, _WithFrom


class InboundPart(TypedDict):
    """One SMS of a received message."""

    sequence: int
    received_at: Time


class Inbound(_WithFrom, _WithClass):
    """A received message."""

    id: str
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
    ports: Ports | None
    problem: Annotated[str | None, Field(description="Why it could not be decoded.")]
    keyword: Annotated[
        str | None,
        Field(description="stop, start or help: what its whole text asks for, and is done."),
    ]


class Inbounds(TypedDict):
    """A page of received messages."""

    items: list[Inbound]
    next_cursor: str | None

"""Messages, their parts and fates, and previews."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from modemgw.api.answers.problems import FieldError
from modemgw.api.answers.shared import Base64, Cost, Error, Ports, Time, _WithClass


class Receipt(TypedDict):
    """The fate of a part, as the network's status report told it."""

    status: Annotated[int, Field(description="TP-ST, 0–255 (TS 23.040 9.2.3.15).")]
    meaning: Annotated[str, Field(description="What that status means, in words.")]
    outcome: Annotated[
        str, Field(description="`delivered`, `trying`, `failed, permanent`, `expired` …")
    ]
    final: Annotated[bool, Field(description="False: another one may follow.")]
    received_at: Time
    sc_time: Annotated[Time | None, Field(description="When the service centre got the part.")]
    discharge_time: Annotated[Time | None, Field(description="When that came about.")]


class Attempt(TypedDict):
    """One try of one part on one SIM."""

    n: int
    state: Annotated[
        str, Field(description="submitting, accepted, refused, not_sent or ambiguous.")
    ]
    modem: str
    sim: Annotated[str, Field(description="ICCID.")]
    reference: Annotated[int | None, Field(description="TP-MR, 0–255.")]
    started_at: Time
    ended_at: Time | None
    duplicate_risk: Annotated[
        bool, Field(description="True: the recipient may have got this part twice.")
    ]
    error: Error | None
    receipt: Receipt | None


class Part(TypedDict):
    """One SMS of a message; the fields beside `attempts` are those of the last attempt."""

    index: Annotated[int, Field(description="From 1.")]
    status: Annotated[str, Field(description="queued, submitting, sent, ambiguous, delivered …")]
    modem: str | None
    sim: Annotated[str | None, Field(description="ICCID.")]
    reference: Annotated[int | None, Field(description="TP-MR, 0–255.")]
    submitted_at: Annotated[Time | None, Field(description="When the network accepted it.")]
    receipt: Receipt | None
    error: Error | None
    cost: Annotated[
        Cost | None, Field(description="Of each try that was accepted; null: no tariff says.")
    ]
    attempts: list[Attempt]


class Deferral(TypedDict):
    """Why a message is scheduled though nobody asked for that."""

    code: Annotated[str, Field(description="Stable: `quiet-hours`.")]
    detail: str


class Message(_WithClass):
    """A message and how far it came."""

    id: str
    to: Annotated[
        str, Field(description="In international form, or a short code as it is dialled.")
    ]
    text: Annotated[str | None, Field(description="null for a binary message.")]
    data: Annotated[Base64 | None, Field(description="Octets of a binary message.")]
    ports: Ports | None
    type: Annotated[str, Field(description="otp, transactional or promotional.")]
    status: Annotated[
        str,
        Field(
            description="On its way: scheduled, queued, sending, sent (final without a receipt). "
            "Final: delivered, undelivered, failed, expired, canceled; unknown, when nobody can "
            "know whether the network has it."
        ),
    ]
    encoding: Annotated[str, Field(description="gsm7, ucs2 or binary, as it was chosen.")]
    receipt: Annotated[bool, Field(description="Whether a delivery report is asked for.")]
    parts: Annotated[list[Part], Field(description="One for each SMS that it takes.")]
    error: Annotated[Error | None, Field(description="Why it came to a bad end.")]
    route: str
    modem: Annotated[str | None, Field(description="The modem it was pinned to.")]
    key: Annotated[str, Field(description="Name of the API key that sent it.")]
    reference: Annotated[str | None, Field(description="Your own name for it, as it was given.")]
    callback_url: str | None
    batch: Annotated[str | None, Field(description="Id of the batch that it came with.")]
    tags: list[str]
    template: Annotated[str | None, Field(description="The template that made the text.")]
    template_version: Annotated[int | None, Field(description="Which version of it.")]
    cost: Annotated[
        Cost | None,
        Field(
            description="What its parts cost; null: no [[tariff]] says, or they cost different "
            "currencies."
        ),
    ]
    created_at: Annotated[Time, Field(description="When it was accepted.")]
    updated_at: Annotated[Time, Field(description="When its status changed last.")]
    send_at: Annotated[Time | None, Field(description="Not before.")]
    deferred: Annotated[
        Deferral | None,
        Field(description="While it is scheduled: why it waits, if that was not your `send_at`."),
    ]
    expires_at: Annotated[Time, Field(description="It is not sent after this.")]


class Messages(TypedDict):
    """A page of messages."""

    items: list[Message]
    next_cursor: str | None


class Preview(TypedDict):
    """How a message would be sent."""

    encoding: str
    parts: int
    characters_left: Annotated[
        int, Field(description="Free in the last part: septets, UTF-16 units or octets.")
    ]
    units: Annotated[list[int], Field(description="Used in each part.")]
    characters_changed: Annotated[
        list[list[str]], Field(description="Pairs of what transliteration replaces.")
    ]
    send_at: Annotated[Time | None, Field(description="Not before; null: at once.")]
    expires_at: Annotated[Time, Field(description="Not after.")]
    deferred: Annotated[
        Deferral | None, Field(description="Why not before, if that was not your `send_at`.")
    ]
    cost: Annotated[Cost | None, Field(description="At the most; null: no [[tariff]] says.")]
    text: Annotated[str | None, Field(description="As it would go out; null for a binary message.")]
    template: Annotated[str | None, Field(description="The template that makes the text.")]
    template_version: int | None
    language: Annotated[str | None, Field(description="Of the variant that was chosen.")]
    warnings: Annotated[
        list[FieldError],
        Field(description="What makes it cost more than may be meant, or is changed."),
    ]

"""Messages, their parts and fates, batches and previews."""

from __future__ import annotations

from datetime import datetime

from modemgw.client.answer import Answer
from modemgw.client.answers.problems import FieldError
from modemgw.client.answers.shared import FINAL, Error, Ports
from modemgw.client.answers.usage import Cost


class Receipt(Answer):
    """The fate of a part, as the network's status report told it."""

    status: int
    """TP-ST, 0-255 (TS 23.040 9.2.3.15)."""
    meaning: str
    outcome: str
    final: bool
    received_at: datetime
    sc_time: datetime | None
    discharge_time: datetime | None


class Attempt(Answer):
    """One try of one part on one SIM."""

    n: int
    state: str
    """submitting, accepted, refused, not_sent or ambiguous."""
    modem: str
    sim: str
    """ICCID."""
    reference: int | None
    """TP-MR, 0-255."""
    started_at: datetime
    ended_at: datetime | None
    duplicate_risk: bool
    """The recipient may have got this part twice."""
    error: Error | None
    receipt: Receipt | None


class Part(Answer):
    """One SMS of a message; the fields beside `attempts` are those of the last attempt."""

    index: int
    status: str
    modem: str | None
    sim: str | None
    reference: int | None
    submitted_at: datetime | None
    receipt: Receipt | None
    error: Error | None
    cost: Cost | None
    attempts: tuple[Attempt, ...]


class Deferral(Answer):
    """Why a message is scheduled though nobody asked for that."""

    code: str
    """`quiet-hours`."""
    detail: str


class Message(Answer):
    """A message and how far it came."""

    id: str
    to: str
    text: str | None
    data: bytes | None
    ports: Ports | None
    type: str
    status: str
    encoding: str
    message_class: int | None
    receipt: bool
    parts: tuple[Part, ...]
    error: Error | None
    route: str
    modem: str | None
    """The modem it was pinned to."""
    key: str
    """Name of the API key that sent it."""
    reference: str | None
    callback_url: str | None
    batch: str | None
    tags: tuple[str, ...]
    template: str | None
    """The template that made the text, if one has …"""
    template_version: int | None
    """… and which version of it."""
    cost: Cost | None
    """None: no tariff says, or its parts cost different currencies."""
    created_at: datetime
    updated_at: datetime
    send_at: datetime | None
    deferred: Deferral | None
    """While it is scheduled: why it waits, if that was not asked for."""
    expires_at: datetime

    @property
    def is_final(self) -> bool:
        """Whether its status will not change by itself any more."""
        return self.status in FINAL or (self.status == "sent" and not self.receipt)


class Preview(Answer):
    """How a message would be sent."""

    encoding: str
    parts: int
    characters_left: int
    """Free in the last part: septets, UTF-16 units or octets."""
    units: tuple[int, ...]
    """Used in each part."""
    characters_changed: tuple[list[str], ...]
    """Pairs of what transliteration replaces."""
    send_at: datetime | None
    """None: it would go out at once."""
    expires_at: datetime
    deferred: Deferral | None
    """Why not before `send_at`, if that was not asked for."""
    cost: Cost | None
    """At the most."""
    text: str | None
    """As it would go out."""
    template: str | None
    template_version: int | None
    language: str | None
    """Of the template's variant that was chosen."""
    warnings: tuple[FieldError, ...]
    """What makes it cost more than may be meant, or is changed."""

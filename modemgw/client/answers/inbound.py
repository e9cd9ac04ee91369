"""Received messages."""

from __future__ import annotations

from datetime import datetime

from modemgw.client.answer import Answer
from modemgw.client.answers.shared import Ports


class InboundPart(Answer):
    """One SMS of a received message."""

    sequence: int
    received_at: datetime


class Inbound(Answer):
    """A received message."""

    id: str
    from_: str
    to: str | None
    text: str | None
    data: bytes | None
    encoding: str
    message_class: int | None
    ports: Ports | None
    parts: tuple[InboundPart, ...]
    parts_total: int
    complete: bool
    modem: str
    sim: str
    sent_at: datetime | None
    """By the service centre's clock."""
    received_at: datetime
    problem: str | None
    """Why it could not be decoded."""
    keyword: str | None
    """`stop`, `start` or `help`: what its whole text asks for, and the gateway has done."""

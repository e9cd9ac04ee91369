"""Received messages."""

from __future__ import annotations

from datetime import datetime

from modemgw.client.answer import Answer
from modemgw.client.answers.shared import Ports


class InboundPart(Answer):
    """One SMS of a received message."""

    sequence: int
    received_at: datetime


class Waiting(Answer):
    """Messages of a kind that wait for the owner of the SIM."""

    type: str
    """voicemail, fax, email, video or other."""
    active: bool
    count: int | None
    store: bool
    profile: int


class WapPush(Answer):
    """A notice with a link, or what else was pushed."""

    content_type: str
    title: str | None
    href: str | None
    action: str | None
    id: str | None
    created_at: datetime | None
    expires_at: datetime | None


class Mms(Answer):
    """A multimedia message that can be fetched, over the operator's network."""

    transaction_id: str
    location: str
    from_: str | None
    subject: str | None
    size: int | None
    """In octets."""
    message_class: str | None
    version: str | None
    expires_at: datetime | None


class Inbound(Answer):
    """A received message."""

    id: str
    kind: str = "text"
    """text, data, flash, mwi, return_call, application, wap_push, mms_notification, sim_data or
    raw."""
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
    completed_at: datetime | None = None
    """When a late part completed it."""
    read: bool = False
    replace_type: int | None = None
    replaces: str | None = None
    replaced_by: str | None = None
    mwi: tuple[Waiting, ...] | None = None
    wap_push: WapPush | None = None
    mms: Mms | None = None
    problem: str | None
    """Why it could not be decoded."""
    keyword: str | None
    """`stop`, `start` or `help`: what its whole text asks for, and the gateway has done."""

"""Handlers and their deliveries."""

from __future__ import annotations

from modemgw.client.answer import Answer
from modemgw.client.answers.deliveries import AnyDelivery
from modemgw.client.answers.shared import Ports


class HandlerMatch(Answer):
    """Which received messages are for a handler; what is empty asks for nothing."""

    keyword: str | None
    pattern: str | None
    from_: tuple[str, ...]
    from_prefix: tuple[str, ...]
    from_pattern: str | None
    to: tuple[str, ...]
    sim: tuple[str, ...]
    modem: tuple[str, ...]
    port: tuple[int, ...]
    message_class: tuple[int, ...]


class Handler(Answer):
    """A handler, and its deliveries that have not been made."""

    id: str
    kind: str
    on: str
    """What it is asked about: `message` or `call`."""
    match: HandlerMatch
    stop: bool
    """Those after it do not get what it takes."""
    at_once: int
    in_order: bool
    timeout_s: float
    pending: int
    claimed: int
    """Being made just now."""
    dead: int
    """Given up; they can be replayed."""
    problem: str | None
    """Why it did not take the last one."""


class MatchedHandler(Answer):
    """Whether something made up is for a handler, and what it finds in it."""

    handler: str
    kind: str
    matches: bool
    stopped_by: str | None
    """The handler before it that keeps it for itself."""
    keyword: str | None
    rest: str | None
    groups: dict[str, str] | None


class WouldSend(Answer):
    """A message that would have been sent."""

    to: str
    text: str | None
    data: bytes | None
    ports: Ports | None
    modem: str | None
    encoding: str
    parts: int


class HandlerTest(MatchedHandler):
    """What a handler did with something made up. Nothing was sent."""

    outcome: str | None
    """taken, retry or dead; None: it is not for it."""
    code: str | None
    problem: str | None
    detail: str | None
    took_ms: int | None
    sends: tuple[WouldSend, ...]
    exit_code: int | None
    output: str | None
    http_status: int | None
    answer: str | None


class Delivery(AnyDelivery):
    """Something that a handler gets, and how far that came."""

    handler: str

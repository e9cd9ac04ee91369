"""Handlers and their deliveries."""

from __future__ import annotations

from modemgw.client.answer import Answer
from modemgw.client.answers.deliveries import AnyDelivery


class HandlerMatch(Answer):
    """Which received messages are for a handler; what is empty asks for nothing."""

    keyword: str | None
    from_prefix: tuple[str, ...]
    modem: tuple[str, ...]


class Handler(Answer):
    """A handler, and its deliveries that have not been made."""

    id: str
    kind: str
    match: HandlerMatch
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


class Delivery(AnyDelivery):
    """Something that a handler gets, and how far that came."""

    handler: str

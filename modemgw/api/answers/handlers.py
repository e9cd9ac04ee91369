"""Handlers and their deliveries."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from modemgw.api.answers.deliveries import AnyDelivery


class HandlerMatch(TypedDict):
    """Which received messages are for a handler; what is empty asks for nothing."""

    keyword: str | None
    from_prefix: list[str]
    modem: list[str]


class Handler(TypedDict):
    """A handler, and its deliveries that have not been made."""

    id: str
    kind: Annotated[str, Field(description="exec, webhook, python or reply.")]
    match: HandlerMatch
    at_once: int
    in_order: bool
    timeout_s: float
    pending: int
    claimed: Annotated[int, Field(description="Being made just now.")]
    dead: Annotated[int, Field(description="Given up; they can be replayed.")]
    problem: Annotated[str | None, Field(description="Why it did not take the last one.")]


class Handlers(TypedDict):
    """All handlers of the configuration."""

    items: list[Handler]
    next_cursor: None


class Delivery(AnyDelivery):
    """Something that a handler gets, and how far that came."""

    handler: str


class Deliveries(TypedDict):
    """A page of deliveries."""

    items: list[Delivery]
    next_cursor: str | None

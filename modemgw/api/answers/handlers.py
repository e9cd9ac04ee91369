"""Handlers and their deliveries."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from modemgw.api.answers.deliveries import AnyDelivery
from modemgw.api.answers.shared import Base64, Ports

# "class" and "from" are words of Python: they can only be written this way.
_Words = TypedDict(
    "_Words",
    {
        "from": Annotated[list[str], Field(description="Senders.")],
        "class": Annotated[list[int], Field(description="Message classes.")],
    },
)


class HandlerMatch(_Words):
    """Which received messages are for a handler; what is empty asks for nothing."""

    keyword: Annotated[str | None, Field(description="The first word, in any case.")]
    pattern: Annotated[str | None, Field(description="Found in the text (RE2).")]
    from_prefix: list[str]
    from_pattern: Annotated[str | None, Field(description="Found in the sender (RE2).")]
    to: Annotated[list[str], Field(description="Numbers of the SIMs here.")]
    sim: Annotated[list[str], Field(description="ICCIDs.")]
    modem: list[str]
    port: Annotated[list[int], Field(description="Destination ports.")]


class Handler(TypedDict):
    """A handler, and its deliveries that have not been made."""

    id: str
    kind: Annotated[str, Field(description="exec, webhook, python, reply, forward …")]
    on: Annotated[str, Field(description="What it is asked about: `message` or `call`.")]
    match: HandlerMatch
    stop: Annotated[bool, Field(description="Those after it do not get what it takes.")]
    at_once: int
    in_order: bool
    timeout_s: float
    pending: int
    claimed: Annotated[int, Field(description="Being made just now.")]
    dead: Annotated[int, Field(description="Given up; they can be replayed.")]
    problem: Annotated[str | None, Field(description="Why it did not take the last one.")]


class MatchedHandler(TypedDict):
    """Whether something that is made up is for a handler, and what it finds in it."""

    handler: str
    kind: str
    matches: bool
    stopped_by: Annotated[
        str | None, Field(description="The handler before it that keeps it for itself.")
    ]
    keyword: Annotated[str | None, Field(description="The first word; null: it is not for it.")]
    rest: Annotated[str | None, Field(description="What follows that.")]
    groups: Annotated[
        dict[str, str] | None, Field(description="Of its pattern, by number and name; 0: all.")
    ]


class MatchedHandlers(TypedDict):
    """Every handler that is asked about such things, in their order."""

    items: list[MatchedHandler]
    next_cursor: None


class WouldSend(TypedDict):
    """A message that would have been sent."""

    to: str
    text: str | None
    data: Annotated[Base64 | None, Field(description="Octets of what is no text.")]
    ports: Ports | None
    modem: Annotated[str | None, Field(description="Null: by the routes that there are.")]
    encoding: str
    parts: int


class HandlerTest(MatchedHandler):
    """What a handler did with something that is made up. Nothing was sent."""

    outcome: Annotated[
        str | None,
        Field(description="taken, retry or dead; null: it is not for it, so it did nothing."),
    ]
    code: Annotated[str | None, Field(description="Why it was not taken, for programs.")]
    problem: str | None
    detail: Annotated[str | None, Field(description="May hold what the message says.")]
    took_ms: int | None
    sends: Annotated[list[WouldSend], Field(description="What would have been sent.")]
    exit_code: Annotated[int | None, Field(description="Of a program; negative: a signal.")]
    output: Annotated[str | None, Field(description="Of a program.")]
    http_status: Annotated[int | None, Field(description="Of a server's answer.")]
    answer: Annotated[str | None, Field(description="How the body of that begins.")]


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

"""Conversations: what was sent to a number and received from it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from modemgw.api.answers.inbound import Inbound
from modemgw.api.answers.messages import Message
from modemgw.api.answers.shared import Time


class ConversationItem(TypedDict):
    """One message of a conversation, either way."""

    direction: Annotated[Literal["sent", "received"], Field(description="As the gateway sees it.")]
    at: Annotated[Time, Field(description="When it was accepted, or received.")]
    message: Annotated[Message | None, Field(description="What was sent.")]
    inbound: Annotated[Inbound | None, Field(description="What was received.")]


class Conversation(TypedDict):
    """What was sent to a number and received from it."""

    number: Annotated[str, Field(description="Or the name of a sender that has no number.")]
    unread: Annotated[int, Field(description="Received messages that are not marked as read.")]
    last: Annotated[ConversationItem, Field(description="The newest message, either way.")]


class Conversations(TypedDict):
    """A page of conversations, that with the newest message first."""

    items: list[Conversation]
    next_cursor: Annotated[
        str | None, Field(description="A page may be short, or empty, and yet not be the last.")
    ]


class ConversationItems(TypedDict):
    """A page of a conversation, the newest first."""

    number: str
    items: list[ConversationItem]
    next_cursor: str | None


class MarkedRead(TypedDict):
    """What was marked as read."""

    marked: Annotated[int, Field(description="How many messages were not read before.")]

"""Batches to send, to add to and to change, and which to list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import FailFast, Field

from modemgw.api.moments import Moment
from modemgw.api.requests.messages import BatchItem, Recipient, SharedFields
from modemgw.api.requests.shared import WHOLE, Body, Cursor, Limit, Query
from modemgw.gateway import BatchChange
from modemgw.store import BatchState
from modemgw.store.records import MessageStatus, NewMailing, NewMessage

MAX_BATCH = 10_000
"""Messages in one request."""
MAX_RATE = 60_000

BatchName = Annotated[
    str,
    Field(min_length=1, max_length=100, description="Your own name for it; need not be unique."),
]
Rate = Annotated[
    int,
    Field(
        ge=1,
        le=MAX_RATE,
        description="How many of its messages may begin in a minute, spread evenly; without, as "
        "many as the SIMs can.",
    ),
    WHOLE,
]
More = Annotated[
    bool,
    Field(description="Messages are to be added to it: it is not done before it is said that not."),
]


class MoreMessages(Body):
    """Messages, each with its own content, that are added to a batch."""

    messages: Annotated[
        tuple[BatchItem, ...], Field(min_length=1, max_length=MAX_BATCH), FailFast()
    ]
    more: More = False

    def new_messages(self) -> Iterable[NewMessage]:
        """What the gateway is asked to send, in the order given; each is made when it is read."""
        return (message.new_message() for message in self.messages)


class BatchOfMessages(MoreMessages):
    """Many messages, each with its own content."""

    name: BatchName | None = None
    rate_per_minute: Rate | None = None
    send_at: Annotated[
        Moment | None,
        Field(description="None that says nothing else is sent before this time."),
    ] = None


class MoreRecipients(SharedFields):
    """One content to many recipients, added to a batch."""

    to: Annotated[tuple[Recipient, ...], Field(min_length=1, max_length=MAX_BATCH), FailFast()]
    more: More = False

    def new_messages(self) -> NewMailing:
        """What the gateway is asked to send, in the order given."""
        return NewMailing(self.addressed(""), self.to)


class BatchOfRecipients(MoreRecipients):
    """One content to many recipients."""

    name: BatchName | None = None
    rate_per_minute: Rate | None = None


class BatchChanges(Body):
    """What is to be changed about a batch; what is not named stays as it is."""

    name: BatchName | None = None
    rate_per_minute: Annotated[
        Rate | None, Field(description="From now on; null: as many as the SIMs can.")
    ] = None
    more: Annotated[Literal[False], Field(description="Nothing is added to it any more.")] = False

    def given(self) -> BatchChange:
        """The fields that were given."""
        given: BatchChange = {}
        if "name" in self.model_fields_set:
            given["name"] = self.name
        if "rate_per_minute" in self.model_fields_set:
            given["rate_per_minute"] = self.rate_per_minute
        if "more" in self.model_fields_set:
            given["more"] = self.more
        return given


class BatchesQuery(Query):
    """Which batches to list; the newest come first."""

    name: Annotated[str | None, Field(max_length=100, description="As it was given.")] = None
    state: BatchState | None = None
    limit: Limit = 50
    cursor: Cursor = None


class BatchMessagesQuery(Query):
    """Which messages of a batch to list; the newest come first."""

    status: MessageStatus | None = None
    limit: Limit = 50
    cursor: Cursor = None

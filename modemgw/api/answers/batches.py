"""Batches: what was taken, and how far it came."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from modemgw.api.answers.problems import Problem
from modemgw.api.answers.shared import Time


class RejectedItem(TypedDict):
    """A message of a batch that was not taken."""

    index: Annotated[int, Field(description="Position in the request, from 0.")]
    problem: Problem


class MergedItem(TypedDict):
    """A message of a batch that says what another one has said a short while ago."""

    index: Annotated[int, Field(description="Position in the request, from 0.")]
    id: Annotated[str, Field(description="Of the message that was first.")]


class AcceptedBatch(TypedDict):
    """What became of a batch, or of what was added to it."""

    id: str
    accepted: int
    rejected: list[RejectedItem]
    merged: Annotated[
        list[MergedItem],
        Field(description='Duplicates that are not sent again: `[duplicates] action = "merge"`.'),
    ]


class BatchPreview(TypedDict):
    """What a batch would be sent as."""

    accepted: Annotated[int, Field(description="Messages that nothing is wrong with.")]
    parts: Annotated[int, Field(description="SMS that they take together.")]
    most_parts: Annotated[int, Field(description="SMS that the longest of them takes.")]
    encodings: Annotated[
        dict[str, int], Field(description="How many messages would be sent as gsm7, ucs2, binary.")
    ]
    cost: float | None
    rejected: list[RejectedItem]


class BatchProgress(TypedDict):
    """How far a batch came, by the messages that were accepted."""

    waiting: Annotated[int, Field(description="Have not begun: scheduled or queued.")]
    sending: Annotated[int, Field(description="Have begun.")]
    left: Annotated[int, Field(description="Have left the gateway, or will not be sent.")]
    percent: Annotated[float, Field(description="Of those, 0 to 100.")]


class Batch(TypedDict):
    """A batch, and how far its messages came."""

    id: str
    name: Annotated[str | None, Field(description="Your own name for it, as it was given.")]
    state: Annotated[
        str,
        Field(
            description="scheduled, running, paused, canceled, or done, when nothing of it waits "
            "or is being sent any more; reports on what was sent may still come."
        ),
    ]
    key: Annotated[str, Field(description="Name of the API key that sent it.")]
    created_at: Time
    send_at: Annotated[Time | None, Field(description="Not before.")]
    rate_per_minute: Annotated[
        int | None, Field(description="How many of its messages may begin in a minute.")
    ]
    more: Annotated[bool, Field(description="Whether messages are to be added to it.")]
    paused_at: Annotated[Time | None, Field(description="Since when it is paused.")]
    canceled_at: Time | None
    ended_at: Annotated[
        Time | None, Field(description="When nothing of it waited or was being sent any more.")
    ]
    accepted: int
    rejected: int
    counts: Annotated[dict[str, int], Field(description="How many messages by status.")]
    progress: BatchProgress


class Batches(TypedDict):
    """A page of batches."""

    items: list[Batch]
    next_cursor: str | None


class BatchEvent(TypedDict):
    """What is told of a batch."""

    id: str
    name: str | None
    state: str
    accepted: int


class BatchCompleted(BatchEvent):
    """What is told of a batch when nothing of it waits or is being sent any more."""

    counts: Annotated[dict[str, int], Field(description="How many messages by status.")]

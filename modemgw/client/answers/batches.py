"""Batches: what was taken, and how far it came."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from modemgw.client.answer import Answer
from modemgw.client.answers.problems import Problem


class RejectedItem(Answer):
    """A message of a batch that was not taken."""

    index: int
    """Position in the request, from 0."""
    problem: Problem


class MergedItem(Answer):
    """A message of a batch that says what another one has said a short while ago."""

    index: int
    """Position in the request, from 0."""
    id: str
    """Of the message that was first."""


class AcceptedBatch(Answer):
    """What became of a batch, or of what was added to it."""

    id: str
    accepted: int
    rejected: tuple[RejectedItem, ...]
    merged: tuple[MergedItem, ...]
    """Duplicates that are not sent again."""


class BatchPreview(Answer):
    """What a batch would be sent as."""

    accepted: int
    """Messages that nothing is wrong with."""
    parts: int
    """SMS that they take together."""
    most_parts: int
    """SMS that the longest of them takes."""
    encodings: dict[str, int]
    """How many messages would be sent as which."""
    cost: Any
    rejected: tuple[RejectedItem, ...]


class BatchProgress(Answer):
    """How far a batch came, by the messages that were accepted."""

    waiting: int
    """Have not begun."""
    sending: int
    """Have begun."""
    left: int
    """Have left the gateway, or will not be sent."""
    percent: float
    """Of those, 0 to 100."""


class Batch(Answer):
    """A batch, and how far its messages came."""

    id: str
    name: str | None
    state: str
    """scheduled, running, paused, canceled or done."""
    key: str
    created_at: datetime
    send_at: datetime | None
    rate_per_minute: int | None
    """How many of its messages may begin in a minute."""
    more: bool
    """Whether messages are to be added to it."""
    paused_at: datetime | None
    canceled_at: datetime | None
    ended_at: datetime | None
    """When nothing of it waited or was being sent any more."""
    accepted: int
    rejected: int
    counts: dict[str, int]
    """How many messages by status."""
    progress: BatchProgress

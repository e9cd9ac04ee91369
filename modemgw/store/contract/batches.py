"""Batches: messages that were sent together, and are held, paced and called off together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from modemgw.store.records import Page


class BatchState(StrEnum):
    """Where a batch stands."""

    SCHEDULED = "scheduled"
    """Waits for its `send_at`."""
    RUNNING = "running"
    PAUSED = "paused"
    """What has not begun is held back."""
    CANCELED = "canceled"
    """What had not begun is taken back."""
    DONE = "done"
    """Nothing of it waits or is being sent any more, and nothing more is to come."""


class Span(NamedTuple):
    """Numbers of messages without a gap, all of one batch."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch as it is taken. Times are UTC seconds."""

    id: str
    key: str
    """Name of the API key."""
    created_at: float
    name: str | None = None
    """The caller's own; there may be several of one name."""
    send_at: float | None = None
    rate_per_minute: int | None = None
    """How many messages of it may begin in a minute; None: as many as the SIMs can."""
    more: bool = False
    """Whether messages are to be added to it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it is kept. Times are UTC seconds."""

    n: int
    """Grows with each batch."""
    id: str
    name: str | None
    key: str
    created_at: float
    accepted: int
    rejected: int
    more: bool
    send_at: float | None
    rate_per_minute: int | None
    paced_from: float | None
    """From when on it has had this rate."""
    paused_at: float | None
    canceled_at: float | None
    ended_at: float | None
    """When nothing of it waited or was being sent any more."""

    def state(self, now: float) -> BatchState:
        """Where it stands at `now` (UTC seconds)."""
        if self.canceled_at is not None:
            return BatchState.CANCELED
        if self.ended_at is not None:
            return BatchState.DONE
        if self.paused_at is not None:
            return BatchState.PAUSED
        if self.send_at is not None and self.send_at > now:
            return BatchState.SCHEDULED
        return BatchState.RUNNING


@dataclass(frozen=True, slots=True)
class BatchQuery:
    """Which batches to list, the newest first."""

    name: str | None = None
    state: BatchState | None = None
    now: float = 0.0
    """By which a batch is scheduled or running (UTC seconds)."""
    limit: int = 50
    cursor: str | None = None


class BatchesView(Protocol):
    """Batches: what can be asked."""

    def get(self, id: str) -> Batch | None:
        """The batch with this id."""

    def find(self, query: BatchQuery) -> Page[Batch]:
        """A page of batches, newest first. Raises ValueError for a cursor that is not ours."""

    def not_ended(self) -> list[tuple[Batch, Sequence[Span]]]:
        """Every batch that has not ended, the oldest first, and where its messages are."""

    def spans(self, id: str) -> Sequence[Span]:
        """Where the messages of a batch are, in their order."""

    def counts(self, id: str) -> dict[str, int]:
        """How many messages of a batch have which status."""

    def waiting(self, id: str, after: int, limit: int) -> list[int]:
        """Numbers above `after` of messages that still want a modem, in their order."""


class Batches(BatchesView, Protocol):
    """Batches."""

    def insert(self, new: NewBatch, first: int, accepted: int, rejected: int) -> None:
        """A batch was taken, with `accepted` messages from number `first` on."""

    def extend(self, id: str, first: int, accepted: int, rejected: int, *, more: bool) -> None:
        """Messages were added to a batch. Raises StoreConflict: it takes none."""

    def set_paused(self, id: str, at: float | None) -> None:
        """It is paused from `at` on, or goes on."""

    def set_canceled(self, id: str, at: float) -> None:
        """It is canceled; nothing is added to it any more."""

    def set_name(self, id: str, name: str | None) -> None:
        """It is called otherwise."""

    def set_rate(self, id: str, rate_per_minute: int | None, at: float) -> None:
        """It has another pace, from `at` on."""

    def set_complete(self, id: str) -> None:
        """Nothing is added to it any more."""

    def set_ended(self, id: str, at: float) -> bool:
        """Nothing of it waits any more; False: something does, or may come, or it was told."""

"""Deliveries: what must reach somebody outside, and how far each consumer has read.

A delivery refers to what it delivers (an event, an inbound message) and copies nothing of it. It is
pending, then claimed for a time by the one who works on it (a lease), and ends delivered or dead.
Of those with the same `key` for the same subscriber one is under way at a time, in order: the
others have no `next_at` until the one before has ended.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from modemgw.store.contract.messages import Stand
from modemgw.store.records import Event, Inbound, Message, Page


class DeliveryState(StrEnum):
    """How far a delivery has come."""

    PENDING = "pending"
    CLAIMED = "claimed"
    """It is being made."""
    DELIVERED = "delivered"
    DEAD = "dead"
    """It is not made any more, unless it is replayed."""


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """For whom an event is."""

    subscriber: str
    kind: str
    key: str | None = None
    """Deliveries with the same one are made one after the other."""


@dataclass(frozen=True, slots=True)
class Payload:
    """A delivery that was claimed: what is to be handed over, and by whose claim."""

    n: int
    subscriber: str
    event: str
    """The type: inbound.received …"""
    at: float
    """When that happened, in UTC seconds."""
    data: dict[str, Any]
    """What the event says. The store has nothing to say here where `inbound` says it."""
    inbound: Inbound | None
    tries: int
    """Outcomes before this one."""
    claimed_by: str
    claimed_at: float
    waiting_since: float
    """When it was made, or replayed last."""
    message: Message | None = None
    """What `message.*` is about, as it is now, if that was asked for."""

    @property
    def id(self) -> str:
        """The delivery's name, the same at each try."""
        return name_of(self.n)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an HTTP server has answered."""

    http_status: int
    text: str
    """Its beginning."""


@dataclass(frozen=True, slots=True)
class TryOutcome:
    """How one try has ended."""

    at: float
    code: str
    problem: str | None
    took_ms: int | None
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as it stands. Times are UTC seconds."""

    id: str
    subscriber: str
    kind: str | None
    """Of the subscriber when it was last claimed; None if that was before it was recorded."""
    event: str
    event_id: int | None
    inbound: str | None
    key: str | None
    state: DeliveryState
    tries: int
    next_at: float | None
    """While it is pending; None: when the one before it with its key has ended."""
    lease_until: float | None
    """While it is claimed."""
    created_at: float
    ended_at: float | None
    outcomes: tuple[TryOutcome, ...]
    """The newest of them, oldest first."""


@dataclass(frozen=True, slots=True)
class DeliveryQuery:
    """Which deliveries of a subscriber to list, the newest first."""

    subscriber: str
    state: DeliveryState | None = None
    limit: int = 50
    cursor: str | None = None


def name_of(n: int) -> str:
    """The name of a delivery with a number."""
    return f"dlv_{n}"


def number_in(name: str) -> int | None:
    """The number in a name; None when it is not the name of a delivery."""
    digits = name.removeprefix("dlv_")
    if digits == name or not (digits.isascii() and digits.isdecimal()) or len(digits) > 18:
        return None
    return int(digits) if name_of(int(digits)) == name else None


class DeliveriesView(Protocol):
    """What must reach somebody outside, and how far each consumer has read: what can be asked."""

    def cursor(self, consumer: str) -> int:
        """The id of the last event that a consumer is done with; 0 when it has read none."""

    def get(self, n: int) -> Delivery | None:
        """The delivery with this number."""

    def find(self, query: DeliveryQuery) -> Page[Delivery]:
        """A page of deliveries, newest first. Raises ValueError for a foreign cursor."""

    def counts(self, subscriber: str) -> dict[str, int]:
        """How many deliveries are pending, claimed and dead."""


class Deliveries(DeliveriesView, Protocol):
    """What must reach somebody outside, and how far each consumer has read."""

    def move_cursor(self, consumer: str, event: int) -> None:
        """The consumer is done with all events up to this one. A cursor never goes back."""

    def add(self, event: Event, inbound: int | None, new: NewDelivery) -> None:
        """An event is to be delivered. Its data are read from the log then, or `inbound` (a
        number)."""

    def add_alone(self, type: str, new: NewDelivery) -> int:
        """Something that is no event of the log, and has no data, is to be delivered.

        Returns the delivery's number.
        """

    def claim(
        self,
        subscriber: str,
        *,
        kind: str,
        by: str,
        lease_s: float,
        furthest_s: float,
        limit: int,
        stand: Stand | None = None,
    ) -> list[Payload]:
        """Claim what is due for a subscriber, the most urgent first, for `lease_s` seconds.

        What seems to be put off for more than `furthest_s` was put off by a clock gone wrong: it is
        due. What a delivery refers to is there; where it is not, the delivery is dead. With `stand`
        (see Messages.get) an event of a message refers to the message.
        """

    def next_due(self, subscriber: str) -> float | None:
        """When the next pending delivery of a subscriber is due; None when none is."""

    def let_go(self, payload: Payload) -> None:
        """It is not made after all by the one who has claimed it: pending again, at once."""

    def release(self, node: str) -> None:
        """What the process of this node had claimed, which has ended or ends, is pending at
        once."""

    def release_expired(self, *, but: Collection[int], furthest_s: float) -> None:
        """What was claimed and has not ended in time is pending again, `but` for these numbers.

        A lease that seems to last longer than `furthest_s` seconds was given by a clock gone wrong.
        """

    def taken(
        self, payload: Payload, took_ms: int | None = None, answer: Answer | None = None
    ) -> None:
        """It was taken. Raises StoreConflict when this claim has ended before.

        `took_ms` is how long that took; None: since it was claimed.
        """

    def put_off(
        self,
        payload: Payload,
        code: str,
        problem: str,
        took_ms: int,
        next_at: float,
        answer: Answer | None = None,
    ) -> None:
        """It was not taken and is tried again at `next_at`. What has ended meanwhile stays so."""

    def give_up(
        self,
        payload: Payload,
        code: str,
        problem: str,
        took_ms: int,
        answer: Answer | None = None,
    ) -> None:
        """It was not taken and is not tried again: dead. What has ended meanwhile stays so."""

    def replay(self, numbers: Sequence[int]) -> int:
        """Make these deliveries once more; of those that have not ended nothing changes.

        Returns how many they are.
        """

    def unknown_subscribers(self, known: Collection[str]) -> list[str]:
        """Subscribers with pending deliveries that are not among the known ones."""

    def hand_on(self, subscriber: str, to: str, limit: int) -> int:
        """What is pending for one subscriber is for another from now on.

        What the other has of its own right already it does not get twice. Returns how much was:
        when it is `limit`, there may be more.
        """

    def bury(self, subscriber: str, problem: str, limit: int) -> int:
        """What is pending for a subscriber is dead. Returns as `hand_on`."""

    def ended(
        self,
        subscriber: str,
        state: DeliveryState,
        since: float,
        until: float,
        after: tuple[float, int],
        limit: int,
    ) -> list[tuple[float, int]]:
        """(created at, number) of deliveries in a final state, made since and before then, in
        order.

        `after`: the last of those that the call before has returned.
        """

    def of_subscriber(self, subscriber: str, numbers: Sequence[int]) -> set[int]:
        """Those of these numbers that are deliveries of a subscriber."""

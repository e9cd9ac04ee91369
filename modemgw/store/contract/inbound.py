"""What came in: each PDU as it came, the messages made of them, which handler is to get them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from modemgw.store.records import Inbound, Page


@dataclass(frozen=True, slots=True)
class InboundQuery:
    """Which inbound messages to list, newest first. Times are UTC seconds."""

    from_: str | None = None
    since: float | None = None
    until: float | None = None
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class StoredPart:
    """One received SMS-DELIVER, as it came."""

    n: int
    tpdu: bytes
    sequence: int
    received_at: float
    modem: str


@dataclass(frozen=True, slots=True)
class WaitingSet:
    """The parts of a long message that is not complete."""

    set_key: str
    sim: str
    oldest: float


@dataclass(frozen=True, slots=True)
class Handling:
    """One delivery of an inbound message to a handler that is pending."""

    inbound: Inbound
    inbound_n: int
    handler: str
    tries: int
    next_at: float


Place = tuple[str, int]
"""Where a message lies in a SIM or modem: the store's name, the slot."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where an equal message was kept from, and when."""

    place: Place
    at: float


def digest_of(sim: str, identity: bytes) -> bytes:
    """By which what came for a SIM is known again."""
    return hashlib.sha256(sim.encode() + b"\0" + identity).digest()


class InboundMessagesView(Protocol):
    """What came in: every PDU as it was, and the messages made of them: what can be asked."""

    def overdue_sets(self, before: float, limit: int) -> list[WaitingSet]:
        """Long messages whose first part came before then and that are not complete."""

    def get(self, id: str) -> Inbound | None:
        """The inbound message with this id."""

    def find(self, query: InboundQuery) -> Page[Inbound]:
        """A page of inbound messages, newest first. Raises ValueError for a foreign cursor."""


class InboundMessages(InboundMessagesView, Protocol):
    """What came in: every PDU as it was, and the messages made of them."""

    def seen(self, digest: bytes, since: float) -> bool:
        """Whether an equal PDU was kept since then."""

    def kept_from(self, digest: bytes) -> list[Kept]:
        """The places of which an equal PDU is the last that was kept."""

    def keep_place(self, sim: str, place: Place, digest: bytes) -> None:
        """This PDU is the last that was kept from a place; what lay there before is gone."""

    def add_part(
        self,
        *,
        digest: bytes,
        modem: str,
        sim: str,
        tpdu: bytes,
        sender: str,
        set_key: str | None,
        sequence: int,
        total: int,
        received_at: float,
    ) -> int:
        """Keep one PDU. `set_key` names the long message it belongs to. Returns its number."""

    def waiting_parts(self, set_key: str, since: float) -> list[StoredPart]:
        """The parts of a long message that came since then and are in no message yet."""

    def add(self, inbound: Inbound, parts: Sequence[int]) -> int:
        """Keep a message, made of the stored parts with these numbers.

        Returns its own number, which is higher than any that was ever given.
        """


class HandlingsView(Protocol):
    """Which handler is still to get which message: what can be asked."""

    def pending(self, limits: Mapping[str, int]) -> tuple[dict[str, list[Handling]], list[str]]:
        """Deliveries that are still to be made, the most urgent first.

        For each handler of `limits` at most so many; and the ids of other handlers that have any.
        """


class Handlings(HandlingsView, Protocol):
    """Which handler is still to get which message."""

    def enqueue(self, inbound: int, handlers: Sequence[str]) -> None:
        """Record that these handlers are to get the message."""

    def hand_on(self, handler: str, to: str, *, but: Collection[int], limit: int) -> int:
        """What is pending for one handler is for another from now on, `but` for these messages.

        Returns how much was: when it is `limit`, there may be more.
        """

    def bury(self, handler: str, problem: str, *, but: Collection[int], limit: int) -> int:
        """What is pending for a handler is dead, `but` for these messages. Returns as `hand_on`."""

    def handled(self, inbound: int, handler: str) -> None:
        """A handler has taken the message. Raises StoreConflict when it had before."""

    def not_handled(self, inbound: int, handler: str, problem: str, next_at: float | None) -> None:
        """A handler failed: it is tried again at `next_at`, or never (dead letter) when None.

        What was taken or given up meanwhile stays so.
        """

"""Inbound messages: each PDU as it came, the messages made of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from modemgw.store.records import Inbound, InboundKind, Page


@dataclass(frozen=True, slots=True)
class InboundQuery:
    """Which inbound messages to list, newest first. Times are UTC seconds."""

    from_: str | None = None
    to: str | None = None
    modem: str | None = None
    kind: InboundKind | None = None
    read: bool | None = None
    complete: bool | None = None
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
class Gap:
    """A long message that was handed on incomplete."""

    n: int
    inbound: Inbound
    parts: tuple[StoredPart, ...]


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

    def numbered(self, n: int) -> Inbound | None:
        """The inbound message with this number."""

    def number_of(self, id: str) -> int | None:
        """The number of the inbound message with this id."""

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

    def add(self, inbound: Inbound, parts: Sequence[int], *, set_key: str | None = None) -> int:
        """Keep a message, made of the stored parts with these numbers.

        `set_key`: by which late parts of it are known, if it is incomplete. Returns its own number,
        which is higher than any that was ever given.
        """

    def gaps(self, set_key: str) -> list[Gap]:
        """The incomplete messages to which a late part of this set may belong, newest first."""

    def fill(self, n: int, inbound: Inbound, parts: Sequence[int]) -> None:
        """Message `n` is now this, with these stored parts added. Once complete it has no gaps."""

    def former(self, inbound: Inbound) -> Inbound | None:
        """The message that this one takes the place of: by SIM, sender and replace type."""

    def mark_replaced(self, id: str, by: str) -> None:
        """Another message has taken the place of this one, which is kept."""

    def mark_read(self, id: str, read: bool) -> bool:
        """Mark a message as read or as not read. False: there is no such message."""

    def mark_all_read(self, sender: str, through: int | None, limit: int) -> int:
        """Mark `limit` unread messages of a sender as read, of the first that came.

        `through`: none that came after the message with this number. Returns how many they were.
        """

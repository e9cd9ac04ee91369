"""Verifications: codes that were sent to prove a number, and what was counted of them.

No code is kept, nor a hash of one: it is made anew from the row's salt and a secret that is not in
the store (gateway/verifications/codes.py). Times are UTC seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from modemgw.store.records import Page

VerificationStatus = Literal["pending", "approved", "expired", "locked", "canceled"]
"""`locked`: as many wrong codes were tried as may be."""
Counted = Literal["send", "attempt"]
"""What limits count: a message with a code; a wrong code."""
CountedBy = Literal["number", "key", "prefix", "client"]
"""By what."""


@dataclass(frozen=True, slots=True)
class Verification:
    """A number that is to be proved, or was, or was not."""

    id: str
    key: str
    """Name of the API key that asked for it."""
    number: str
    prefix: str
    """The number without its last digits."""
    client: bytes | None
    """Whom the application asks for, as a keyed hash of the address."""
    status: VerificationStatus
    salt: bytes
    """Random: what its code is made from, with the secret."""
    length: int
    """Digits of the code."""
    attempts: int
    """Codes that were tried, the right one among them."""
    max_attempts: int
    sends: int
    """Messages that were accepted with its code."""
    max_sends: int
    template: str | None
    language: str | None
    domain: str | None
    reference: str | None
    created_at: float
    expires_at: float
    sent_at: float
    """When its last message was accepted."""
    ended_at: float | None = None
    """When it became something else than pending."""


@dataclass(frozen=True, slots=True)
class VerificationQuery:
    """Which verifications to list, newest first; None asks for nothing."""

    number: str | None = None
    status: str | None = None
    key: str | None = None
    reference: str | None = None
    since: float | None = None
    until: float | None = None
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that limits count, and by what."""

    what: Counted
    number: str
    key: str
    prefix: str
    client: bytes | None
    at: float


@dataclass(frozen=True, slots=True)
class Tally:
    """The verifications of a prefix since some time."""

    all: int
    approved: int


@dataclass(frozen=True, slots=True)
class StoppedPrefix:
    """A prefix to which no code goes for a while."""

    prefix: str
    since: float
    until: float
    sent: int
    """Verifications that were begun there within the window …"""
    approved: int
    """… and those of them that were approved."""


@dataclass(frozen=True, slots=True)
class CodeMessage:
    """A message that still wants a modem and has a code in it."""

    message: str
    """Its id."""
    verification: Verification
    text: str | None
    """As it is stored: without the code."""
    places: tuple[int, ...]
    """Where in the text the code belongs, as positions of its first character."""
    expires_at: float


class VerificationsView(Protocol):
    """Verifications: what can be asked."""

    def get(self, id: str) -> Verification | None:
        """The verification with this id."""

    def latest(self, key: str, number: str) -> Verification | None:
        """The newest verification of a number that a key has asked for."""

    def find(self, query: VerificationQuery) -> Page[Verification]:
        """A page of them, newest first. Raises ValueError for a cursor that is not ours."""

    def next_expiry(self) -> float | None:
        """When the first of the pending ones expires; None when there is none."""

    def overdue(self, now: float, limit: int) -> Sequence[Verification]:
        """Pending ones that have expired, the first to do so first."""

    def waiting_messages(self) -> Sequence[CodeMessage]:
        """The messages with codes that still want a modem."""

    def allowed_at(
        self, what: Counted, by: CountedBy, name: str | bytes, most: int, span_s: float, now: float
    ) -> float:
        """When one more of `what` is within `most` (1 or more) in `span_s` seconds; `now` if so."""

    def tally(self, prefix: str, since: float) -> Tally:
        """How the verifications of a prefix went that were begun since then."""

    def stopped(self, prefix: str) -> StoppedPrefix | None:
        """That a prefix was stopped, be it over by now or not."""

    def all_stopped(self, now: float) -> Sequence[StoppedPrefix]:
        """The prefixes that are stopped now, the last one first."""


class Verifications(VerificationsView, Protocol):
    """Verifications, and what is done to them."""

    def insert(self, verification: Verification) -> None:
        """Keep a new one. Raises StoreConflict: the key has a pending one of the number."""

    def update(self, verification: Verification) -> None:
        """Keep what has become of one; its id, key and number stay."""

    def add_message(self, message: str, verification: str, places: Sequence[int]) -> None:
        """The message with this id is to have the code of a verification at these places."""

    def count(self, use: Use) -> None:
        """Count what limits count."""

    def forget_uses(self, before: float) -> int:
        """Forget what was counted before then; returns how many."""

    def stop(self, stop: StoppedPrefix) -> None:
        """Stop a prefix, in place of an earlier stop of it."""

    def lift(self, prefix: str) -> bool:
        """Stop a prefix no longer; False when it was not stopped."""

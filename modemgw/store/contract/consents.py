"""Consents: who may be sent what, by number; every decision kept as evidence.

A number has one state for each scope. The scope "" is all that is subject to consent; any other is
a name of the sender's own (a newsletter, say), and narrower than that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from modemgw.store.records import Page

EVERYTHING = ""
"""The scope that stands for all that is subject to consent."""


class ConsentState(StrEnum):
    """What a number has decided."""

    OPTED_IN = "opted_in"
    OPTED_OUT = "opted_out"


@dataclass(frozen=True, slots=True)
class Consent:
    """One decision about a number and a scope. Times are UTC seconds."""

    number: str
    """E.164 with +."""
    scope: str
    state: ConsentState
    source: str
    """How it was given: `sms`, or a word of who recorded it (`web-form`)."""
    at: float
    """When it was made."""
    recorded_at: float
    """When it was recorded."""
    evidence: str | None = None
    """What proves it, in the words of who recorded it."""
    key: str | None = None
    """The name of the API key that recorded it."""
    inbound: str | None = None
    """The id of the received message that it was made by."""


@dataclass(frozen=True, slots=True)
class ConsentQuery:
    """Which states to list; None asks for nothing."""

    number: str | None = None
    state: ConsentState | None = None
    scope: str | None = None
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Erased:
    """What is left of numbers that have opted out and were erased: what they are known again by."""

    key: bytes
    """Goes into each mark. It is made with the database, and stays in it."""
    marks: frozenset[bytes]

    def __contains__(self, number: object) -> bool:
        return bool(self.marks) and mark_of(self.key, str(number)) in self.marks

    def without(self, number: str) -> Erased:
        """What is left when a number has no mark any more."""
        return Erased(self.key, self.marks - {mark_of(self.key, number)})


def lets_in(consent: Consent) -> bool:
    """Whether it opts into everything."""
    return consent.state is ConsentState.OPTED_IN and consent.scope == EVERYTHING


def mark_of(key: bytes, number: str) -> bytes:
    """What a number is known again by, and cannot be read from without trying all numbers."""
    return hashlib.blake2b(number.encode(), key=key, digest_size=16).digest()


class ConsentsView(Protocol):
    """Who may be sent what: what can be asked."""

    def current(self, number: str, scope: str = EVERYTHING) -> Consent | None:
        """The decision that stands."""

    def standing(self, number: str) -> list[Consent]:
        """Every decision that stands about a number, by scope."""

    def history(self, number: str) -> list[Consent]:
        """Every decision about a number, the newest record first."""

    def find(self, query: ConsentQuery) -> Page[Consent]:
        """A page of decisions that stand, the newest record first.

        Raises ValueError for a foreign cursor.
        """

    def after(self, n: int, limit: int) -> list[tuple[int, Consent]]:
        """Decisions that stand, by their numbers above `n`, in order: all of them, part by part."""

    def erased(self) -> Erased:
        """The marks of those who opted out and were erased."""


class Consents(ConsentsView, Protocol):
    """Who may be sent what."""

    def record(self, consents: Iterable[Consent], *, stands: bool = True) -> None:
        """Keep decisions; they stand, each in place of the one before it, unless that is denied.

        A number that opts into everything has no mark any more.
        """

    def erase(self, number: str) -> int:
        """Forget every decision about a number; returns how many they were.

        A number that is opted out of everything leaves its mark.
        """

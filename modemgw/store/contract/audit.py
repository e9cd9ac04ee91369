"""What admins did, on record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from modemgw.store.records import Page


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One thing that somebody did, or was refused. Nothing secret is in it."""

    at: float
    """UTC seconds at which it was recorded: when it was done."""
    key: str | None
    """The name of the API key; None: without one, on the gateway's machine."""
    address: str
    """Where it was asked for: an IP address, or in a word."""
    action: str
    """What was done, such as `keys.create`."""
    target: str | None
    """What to: a name or an id."""
    outcome: str
    """`done`, or why not: the type of the problem."""
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which records to list; None asks for nothing."""

    key: str | None = None
    action: str | None = None
    target: str | None = None
    outcome: str | None = None
    since: float | None = None
    until: float | None = None
    limit: int = 50
    cursor: str | None = None


class AuditView(Protocol):
    """What admins did."""

    def find(self, query: AuditQuery) -> Page[AuditRecord]:
        """A page of records, newest first. Raises ValueError for a foreign cursor."""


class Audit(AuditView, Protocol):
    """What admins did, and what they do now."""

    def record(
        self,
        action: str,
        *,
        key: str | None,
        address: str,
        target: str | None,
        outcome: str,
        detail: str | None = None,
    ) -> None:
        """Put on record what is done at the time of this unit of work."""

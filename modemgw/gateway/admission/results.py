"""What callers hand in besides messages, and what they are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from modemgw.gateway.errors import FieldProblem, Rejected, TooMany
from modemgw.store import Template
from modemgw.store.records import Message


@dataclass(frozen=True, slots=True)
class Idempotency:
    """An Idempotency-Key, the fingerprint of its request, and how its answer is rendered."""

    key: str
    fingerprint: str
    render: Callable[[Any], bytes]
    """Called with the Message (or AcceptedBatch) that was accepted."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that was taken; or the bytes of the first answer to the same request."""

    message: Message | None
    replay: bytes | None = None


@dataclass(frozen=True, slots=True)
class AcceptedBatch:
    """A batch that was taken, with what was not; or the bytes of the first answer."""

    id: str
    accepted: int
    rejected: tuple[tuple[int, Rejected | TooMany], ...]
    """(index in the request, why)."""
    replay: bytes | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a message would be sent as."""

    encoding: str
    parts: int
    units: tuple[int, ...]
    """Septets, UTF-16 units or octets in each part."""
    units_left: int
    """Free in the last part."""
    changes: tuple[tuple[str, str], ...]
    """What transliteration would change."""
    text: str | None = None
    """As it would go out; None for a binary message."""
    template: Template | None = None
    """The version of a template that makes the text, if one does …"""
    language: str | None = None
    """… and that of the variant that was chosen, with its region."""
    warnings: tuple[FieldProblem, ...] = ()
    """What may cost more than the sender thinks, or is changed."""

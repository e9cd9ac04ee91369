"""What callers hand in besides messages, and what they are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from modemgw.gateway.errors import Duplicate, FieldProblem, Rejected, TooMany
from modemgw.store import Template
from modemgw.store.records import Cost, ErrorInfo, Message


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
    rejected: tuple[tuple[int, Rejected | TooMany | Duplicate], ...]
    """(index in the request, why)."""
    merged: tuple[tuple[int, str], ...] = ()
    """(index in the request, id of the message that says the same) of duplicates."""
    replay: bytes | None = None


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """How the messages of a batch are sent."""

    name: str | None = None
    """The caller's own name for it."""
    send_at: float | None = None
    """UTC seconds before which none is sent that says nothing else."""
    rate_per_minute: int | None = None
    """How many of them may begin in a minute."""
    more: bool = False
    """Whether messages are to be added to it."""


AT_ONCE = BatchPlan()


@dataclass(frozen=True, slots=True)
class BatchPreview:
    """What a batch would be sent as."""

    accepted: int
    """Messages that nothing is wrong with."""
    parts: int
    """SMS that they take together."""
    most_parts: int
    """Of the longest of them."""
    encodings: Mapping[str, int]
    """How many messages would be sent as which."""
    rejected: tuple[tuple[int, Rejected], ...]
    """(index in the request, why)."""


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
    send_at: float | None
    """UTC seconds before which it would not be sent; None: at once."""
    expires_at: float
    """UTC seconds after which it would not be sent any more."""
    deferred: ErrorInfo | None
    """Why it would wait until `send_at` though that was not asked for."""
    cost: Cost | None
    """What it would cost at the most; None: no tariff says."""
    text: str | None = None
    """As it would go out; None for a binary message."""
    template: Template | None = None
    """The version of a template that makes the text, if one does …"""
    language: str | None = None
    """… and that of the variant that was chosen, with its region."""
    warnings: tuple[FieldProblem, ...] = ()
    """What may cost more than the sender thinks, or is changed."""

"""What the store keeps, as typed records.

Times are seconds since 1970-01-01T00:00:00Z (UTC). Records are values: changing one changes nothing
in the store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar, overload

T = TypeVar("T")


class MessageStatus(StrEnum):
    """Where a message stands."""

    SCHEDULED = "scheduled"
    """Waits for its `send_at`."""
    QUEUED = "queued"
    """Waits for a modem."""
    SENDING = "sending"
    """At least one part was tried, not every part is accepted by the network."""
    SENT = "sent"
    """Every part accepted by the network; final when no receipts were asked for."""
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    """The network's final report says no."""
    FAILED = "failed"
    """Never accepted by the network."""
    EXPIRED = "expired"
    """Its validity ended before it was sent, or before it was delivered."""
    CANCELED = "canceled"
    UNKNOWN = "unknown"
    """An ambiguous attempt that nothing settled: a person or the API decides."""


OPEN_STATUSES = frozenset({MessageStatus.SCHEDULED, MessageStatus.QUEUED, MessageStatus.SENDING})
"""Statuses of messages that still want a modem."""


class PartStatus(StrEnum):
    """Where one part stands; derived from its last attempt and that attempt's receipt."""

    QUEUED = "queued"
    SUBMITTING = "submitting"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    FAILED = "failed"
    CANCELED = "canceled"
    AMBIGUOUS = "ambiguous"
    """The PDU went to the modem, no answer came: the network may or may not have it."""


class AttemptState(StrEnum):
    """How one try of one part on one SIM stands."""

    SUBMITTING = "submitting"
    """Committed before the PDU goes out: found after a crash, it is ambiguous."""
    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    """The modem failed before the PDU: nothing can have been sent."""
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """Why something did not work."""

    code: str
    """Stable and machine-readable: `cms-21`, `cme-30`, `no-answer`, `expired`, `unroutable` …"""
    detail: str
    """One sentence for a person."""
    permanent: bool
    """True: the same message to the same recipient will not work later either."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The fate of a part as an SMS-STATUS-REPORT told it."""

    status: int
    """TP-ST as received, 0–255."""
    meaning: str
    outcome: str
    """`delivered`, `trying`, `failed_permanent` … (modemgw.sms.Outcome)."""
    final: bool
    received_at: float
    sc_time: float | None
    """TP-SCTS by the service centre's clock."""
    discharge_time: float | None
    """TP-DT by the service centre's clock."""


class Cost(NamedTuple):
    """What something costs."""

    amount: Decimal
    """Exact, to a millionth."""
    currency: str
    """ISO 4217."""
    estimated: bool = False
    """True: it is not all accepted by the network yet."""


@dataclass(frozen=True, slots=True)
class RetryAt:
    """When a refused part may be tried again."""

    at: float
    elsewhere: bool
    """Another SIM may try it at once, only this one not before then."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of one part on one SIM."""

    n: int
    """1 for the part's first try."""
    state: AttemptState
    modem: str
    sim: str
    """ICCID."""
    reference: int | None
    """TP-MR that the modem answered with, 0–255."""
    started_at: float
    ended_at: float | None
    error: ErrorInfo | None
    receipt: Receipt | None
    duplicate_risk: bool = False
    """True: made after an ambiguous attempt, so the recipient may have got the part twice."""
    retry: RetryAt | None = None
    """Of a refused one that is to be tried again."""
    cost: Cost | None = None
    """Of an accepted one, by the tariff that was in force then."""


@dataclass(frozen=True, slots=True)
class Part:
    """One SMS-SUBMIT of a message."""

    index: int
    """From 1."""
    status: PartStatus
    attempts: tuple[Attempt, ...] = ()
    cost: Cost | None = None
    """None: no tariff says."""

    @property
    def last(self) -> Attempt | None:
        """The newest attempt, if there was one."""
        return self.attempts[-1] if self.attempts else None


class NewMessage(NamedTuple):
    """What a caller asks to send to one recipient: shape checked, meaning not yet."""

    to: str
    text: str | None = None
    data: bytes | None = None
    ports: tuple[int, int] | None = None
    """Destination and source application port, for binary messages."""
    type: str = "transactional"
    route: str | None = None
    modem: str | None = None
    encoding: str = "auto"
    """auto, gsm7, ucs2 or binary."""
    transliterate: bool = False
    message_class: int | None = None
    validity_s: int | None = None
    send_at: float | None = None
    receipt: bool = True
    reference: str | None = None
    """The caller's own name for the message."""
    callback_url: str | None = None
    max_parts: int | None = None
    tags: tuple[str, ...] = ()
    template: str | None = None
    """Name of the template that makes the text."""
    params: Mapping[str, Any] | None = None
    """What its placeholders stand for."""
    language: str | None = None
    """In which language, best: `pt-BR`, `en`."""


@dataclass(frozen=True, slots=True)
class NewMailing(Sequence[NewMessage]):
    """One content to many recipients: reads like a list of messages, of which none is made."""

    content: NewMessage
    """What they all say; its `to` is not read."""
    to: Sequence[str]

    def __len__(self) -> int:
        return len(self.to)

    @overload
    def __getitem__(self, index: int) -> NewMessage: ...

    @overload
    def __getitem__(self, index: slice) -> NewMailing: ...

    def __getitem__(self, index: int | slice) -> NewMessage | NewMailing:
        if isinstance(index, slice):
            return NewMailing(self.content, self.to[index])
        return self.content._replace(to=self.to[index])


class Message(NamedTuple):
    """A message as the API shows it."""

    id: str
    to: str
    """E.164 with +, or a short code as given."""
    text: str | None
    data: bytes | None
    ports: tuple[int, int] | None
    type: str
    status: MessageStatus
    encoding: str
    """gsm7, ucs2 or binary: what it is sent as."""
    message_class: int | None
    receipt: bool
    parts: tuple[Part, ...]
    error: ErrorInfo | None
    route: str
    modem: str | None
    """The modem it was pinned to by the caller."""
    key: str
    """Name of the API key that sent it."""
    reference: str | None
    callback_url: str | None
    batch: str | None
    tags: tuple[str, ...]
    created_at: float
    updated_at: float
    send_at: float | None
    expires_at: float
    cost: Cost | None = None
    """None: no tariff says."""
    template: str | None = None
    """Name of the template that made the text, if one has."""
    template_version: int | None = None


Recipient = tuple[str, str, str]
"""What a message of a mailing has of its own: `id`, `to` and `route`."""


@dataclass(frozen=True, slots=True)
class Mailing:
    """Accepted messages that differ in their recipient alone."""

    common: Message
    """What they share; its `id`, `to` and `route` are not read."""
    recipients: Sequence[Recipient]

    @classmethod
    def of(cls, message: Message) -> Mailing:
        """A mailing of one message."""
        return cls(message, ((message.id, message.to, message.route),))


class InboundKind(StrEnum):
    """What a received message is."""

    TEXT = "text"
    DATA = "data"
    """Octets for nobody in particular."""
    FLASH = "flash"
    """To be shown at once and not to be kept (class 0)."""
    MWI = "mwi"
    """It tells of voicemail, faxes, e-mails or others that wait."""
    RETURN_CALL = "return_call"
    """Its sender wants to be called."""
    APPLICATION = "application"
    """For the application at a port."""
    WAP_PUSH = "wap_push"
    MMS_NOTIFICATION = "mms_notification"
    SIM_DATA = "sim_data"
    """From the operator, for the SIM or the modem itself."""
    RAW = "raw"
    """It could not be decoded."""


@dataclass(frozen=True, slots=True)
class InboundPart:
    """One received SMS-DELIVER of a long message."""

    sequence: int
    received_at: float


@dataclass(frozen=True, slots=True)
class Inbound:
    """A received message, reassembled; or a PDU that could not be decoded, kept raw."""

    id: str
    sender: str
    """`from` in the API: E.164, a short code or an alphanumeric name, as the network gave it."""
    to: str | None
    """The SIM's own number, when known."""
    text: str | None
    data: bytes | None
    encoding: str
    """gsm7, ucs2, binary, or raw for what could not be decoded."""
    parts_total: int
    parts: tuple[InboundPart, ...]
    complete: bool
    modem: str
    sim: str
    sent_at: float | None
    """The service centre's time stamp (TP-SCTS); may be wrong or absent."""
    received_at: float
    message_class: int | None = None
    ports: tuple[int, int] | None = None
    problem: str | None = None
    """Why it could not be decoded, or what it carries."""
    keyword: str | None = None
    """`stop`, `start` or `help`: what its whole text asks for."""
    kind: InboundKind = InboundKind.TEXT
    details: Mapping[str, Any] | None = None
    """What it says beside its text, as plain JSON: under `mwi`, `wap_push` or `mms`."""
    read: bool = False
    """Whether somebody has marked it so."""
    completed_at: float | None = None
    """When a late part completed what had been handed on incomplete."""
    replace_type: int | None = None
    """1 to 7: it takes the place of the one before it of this type and sender …"""
    replaces: str | None = None
    """… which is this one, if there was one. It is kept."""
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True)
class ConversationItem:
    """A message to somebody, or one from there; the other is None."""

    at: float
    """When it was accepted, or received."""
    message: Message | None = None
    inbound: Inbound | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """What was sent to a number and received from it."""

    number: str
    """As messages to it and from it have it; or the name of a sender that has no number."""
    unread: int
    """Received messages that are not marked as read."""
    last: ConversationItem


class Event(NamedTuple):
    """Something that happened; `id` only ever grows."""

    id: int
    type: str
    at: float
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """How many messages an API key may send; 0 = no limit."""

    per_minute: int = 0
    per_hour: int = 0
    per_day: int = 0

    def __bool__(self) -> bool:
        return bool(self.per_minute or self.per_hour or self.per_day)


NO_LIMITS = KeyLimits()


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as a token of it opens doors, without the token."""

    name: str
    scopes: frozenset[str]
    created_at: float = 0.0
    limits: KeyLimits = NO_LIMITS
    ends_at: float | None = None
    """UTC seconds from which on this token opens nothing: the key expires, or was rotated."""
    hash: bytes = field(default=b"", repr=False)
    """Of the token; see modemgw.store.contract.keys.digest."""
    templates_only: bool = False
    """It may send what templates make, and nothing else."""
    templates: tuple[str, ...] = ()
    """Names of those templates; none: all."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A slice of a list, and where the next one begins."""

    items: tuple[T, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class BreakerState:
    """What is remembered of a SIM's refusals; see modemgw.gateway.fleet.breaker."""

    barred: int
    """Refusals in a row that name the SIM as barred."""
    failed: int
    """Refusals in a row of whatever kind."""
    recipients: tuple[str, ...]
    """Whom they were meant for."""
    probes: int
    """How often it was taken out, or probed in vain, since it last worked."""
    probe_at: float | None
    """While it is taken out: when it is probed …"""
    since: float | None = None
    """… and since when it is taken out."""


@dataclass(frozen=True, slots=True)
class Misdated:
    """Rows that are dated later than now: some clock was wrong, then or now."""

    newest: float
    """The date of the newest of them …"""
    seen_at: float
    """… and the time at which it was found to be later than that: it is taken to be of then."""

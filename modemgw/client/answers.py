"""What the API answers. Times are UTC; each class is an `Answer`: it has what is not here too."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from modemgw.client.answer import Answer

FINAL: Final = frozenset({"delivered", "undelivered", "failed", "expired", "canceled", "unknown"})
"""Statuses that do not change by themselves any more."""


class Error(Answer):
    """Why something did not work."""

    code: str
    """Stable: `cms-21`, `no-answer`, `expired` …"""
    detail: str
    permanent: bool
    """Trying again will not help."""


class Receipt(Answer):
    """The fate of a part, as the network's status report told it."""

    status: int
    """TP-ST, 0-255 (TS 23.040 9.2.3.15)."""
    meaning: str
    outcome: str
    final: bool
    received_at: datetime
    sc_time: datetime | None
    discharge_time: datetime | None


class Attempt(Answer):
    """One try of one part on one SIM."""

    n: int
    state: str
    """submitting, accepted, refused, not_sent or ambiguous."""
    modem: str
    sim: str
    """ICCID."""
    reference: int | None
    """TP-MR, 0-255."""
    started_at: datetime
    ended_at: datetime | None
    duplicate_risk: bool
    """The recipient may have got this part twice."""
    error: Error | None
    receipt: Receipt | None


class Part(Answer):
    """One SMS of a message; the fields beside `attempts` are those of the last attempt."""

    index: int
    status: str
    modem: str | None
    sim: str | None
    reference: int | None
    submitted_at: datetime | None
    receipt: Receipt | None
    error: Error | None
    attempts: tuple[Attempt, ...]


class Ports(Answer):
    """Application ports of a binary message."""

    destination: int
    source: int


class Message(Answer):
    """A message and how far it came."""

    id: str
    to: str
    text: str | None
    data: bytes | None
    ports: Ports | None
    type: str
    status: str
    encoding: str
    message_class: int | None
    receipt: bool
    parts: tuple[Part, ...]
    error: Error | None
    route: str
    modem: str | None
    """The modem it was pinned to."""
    key: str
    """Name of the API key that sent it."""
    reference: str | None
    callback_url: str | None
    batch: str | None
    tags: tuple[str, ...]
    cost: Any
    created_at: datetime
    updated_at: datetime
    send_at: datetime | None
    expires_at: datetime

    @property
    def is_final(self) -> bool:
        """Whether its status will not change by itself any more."""
        return self.status in FINAL or (self.status == "sent" and not self.receipt)


class FieldError(Answer):
    """One thing that is wrong with a request."""

    field: str
    detail: str
    code: str


class Problem(Answer):
    """An error, after RFC 9457."""

    type: str = "about:blank"
    """Stable; what a program looks at."""
    title: str = ""
    status: int
    detail: str = ""
    errors: tuple[FieldError, ...] = ()
    """Every field that is wrong."""
    line: int | None = None
    """Of the JSON error, from 1."""
    column: int | None = None


class RejectedItem(Answer):
    """A message of a batch that was not taken."""

    index: int
    """Position in the request, from 0."""
    problem: Problem


class AcceptedBatch(Answer):
    """What became of a batch."""

    id: str
    accepted: int
    rejected: tuple[RejectedItem, ...]


class Batch(Answer):
    """How far the messages of a batch came."""

    id: str
    created_at: datetime
    accepted: int
    rejected: int
    counts: dict[str, int]
    """How many messages by status."""


class Preview(Answer):
    """How a message would be sent."""

    encoding: str
    parts: int
    characters_left: int
    """Free in the last part: septets, UTF-16 units or octets."""
    units: tuple[int, ...]
    """Used in each part."""
    characters_changed: tuple[list[str], ...]
    """Pairs of what transliteration replaces."""
    cost: Any


class InboundPart(Answer):
    """One SMS of a received message."""

    sequence: int
    received_at: datetime


class Inbound(Answer):
    """A received message."""

    id: str
    from_: str
    to: str | None
    text: str | None
    data: bytes | None
    encoding: str
    message_class: int | None
    ports: Ports | None
    parts: tuple[InboundPart, ...]
    parts_total: int
    complete: bool
    modem: str
    sim: str
    sent_at: datetime | None
    """By the service centre's clock."""
    received_at: datetime
    problem: str | None
    """Why it could not be decoded."""


class HandlerMatch(Answer):
    """Which received messages are for a handler; what is empty asks for nothing."""

    keyword: str | None
    from_prefix: tuple[str, ...]
    modem: tuple[str, ...]


class Handler(Answer):
    """A handler, and its deliveries that have not been made."""

    id: str
    kind: str
    match: HandlerMatch
    at_once: int
    in_order: bool
    timeout_s: float
    pending: int
    claimed: int
    """Being made just now."""
    dead: int
    """Given up; they can be replayed."""
    problem: str | None
    """Why it did not take the last one."""


class Outcome(Answer):
    """How one try of a delivery has ended."""

    at: datetime
    code: str
    problem: str | None
    took_ms: int | None
    http_status: int | None = None
    """Of the answer, if there was one."""
    answer: str | None = None
    """How its body begins: 1,024 characters."""


class AnyDelivery(Answer):
    """A delivery without whose it is."""

    id: str
    kind: str | None
    event: str
    """The type of the event."""
    event_id: int | None
    inbound: str | None
    """Id of the received message."""
    key: str | None
    """Those with the same one are made in order."""
    state: str
    tries: int
    next_at: datetime | None
    created_at: datetime
    ended_at: datetime | None
    outcomes: tuple[Outcome, ...]
    """Of the last tries, oldest first."""


class Delivery(AnyDelivery):
    """Something that a handler gets, and how far that came."""

    handler: str


class WebhookDelivery(AnyDelivery):
    """An event that a webhook gets, and how far that came."""

    webhook: str


class Webhook(Answer):
    """An address that is told of events, and its deliveries that have not been made."""

    id: str
    url: str
    events: tuple[str, ...]
    """Types, families (`message.*`), or `*`."""
    description: str | None
    enabled: bool
    created_at: datetime
    disabled_reason: str | None
    """Why the gateway has disabled it, if it has."""
    pending: int
    dead: int
    """Given up; they can be replayed."""
    problem: str | None
    """Why it did not take the last one."""


class WebhookWithSecret(Webhook):
    """A webhook as it is shown once, when it is created and when its secret is rotated."""

    secret: str
    """`whsec_` and base64: what signs. Keep it."""


class Event(Answer):
    """Something that happened."""

    id: int
    type: str
    at: datetime
    data: dict[str, Any]


class Sim(Answer):
    """The subscription in a modem."""

    iccid: str
    imsi: str | None
    number: str | None


class Storage(Answer):
    """How full the modem's memory for received messages is."""

    used: int
    size: int


class Held(Answer):
    """What keeps a modem from sending though it is ready."""

    why: str
    """`limits`: those of its SIM; `refused`: the network refuses the SIM."""
    until: datetime
    """When it may send, or make a try."""


class Modem(Answer):
    """A modem, its SIM and how they do."""

    id: str
    state: str
    step: int | None
    """Of the recovery ladder, while recovering."""
    reason: str | None
    """Why it is not ready."""
    since: datetime
    device: str | None
    profile: str | None
    manufacturer: str | None
    model: str | None
    revision: str | None
    imei: str | None
    sim: Sim | None
    operator: str | None
    registration: str
    signal_dbm: int | None
    queue: int
    """Parts that wait for it."""
    sent: int
    received: int
    errors: int
    refused: int
    ambiguous: int
    timeouts: int
    resets: int
    recoveries: int
    storage: Storage | None
    alarm: str | None
    """What a person must see to."""
    last_answer_at: datetime | None
    ready_since: datetime | None
    routes: tuple[str, ...]
    weight: int
    held: Held | None


class PlanLimit(Answer):
    """What a SIM has used of one limit, in parts."""

    used: int
    limit: int | None
    """None: there is none."""
    resets_at: datetime | None
    """When `used` falls next."""


class PlanUse(Answer):
    """What a SIM has used of its plan."""

    per_minute: PlanLimit
    per_hour: PlanLimit
    per_day: PlanLimit
    per_month: PlanLimit


class SimBreaker(Answer):
    """Whether a SIM is taken out because the network refuses it."""

    state: str
    """`ok`, `barred` (it rests) or `probing` (one message may be tried through it)."""
    since: datetime | None
    next_probe_at: datetime | None


class SimCard(Answer):
    """A SIM that was seen, and how it does."""

    iccid: str
    imsi: str | None
    number: str | None
    modem: str | None
    """The one that it sits in now."""
    plan: PlanUse
    breaker: SimBreaker
    centre_clock_ahead_s: float | None
    balance: Any
    tariff: Any
    last_seen_at: datetime


class Ussd(Answer):
    """The network's answer to a USSD request."""

    text: str
    more: bool
    """It waits for an answer, such as `1`."""


class TraceLine(Answer):
    """One line that went over the wire of a modem; message texts and PINs are masked."""

    at: datetime
    direction: str
    """`>` to the modem, `<` from it, `=` a remark."""
    text: str


class KeyLimits(Answer):
    """How many messages an API key may send; None: as many as it likes."""

    per_minute: int | None
    per_hour: int | None
    per_day: int | None


class ApiKey(Answer):
    """An API key, without what opens doors."""

    name: str
    scopes: tuple[str, ...]
    state: str
    """active, expired or revoked; only `active` opens anything."""
    limits: KeyLimits | None
    expires_at: datetime | None
    created_at: datetime
    last_used_at: datetime | None
    """Up to a minute late."""
    revoked_at: datetime | None
    has_webhook_secret: bool
    """Whether events to a `callback_url` are signed for this key."""


class NewApiKey(ApiKey):
    """A new API key, and what is told of it this once."""

    key: str
    webhook_secret: str


class RotatedApiKey(ApiKey):
    """An API key that was rotated, and what is told of it this once."""

    key: str


class AuditRecord(Answer):
    """One thing that an admin did, or was refused."""

    at: datetime
    key: str | None
    """The API key's name; None: without one, on the gateway's machine."""
    address: str
    action: str
    """`keys.create`, `modems.pause` …"""
    target: str | None
    """The name or id of what it was done to."""
    outcome: str
    """`done`, or the end of the problem's type."""
    detail: str | None


class Readiness(Answer):
    """Whether a message could be sent now; `detail` says what does not work as it should."""

    ready: bool
    detail: str | None

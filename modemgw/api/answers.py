"""What callers get: the types of every answer. The OpenAPI document is made from them.

Times are RFC 3339 UTC (`2026-11-22T10:00:00.123Z`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Base64 = Annotated[str, Field(json_schema_extra={"contentEncoding": "base64"})]


class Error(TypedDict):
    """Why something did not work."""

    code: Annotated[str, Field(description="Stable: `cms-21`, `no-answer`, `expired` …")]
    detail: str
    permanent: Annotated[bool, Field(description="True: trying again will not help.")]


class Receipt(TypedDict):
    """The fate of a part, as the network's status report told it."""

    status: Annotated[int, Field(description="TP-ST, 0–255 (TS 23.040 9.2.3.15).")]
    meaning: Annotated[str, Field(description="What that status means, in words.")]
    outcome: Annotated[
        str, Field(description="`delivered`, `trying`, `failed, permanent`, `expired` …")
    ]
    final: Annotated[bool, Field(description="False: another one may follow.")]
    received_at: Time
    sc_time: Annotated[Time | None, Field(description="When the service centre got the part.")]
    discharge_time: Annotated[Time | None, Field(description="When that came about.")]


class Attempt(TypedDict):
    """One try of one part on one SIM."""

    n: int
    state: Annotated[
        str, Field(description="submitting, accepted, refused, not_sent or ambiguous.")
    ]
    modem: str
    sim: Annotated[str, Field(description="ICCID.")]
    reference: Annotated[int | None, Field(description="TP-MR, 0–255.")]
    started_at: Time
    ended_at: Time | None
    duplicate_risk: Annotated[
        bool, Field(description="True: the recipient may have got this part twice.")
    ]
    error: Error | None
    receipt: Receipt | None


class Part(TypedDict):
    """One SMS of a message; the fields beside `attempts` are those of the last attempt."""

    index: Annotated[int, Field(description="From 1.")]
    status: Annotated[str, Field(description="queued, submitting, sent, ambiguous, delivered …")]
    modem: str | None
    sim: Annotated[str | None, Field(description="ICCID.")]
    reference: Annotated[int | None, Field(description="TP-MR, 0–255.")]
    submitted_at: Annotated[Time | None, Field(description="When the network accepted it.")]
    receipt: Receipt | None
    error: Error | None
    attempts: list[Attempt]


class Ports(TypedDict):
    """Application ports of a binary message."""

    destination: int
    source: int


# "class" and "from" are words of Python: they can only be written this way.
_WithClass = TypedDict(
    "_WithClass", {"class": Annotated[int | None, Field(description="Message class, 0–3.")]}
)
_WithFrom = TypedDict("_WithFrom", {"from": str})


class Message(_WithClass):
    """A message and how far it came."""

    id: str
    to: Annotated[
        str, Field(description="In international form, or a short code as it is dialled.")
    ]
    text: Annotated[str | None, Field(description="null for a binary message.")]
    data: Annotated[Base64 | None, Field(description="Octets of a binary message.")]
    ports: Ports | None
    type: Annotated[str, Field(description="otp, transactional or promotional.")]
    status: Annotated[
        str,
        Field(
            description="On its way: scheduled, queued, sending, sent (final without a receipt). "
            "Final: delivered, undelivered, failed, expired, canceled; unknown, when nobody can "
            "know whether the network has it."
        ),
    ]
    encoding: Annotated[str, Field(description="gsm7, ucs2 or binary, as it was chosen.")]
    receipt: Annotated[bool, Field(description="Whether a delivery report is asked for.")]
    parts: Annotated[list[Part], Field(description="One for each SMS that it takes.")]
    error: Annotated[Error | None, Field(description="Why it came to a bad end.")]
    route: str
    modem: Annotated[str | None, Field(description="The modem it was pinned to.")]
    key: Annotated[str, Field(description="Name of the API key that sent it.")]
    reference: Annotated[str | None, Field(description="Your own name for it, as it was given.")]
    callback_url: str | None
    batch: Annotated[str | None, Field(description="Id of the batch that it came with.")]
    tags: list[str]
    cost: float | None
    created_at: Annotated[Time, Field(description="When it was accepted.")]
    updated_at: Annotated[Time, Field(description="When its status changed last.")]
    send_at: Annotated[Time | None, Field(description="Not before.")]
    expires_at: Annotated[Time, Field(description="It is not sent after this.")]


class Messages(TypedDict):
    """A page of messages."""

    items: list[Message]
    next_cursor: str | None


class FieldError(TypedDict):
    """One thing that is wrong with a request."""

    field: str
    detail: str
    code: str


class Problem(TypedDict):
    """An error, after RFC 9457."""

    type: Annotated[str, Field(description="Stable; what a program looks at.")]
    title: str
    status: int
    detail: str
    errors: Annotated[
        NotRequired[list[FieldError]], Field(description="Every field that is wrong.")
    ]
    line: Annotated[NotRequired[int], Field(description="Of the JSON error, from 1.")]
    column: Annotated[NotRequired[int], Field(description="Of the JSON error, from 1.")]


class RejectedItem(TypedDict):
    """A message of a batch that was not taken."""

    index: Annotated[int, Field(description="Position in the request, from 0.")]
    problem: Problem


class AcceptedBatch(TypedDict):
    """What became of a batch."""

    id: str
    accepted: int
    rejected: list[RejectedItem]


class Batch(TypedDict):
    """How far the messages of a batch came."""

    id: str
    created_at: Time
    accepted: int
    rejected: int
    counts: Annotated[dict[str, int], Field(description="How many messages by status.")]


class Preview(TypedDict):
    """How a message would be sent."""

    encoding: str
    parts: int
    characters_left: Annotated[
        int, Field(description="Free in the last part: septets, UTF-16 units or octets.")
    ]
    units: Annotated[list[int], Field(description="Used in each part.")]
    characters_changed: Annotated[
        list[list[str]], Field(description="Pairs of what transliteration replaces.")
    ]
    cost: float | None


class InboundPart(TypedDict):
    """One SMS of a received message."""

    sequence: int
    received_at: Time


class Inbound(_WithFrom, _WithClass):
    """A received message."""

    id: str
    to: Annotated[str | None, Field(description="The number of the SIM, where it is known.")]
    text: Annotated[str | None, Field(description="Whole; a gap is marked in it.")]
    data: Annotated[Base64 | None, Field(description="Octets of what is no text.")]
    encoding: Annotated[str, Field(description="gsm7, ucs2 or binary; raw: see `problem`.")]
    parts: Annotated[list[InboundPart], Field(description="Those that were received.")]
    parts_total: int
    complete: Annotated[bool, Field(description="False: parts are missing.")]
    modem: str
    sim: Annotated[str, Field(description="ICCID.")]
    sent_at: Annotated[Time | None, Field(description="By the service centre's clock.")]
    received_at: Time
    ports: Ports | None
    problem: Annotated[str | None, Field(description="Why it could not be decoded.")]


class Inbounds(TypedDict):
    """A page of received messages."""

    items: list[Inbound]
    next_cursor: str | None


class HandlerMatch(TypedDict):
    """Which received messages are for a handler; what is empty asks for nothing."""

    keyword: str | None
    from_prefix: list[str]
    modem: list[str]


class Handler(TypedDict):
    """A handler, and its deliveries that have not been made."""

    id: str
    kind: Annotated[str, Field(description="exec, webhook, python or reply.")]
    match: HandlerMatch
    at_once: int
    in_order: bool
    timeout_s: float
    pending: int
    claimed: Annotated[int, Field(description="Being made just now.")]
    dead: Annotated[int, Field(description="Given up; they can be replayed.")]
    problem: Annotated[str | None, Field(description="Why it did not take the last one.")]


class Handlers(TypedDict):
    """All handlers of the configuration."""

    items: list[Handler]
    next_cursor: None


class Outcome(TypedDict):
    """How one try of a delivery has ended."""

    at: Time
    code: Annotated[str, Field(description="`taken`, `failed`, `refused`, `no-answer` …")]
    problem: str | None
    took_ms: int | None
    http_status: Annotated[int | None, Field(description="Of the answer, if there was one.")]
    answer: Annotated[str | None, Field(description="How its body begins: 1,024 characters.")]


class AnyDelivery(TypedDict):
    """A delivery without whose it is."""

    id: str
    kind: Annotated[str | None, Field(description="What was done when it was last tried.")]
    event: Annotated[str, Field(description="The type of the event.")]
    event_id: int | None
    inbound: Annotated[str | None, Field(description="Id of the received message.")]
    key: Annotated[str | None, Field(description="Those with the same one are made in order.")]
    state: str
    tries: int
    next_at: Annotated[Time | None, Field(description="When it is tried, while it is pending.")]
    created_at: Time
    ended_at: Time | None
    outcomes: Annotated[list[Outcome], Field(description="Of the last tries, oldest first.")]


class Delivery(AnyDelivery):
    """Something that a handler gets, and how far that came."""

    handler: str


class Deliveries(TypedDict):
    """A page of deliveries."""

    items: list[Delivery]
    next_cursor: str | None


class Webhook(TypedDict):
    """An address that is told of events, and its deliveries that have not been made."""

    id: str
    url: str
    events: Annotated[list[str], Field(description="Types, families (`message.*`), or `*`.")]
    description: str | None
    enabled: Annotated[bool, Field(description="False: it is told nothing.")]
    created_at: Time
    disabled_reason: Annotated[
        str | None, Field(description="Why the gateway has disabled it, if it has.")
    ]
    pending: Annotated[int, Field(description="Deliveries that are yet to be made.")]
    dead: Annotated[int, Field(description="Given up; they can be replayed.")]
    problem: Annotated[str | None, Field(description="Why it did not take the last one.")]


class WebhookWithSecret(Webhook):
    """A webhook as it is shown once, when it is created and when its secret is rotated."""

    secret: Annotated[str, Field(description="`whsec_` and base64: what signs. Keep it.")]


class Webhooks(TypedDict):
    """All webhooks, the oldest first."""

    items: list[Webhook]
    next_cursor: None


class WebhookDelivery(AnyDelivery):
    """An event that a webhook gets, and how far that came."""

    webhook: str


class WebhookDeliveries(TypedDict):
    """A page of a webhook's deliveries."""

    items: list[WebhookDelivery]
    next_cursor: str | None


class Replayed(TypedDict):
    """What is made once more."""

    replayed: Annotated[int, Field(description="How many deliveries.")]


class Event(TypedDict):
    """Something that happened: the `data` of one Server-Sent Event."""

    id: int
    type: str
    at: Time
    data: dict[str, Any]


class Sim(TypedDict):
    """The subscription in a modem."""

    iccid: str
    imsi: str | None
    number: str | None


class Storage(TypedDict):
    """How full the modem's memory for received messages is."""

    used: int
    size: int


class Held(TypedDict):
    """What keeps a modem from sending though it is ready."""

    why: Annotated[
        Literal["limits", "refused"],
        Field(description="Its SIM's limits, or the network, which refuses the SIM."),
    ]
    until: Annotated[Time, Field(description="When it may send, or make a try.")]


class Modem(TypedDict):
    """A modem, its SIM and how they do."""

    id: str
    state: Annotated[str, Field(description="As in the life of a modem: `ready`, `absent` …")]
    step: Annotated[int | None, Field(description="Of the recovery ladder, while recovering.")]
    reason: Annotated[str | None, Field(description="Why it is not ready.")]
    since: Annotated[Time, Field(description="When it came into this state.")]
    device: str | None
    profile: Annotated[str | None, Field(description="The vendor's peculiarities in use.")]
    manufacturer: str | None
    model: str | None
    revision: str | None
    imei: str | None
    sim: Sim | None
    operator: str | None
    registration: str
    signal_dbm: int | None
    queue: Annotated[int, Field(description="Parts that wait for it.")]
    sent: int
    received: int
    errors: Annotated[int, Field(description="refused + ambiguous + timeouts.")]
    refused: int
    ambiguous: int
    timeouts: int
    resets: int
    recoveries: int
    storage: Storage | None
    alarm: Annotated[str | None, Field(description="What a person must see to.")]
    last_answer_at: Time | None
    ready_since: Time | None
    routes: list[str]
    weight: int
    held: Held | None


class Modems(TypedDict):
    """All modems of the configuration."""

    items: list[Modem]
    next_cursor: None


class PlanLimit(TypedDict):
    """What a SIM has used of one limit, in parts."""

    used: int
    limit: Annotated[int | None, Field(description="null: there is none.")]
    resets_at: Annotated[
        Time | None,
        Field(
            description="When `used` falls next: minutes and hours slide, so it is when the oldest "
            "part leaves them (null: there is none); days and months are the plan's."
        ),
    ]


class PlanUse(TypedDict):
    """What a SIM has used of its plan."""

    per_minute: PlanLimit
    per_hour: PlanLimit
    per_day: PlanLimit
    per_month: PlanLimit


class SimBreaker(TypedDict):
    """Whether a SIM is taken out because the network refuses it."""

    state: Annotated[
        Literal["ok", "barred", "probing"],
        Field(description="`barred`: it rests; `probing`: one message may be tried through it."),
    ]
    since: Annotated[Time | None, Field(description="Since when it is taken out.")]
    next_probe_at: Time | None


class SimCard(TypedDict):
    """A SIM that was seen, and how it does."""

    iccid: str
    imsi: str | None
    number: str | None
    modem: Annotated[str | None, Field(description="The one that it sits in now.")]
    plan: PlanUse
    breaker: SimBreaker
    centre_clock_ahead_s: Annotated[
        float | None,
        Field(
            description="Seconds by which its service centre's clock is ahead of ours, as status "
            "reports show it; null: not known yet."
        ),
    ]
    balance: None
    tariff: None
    last_seen_at: Annotated[Time, Field(description="Now, while it is in a modem.")]


class SimCards(TypedDict):
    """Every SIM that was ever seen, by ICCID."""

    items: list[SimCard]
    next_cursor: None


class Ussd(TypedDict):
    """The network's answer to a USSD request."""

    text: str
    more: Annotated[bool, Field(description="True: it waits for an answer, such as `1`.")]


class TraceLine(TypedDict):
    """One line that went over the wire of a modem; message texts and PINs are masked."""

    at: Time
    direction: Annotated[str, Field(description="`>` to the modem, `<` from it, `=` a remark.")]
    text: str


class Trace(TypedDict):
    """The last lines between the gateway and a modem."""

    items: list[TraceLine]


class KeyLimits(TypedDict):
    """How many messages an API key may send; null: as many as it likes."""

    per_minute: int | None
    per_hour: int | None
    per_day: int | None


class ApiKey(TypedDict):
    """An API key, without what opens doors."""

    name: str
    scopes: list[str]
    state: Annotated[
        Literal["active", "expired", "revoked"], Field(description="Only `active` opens anything.")
    ]
    limits: Annotated[
        KeyLimits | None, Field(description="Beside those of the configuration; null: none.")
    ]
    expires_at: Time | None
    created_at: Time
    last_used_at: Annotated[Time | None, Field(description="Up to a minute late.")]
    revoked_at: Time | None
    has_webhook_secret: Annotated[
        bool, Field(description="Whether events to a `callback_url` are signed for this key.")
    ]


class NewApiKey(ApiKey):
    """A new API key, and what is told of it this once."""

    key: Annotated[str, Field(description="The key itself. It is told this once.")]
    webhook_secret: Annotated[
        str,
        Field(
            description="What events to a `callback_url` are signed with (Standard Webhooks). "
            "It is told this once."
        ),
    ]


class RotatedApiKey(ApiKey):
    """An API key that was rotated, and what is told of it this once."""

    key: Annotated[str, Field(description="The key itself from now on. It is told this once.")]


class ApiKeys(TypedDict):
    """Every API key, the oldest first."""

    items: list[ApiKey]
    next_cursor: None


class WebhookSecret(TypedDict):
    """What events to the `callback_url` of a key's messages are signed with from now on."""

    name: str
    webhook_secret: Annotated[str, Field(description="It is told this once.")]


class AuditRecord(TypedDict):
    """One thing that an admin did, or was refused."""

    at: Time
    key: Annotated[
        str | None,
        Field(description="The API key's name; null: without one, on the gateway's machine."),
    ]
    address: Annotated[str, Field(description="Where it was asked for.")]
    action: Annotated[str, Field(description="`keys.create`, `modems.pause` …")]
    target: Annotated[str | None, Field(description="The name or id of what it was done to.")]
    outcome: Annotated[str, Field(description="`done`, or the end of the problem's type.")]
    detail: str | None


class AuditRecords(TypedDict):
    """A page of what admins did, the newest first."""

    items: list[AuditRecord]
    next_cursor: str | None


class Health(TypedDict):
    """Whether the process is alive."""

    status: str


class Readiness(TypedDict):
    """Whether a message could be sent now; `detail` says what does not work as it should."""

    ready: bool
    detail: str | None


class ModemEvent(TypedDict):
    """What is told of a modem."""

    modem: str
    reason: Annotated[NotRequired[str], Field(description="Why, unless it is ready.")]


class SimEvent(TypedDict):
    """What is told of a SIM."""

    modem: str
    sim: Annotated[str, Field(description="ICCID.")]
    reason: Annotated[NotRequired[str], Field(description="What the network says.")]
    until: Annotated[
        NotRequired[float], Field(description="When it may send again, in Unix seconds.")
    ]


class WebhookEvent(TypedDict):
    """What is told of a webhook."""

    webhook: Annotated[str, Field(description="Its id.")]
    reason: str


class AlertEvent(TypedDict):
    """What a person must see to, though the modem may work."""

    modem: str
    reason: Annotated[NotRequired[str], Field(description="Absent when it is over.")]


class ProblemType(TypedDict):
    """A type of problem: what it means and what to do about it."""

    name: str
    type: Annotated[str, Field(description="As answers carry it.")]
    status: int
    title: str
    meaning: str
    remedy: Annotated[str, Field(description="What to do.")]
    retry: Annotated[
        Literal["no", "later"],
        Field(description="`no`: the same request gets the same answer."),
    ]
    example: Problem


class ProblemTypes(TypedDict):
    """Every type of problem that there is."""

    items: list[ProblemType]
    next_cursor: None

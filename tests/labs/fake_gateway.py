"""A gateway in memory: the parts that the HTTP door may ask, and no more of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random
from typing import Any, cast

from prometheus_client import CollectorRegistry, Counter

from modemgw.clock import SystemClock
from modemgw.config import BudgetSection, Limits, WebhooksSection, parse
from modemgw.gateway import (
    Accepted,
    AcceptedBatch,
    Allowance,
    BatchChange,
    BatchPlan,
    BatchPreview,
    BatchQuery,
    BatchView,
    BudgetView,
    Conflict,
    ConsentRow,
    ConsentsOf,
    ConversationQuery,
    CreatedWebhook,
    DeliveryQuery,
    Erasure,
    Export,
    FieldProblem,
    HandlerView,
    Idempotency,
    IdempotencyConflict,
    ImportReport,
    InboundQuery,
    Match,
    MessageQuery,
    ModemView,
    NewConsent,
    NewVerification,
    NotFound,
    Over,
    Preview,
    Rejected,
    Replay,
    Sample,
    SimView,
    TooMany,
    Trial,
    Unavailable,
    VerificationQuery,
    VerificationView,
    WebhookChange,
    WebhookView,
)
from modemgw.gateway.budgets.budgets import LimitView
from modemgw.gateway.bus import Watch
from modemgw.gateway.deliveries.targets import Targets
from modemgw.gateway.event_types import unknown_types
from modemgw.gateway.fleet.lanes import Held
from modemgw.gateway.outgoing.punctuality import Tally, Target
from modemgw.gateway.supervision import Keeper
from modemgw.gateway.upkeep.readiness.finding import Item, failed, passed
from modemgw.gateway.upkeep.type_views import TypeViews
from modemgw.modem import (
    AtAnswer,
    ModemState,
    ModemStatus,
    SimIdentity,
    TraceLine,
    UssdAnswer,
)
from modemgw.store import (
    Alert,
    AlertQuery,
    Answer,
    Batch,
    Consent,
    ConsentQuery,
    Delivery,
    DeliveryState,
    KeyRow,
    StoppedPrefix,
    TryOutcome,
    UsageQuery,
    UsageSum,
)
from modemgw.store.records import (
    Attempt,
    AttemptState,
    Conversation,
    ConversationItem,
    Cost,
    ErrorInfo,
    Event,
    Inbound,
    InboundPart,
    Key,
    Message,
    MessageStatus,
    NewMessage,
    Page,
    Part,
    PartStatus,
    Receipt,
)

NOW = 1_795_341_600.125
"""2026-11-22T10:00:00.125Z"""

RECEIPT = Receipt(
    status=0,
    meaning="received by the recipient",
    outcome="delivered",
    final=True,
    received_at=NOW + 2,
    sc_time=NOW,
    discharge_time=NOW + 1,
)
DELIVERED = Attempt(
    n=1,
    state=AttemptState.ACCEPTED,
    modem="m1",
    sim="8944000000000000001",
    reference=17,
    started_at=NOW,
    ended_at=NOW + 1,
    error=None,
    receipt=RECEIPT,
)
BATCH = Batch(
    n=1,
    id="b1",
    name="offers",
    key="app",
    created_at=NOW,
    accepted=3,
    rejected=1,
    more=False,
    send_at=None,
    rate_per_minute=60,
    paced_from=NOW,
    paused_at=None,
    canceled_at=None,
    ended_at=None,
)
INBOUND = Inbound(
    id="in1",
    sender="+447700900111",
    to="+447700900001",
    text="STOP",
    data=None,
    encoding="gsm7",
    parts_total=1,
    parts=(InboundPart(1, NOW),),
    complete=True,
    modem="m1",
    sim="8944000000000000001",
    sent_at=NOW - 3,
    received_at=NOW,
)


DELIVERY = Delivery(
    id="dlv_7",
    subscriber="whk_1",
    kind="webhook",
    event="message.delivered",
    event_id=4711,
    inbound=None,
    key="msg1",
    state=DeliveryState.DEAD,
    tries=1,
    next_at=None,
    lease_until=None,
    created_at=NOW,
    ended_at=NOW + 1,
    outcomes=(
        TryOutcome(NOW + 1, "failed", "it answered HTTP 500", 12, Answer(500, "Traceback …")),
    ),
)


@dataclass
class FakeHealth:
    ready: bool = True
    accepting: str | None = None
    stalled: str | None = None
    alarms: dict[str, str] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)


@dataclass
class FakeAccess:
    """Keys are `key-SCOPE[-SCOPE…]`."""

    revoked: set[str] = field(default_factory=set)
    watched: list[tuple[Key, asyncio.Event]] = field(default_factory=list)

    held_back: list[str] = field(default_factory=list)

    async def hold_back(self, address: str) -> None:
        self.held_back.append(address)

    async def authenticate(self, token: str) -> Key | None:
        if not token.startswith("key-") or token in self.revoked:
            return None
        scopes = frozenset(token.removeprefix("key-").split("-"))
        return Key(token, scopes, hash=token.encode())

    @contextmanager
    def watch(self, key: Key) -> Iterator[asyncio.Event]:
        ended = asyncio.Event()
        self.watched.append((key, ended))
        try:
            yield ended
        finally:
            self.watched.remove((key, ended))

    def revoke(self, name: str) -> None:
        self.revoked.add(name)
        for key, ended in self.watched:
            if key.name == name:
                ended.set()


@dataclass
class FakeAudit:
    """(action, key, address, target, outcome, detail) of what was done."""

    records: list[tuple[Any, ...]] = field(default_factory=list)

    async def record(
        self,
        action: str,
        *,
        key: str | None,
        address: str,
        target: str | None = None,
        outcome: str = "done",
        detail: str | None = None,
    ) -> None:
        self.records.append((action, key, address, target, outcome, detail))


@dataclass
class FakeKeys:
    """There are none; see tests/api/test_api_keys.py for what the true ones do."""

    async def all(self) -> list[KeyRow]:
        return []

    async def one(self, name: str) -> KeyRow:
        raise NotFound(f"there is no key {name!r}")


@dataclass
class FakeMessages:
    by_id: dict[str, Message] = field(default_factory=dict)
    queries: list[Any] = field(default_factory=list)

    def add(
        self,
        new: NewMessage,
        key: str = "key-send",
        status: MessageStatus = MessageStatus.QUEUED,
        part: Part | None = None,
    ) -> Message:
        message = Message(
            id=f"msg{len(self.by_id) + 1}",
            to=new.to,
            text=new.text,
            data=new.data,
            ports=new.ports,
            type=new.type,
            status=status,
            encoding="gsm7",
            message_class=new.message_class,
            receipt=new.receipt,
            parts=(part or Part(1, PartStatus.QUEUED),),
            error=None,
            route="default",
            modem=new.modem,
            key=key,
            reference=new.reference,
            callback_url=new.callback_url,
            batch=None,
            tags=new.tags,
            created_at=NOW,
            updated_at=NOW,
            send_at=new.send_at,
            expires_at=NOW + 60,
        )
        self.by_id[message.id] = message
        return message

    async def get(self, identifier: str) -> Message:
        if identifier not in self.by_id:
            raise NotFound(f"there is no message {identifier}")
        return self.by_id[identifier]

    async def find(self, query: MessageQuery) -> Page[Message]:
        self.queries.append(query)
        everything = sorted(self.by_id.values(), key=lambda m: -int(m.id[3:]))
        start = int(query.cursor.partition("~")[2]) if query.cursor else 0
        end = start + query.limit
        return Page(tuple(everything[start:end]), f"0.0~{end}" if end < len(everything) else None)

    async def cancel(self, identifier: str) -> Message:
        message = await self.get(identifier)
        if message.status is not MessageStatus.QUEUED:
            raise Conflict(f"message {identifier} is {message.status} already")
        canceled = message._replace(status=MessageStatus.CANCELED)
        self.by_id[identifier] = canceled
        return canceled


@dataclass
class FakeBatches:
    """One batch, b1, of which two messages wait; one that is canceled cannot be paused."""

    messages_sent: FakeMessages
    batch: Batch = BATCH
    changes: list[Any] = field(default_factory=list)
    queries: list[Any] = field(default_factory=list)

    async def get(self, identifier: str) -> BatchView:
        if identifier != "b1":
            raise NotFound(f"there is no batch {identifier}")
        counts = {"queued": 2, "delivered": 1}
        return BatchView(self.batch, self.batch.state(NOW), counts)

    async def find(self, query: BatchQuery) -> Page[BatchView]:
        self.queries.append(query)
        return Page((await self.get("b1"),), None)

    async def messages(self, identifier: str, query: MessageQuery) -> Page[Message]:
        await self.get(identifier)
        return await self.messages_sent.find(query)

    async def pause(self, identifier: str) -> BatchView:
        await self.get(identifier)
        if self.batch.canceled_at is not None:
            raise Conflict("the batch is canceled")
        self.batch = replace(self.batch, paused_at=NOW)
        return await self.get(identifier)

    async def resume(self, identifier: str) -> BatchView:
        await self.get(identifier)
        self.batch = replace(self.batch, paused_at=None)
        return await self.get(identifier)

    async def cancel(self, identifier: str) -> BatchView:
        await self.get(identifier)
        self.batch = replace(self.batch, canceled_at=NOW)
        return await self.get(identifier)

    async def change(self, identifier: str, change: BatchChange) -> BatchView:
        await self.get(identifier)
        self.changes.append(change)
        self.batch = replace(self.batch, **change)
        return await self.get(identifier)


@dataclass
class FakeSending:
    """A number without + is refused, as is the route `nowhere`."""

    messages: FakeMessages
    health: FakeHealth
    limit: int | None = None
    sent: list[tuple[NewMessage, str]] = field(default_factory=list)
    answers: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    left: dict[str, list[Allowance]] = field(default_factory=dict)
    """By the name of the key."""
    plans: list[BatchPlan] = field(default_factory=list)
    """Of the batches."""

    def allowances(self, key: str) -> list[Allowance]:
        return self.left.get(key, [])

    def _check(self, new: NewMessage) -> None:
        if self.limit is not None and len(self.sent) >= self.limit:
            raise TooMany("no more for now", 7.5)
        found = []
        if not new.to.startswith("+"):
            found.append(FieldProblem("to", "this is no number", "invalid-number"))
        if new.route == "nowhere":
            found.append(FieldProblem("route", "there is no such route", "unknown-route"))
        if (new.text is None) == (new.data is None):
            found.append(FieldProblem("text", "give exactly one of text and data", "content"))
        if found:
            raise Rejected(found)

    def _replay(self, key: str, idempotency: Idempotency | None) -> bytes | None:
        if idempotency is None or (key, idempotency.key) not in self.answers:
            return None
        fingerprint, body = self.answers[key, idempotency.key]
        if fingerprint != idempotency.fingerprint:
            raise IdempotencyConflict("this Idempotency-Key was used for another request")
        return body

    def _take(self, new: NewMessage, key: str) -> Message:
        self.sent.append((new, key))
        return self.messages.add(new, key)

    async def send(
        self, new: NewMessage, *, key: str, idempotency: Idempotency | None = None
    ) -> Accepted:
        if self.health.accepting is not None:
            raise Unavailable(self.health.accepting)
        replay = self._replay(key, idempotency)
        if replay is not None:
            return Accepted(message=None, replay=replay)
        self._check(new)
        message = self._take(new, key)
        if idempotency is not None:
            self.answers[key, idempotency.key] = (
                idempotency.fingerprint,
                idempotency.render(message),
            )
        return Accepted(message=message, replay=None)

    async def add_to_batch(
        self,
        identifier: str,
        news: Iterable[NewMessage],
        *,
        key: str,
        more: bool,
        idempotency: Idempotency | None = None,
    ) -> AcceptedBatch:
        if identifier != "b1":
            raise NotFound(f"there is no batch {identifier}")
        plan = BatchPlan(more=more)
        return await self.send_batch(news, key=key, plan=plan, idempotency=idempotency)

    async def preview_batch(
        self, news: Iterable[NewMessage], *, key: str, plan: BatchPlan
    ) -> BatchPreview:
        refused: list[tuple[int, Rejected]] = []
        accepted = 0
        for index, new in enumerate(news):
            try:
                self._check(new)
                accepted += 1
            except Rejected as error:
                refused.append((index, error))
        return BatchPreview(accepted, accepted, 1, {"gsm7": accepted}, tuple(refused))

    async def send_batch(
        self,
        news: Iterable[NewMessage],
        *,
        key: str,
        plan: BatchPlan,
        idempotency: Idempotency | None = None,
    ) -> AcceptedBatch:
        self.plans.append(plan)
        replay = self._replay(key, idempotency)
        if replay is not None:
            return AcceptedBatch(id="", accepted=0, rejected=(), replay=replay)
        rejected: list[tuple[int, Rejected | TooMany]] = []
        accepted = 0
        for index, new in enumerate(news):
            try:
                self._check(new)
                self._take(new, key)
                accepted += 1
            except (Rejected, TooMany) as error:
                rejected.append((index, error))
        batch = AcceptedBatch(id="b1", accepted=accepted, rejected=tuple(rejected), replay=None)
        if idempotency is not None:
            self.answers[key, idempotency.key] = (
                idempotency.fingerprint,
                idempotency.render(batch),
            )
        return batch

    def preview(self, new: NewMessage, *, key: str) -> Preview:
        self._check(new)
        return Preview(
            encoding="gsm7",
            parts=1,
            units=(10,),
            units_left=150,
            changes=(("é", "e"),),
            send_at=NOW + 30,
            expires_at=NOW + 60,
            deferred=ErrorInfo("quiet-hours", "it is quiet there", permanent=False),
            cost=Cost(Decimal("0.045"), "EUR", True),
        )


@dataclass
class FakeInbounds:
    queries: list[Any] = field(default_factory=list)
    marks: list[tuple[str, bool]] = field(default_factory=list)

    async def get(self, identifier: str) -> Inbound:
        if identifier != INBOUND.id:
            raise NotFound(f"there is no received message {identifier}")
        return INBOUND

    async def find(self, query: InboundQuery) -> Page[Inbound]:
        self.queries.append(query)
        return Page((INBOUND,), None)

    async def mark(self, identifier: str, read: bool) -> Inbound:
        self.marks.append((identifier, read))
        return replace(await self.get(identifier), read=read)


@dataclass
class FakeConversations:
    """One, of what was received, INBOUND."""

    queries: list[ConversationQuery] = field(default_factory=list)
    marks: list[tuple[str, str | None]] = field(default_factory=list)

    async def find(self, query: ConversationQuery) -> Page[Conversation]:
        self.queries.append(query)
        last = ConversationItem(INBOUND.received_at, inbound=INBOUND)
        return Page((Conversation(INBOUND.sender, 1, last),), None)

    async def items(self, number: str, query: ConversationQuery) -> Page[ConversationItem]:
        self.queries.append(query)
        if number != INBOUND.sender:
            raise NotFound(f"nothing was sent to {number!r} or received from there")
        return Page((ConversationItem(INBOUND.received_at, inbound=INBOUND),), None)

    async def mark_read(self, number: str, through: str | None) -> int:
        if number != INBOUND.sender:
            raise NotFound(f"nothing was received from {number!r}")
        self.marks.append((number, through))
        return 1


class FakeConsents:
    """Nobody has decided anything; see tests/api/test_api_consents.py for what the true ones do."""

    def checked(self, new: NewConsent) -> NewConsent:
        return new

    def pseudonym(self, given: str) -> str:
        return f"p{len(given)}"

    async def record(self, new: NewConsent) -> Consent:
        return new.consent(NOW)

    async def of(self, given: str) -> ConsentsOf:
        raise NotFound("nothing is recorded of it")

    async def find(self, query: ConsentQuery) -> Page[Consent]:
        return Page((), None)

    async def erase(self, given: str) -> None:
        raise NotFound("nothing is recorded of it")

    async def bring_in(
        self, rows: Sequence[ConsentRow], *, again: bool = False, dry_run: bool = False
    ) -> ImportReport:
        return ImportReport(dry_run)

    async def all(self) -> AsyncIterator[Sequence[Consent]]:
        for nothing in cast(tuple[Sequence[Consent], ...], ()):
            yield nothing


class FakePrivacy:
    """Nothing is kept."""

    async def export(self, given: str) -> Export:
        return Export(given, NOW, {})

    async def erase(self, given: str, *, dry_run: bool = False) -> Erasure:
        return Erasure(dry_run, {}, {}, 0, False)


class FakeHandlers:
    """There are none."""

    async def all(self) -> list[HandlerView]:
        return []

    async def deliveries(self, query: DeliveryQuery) -> Page[Delivery]:
        raise NotFound(f"there is no handler {query.subscriber}")

    async def replay(self, identifier: str, wanted: Replay) -> int:
        raise NotFound(f"there is no handler {identifier}")


class FakeTrials:
    """There is nothing to try."""

    def matches(self, sample: Sample) -> list[Match]:
        return []

    async def test(self, identifier: str, sample: Sample) -> Trial:
        raise NotFound(f"there is no handler {identifier}")


@dataclass
class FakeWebhooks:
    """They are told nothing; `whk_1` has made one delivery, which was answered with 500."""

    by_id: dict[str, WebhookView] = field(default_factory=dict)
    answers: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    replays: list[tuple[str, Replay]] = field(default_factory=list)

    async def all(self) -> list[WebhookView]:
        return list(self.by_id.values())

    async def one(self, identifier: str) -> WebhookView:
        if identifier not in self.by_id:
            raise NotFound(f"there is no webhook {identifier}")
        return self.by_id[identifier]

    def _check(self, url: str | None, events: Sequence[str]) -> None:
        problem = None if url is None else Targets(WebhooksSection()).problem(url)
        found = [] if problem is None else [FieldProblem("url", problem, "unfit")]
        if found := [*found, *unknown_types(events)]:
            raise Rejected(found)

    async def create(
        self,
        *,
        url: str,
        events: Sequence[str],
        description: str | None,
        enabled: bool,
        key: str,
        idempotency: Idempotency | None,
    ) -> CreatedWebhook | bytes:
        if idempotency is not None and (key, idempotency.key) in self.answers:
            fingerprint, body = self.answers[key, idempotency.key]
            if fingerprint != idempotency.fingerprint:
                raise IdempotencyConflict("this Idempotency-Key was used for another request")
            return body
        self._check(url, events)
        view = WebhookView(
            id=f"whk_{len(self.by_id) + 1}",
            url=url,
            events=tuple(events),
            description=description,
            enabled=enabled,
            created_at=NOW,
            disabled_reason=None,
            pending=0,
            dead=0,
            problem=None,
        )
        self.by_id[view.id] = view
        made = CreatedWebhook(view, "whsec_Zmlyc3Q=")
        if idempotency is not None:
            kept = idempotency.fingerprint, idempotency.render(made)
            self.answers[key, idempotency.key] = kept
        return made

    async def change(self, identifier: str, change: WebhookChange) -> WebhookView:
        view = await self.one(identifier)
        self._check(change.get("url"), change.get("events", ()))
        given = {n: tuple(v) if n == "events" else v for n, v in change.items()}  # type: ignore[arg-type]
        self.by_id[identifier] = replace(view, **given)  # type: ignore[arg-type]
        return self.by_id[identifier]

    async def delete(self, identifier: str) -> None:
        await self.one(identifier)
        del self.by_id[identifier]

    async def rotate(self, identifier: str) -> str:
        await self.one(identifier)
        return "whsec_c2Vjb25k"

    async def test(self, identifier: str) -> Delivery:
        if not (await self.one(identifier)).enabled:
            raise Conflict(f"webhook {identifier} is disabled: enable it first")
        return replace(DELIVERY, event="webhook.test", subscriber=identifier)

    async def deliveries(self, query: DeliveryQuery) -> Page[Delivery]:
        await self.one(query.subscriber)
        made = query.subscriber == "whk_1" and query.state in (None, DELIVERY.state)
        return Page((DELIVERY,) if made else (), None)

    async def replay(self, identifier: str, wanted: Replay) -> int:
        await self.one(identifier)
        self.replays.append((identifier, wanted))
        return 1 if wanted.deliveries is None else len(wanted.deliveries)


class FakeTemplates:
    """There are none; see tests/api/test_api_templates.py for what the true ones do."""

    def all(self) -> list[Any]:
        return []

    def one(self, name: str) -> Any:
        raise NotFound(f"there is no template {name}")

    async def versions(self, name: str) -> Any:
        return self.one(name)

    async def version(self, name: str, version: int) -> Any:
        return self.one(name)


class FakeSims:
    """None was ever seen."""

    async def all(self) -> list[SimView]:
        return []

    async def one(self, identifier: str) -> SimView:
        raise NotFound(f"there is no SIM {identifier}")

    async def ask_balance(self, identifier: str) -> SimView:
        raise NotFound(f"there is no SIM {identifier}")


ALERT = Alert(
    id="alr_1",
    alert="modem-down",
    metric="modem_down",
    severity="warning",
    subject="m1",
    modem="m1",
    value=1.0,
    threshold=1.0,
    reason="the modem m1 is absent",
    raised_at=NOW,
)


@dataclass
class FakeAlerts:
    """One was raised."""

    alert: Alert = ALERT
    asked: list[AlertQuery] = field(default_factory=list)

    async def find(self, query: AlertQuery) -> Page[Alert]:
        self.asked.append(query)
        return Page((self.alert,), None)

    async def one(self, identifier: str) -> Alert:
        if identifier != self.alert.id:
            raise NotFound(f"there is no alert {identifier!r}")
        return self.alert

    async def silence(self, identifier: str, seconds: float) -> Alert:
        await self.one(identifier)
        until = NOW + seconds if seconds else None
        self.alert = replace(self.alert, silenced_until=until)
        return self.alert


class FakeChecklist:
    """Two points of it."""

    async def items(self) -> list[Item]:
        return [
            Item("types", "Messages have a type", passed("2 otp")),
            Item("cost", "Spending has a bound", failed("there is no budget", "Set a [[budget]].")),
        ]


class FakeBudgets:
    """There is one."""

    def views(self) -> list[BudgetView]:
        section = BudgetSection(id="day", parts_per_day=10)
        limit = LimitView("parts_per_day", 10, 8, 1, "warned", 1_795_392_000.0)
        return [BudgetView(section, "warned", (limit,))]


class FakeVerifications:
    """The code is 123456, always."""

    def __init__(self) -> None:
        self.all: dict[str, VerificationView] = {}
        self.codes: list[str] = []
        self.asked: list[NewVerification] = []
        self.refusal: Exception | None = None
        self.stops = [StoppedPrefix("+44770090", NOW, NOW + 3600, 20, 0)]

    async def start(
        self, new: NewVerification, *, key: Key, idempotency: Idempotency | None = None
    ) -> VerificationView | bytes:
        if self.refusal is not None:
            raise self.refusal
        if not new.to.startswith("+"):
            raise Rejected([FieldProblem("to", "this is no number", "invalid-number")])
        self.asked.append(new)
        view = VerificationView(
            id=f"ver_{len(self.all) + 1}",
            to=new.to,
            status="pending",
            length=new.length or 6,
            attempts_left=5,
            sends_left=4,
            resend_at=NOW + 30,
            key=key.name,
            reference=new.reference,
            created_at=NOW,
            expires_at=NOW + (new.ttl_s or 600),
            ended_at=None,
        )
        self.all[view.id] = view
        return view

    async def resend(
        self, identifier: str, *, key: Key, idempotency: Idempotency | None = None
    ) -> VerificationView | bytes:
        if self.refusal is not None:
            raise self.refusal
        view = await self.get(identifier, key=key)
        self.all[identifier] = replace(view, sends_left=view.sends_left - 1)
        return self.all[identifier]

    async def check(
        self, identifier: str, code: str, *, key: Key, idempotency: Idempotency | None = None
    ) -> VerificationView | bytes:
        view = await self.get(identifier, key=key)
        if view.status in ("approved", "canceled"):
            raise Over(f"verification {identifier!r} is {view.status} already")
        self.codes.append(code)
        left = view.attempts_left - 1
        status: Any = "approved" if code == "123456" else "pending" if left else "locked"
        self.all[identifier] = replace(view, status=status, attempts_left=left)
        return self.all[identifier]

    async def check_number(
        self, to: str, code: str, *, key: Key, idempotency: Idempotency | None = None
    ) -> VerificationView | bytes:
        for view in reversed(self.all.values()):
            if view.to == to:
                return await self.check(view.id, code, key=key)
        raise NotFound("there is no verification of this number")

    async def cancel(self, identifier: str, *, key: Key) -> VerificationView:
        view = await self.get(identifier, key=key)
        self.all[identifier] = replace(view, status="canceled", ended_at=NOW, resend_at=None)
        return self.all[identifier]

    async def get(self, identifier: str, *, key: Key) -> VerificationView:
        if identifier not in self.all:
            raise NotFound(f"there is no verification {identifier!r}")
        return self.all[identifier]

    async def find(self, query: VerificationQuery) -> Page[VerificationView]:
        found = [v for v in reversed(self.all.values()) if query.status in (None, v.status)]
        after = int(query.cursor or 0)
        shown = found[after : after + query.limit]
        more = after + query.limit
        return Page(tuple(shown), str(more) if more < len(found) else None)

    async def stopped(self) -> list[StoppedPrefix]:
        return self.stops

    async def lift(self, prefix: str) -> None:
        if prefix not in [stop.prefix for stop in self.stops]:
            raise NotFound(f"the prefix {prefix!r} is not stopped")
        self.stops = [stop for stop in self.stops if stop.prefix != prefix]


@dataclass
class FakeModems:
    """One modem, m1."""

    calls: list[tuple[Any, ...]] = field(default_factory=list)
    held: Held | None = None

    def views(self) -> list[ModemView]:
        return [self.view("m1")]

    def view(self, identifier: str) -> ModemView:
        if identifier != "m1":
            raise NotFound(f"there is no modem {identifier}")
        status = ModemStatus(
            id="m1",
            state=ModemState.READY,
            step=None,
            reason=None,
            since=NOW,
            device="/dev/ttyUSB2",
            manufacturer="Example",
            model="E1",
            revision="1.0",
            imei="490154203237518",
            sim=SimIdentity(iccid="8944000000000000001", imsi="234150999999999", number=None),
            operator="Example",
            registration="home",
            signal_dbm=-71,
            last_answer=NOW,
            ready_since=NOW,
            storage=(3, 50),
            sent=5,
            refused=1,
            ambiguous=2,
            timeouts=3,
            resets=0,
            recoveries=0,
            profile="generic",
            received=4,
        )
        return ModemView(
            status, queue=7, routes=("default",), weight=1, limits=Limits(), held=self.held
        )

    def pause(self, identifier: str) -> ModemView:
        self.calls.append(("pause", identifier))
        return self.view(identifier)

    def resume(self, identifier: str) -> ModemView:
        self.calls.append(("resume", identifier))
        return self.view(identifier)

    def restart(self, identifier: str) -> ModemView:
        self.calls.append(("restart", identifier))
        return self.view(identifier)

    async def ussd(self, identifier: str, code: str, timeout_s: float) -> Any:
        self.calls.append(("ussd", identifier, code, timeout_s))
        return UssdAnswer(text="Balance: 3.50", more=False, raw="")

    async def end_ussd(self, identifier: str) -> None:
        self.calls.append(("end_ussd", identifier))

    async def by_hand(self, identifier: str, command: str, timeout_s: float) -> AtAnswer:
        self.calls.append(("at", identifier, command, timeout_s))
        if command == "AT+COPS?":
            return AtAnswer((), "+CME ERROR: 30", "no network service")
        return AtAnswer(("+CSQ: 21,99",), "OK")

    def signal(self, identifier: str) -> list[tuple[float, int | None]]:
        self.view(identifier)
        return [(NOW - 120, None), (NOW - 60, -73), (NOW, -71)]

    def trace(self, identifier: str, *, texts: bool = False, after: int = 0) -> list[TraceLine]:
        self.view(identifier)
        text = 'AT+CUSD=1,"*100#"' if texts else 'AT+CUSD=1,"<masked>"'
        return [line for line in [TraceLine(NOW, ">", text, 7)] if line.id > after]


@dataclass
class FakeEvents:
    log: list[Event] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    followers: int = 0
    watched: list[tuple[str, Watch]] = field(default_factory=list)

    def happen(self, type_: str, **data: Any) -> None:
        self.log.append(Event(len(self.log) + 1, type_, NOW, data))
        self.news.set()
        for id, watch in self.watched:
            if data.get("id") == id:
                watch.latest = self.log[-1]
                watch.news.set()

    @property
    def newest(self) -> int:
        return len(self.log)

    @contextmanager
    def watch(self, message: str) -> Iterator[Watch]:
        watch = Watch()
        self.watched.append((message, watch))
        try:
            yield watch
        finally:
            self.watched.remove((message, watch))

    async def groups(self, after: int | None = None) -> AsyncIterator[list[Event]]:
        seen = len(self.log) if after is None else after
        self.followers += 1
        try:
            while True:
                if group := self.log[seen:]:
                    seen = group[-1].id
                    yield group
                self.news.clear()
                await self.news.wait()
        finally:
            self.followers -= 1


@dataclass
class FakeUsage:
    """What was sent, as a test has it; notes what it was asked for."""

    found: list[UsageSum] = field(default_factory=list)
    asked: list[UsageQuery] = field(default_factory=list)

    async def sums(self, query: UsageQuery) -> list[UsageSum]:
        self.asked.append(query)
        return self.found


@dataclass
class FakeFigures:
    sending: FakeSending

    def registry(self) -> CollectorRegistry:
        registry = CollectorRegistry()
        Counter("modemgw_messages", "Messages taken", registry=registry).inc(len(self.sending.sent))
        return registry


class FakeGateway:
    """Takes what it is given, and sends nothing."""

    def __init__(self) -> None:
        self.access: Any = FakeAccess()
        self.keys: Any = FakeKeys()
        self.audit: Any = FakeAudit()
        self.health = FakeHealth()
        self.messages = FakeMessages()
        self.sending = FakeSending(self.messages, self.health)
        self.batches = FakeBatches(self.messages)
        self.inbounds = FakeInbounds()
        self.consents = FakeConsents()
        self.privacy = FakePrivacy()
        self.conversations = FakeConversations()
        self.handlers = FakeHandlers()
        self.trials = FakeTrials()
        self.webhooks = FakeWebhooks()
        self.templates: Any = FakeTemplates()
        self.modems = FakeModems()
        self.sims = FakeSims()
        self.alerts = FakeAlerts()
        self.budgets = FakeBudgets()
        self.checklist = FakeChecklist()
        self.usage = FakeUsage()
        self.types = TypeViews(
            parse({"type": {"promotional": {"quiet_hours": "21:00-08:00", "target_seconds": 60}}}),
            accepted={"otp": 3},
            tallies=lambda: {"promotional": Tally(Target("sent", 60.0), 5, 1, {"msg_1"})},
        )
        self.verifications = FakeVerifications()
        self.events = FakeEvents()
        self.figures = FakeFigures(self.sending)
        self.keeper = Keeper(clock=SystemClock(), random=Random(1))

"""A gateway in memory: what the HTTP door may ask of the real one, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from prometheus_client import CollectorRegistry, Counter

from modemgw.config import Limits
from modemgw.gateway import (
    Accepted,
    AcceptedBatch,
    Conflict,
    FieldProblem,
    Idempotency,
    IdempotencyConflict,
    InboundQuery,
    MessageQuery,
    ModemView,
    NotFound,
    Preview,
    Rejected,
    TooMany,
    Unavailable,
)
from modemgw.gateway.fleet.lanes import Held
from modemgw.modem import ModemState, ModemStatus, SimIdentity, TraceLine, UssdAnswer
from modemgw.store.records import (
    Attempt,
    AttemptState,
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


@dataclass
class FakeGateway:
    """Keys are `key-SCOPE[-SCOPE…]`; a number without + is refused, as is the route `nowhere`."""

    ready: bool = True
    troubles: list[str] = field(default_factory=list)
    accepting: str | None = None
    stalled: str | None = None
    alarms: dict[str, str] = field(default_factory=dict)
    limit: int | None = None
    sent: list[tuple[NewMessage, str]] = field(default_factory=list)
    log: list[Event] = field(default_factory=list)
    answers: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    messages_by_id: dict[str, Message] = field(default_factory=dict)
    queries: list[Any] = field(default_factory=list)
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    followers: int = 0
    held: Held | None = None
    revoked: set[str] = field(default_factory=set)

    async def authenticate(self, token: str) -> Key | None:
        if not token.startswith("key-") or token in self.revoked:
            return None
        return Key(token, frozenset(token.removeprefix("key-").split("-")))

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

    async def send(
        self, new: NewMessage, *, key: str, idempotency: Idempotency | None = None
    ) -> Accepted:
        if self.accepting is not None:
            raise Unavailable(self.accepting)
        replay = self._replay(key, idempotency)
        if replay is not None:
            return Accepted(message=None, replay=replay)
        self._check(new)
        message = self.add(new, key)
        if idempotency is not None:
            self.answers[key, idempotency.key] = (
                idempotency.fingerprint,
                idempotency.render(message),
            )
        return Accepted(message=message, replay=None)

    def add(
        self,
        new: NewMessage,
        key: str = "key-send",
        status: MessageStatus = MessageStatus.QUEUED,
        part: Part | None = None,
    ) -> Message:
        self.sent.append((new, key))
        message = Message(
            id=f"msg{len(self.sent)}",
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
        self.messages_by_id[message.id] = message
        return message

    async def send_batch(
        self, news: Iterable[NewMessage], *, key: str, idempotency: Idempotency | None = None
    ) -> AcceptedBatch:
        replay = self._replay(key, idempotency)
        if replay is not None:
            return AcceptedBatch(id="", accepted=0, rejected=(), replay=replay)
        rejected: list[tuple[int, Rejected | TooMany]] = []
        accepted = 0
        for index, new in enumerate(news):
            try:
                self._check(new)
                self.add(new, key)
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

    async def batch(self, identifier: str) -> tuple[dict[str, Any], dict[str, int]]:
        if identifier != "b1":
            raise NotFound(f"there is no batch {identifier}")
        about = {"id": "b1", "created_at": NOW, "accepted": 3, "rejected": 1}
        return about, {"queued": 2, "delivered": 1}

    def preview(self, new: NewMessage, *, key: str) -> Preview:
        self._check(new)
        return Preview(
            encoding="gsm7",
            parts=1,
            units=(10,),
            units_left=150,
            changes=(("é", "e"),),
        )

    async def message(self, identifier: str) -> Message:
        if identifier not in self.messages_by_id:
            raise NotFound(f"there is no message {identifier}")
        return self.messages_by_id[identifier]

    async def messages(self, query: MessageQuery) -> Page[Message]:
        self.queries.append(query)
        everything = sorted(self.messages_by_id.values(), key=lambda m: -int(m.id[3:]))
        start = int(query.cursor.partition("~")[2]) if query.cursor else 0
        end = start + query.limit
        return Page(tuple(everything[start:end]), f"0.0~{end}" if end < len(everything) else None)

    async def cancel(self, identifier: str) -> Message:
        message = await self.message(identifier)
        if message.status is not MessageStatus.QUEUED:
            raise Conflict(f"message {identifier} is {message.status} already")
        canceled = replace(message, status=MessageStatus.CANCELED)
        self.messages_by_id[identifier] = canceled
        return canceled

    async def inbound(self, identifier: str) -> Inbound:
        if identifier != INBOUND.id:
            raise NotFound(f"there is no received message {identifier}")
        return INBOUND

    async def inbounds(self, query: InboundQuery) -> Page[Inbound]:
        self.queries.append(query)
        return Page((INBOUND,), None)

    def modems(self) -> list[ModemView]:
        return [self.modem("m1")]

    def modem(self, identifier: str) -> ModemView:
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

    def pause_modem(self, identifier: str) -> ModemView:
        self.calls.append(("pause", identifier))
        return self.modem(identifier)

    def resume_modem(self, identifier: str) -> ModemView:
        self.calls.append(("resume", identifier))
        return self.modem(identifier)

    def restart_modem(self, identifier: str) -> ModemView:
        self.calls.append(("restart", identifier))
        return self.modem(identifier)

    async def ussd(self, identifier: str, code: str, timeout_s: float) -> Any:
        self.calls.append(("ussd", identifier, code, timeout_s))
        return UssdAnswer(text="Balance: 3.50", more=False, raw="")

    async def end_ussd(self, identifier: str) -> None:
        self.calls.append(("end_ussd", identifier))

    def trace(self, identifier: str, *, texts: bool = False) -> list[TraceLine]:
        self.modem(identifier)
        return [TraceLine(NOW, ">", 'AT+CUSD=1,"*100#"' if texts else 'AT+CUSD=1,"<masked>"')]

    def happen(self, type_: str, **data: Any) -> None:
        self.log.append(Event(len(self.log) + 1, type_, NOW, data))
        self.news.set()

    async def event_groups(self, after: int | None = None) -> AsyncIterator[list[Event]]:
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

    def metrics(self) -> CollectorRegistry:
        registry = CollectorRegistry()
        Counter("modemgw_messages", "Messages taken", registry=registry).inc(len(self.sent))
        return registry

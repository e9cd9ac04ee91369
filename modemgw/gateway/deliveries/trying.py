"""Trying a handler out on something made up: it does what it does, but nothing is sent.

What it would send is looked at by the rules before acceptance, as it would be, and shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from modemgw.clock import Clock
from modemgw.gateway.admission.results import Accepted, Idempotency, Preview
from modemgw.gateway.deliveries.answering import Answering, Guard, Reason
from modemgw.gateway.deliveries.kinds import ON, Surroundings
from modemgw.gateway.deliveries.matching import Came, Found, find, of_payload
from modemgw.gateway.deliveries.outcome import Outcome, Retry
from modemgw.gateway.deliveries.subscriber import Handler, make
from modemgw.gateway.errors import FieldProblem, NotFound, Rejected
from modemgw.store import Payload, Transaction
from modemgw.store.records import Inbound, NewMessage

LONGEST_S = 60.0
"""How long a handler may take while somebody waits for what it does."""
ID = "in_test"
"""The id of a message that is made up."""

PreviewOf = Callable[[NewMessage], Preview]
"""What a message would be sent as. Raises Rejected."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Something made up that might come in: a message, or a call."""

    sender: str
    """Empty for a caller who withholds the number."""
    on: str = "message"
    text: str | None = None
    data: bytes | None = None
    to: str | None = None
    modem: str | None = None
    """None: the first one there is."""
    sim: str | None = None
    ports: tuple[int, int] | None = None
    message_class: int | None = None
    name: str | None = None
    """Of a caller."""


@dataclass(frozen=True, slots=True)
class Place:
    """A modem, and the SIM that is in it."""

    modem: str
    sim: str | None
    number: str | None


@dataclass(frozen=True, slots=True)
class Match:
    """Whether something is for a handler."""

    handler: Handler
    found: Found | None
    """What it finds in it; None: it is not for it."""
    stopped_by: str | None
    """The handler before it that keeps it for itself."""


@dataclass(frozen=True, slots=True)
class WouldSend:
    """A message that would have been sent."""

    new: NewMessage
    preview: Preview


@dataclass(frozen=True, slots=True)
class Trial:
    """What a handler did."""

    match: Match
    outcome: Outcome | None
    """None: it is not for it, so it did nothing."""
    took_ms: int | None
    sends: Sequence[WouldSend]


def payload_of(sample: Sample, places: Sequence[Place], now: float) -> Payload:
    """A delivery of something made up, as of now (UTC seconds)."""
    place = _place_of(sample, places)
    to = sample.to or place.number
    sim = sample.sim or place.sim or ""
    received, data = None, {}
    if sample.on == "call":
        data = {"modem": place.modem, "sim": sim, "from": sample.sender or None, "at": now}
        if sample.name:
            data["name"] = sample.name
    else:
        binary = sample.data is not None
        received = Inbound(
            id=ID,
            sender=sample.sender,
            to=to,
            text=None if binary else sample.text or "",
            data=sample.data,
            encoding="binary" if binary else "gsm7" if (sample.text or "").isascii() else "ucs2",
            parts_total=1,
            parts=(),
            complete=True,
            modem=place.modem,
            sim=sim,
            sent_at=now,
            received_at=now,
            message_class=sample.message_class,
            ports=sample.ports,
        )
    event = next(type for type, on in ON.items() if on == sample.on)
    return Payload(0, "", event, now, data, received, 0, "test", now, now)


def _place_of(sample: Sample, places: Sequence[Place]) -> Place:
    """The modem that is meant: by its id, or by what is said of its SIM."""
    if sample.modem is not None:
        found = [place for place in places if place.modem == sample.modem]
        return found[0] if found else Place(sample.modem, None, None)
    for place in places:
        if sample.sim in (None, place.sim) and sample.to in (None, place.number):
            return place
    return places[0] if places else Place("", None, None)


def matches(handlers: Iterable[Handler], payload: Payload) -> list[Match]:
    """Of each handler that is asked about such things: whether it is for it."""
    came, stopped_by = of_payload(payload), None
    found: list[Match] = []
    for handler in handlers:
        if not handler.hears(payload.event):
            continue
        match = Match(handler, find(handler.section.match, came), stopped_by)
        found.append(match)
        if match.found is not None and handler.stops and stopped_by is None:
            stopped_by = handler.id
    return found


async def try_out(
    match: Match,
    payload: Payload,
    *,
    around: Surroundings,
    preview: PreviewOf,
    clock: Clock,
) -> Trial:
    """Have a handler do what it does with something that is made up, if it is for it."""
    if match.found is None:
        return Trial(match, None, None, ())
    handler, sends = match.handler, list[WouldSend]()

    async def accept(new: NewMessage, first: Callable[[Transaction], None]) -> None:
        sends.append(WouldSend(new, preview(new)))

    async def accept_all(
        news: Sequence[NewMessage], first: Callable[[Transaction], None]
    ) -> list[str]:
        wrong: list[Rejected] = []
        for new in news:
            try:
                await accept(new, first)
            except Rejected as refusal:
                wrong.append(refusal)
        if len(wrong) == len(news):
            raise Rejected([problem for refusal in wrong for problem in refusal.problems])
        return [str(refusal) for refusal in wrong]

    async def send(
        new: NewMessage,
        /,
        *,
        key: str,
        idempotency: Idempotency | None = None,
        automatic: bool = False,
    ) -> Accepted:
        sends.append(WouldSend(new, preview(new)))
        return Accepted(None, ID.encode())

    answering = Answering(accept, accept_all, send, _Judging(around.answering.guard))
    kind = make(handler.section, replace(around, answering=answering))
    begun, timeout = clock.monotonic(), min(handler.timeout_s, LONGEST_S)
    try:
        async with asyncio.timeout(timeout):
            outcome = await kind.deliver(handler.shown(payload))
    except TimeoutError:
        outcome = Retry(f"no answer within {timeout:g} s", code="no-answer")
    except Exception as error:  # as a delivery would take it
        outcome = Retry(f"unforeseen: {type(error).__name__}", str(error))
    finally:
        await kind.close()
    return Trial(match, outcome, round(1000 * (clock.monotonic() - begun)), sends)


class Trials:
    """What handlers would do. `preview`: what a message would be sent as; `asks`: what one asks of
    the gateway, as STOP does."""

    def __init__(
        self,
        handlers: Callable[[], Mapping[str, Handler]],
        *,
        around: Callable[[], Surroundings],
        preview: PreviewOf,
        places: Callable[[], Sequence[Place]],
        asks: Callable[[Inbound], str | None],
        clock: Clock,
    ) -> None:
        self._handlers = handlers
        self._around = around
        self._preview = preview
        self._places = places
        self._asks = asks
        self._clock = clock

    def matches(self, sample: Sample) -> list[Match]:
        """Which handlers would take something that is made up, in their order."""
        return matches(self._handlers().values(), self._payload(sample))

    async def test(self, id: str, sample: Sample) -> Trial:
        """Have a handler do what it does with something that is made up; nothing is sent.

        Raises NotFound; Rejected for a call where it wants messages, and the other way round.
        """
        handlers = self._handlers()
        if id not in handlers:
            raise NotFound(f"there is no handler {id!r}; see the list of handlers")
        if sample.on != (on := handlers[id].section.on):
            detail = f'handler {id} is asked about a {on}: give "{on}"'
            raise Rejected([FieldProblem("on", detail, "contradiction")])
        payload = self._payload(sample)
        match = next(m for m in matches(handlers.values(), payload) if m.handler.id == id)
        return await try_out(
            match, payload, around=self._around(), preview=self._preview, clock=self._clock
        )

    def _payload(self, sample: Sample) -> Payload:
        payload = payload_of(sample, self._places(), self._clock.time())
        if (made_up := payload.inbound) is None:
            return payload
        return replace(payload, inbound=replace(made_up, keyword=self._asks(made_up)))


class _Judging:
    """A guard that nobody hears of."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def may_answer(self, inbound: Came) -> Reason | None:
        return self._guard.judge(inbound)

    def judge(self, inbound: Came) -> Reason | None:
        return self._guard.judge(inbound)

    def may_forward(self, inbound: Came, to: str) -> Reason | None:
        return self._guard.judge_forward(inbound, to)

    def judge_forward(self, inbound: Came, to: str) -> Reason | None:
        return self._guard.judge_forward(inbound, to)

    def forwarded(self, text: str) -> None:
        """Nothing was."""

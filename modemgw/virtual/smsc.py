"""The virtual service centre: takes parts, decides their fate, delivers and reports.

TS 23.040 clause 9.2.2 for what is sent, clause 10 for what is done when a mobile cannot take it.
"""

from __future__ import annotations

import asyncio
import datetime
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Literal, Protocol

from modemgw import sms
from modemgw.virtual.fates import USUAL, Fate, Recipient, Report, fate_of
from modemgw.virtual.sim import Sim
from modemgw.virtual.timers import Timers
from modemgw.virtual.traffic import AcceptedPart, Mailbox, Message

_log = logging.getLogger(__name__)

Encoding = Literal["auto", "gsm7", "ucs2"]


class Rp(Enum):
    """How a mobile answers a delivery (TS 24.011 7.3)."""

    ACK = "acknowledged"
    MEMORY_FULL = "RP-ERROR 22"
    NO_ANSWER = "RP-ERROR or silence"


class Mobile(Protocol):
    """What the network reaches over the air: a modem with a SIM in it."""

    index: int

    def reachable(self) -> bool:
        """Registered, with power, and heard."""

    def receive(self, tpdu: bytes, done: Callable[[Rp], None]) -> None:
        """A TPDU arrives. `done` is called once, now or later."""


@dataclass(slots=True)
class _Subscriber:
    sim: Sim
    mobile: Mobile | None = None
    waiting: deque[bytes] = field(default_factory=deque)
    busy: bool = False
    memory_full: bool = False
    """MCEF of TS 23.040 10: nothing is tried until RP-SMMA."""


@dataclass(slots=True)
class _Offer:
    """A TPDU that a mobile has been offered."""

    answered: bool = False
    inline: bool = True
    """The mobile has not yet returned from taking it."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A part on its way up, decoded, with its fate."""

    submit: sms.Submit
    fate: Fate


class Smsc:
    """The service centre behind every SIM of a bank."""

    def __init__(
        self,
        timers: Timers,
        random: Random,
        *,
        receipt_seconds: float,
        retry_seconds: float,
        history: int,
    ) -> None:
        self._timers = timers
        self._random = random
        self._receipt_seconds = receipt_seconds
        self._retry_seconds = retry_seconds
        self._mailbox = Mailbox(history)
        self._by_digits: dict[str, _Subscriber] = {}
        self._by_iccid: dict[str, _Subscriber] = {}
        self._tails: set[str] = set()
        self._refused_once: set[str] = set()
        self._next_long_reference = 0
        self.clock_offset = 0.0
        """Seconds by which the service centre's clock is ahead."""
        self.zone: datetime.timezone = datetime.UTC
        """The time zone of its stamps."""
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self.on_accept: Callable[[AcceptedPart], None] | None = None
        """Called for each part at the moment of its acceptance."""

    # what the far end saw

    @property
    def accepted(self) -> list[AcceptedPart]:
        """Every part that was accepted, oldest first."""
        return self._mailbox.accepted

    @property
    def messages(self) -> list[Message]:
        """Every message, by its first part."""
        return self._mailbox.messages

    @property
    def accepted_count(self) -> int:
        """Parts accepted since the start."""
        return self._mailbox.count

    async def wait_accepted(self, count: int, timeout_s: float) -> None:
        """Return once `count` parts were accepted since the start.

        TimeoutError after `timeout_s` real seconds.
        """
        if self.accepted_count >= count:
            return
        waiter = (count, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(timeout_s):
                await waiter[1]
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def clear(self) -> None:
        """Forget the accepted parts and messages."""
        self._mailbox.clear()

    # who is where

    def enrol(self, sim: Sim) -> None:
        """A SIM of this network exists, in a modem or in a drawer."""
        subscriber = _Subscriber(sim)
        self._by_digits[sim.number.removeprefix("+")] = subscriber
        self._by_iccid[sim.iccid] = subscriber
        self._tails.add(sim.number[-9:])

    def attach(self, sim: Sim, mobile: Mobile | None) -> None:
        """The SIM is now in `mobile` (None: switched off); what waited for it is delivered."""
        subscriber = self._by_iccid[sim.iccid]
        if subscriber.mobile is not mobile:
            subscriber.mobile = mobile
            subscriber.busy = False
            # A location update tells the network that the mobile is there (alert, 23.040 10.2).
            subscriber.memory_full = False
        self._deliver_next(subscriber)

    def memory_available(self, sim: Sim) -> None:
        """RP-SMMA: there is room again."""
        subscriber = self._by_iccid[sim.iccid]
        subscriber.memory_full = False
        self._deliver_next(subscriber)

    def waiting_for(self, sim: Sim) -> int:
        """How many TPDUs wait for this SIM."""
        return len(self._by_iccid[sim.iccid].waiting)

    def _find(self, number: str) -> _Subscriber | None:
        digits = number.removeprefix("+")
        if digits.startswith("00"):
            digits = digits[2:]
        found = self._by_digits.get(digits)
        if found is None and digits.startswith("0"):
            tail = digits[1:]
            found = next((s for d, s in self._by_digits.items() if d.endswith(tail)), None)
        return found

    def _timestamp(self, moment: float) -> sms.Timestamp:
        """A moment by the service centre's own clock, in its own zone."""
        return sms.Timestamp.from_datetime(
            datetime.datetime.fromtimestamp(moment + self.clock_offset, self.zone)
        )

    # upwards: from a mobile

    def consider(self, tpdu: bytes) -> Submission:
        """Decode what a mobile is about to send and decide its fate; `PduError` if it is broken."""
        submit = sms.decode_mo(tpdu)
        if not isinstance(submit, sms.Submit):
            raise sms.PduError("TP-MTI", 0, "only SMS-SUBMIT is understood here")
        destination = str(submit.destination)
        fate = fate_of(destination)
        if fate.first_only and destination in self._refused_once:
            fate = USUAL
        return Submission(submit, fate)

    def submit(
        self, submission: Submission, sim: Sim, modem_index: int, tpdu: bytes, reference: int
    ) -> int | None:
        """The part has reached the service centre. A +CMS ERROR code, or None: accepted."""
        fate, submit = submission.fate, submission.submit
        destination = str(submit.destination)
        if fate.refused is not None:
            self._refused_once.add(destination)
            return fate.refused
        if not fate.accepted:
            return None
        for _ in range(fate.copies):
            self._accept(submit, destination, sim, modem_index, tpdu, reference)
        if submit.status_report_request:
            self._arrange_reports(submit, fate, sim, reference)
        if destination.removeprefix("+").lstrip("0")[-9:] in self._tails:
            # Never before the sender has its answer, even when it sends to itself.
            self._timers.call_later(0, lambda: self._forward(submit, destination, sim))
        return fate.answer_code

    def _accept(
        self,
        submit: sms.Submit,
        destination: str,
        sim: Sim,
        modem_index: int,
        tpdu: bytes,
        reference: int,
    ) -> None:
        part = AcceptedPart(
            at=self._timers.monotonic(),
            wall_at=self._timers.time(),
            modem_index=modem_index,
            iccid=sim.iccid,
            sender=sim.number,
            destination=destination,
            tpdu=tpdu,
            reference=reference,
            submit=submit,
        )
        self._mailbox.add(part)
        if self.on_accept is not None:
            self.on_accept(part)
        if self._waiters:
            self._wake(self._mailbox.count)

    def _wake(self, count: int) -> None:
        for waiter in [w for w in self._waiters if w[0] <= count]:
            self._waiters.remove(waiter)
            if not waiter[1].done():
                waiter[1].set_result(None)

    def _arrange_reports(self, submit: sms.Submit, fate: Fate, sim: Sim, reference: int) -> None:
        concatenation = submit.user_data.concatenation
        if (
            fate.last_part_only
            and concatenation is not None
            and concatenation.sequence != concatenation.total
        ):
            return
        accepted_at = self._timers.time()
        for report in fate.reports:

            def send(report: Report = report) -> None:
                self._send_report(report, submit.destination, sim, reference, accepted_at)

            if report.before_answer:
                send()
            else:
                self._timers.call_later(self._receipt_seconds + report.after, send)

    def _send_report(
        self,
        report: Report,
        destination: sms.Address,
        sim: Sim,
        reference: int,
        accepted_at: float,
    ) -> None:
        tpdu = sms.StatusReport(
            reference=reference,
            recipient=_recipient(report.recipient, destination),
            scts=self._timestamp(accepted_at),
            discharge=self._timestamp(self._timers.time()),
            status=report.status,
        ).encode()
        self._enqueue(self._by_iccid[sim.iccid], tpdu)

    def _forward(self, submit: sms.Submit, destination: str, sim: Sim) -> None:
        recipient = self._find(destination)
        if recipient is None:
            return
        try:
            tpdu = sms.Deliver(
                originator=sms.Address.parse(sim.number),
                user_data=submit.user_data,
                scts=self._timestamp(self._timers.time()),
                dcs=submit.dcs,
                pid=submit.pid,
            ).encode()
        except ValueError as error:
            _log.warning("a message to %s cannot be passed on: %s", destination, error)
            return
        self._enqueue(recipient, tpdu)

    # downwards: to a mobile

    def inject(
        self,
        sender: str,
        to: str,
        text: str | None = None,
        *,
        data: bytes | None = None,
        ports: sms.Ports | None = None,
        message_class: int | None = None,
        pid: int = 0,
        encoding: Encoding = "auto",
        sent_at: datetime.datetime | None = None,
        order: Sequence[int] | None = None,
    ) -> int:
        """An SMS from outside to a virtual SIM; returns its number of parts.

        `sender` is a number, or up to 11 letters. Long text makes several DELIVERs, sent in `order`
        (part numbers from 1: parts may be left out, repeated or shuffled).
        ValueError: no SIM has the number `to`, or the text cannot be encoded.
        """
        subscriber = self._find(to)
        if subscriber is None:
            raise ValueError(f"no SIM of this bank has the number {to}")
        self._next_long_reference = (self._next_long_reference + 1) & 0xFF
        if data is not None:
            segmentation = sms.segment_data(
                data,
                ports=ports,
                reference=self._next_long_reference,
                message_class=message_class,
            )
        else:
            segmentation = sms.segment_text(
                text or "",
                encoding=encoding,
                ports=ports,
                reference=self._next_long_reference,
                message_class=message_class,
            )
        moment = self._timers.time() if sent_at is None else sent_at.timestamp()
        parts = segmentation.parts
        for number in order or range(1, len(parts) + 1):
            self._enqueue(
                subscriber,
                sms.Deliver(
                    originator=_originator(sender),
                    user_data=parts[number - 1],
                    scts=self._timestamp(moment),
                    dcs=segmentation.dcs,
                    pid=pid,
                ).encode(),
            )
        return len(parts)

    def inject_tpdu(self, to: str, tpdu: bytes) -> None:
        """Any octets as a TPDU for a virtual SIM: what broken networks send."""
        subscriber = self._find(to)
        if subscriber is None:
            raise ValueError(f"no SIM of this bank has the number {to}")
        self._enqueue(subscriber, tpdu)

    def _enqueue(self, subscriber: _Subscriber, tpdu: bytes) -> None:
        subscriber.waiting.append(tpdu)
        self._deliver_next(subscriber)

    def _deliver_next(self, subscriber: _Subscriber) -> None:
        while self._deliver_one(subscriber):
            pass

    def _deliver_one(self, subscriber: _Subscriber) -> bool:
        """Offer the oldest TPDU; True if it was answered at once and another may follow."""
        mobile = subscriber.mobile
        if not subscriber.waiting or subscriber.busy or subscriber.memory_full:
            return False
        if mobile is None or not mobile.reachable():
            return False
        subscriber.busy = True
        offer = _Offer()

        def done(answer: Rp) -> None:
            if offer.answered or subscriber.mobile is not mobile:
                return
            offer.answered = True
            self._answered(subscriber, answer)
            if not offer.inline:
                self._deliver_next(subscriber)

        mobile.receive(subscriber.waiting[0], done)
        offer.inline = False
        return offer.answered

    def _answered(self, subscriber: _Subscriber, answer: Rp) -> None:
        subscriber.busy = False
        if answer is Rp.ACK:
            subscriber.waiting.popleft()
        elif answer is Rp.MEMORY_FULL:
            subscriber.memory_full = True
            _log.debug("SIM %s has no room for messages", subscriber.sim.iccid)
        else:
            # Taken as busy until the retry, so that nothing overtakes it at once.
            subscriber.busy = True
            mobile = subscriber.mobile

            def again() -> None:
                if subscriber.mobile is mobile:
                    subscriber.busy = False
                    self._deliver_next(subscriber)

            self._timers.call_later(self._retry_seconds, again)

    def resume(self, sim: Sim) -> None:
        """Go on with deliveries: a mobile may be reachable again, or has answered late."""
        self._deliver_next(self._by_iccid[sim.iccid])


def _originator(sender: str) -> sms.Address:
    if sender.removeprefix("+").isdecimal():
        return sms.Address.parse(sender)
    return sms.Address.alphanumeric(sender)


def _recipient(form: Recipient, destination: sms.Address) -> sms.Address:
    if form is Recipient.NATIONAL:
        return sms.Address(_national(destination.value), 2, 1)
    if form is Recipient.TAIL:
        return sms.Address(destination.value[-8:], 0, 1)
    if form is Recipient.OTHER:
        return sms.Address("19990000000", 1, 1)
    return destination


def _national(digits: str) -> str:
    """As dialled at home: country codes have two digits here, but for North America's 1."""
    return digits[1:] if digits.startswith("1") else "0" + digits[2:]

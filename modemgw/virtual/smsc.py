"""The virtual service centre: takes parts, decides their fate, delivers and reports.

TS 23.040 clause 9.2.2 for what is sent, clause 10 for what is done when a mobile cannot take it.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from modemgw import sms
from modemgw.virtual.delivery import Delivery, Mobile
from modemgw.virtual.fates import USUAL, Fate, Recipient, Report, fate_of
from modemgw.virtual.sim import Sim
from modemgw.virtual.timers import Timers
from modemgw.virtual.traffic import AcceptedPart, Mailbox, Message

_log = logging.getLogger(__name__)

Encoding = Literal["auto", "gsm7", "ucs2"]


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
        *,
        receipt_seconds: float,
        retry_seconds: float,
        history: int,
    ) -> None:
        self._timers = timers
        self._receipt_seconds = receipt_seconds
        self._delivery = Delivery(timers, retry_seconds)
        self._mailbox = Mailbox(history)
        self._refused_once: set[str] = set()
        self._next_long_reference = 0
        self.clock_offset = 0.0
        """Seconds by which the service centre's clock is ahead."""
        self.zone: datetime.timezone = datetime.UTC
        """The time zone of its stamps."""
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
        await self._mailbox.wait(count, timeout_s)

    def clear(self) -> None:
        """Forget the accepted parts and messages."""
        self._mailbox.clear()

    # who is where

    def enrol(self, sim: Sim) -> None:
        """A SIM of this network exists, in a modem or in a drawer."""
        self._delivery.enrol(sim)

    def attach(self, sim: Sim, mobile: Mobile | None) -> None:
        """The SIM is now in `mobile` (None: switched off); what waited for it is delivered."""
        self._delivery.attach(sim, mobile)

    def memory_available(self, sim: Sim) -> None:
        """RP-SMMA: there is room again."""
        self._delivery.memory_available(sim)

    def waiting_for(self, sim: Sim) -> int:
        """How many TPDUs wait for this SIM."""
        return len(self._delivery.subscriber(sim).waiting)

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
        if self._delivery.may_know(destination):
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
        self._delivery.enqueue(self._delivery.subscriber(sim), tpdu)

    def _forward(self, submit: sms.Submit, destination: str, sim: Sim) -> None:
        recipient = self._delivery.find(destination)
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
        self._delivery.enqueue(recipient, tpdu)

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
        subscriber = self._delivery.find(to)
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
            self._delivery.enqueue(
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
        subscriber = self._delivery.find(to)
        if subscriber is None:
            raise ValueError(f"no SIM of this bank has the number {to}")
        self._delivery.enqueue(subscriber, tpdu)


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

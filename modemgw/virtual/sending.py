"""The mobile-originated side of one modem: from AT+CMGS to the network's answer.

TS 27.005 clause 3.5.1 (+CMGS), 3.5.4 (+CMGW) and 3.4.4 (+CNMA with a PDU).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TypeVar

from modemgw import sms
from modemgw.virtual.body import AtPort, Body
from modemgw.virtual.engine import Mode
from modemgw.virtual.errors import CmsError, CommandError
from modemgw.virtual.fates import USUAL, Fate, Report
from modemgw.virtual.receiving import Receiver
from modemgw.virtual.running import DEFERRED, Reply, Running
from modemgw.virtual.session import Session
from modemgw.virtual.smsc import Submission
from modemgw.virtual.store import Status, Stored

_Item = TypeVar("_Item")

KEEP_LINK_SECONDS = 5.0
"""How long AT+CMMS=1 holds the link between parts (27.005 3.5.6: 1 to 5 s)."""


class Purpose(Enum):
    """What the message entry is for."""

    SEND = "+CMGS"
    WRITE = "+CMGW"
    ACKNOWLEDGE = "+CNMA"


@dataclass(frozen=True, slots=True)
class AfterEntry:
    """What happens to the answer of a PDU after Ctrl-Z."""

    passed: bool
    """The service centre got the PDU."""
    hang: float = 0.0
    """Seconds for which the modem is dead then; 0: only the answer is lost, it goes on living."""


@dataclass(slots=True)
class SendingFaults:
    """What may befall the next messages; faults are plugged in here."""

    lost_prompts: int = 0
    """So many prompts are not shown."""
    after_entry: deque[AfterEntry] = field(default_factory=deque)
    """One for each of the next messages."""
    delays: deque[float] = field(default_factory=deque)
    """Seconds that the next messages take besides the usual."""
    refusals: deque[int] = field(default_factory=deque)
    """+CMS ERRORs with which the next parts are refused."""
    swallows: bool = False
    """Sends are answered +CMGS, and no service centre ever sees them."""
    reports: tuple[Report, ...] | None = None
    """What is reported of each part, unless its number has a fate of its own."""
    smsc_unread: bool = False
    """AT+CSCA? shows a service centre that sending knows nothing of until it is written."""
    without_smsc: int = 330
    """+CMS ERROR of a part for which no service centre is known."""


class Sender:
    """Prompts, takes the PDU, uses the radio, answers."""

    def __init__(
        self, body: Body, session: Session, running: Running, receiver: Receiver, *, port: AtPort
    ) -> None:
        """`port` is the one that the parts given belong to."""
        self._body = body
        self._session = session
        self._running = running
        self._receiver = receiver
        self._port = port
        self.faults = SendingFaults()
        self._purpose = Purpose.SEND
        self._length = 0
        self._destination = ""
        self._stat = Status.UNSENT
        self._refuse = False
        self._linked = False
        self._link_number = 0
        self._busy_with = 0
        self._unanswered = False
        self.in_air = False
        """A message is on its way and its result not printed yet."""
        self._blank_lines = b"\r\n" * body.personality.cmgs_blank_lines
        self.busy_seconds = 0.0
        """Radio time used so far, in virtual seconds."""

    def reset(self) -> None:
        """Power is gone: whatever is in the air is never answered."""
        self._busy_with += 1
        self._linked = self.in_air = False

    def leave_unanswered(self) -> None:
        """The command of what is in the air has ended: its result is printed nowhere."""
        self._unanswered, self.in_air = True, False

    def service_centre_written(self) -> None:
        """AT+CSCA=: from now on the one on the SIM is used, whatever was before."""
        self.faults.smsc_unread = False

    # before the prompt

    def open_entry(
        self,
        purpose: Purpose,
        *,
        length: int = 0,
        destination: str = "",
        stat: Status = Status.UNSENT,
        refuse: bool = False,
    ) -> Reply:
        """Show the prompt: `length` octets of TPDU follow, or text to `destination`."""
        self._purpose, self._length = purpose, length
        self._destination, self._stat = destination, stat
        self._refuse = refuse
        if self._body.busy_beside(self._port):
            raise CmsError(301)
        if purpose is Purpose.SEND and self._body.personality.refused_before_prompt:
            self._check_network()
        seconds = self._body.settings.prompt_seconds
        if seconds > 0:
            self._running.later(seconds, self._prompt)
        else:
            self._prompt()
        return DEFERRED

    def _check_network(self) -> None:
        if not self._body.radio.registered:
            raise CmsError(self._body.personality.unregistered_code)

    def _prompt(self) -> None:
        text = self._length == 0
        if self.faults.lost_prompts:
            self.faults.lost_prompts -= 1
            self._session.engine.enter_silently(text=text)
        else:
            self._session.engine.prompt(text=text)

    # after Ctrl-Z

    def entered(self, body: bytes) -> None:
        """Ctrl-Z came: `body` is a PDU in hex, or text."""
        try:
            tpdu = self._tpdu(body)
            if self._purpose is Purpose.SEND:
                self.transmit(tpdu)
            elif self._purpose is Purpose.WRITE:
                self._write(tpdu)
            else:
                self._receiver.acknowledge(accepted=not self._refuse)
                self._running.complete()
        except CommandError as error:
            stuck = isinstance(error, CmsError) and error.code == 304
            if stuck and self._body.personality.sticks_on_bad_pdu:
                self._session.engine.enter_silently()
            else:
                self._running.fail(error)

    def _tpdu(self, body: bytes) -> bytes:
        if self._length == 0:
            return self._session.text.compose(self._destination, body)
        try:
            service_centre, tpdu = sms.unpack_pdu(body.strip().decode("ascii"))
        except (sms.PduError, UnicodeDecodeError):
            raise CmsError(304) from None
        if len(tpdu) != self._length:
            raise CmsError(304)
        lacking = not self._body.slot.service_centre or self.faults.smsc_unread
        if service_centre is None and lacking:
            raise CmsError(self.faults.without_smsc)
        return tpdu

    def _write(self, tpdu: bytes) -> None:
        store = self._body.storage.named(self._session.memories[1])
        index = store.add(Stored(sms.pack_pdu(tpdu), tpdu, self._stat))
        if index is None:
            raise CmsError(322)
        self._running.complete([f"+CMGW: {index}"])

    def transmit(
        self, tpdu: bytes, answer: Callable[[int], list[str]] = lambda mr: [f"+CMGS: {mr}"]
    ) -> None:
        """Bring a SUBMIT over the air and end the running command by `answer` or an error."""
        self._check_network()
        fault = _next(self.faults.after_entry)
        if fault is not None and not fault.passed:
            self._lose_answer(fault)
            return
        code = self._refusal()
        if code is not None:
            self._later(self._body.settings.part_seconds, lambda: self._refused(code))
            return
        try:
            submission = self._body.smsc.consider(tpdu)
        except sms.PduError:
            raise CmsError(96) from None
        if self.faults.reports is not None and submission.fate is USUAL:
            submission = replace(submission, fate=Fate(reports=self.faults.reports))
        if fault is None and not submission.fate.answered:
            fault = AfterEntry(passed=True)
        delay = submission.fate.slow + (_next(self.faults.delays) or 0.0)
        self._later(
            self._radio_seconds() + delay,
            lambda: self._arrived(submission, tpdu, answer, fault),
        )

    def _refusal(self) -> int | None:
        """The +CMS ERROR with which the network refuses this part, if it does."""
        code = _next(self.faults.refusals)
        return self._body.slot.inserted().refusal() if code is None else code

    def _lose_answer(self, fault: AfterEntry) -> None:
        """The running command ends without a word, and perhaps the modem with it."""
        if fault.hang:
            self._body.hang(fault.hang)
        self._running.drop_answer()

    def send_stored(self, stored: Stored) -> Reply:
        """AT+CMSS."""

        def answer(reference: int) -> list[str]:
            stored.status = Status.SENT
            return [f"+CMSS: {reference}"]

        self.transmit(stored.tpdu, answer)
        return DEFERRED

    def keep_link(self) -> None:
        """The link stays up (AT+CMMS=2), or for some seconds more (1) and then CMMS is 0 again."""
        self._link_number += 1
        number = self._link_number
        mode = self._session.parameters["+CMMS"][0]
        if mode == 0:
            self._linked = False
        if mode != 1:
            return

        def over() -> None:
            if number == self._link_number and self._session.engine.mode is Mode.COMMAND:
                self._linked = False
                self._session.parameters["+CMMS"] = (0,)

        self._body.timers.call_later(KEEP_LINK_SECONDS, over)

    def _radio_seconds(self) -> float:
        seconds = self._body.settings.part_seconds
        if seconds <= 0:
            return 0.0
        jitter = self._body.settings.part_jitter
        if jitter:
            seconds *= 1 + self._body.random.uniform(-jitter, jitter)
        if self._linked:
            seconds *= self._body.settings.more_to_send_factor
        return seconds

    def _later(self, seconds: float, then: Callable[[], None]) -> None:
        """`then` after `seconds` of radio, or at once; a restart meanwhile forgets it."""
        self.busy_seconds += seconds
        if seconds <= 0:
            then()
            return
        self._busy_with += 1
        ticket = self._busy_with
        self.in_air, self._unanswered = True, False

        def due() -> None:
            if ticket == self._busy_with:
                self.in_air = False
                self._guarded(then)

        self._body.timers.call_later(seconds, due)

    def _guarded(self, then: Callable[[], None]) -> None:
        try:
            then()
        except CommandError as error:
            # Such as a SIM that was taken out while its message was in the air.
            self._running.fail(error)

    def _refused(self, code: int) -> None:
        if self._unanswered:
            return
        self._running.fail(CmsError(code))

    def _arrived(
        self,
        submission: Submission,
        tpdu: bytes,
        answer: Callable[[int], list[str]],
        lost: AfterEntry | None,
    ) -> None:
        if self._session.parameters["+CMMS"][0]:
            self._linked = True
            self.keep_link()
        sim = self._body.slot.inserted()
        reference = self._body.next_reference()
        if self.faults.swallows:
            self._running.complete(answer(reference))
            return
        # The ME assigns TP-MR itself, whatever the PDU said (27.005 3.5.1).
        on_air = tpdu[:1] + bytes((reference,)) + tpdu[2:]
        code = self._body.smsc.submit(submission, sim, self._body.index, on_air, reference)
        if self._unanswered:
            return
        if lost is not None:
            self._lose_answer(lost)
        elif code is None:
            self._running.complete(answer(reference), behind=self._blank_lines)
        else:
            self._running.fail(CmsError(code))


def _next(queue: deque[_Item]) -> _Item | None:
    return queue.popleft() if queue else None

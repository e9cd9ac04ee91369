"""The mobile-originated side of one modem: from AT+CMGS to the network's answer.

TS 27.005 clause 3.5.1 (+CMGS), 3.5.4 (+CMGW) and 3.4.4 (+CNMA with a PDU).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from modemgw import sms
from modemgw.virtual.commands import DEFERRED, CmsError, CommandError, Reply
from modemgw.virtual.engine import Mode
from modemgw.virtual.fates import USUAL, Fate
from modemgw.virtual.faults import AfterEntry
from modemgw.virtual.smsc import Submission
from modemgw.virtual.store import Status, Stored

if TYPE_CHECKING:
    from modemgw.virtual.modem import VirtualModem

KEEP_LINK_SECONDS = 5.0
"""How long AT+CMMS=1 holds the link between parts (27.005 3.5.6: 1 to 5 s)."""


class Purpose(Enum):
    """What the message entry is for."""

    SEND = "+CMGS"
    WRITE = "+CMGW"
    ACKNOWLEDGE = "+CNMA"


class Sender:
    """Prompts, takes the PDU, uses the radio, answers."""

    def __init__(self, modem: VirtualModem) -> None:
        self._modem = modem
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
        self._blank_lines = b"\r\n" * modem.personality.cmgs_blank_lines
        self.busy_seconds = 0.0
        """Radio time used so far, in virtual seconds."""

    def reset(self) -> None:
        """Power is gone: whatever is in the air is never answered."""
        self._busy_with += 1
        self._linked = self.in_air = False

    def leave_unanswered(self) -> None:
        """The command of what is in the air has ended: its result is printed nowhere."""
        self._unanswered, self.in_air = True, False

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
        modem = self._modem
        self._purpose, self._length = purpose, length
        self._destination, self._stat = destination, stat
        self._refuse = refuse
        if modem.other_port_busy():
            raise CmsError(301)
        if purpose is Purpose.SEND and modem.personality.refused_before_prompt:
            self._check_network()
        seconds = modem.settings.prompt_seconds
        if seconds > 0:
            modem.dialogue.later(seconds, self._prompt)
        else:
            self._prompt()
        return DEFERRED

    def _check_network(self) -> None:
        if not self._modem.radio.registered:
            raise CmsError(self._modem.personality.unregistered_code)

    def _prompt(self) -> None:
        modem = self._modem
        text = self._length == 0
        if modem.faults.take_lost_prompt():
            modem.engine.enter_silently(text=text)
        else:
            modem.engine.prompt(text=text)

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
                self._modem.receiver.acknowledge(accepted=not self._refuse)
                self._modem.dialogue.complete()
        except CommandError as error:
            stuck = isinstance(error, CmsError) and error.code == 304
            if stuck and self._modem.personality.sticks_on_bad_pdu:
                self._modem.engine.enter_silently()
            else:
                self._modem.dialogue.fail(error)

    def _tpdu(self, body: bytes) -> bytes:
        if self._length == 0:
            return self._modem.compose_text(self._destination, body)
        try:
            service_centre, tpdu = sms.unpack_pdu(body.strip().decode("ascii"))
        except (sms.PduError, UnicodeDecodeError):
            raise CmsError(304) from None
        if len(tpdu) != self._length:
            raise CmsError(304)
        lacking = not self._modem.sim_smsc() or self._modem.faults.smsc_unread
        if service_centre is None and lacking:
            raise CmsError(self._modem.faults.without_smsc)
        return tpdu

    def _write(self, tpdu: bytes) -> None:
        store = self._modem.store_named(self._modem.memories[1])
        index = store.add(Stored(sms.pack_pdu(tpdu), tpdu, self._stat))
        if index is None:
            raise CmsError(322)
        self._modem.dialogue.complete([f"+CMGW: {index}"])

    def transmit(
        self, tpdu: bytes, answer: Callable[[int], list[str]] = lambda mr: [f"+CMGS: {mr}"]
    ) -> None:
        """Bring a SUBMIT over the air and end the running command by `answer` or an error."""
        modem = self._modem
        self._check_network()
        fault = modem.faults.take_after_entry()
        if fault is not None and not fault.passed:
            modem.faults.lose_answer(fault)
            return
        code = modem.faults.take_refusal()
        if code is not None:
            self._later(modem.settings.part_seconds, lambda: self._refused(code))
            return
        try:
            submission = modem.smsc.consider(tpdu)
        except sms.PduError:
            raise CmsError(96) from None
        if modem.faults.reports is not None and submission.fate is USUAL:
            submission = replace(submission, fate=Fate(reports=modem.faults.reports))
        if fault is None and not submission.fate.answered:
            fault = AfterEntry(passed=True)
        delay = submission.fate.slow + modem.faults.take_answer_delay()
        self._later(
            self._radio_seconds() + delay,
            lambda: self._arrived(submission, tpdu, answer, fault),
        )

    def send_stored(self, stored: Stored) -> Reply:
        """AT+CMSS."""

        def answer(reference: int) -> list[str]:
            stored.status = Status.SENT
            return [f"+CMSS: {reference}"]

        self.transmit(stored.tpdu, answer)
        return DEFERRED

    def keep_link(self) -> None:
        """The link stays up (AT+CMMS=2), or for some seconds more (1) and then CMMS is 0 again."""
        modem = self._modem
        self._link_number += 1
        number = self._link_number
        mode = modem.parameters["+CMMS"][0]
        if mode == 0:
            self._linked = False
        if mode != 1:
            return

        def over() -> None:
            if number == self._link_number and modem.engine.mode is Mode.COMMAND:
                self._linked = False
                modem.parameters["+CMMS"] = (0,)

        modem.timers.call_later(KEEP_LINK_SECONDS, over)

    def _radio_seconds(self) -> float:
        modem = self._modem
        seconds = modem.settings.part_seconds
        if seconds <= 0:
            return 0.0
        jitter = modem.settings.part_jitter
        if jitter:
            seconds *= 1 + modem.random.uniform(-jitter, jitter)
        if self._linked:
            seconds *= modem.settings.more_to_send_factor
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

        self._modem.timers.call_later(seconds, due)

    def _guarded(self, then: Callable[[], None]) -> None:
        try:
            then()
        except CommandError as error:
            # Such as a SIM that was taken out while its message was in the air.
            self._modem.dialogue.fail(error)

    def _refused(self, code: int) -> None:
        if self._unanswered:
            return
        self._modem.dialogue.fail(CmsError(code))

    def _arrived(
        self,
        submission: Submission,
        tpdu: bytes,
        answer: Callable[[int], list[str]],
        lost: AfterEntry | None,
    ) -> None:
        modem = self._modem
        if modem.parameters["+CMMS"][0]:
            self._linked = True
            self.keep_link()
        sim = modem.inserted()
        reference = modem.next_reference()
        if modem.faults.swallows:
            modem.dialogue.complete(answer(reference))
            return
        # The ME assigns TP-MR itself, whatever the PDU said (27.005 3.5.1).
        on_air = tpdu[:1] + bytes((reference,)) + tpdu[2:]
        code = modem.smsc.submit(submission, sim, modem.index, on_air, reference)
        if self._unanswered:
            return
        if lost is not None:
            modem.faults.lose_answer(lost)
        elif code is None:
            modem.dialogue.complete(answer(reference), behind=self._blank_lines)
        else:
            modem.dialogue.fail(CmsError(code))

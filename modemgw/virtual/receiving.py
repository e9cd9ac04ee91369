"""The mobile-terminated side of one modem: where a TPDU goes, by +CNMI, +CSMS and +CPMS.

TS 27.005 clause 3.4.1 (routing) and 3.4.4 (acknowledgement).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from modemgw.virtual.body import Body
from modemgw.virtual.delivery import Rp
from modemgw.virtual.session import Session
from modemgw.virtual.store import AnyStore, Status, Stored
from modemgw.virtual.timers import Handle
from modemgw.virtual.tpdu import TYPE_0, is_report, message_class_of, pid_and_dcs, replace_type


@dataclass(slots=True)
class ReceivingFaults:
    """What +CMTI and +CDSI may show wrong; faults are plugged in here. None: the truth."""

    index_shown: int | None = None
    memory_shown: str | None = None


class Receiver:
    """Takes what comes from the service centre and shows it as the settings say."""

    def __init__(self, body: Body, session: Session) -> None:
        self._body = body
        self._session = session
        self.faults = ReceivingFaults()
        self._unacknowledged: Callable[[Rp], None] | None = None
        self._deadline: Handle | None = None
        self._buffered: list[bytes] = []
        self.full_refused = False
        """Something was refused for want of room since the last free slot."""

    def reset(self) -> None:
        """Power is gone: what was not acknowledged stays with the service centre."""
        self._settle(None)
        self._buffered.clear()

    def receive(self, tpdu: bytes, done: Callable[[Rp], None]) -> None:
        """A TPDU from the service centre; `done` says how it was taken."""
        if is_report(tpdu):
            self._receive_report(tpdu, done)
        else:
            self._receive_deliver(tpdu, done)

    def _receive_report(self, tpdu: bytes, done: Callable[[Rp], None]) -> None:
        ds = self._session.parameters["+CNMI"][3]
        if ds == 1:
            self._direct(self._body.personality.report_header.format(length=len(tpdu)), tpdu, done)
        elif ds == 2:
            name = self._body.personality.report_store or self._session.memories[2]
            shown = self._body.personality.report_announced_as or name
            self._store(self._body.storage.named(name), tpdu, "+CDSI", shown, done, announce=True)
        else:
            done(Rp.ACK)

    def _receive_deliver(self, tpdu: bytes, done: Callable[[Rp], None]) -> None:
        pid, dcs = pid_and_dcs(tpdu)
        if pid == TYPE_0 and not self._body.personality.type_0_shown:
            done(Rp.ACK)
            return
        mt = self._session.parameters["+CNMI"][1]
        message_class = message_class_of(dcs)
        direct = (
            (mt == 2 and message_class != 2)
            or (mt == 3 and message_class == 3)
            or (mt == 1 and message_class == 0 and self._body.personality.class_0_direct)
        )
        if direct:
            self._direct(f"+CMT: ,{len(tpdu)}", tpdu, done)
            return
        name = "SM" if message_class == 2 else self._session.memories[2]
        announce = mt != 0
        self._store(self._body.storage.named(name), tpdu, "+CMTI", name, done, announce=announce)

    # stored

    def _store(
        self,
        store: AnyStore,
        tpdu: bytes,
        prefix: str,
        shown_name: str,
        done: Callable[[Rp], None],
        *,
        announce: bool,
    ) -> None:
        stored = Stored(self._body.pdu_text(tpdu), tpdu, Status.UNREAD)
        replaced = replace_type(tpdu)
        index = (
            store.replace(stored, lambda old: replace_type(old.tpdu) == replaced)
            if replaced
            else None
        )
        if index is None:
            index = store.add(stored)
        if index is None:
            self.full_refused = True
            if self._body.personality.full_line:
                self._show(
                    self._session.engine.text(
                        self._body.personality.full_line.format(name=store.name)
                    )
                )
            done(Rp.MEMORY_FULL)
            return
        done(Rp.ACK)
        if announce:
            shown_index = index if self.faults.index_shown is None else self.faults.index_shown
            shown_name = self.faults.memory_shown or shown_name
            self._show(self._session.engine.text(f'{prefix}: "{shown_name}",{shown_index}'))

    def room_made(self) -> None:
        """A message was deleted: tell the network, if anything had been refused (RP-SMMA)."""
        if self.full_refused and self._body.personality.resume_after_delete:
            self.full_refused = False
            self._body.tell_room()

    # direct

    def _direct(self, header: str, tpdu: bytes, done: Callable[[Rp], None]) -> None:
        if self._session.parameters["+CSMS"][0] == 0:
            done(Rp.ACK)
        elif self._unacknowledged is not None:
            done(Rp.NO_ANSWER)
            return
        else:
            self._unacknowledged = done
            self._deadline = self._body.timers.call_later(
                self._body.settings.acknowledge_seconds, self._not_acknowledged
            )
        text = self._session.text.direct(tpdu) if self._session.text.on else None
        if text is None:
            blank = "\r\n" if self._body.personality.blank_before_pdu else ""
            text = f"{header}\r\n{blank}{self._body.pdu_text(tpdu)}"
        self._show(self._session.engine.text(text))

    @property
    def awaits_acknowledgement(self) -> bool:
        """A direct message waits for AT+CNMA."""
        return self._unacknowledged is not None

    def acknowledge(self, *, accepted: bool) -> bool:
        """AT+CNMA; False if nothing waits for one."""
        if self._unacknowledged is None:
            return False
        self._settle(Rp.ACK if accepted else Rp.NO_ANSWER)
        return True

    def _not_acknowledged(self) -> None:
        self._deadline = None
        # TS 27.005 3.4.4: the ME then stops routing messages to the TE.
        mode, _, bm, _, bfr = self._session.parameters["+CNMI"]
        self._session.parameters["+CNMI"] = (mode, 0, bm, 0, bfr)
        self._settle(Rp.NO_ANSWER)

    def _settle(self, answer: Rp | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        done, self._unacknowledged = self._unacknowledged, None
        if done is not None and answer is not None:
            done(answer)

    # the way to the line

    def _show(self, framed: bytes) -> None:
        """By <mode>: 0 keeps results in the modem until the mode changes."""
        if self._session.parameters["+CNMI"][0] == 0:
            self._buffered.append(framed)
            del self._buffered[:-100]
        else:
            self._session.results.unsolicited(framed)

    def mode_changed(self, *, clear: bool) -> None:
        """AT+CNMI set a mode other than 0: buffered results are shown or dropped (<bfr>)."""
        buffered, self._buffered = self._buffered, []
        if not clear:
            for framed in buffered:
                self._session.results.unsolicited(framed)

"""The mobile-terminated side of one modem: where a TPDU goes, by +CNMI, +CSMS and +CPMS.

TS 27.005 clause 3.4.1 (routing) and 3.4.4 (acknowledgement).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from modemgw.virtual.delivery import Rp
from modemgw.virtual.store import AnyStore, Status, Stored
from modemgw.virtual.textmode import direct_in_text_mode
from modemgw.virtual.timers import Handle

if TYPE_CHECKING:
    from modemgw.virtual.modem import VirtualModem

_TYPE_0 = 0x40
_REPLACING = range(0x41, 0x48)


def message_class_of(dcs: int) -> int | None:
    """The class in a TP-DCS octet (TS 23.038 clause 4), None if it has none."""
    if dcs & 0xF0 == 0xF0 or dcs & 0x90 == 0x10:
        return dcs & 3
    return None


def is_report(tpdu: bytes) -> bool:
    """TP-MTI 10 from the service centre: SMS-STATUS-REPORT."""
    return bool(tpdu) and tpdu[0] & 3 == 2


def _pid_and_dcs(tpdu: bytes) -> tuple[int, int]:
    """TP-PID and TP-DCS of a DELIVER; zeros when it is cut off."""
    if len(tpdu) < 2:
        return 0, 0
    at = 3 + (tpdu[1] + 1) // 2
    if len(tpdu) < at + 2:
        return 0, 0
    return tpdu[at], tpdu[at + 1]


def _replace_type(tpdu: bytes) -> bytes:
    """What a message replaces is the one with the same TP-PID (41 to 47) and TP-OA; else empty.

    TS 23.040 9.2.3.9.
    """
    pid, _ = _pid_and_dcs(tpdu)
    if is_report(tpdu) or pid not in _REPLACING:
        return b""
    return tpdu[1 : 4 + (tpdu[1] + 1) // 2]


class Receiver:
    """Takes what comes from the service centre and shows it as the settings say."""

    def __init__(self, modem: VirtualModem) -> None:
        self._modem = modem
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
        modem = self._modem
        ds = modem.parameters["+CNMI"][3]
        if ds == 1:
            self._direct(modem.personality.report_header.format(length=len(tpdu)), tpdu, done)
        elif ds == 2:
            name = modem.personality.report_store or modem.memories[2]
            shown = modem.personality.report_announced_as or name
            self._store(modem.store_named(name), tpdu, "+CDSI", shown, done, announce=True)
        else:
            done(Rp.ACK)

    def _receive_deliver(self, tpdu: bytes, done: Callable[[Rp], None]) -> None:
        modem = self._modem
        pid, dcs = _pid_and_dcs(tpdu)
        if pid == _TYPE_0 and not modem.personality.type_0_shown:
            done(Rp.ACK)
            return
        mt = modem.parameters["+CNMI"][1]
        message_class = message_class_of(dcs)
        direct = (
            (mt == 2 and message_class != 2)
            or (mt == 3 and message_class == 3)
            or (mt == 1 and message_class == 0 and modem.personality.class_0_direct)
        )
        if direct:
            self._direct(f"+CMT: ,{len(tpdu)}", tpdu, done)
            return
        name = "SM" if message_class == 2 else modem.memories[2]
        announce = mt != 0
        self._store(modem.store_named(name), tpdu, "+CMTI", name, done, announce=announce)

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
        modem = self._modem
        stored = Stored(modem.pdu_text(tpdu), tpdu, Status.UNREAD)
        replaced = _replace_type(tpdu)
        index = (
            store.replace(stored, lambda old: _replace_type(old.tpdu) == replaced)
            if replaced
            else None
        )
        if index is None:
            index = store.add(stored)
        if index is None:
            self.full_refused = True
            if modem.personality.full_line:
                self._show(modem.engine.text(modem.personality.full_line.format(name=store.name)))
            done(Rp.MEMORY_FULL)
            return
        done(Rp.ACK)
        if announce:
            shown_index = index if modem.faults.index_shown is None else modem.faults.index_shown
            shown_name = modem.faults.memory_shown or shown_name
            self._show(modem.engine.text(f'{prefix}: "{shown_name}",{shown_index}'))

    def room_made(self) -> None:
        """A message was deleted: tell the network, if anything had been refused (RP-SMMA)."""
        if self.full_refused and self._modem.personality.resume_after_delete:
            self.full_refused = False
            self._modem.tell_room()

    # direct

    def _direct(self, header: str, tpdu: bytes, done: Callable[[Rp], None]) -> None:
        modem = self._modem
        if modem.parameters["+CSMS"][0] == 0:
            done(Rp.ACK)
        elif self._unacknowledged is not None:
            done(Rp.NO_ANSWER)
            return
        else:
            self._unacknowledged = done
            self._deadline = modem.timers.call_later(
                modem.settings.acknowledge_seconds, self._not_acknowledged
            )
        text = direct_in_text_mode(modem, tpdu) if modem.text_mode else None
        if text is None:
            blank = "\r\n" if modem.personality.blank_before_pdu else ""
            text = f"{header}\r\n{blank}{modem.pdu_text(tpdu)}"
        self._show(modem.engine.text(text))

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
        mode, _, bm, _, bfr = self._modem.parameters["+CNMI"]
        self._modem.parameters["+CNMI"] = (mode, 0, bm, 0, bfr)
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
        if self._modem.parameters["+CNMI"][0] == 0:
            self._buffered.append(framed)
            del self._buffered[:-100]
        else:
            self._modem.unsolicited(framed)

    def mode_changed(self, *, clear: bool) -> None:
        """AT+CNMI set a mode other than 0: buffered results are shown or dropped (<bfr>)."""
        buffered, self._buffered = self._buffered, []
        if not clear:
            for framed in buffered:
                self._modem.unsolicited(framed)

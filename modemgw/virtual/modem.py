"""One virtual modem: personality, SIM slot, radio, parameters, and the line that drives it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from random import Random
from typing import Protocol

from modemgw import sms
from modemgw.virtual.commands import (
    CmeError,
    CmsError,
)
from modemgw.virtual.delivery import Rp
from modemgw.virtual.dialogue import Dialogue
from modemgw.virtual.engine import LineEngine, Mode
from modemgw.virtual.faults import Faults
from modemgw.virtual.output import Output
from modemgw.virtual.parameters import Parameters
from modemgw.virtual.personalities import Personality
from modemgw.virtual.power import Power
from modemgw.virtual.radio import Radio
from modemgw.virtual.receiving import Receiver, is_report
from modemgw.virtual.sending import Sender
from modemgw.virtual.settings import BankSettings
from modemgw.virtual.sim import PinState, Sim
from modemgw.virtual.smsc import Smsc
from modemgw.virtual.store import AnyStore, CombinedStore, MessageStore
from modemgw.virtual.textmode import compose
from modemgw.virtual.timers import Timers
from modemgw.virtual.ussd import UssdSession

_log = logging.getLogger(__name__)

_SMMA_SECONDS = 1.0


class Line(Protocol):
    """What the modem hangs on: a pseudo-terminal."""

    def write(self, data: bytes) -> None: ...

    def unplug(self) -> None:
        """The device goes away."""

    def plug(self, link: str | None = None) -> None:
        """It comes back under another device name (and another link, if one is given)."""

    def stall(self, *, stalled: bool) -> None:
        """Stop (or go on) reading what the other side writes."""


class VirtualModem:
    """A modem as its line sees it. Sans-IO: octets in by `received`, out through `line`."""

    def __init__(
        self,
        index: int,
        personality: Personality,
        settings: BankSettings,
        *,
        imei: str,
        sim: Sim | None,
        smsc: Smsc,
        timers: Timers,
        random: Random,
        line: Line,
        primary: VirtualModem | None = None,
    ) -> None:
        """`primary`: this is a further AT port of that modem. It has a line, parameters and
        message entry of its own; SIM, stores, power and radio are the modem's."""
        self.index = index
        self.primary = primary or self
        self.ports: list[VirtualModem] = [self]
        """Of a primary: itself and its further ports."""
        if primary is not None:
            primary.ports.append(self)
        self.personality = personality
        self.settings = settings
        self.imei = imei
        self._sim = sim
        self.smsc = smsc
        self.timers = timers
        self.random = random
        self.line = line
        self.dialogue = Dialogue(self)
        self.engine = LineEngine(
            self.dialogue,
            self.transmit,
            prompt=personality.prompt,
            line_limit=personality.line_limit,
            ends=(personality.lead, personality.tail),
        )
        self.engine.hold_in_prompt = personality.hold_in_prompt
        self.parameters = Parameters(personality)
        self.output = Output(self)
        self.faults = Faults(self)
        self.radio: Radio = primary.radio if primary else Radio(self)
        self.power: Power = primary.power if primary else Power(self)
        self.sender = Sender(self)
        self.receiver = Receiver(self)
        self.ussd = UssdSession(self)
        base = personality.index_base
        self.stores: dict[str, MessageStore] = (
            primary.stores
            if primary
            else {
                name: MessageStore(name, size, base)
                for name, size in personality.stores.items()
                if name != "SM"
            }
        )
        self.memories = [personality.default_store] * 3
        """mem1, mem2, mem3 of AT+CPMS."""
        self.phonebook = "SM"
        """AT+CPBS."""

    # identity

    @property
    def sim(self) -> Sim | None:
        """What is in the slot."""
        return self.primary._sim

    @property
    def number(self) -> str:
        """The number of the SIM; empty without one."""
        return self.sim.number if self.sim else ""

    @property
    def iccid(self) -> str:
        return self.sim.iccid if self.sim else ""

    @property
    def imsi(self) -> str:
        return self.sim.imsi if self.sim else ""

    @property
    def busy_seconds(self) -> float:
        """Radio time used for sending so far, in virtual seconds."""
        return self.sender.busy_seconds

    @property
    def text_mode(self) -> bool:
        return self.parameters["+CMGF"][0] == 1

    # octets

    def received(self, data: bytes) -> None:
        """Octets that the other side of the line wrote."""
        if self.power.awake and not self.faults.deaf:
            self.engine.feed(data)

    def transmit(self, data: bytes) -> None:
        """Octets for the other side, as far as the faults let them through."""
        if data:
            self.output.write(data)

    def unsolicited(self, framed: bytes) -> None:
        """An unsolicited result code, already framed."""
        if self.power.on:
            self.engine.unsolicited(framed)

    def announce(self, line: str) -> None:
        """An unsolicited result code of one line."""
        self.unsolicited(self.engine.text(line))

    # SIM and stores

    def sim_problem(self, *, unlocked: bool) -> int | None:
        """The +CME ERROR for the SIM's state: 10 none, 11 PIN, 12 PUK, 13 dead, 14 busy."""
        if self.sim is None:
            return 10
        if self.sim.pin_state is PinState.DEAD:
            return 13
        if self.faults.sim_busy_now or not self.power.sim_ready:
            return 14
        if unlocked and self.sim.pin_state is not PinState.READY:
            return 11 if self.sim.pin_state is PinState.PIN else 12
        return None

    def inserted(self) -> Sim:
        """The SIM; +CME ERROR 10 without one."""
        if self.sim is None:
            raise CmeError(10)
        return self.sim

    def next_reference(self) -> int:
        """TP-MR: counted on the SIM (EF_SMSS), or by some makes in memory that a restart clears."""
        if not self.personality.own_reference:
            return self.inserted().next_reference()
        self.power.sent += 1
        return (self.power.sent - 1) & 0xFF

    def sim_smsc(self) -> str:
        return self.sim.smsc if self.sim else ""

    def store_named(self, name: str) -> AnyStore:
        """The store `name`; +CMS ERROR 302 if this modem has none."""
        if name == "SM":
            return self.inserted().store
        if name == "MT" and self.personality.combined_store:
            return CombinedStore(self.inserted().store, self.stores["ME"])
        store = self.stores.get(name)
        if store is None:
            raise CmsError(302)
        return store

    def empty_reading_store(self) -> None:
        """Delete every message of mem1."""
        store = self.store_named(self.memories[0])
        for index, _ in list(store):
            store.remove(index)
        self.receiver.room_made()

    def pdu_text(self, tpdu: bytes) -> str:
        """Service centre and TPDU in hex, as this modem writes them."""
        if is_report(tpdu):
            tpdu = tpdu.ljust(self.personality.pad_reports_to, b"\xff")
        text = sms.pack_pdu(tpdu, smsc=self._service_centre())
        if self.personality.lower_case_pdu:
            text = text.lower()
        return text + self.personality.pdu_tail

    def _service_centre(self) -> sms.Address | None:
        number = self.sim_smsc()
        return sms.Address.parse(number) if number else None

    def tell_room(self) -> None:
        """RP-SMMA, by radio."""
        self.timers.call_later(_SMMA_SECONDS, self._memory_available)

    def _memory_available(self) -> None:
        if self.sim is not None and self.reachable():
            self.smsc.memory_available(self.sim)

    def other_port_busy(self) -> bool:
        """Another port of this modem runs a command or has its prompt open."""
        return any(
            port is not self and port.engine.mode is not Mode.COMMAND for port in self.primary.ports
        )

    def compose_text(self, destination: str, body: bytes) -> bytes:
        """A SUBMIT from what was typed in text mode."""
        return compose(self, destination, body)

    # what the network reaches

    def reachable(self) -> bool:
        return self.power.sms_ready and self.radio.registered and not self.faults.silent

    def receive(self, tpdu: bytes, done: Callable[[Rp], None]) -> None:
        self.receiver.receive(tpdu, done)

    def attach(self) -> None:
        """Tell the network whether this modem can be reached by its SIM's number."""
        if self.sim is not None:
            self.smsc.attach(self.sim, self.primary if self.reachable() else None)

    def insert(self, sim: Sim | None) -> Sim | None:
        """Change the SIM (None: take it out); the one that was in it."""
        old = self.sim
        if old is not None:
            self.smsc.attach(old, None)
        self.receiver.reset()
        self._sim = sim
        if sim is not None:
            sim.power_up()
        line = self.personality.sim_inserted_line if sim else self.personality.sim_removed_line
        if line and self.power.on:
            self.announce(line.format(pin=sim.pin_state.value if sim else ""))
        self.radio.changed()
        return old

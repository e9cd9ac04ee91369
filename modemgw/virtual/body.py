"""What all AT ports of one modem share: SIM slot, stores, power and radio."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Protocol

from modemgw import sms
from modemgw.virtual.broadcasts import Broadcasts
from modemgw.virtual.calls import Call, Calls
from modemgw.virtual.chatter import Chatterer
from modemgw.virtual.delivery import Rp
from modemgw.virtual.personalities import Personality
from modemgw.virtual.power import Cable, Power
from modemgw.virtual.radio import Radio
from modemgw.virtual.settings import BankSettings
from modemgw.virtual.sim import Sim
from modemgw.virtual.slot import Slot
from modemgw.virtual.smsc import Smsc
from modemgw.virtual.storage import Storage
from modemgw.virtual.timers import Timers
from modemgw.virtual.tpdu import is_report

_SMMA_SECONDS = 1.0
"""RP-SMMA on its way."""
_HEARD_AGAIN = 0.01
"""Seconds after the end of a hang at which it is surely over."""


class AtPort(Protocol):
    """One AT port, as the modem behind it sees it."""

    @property
    def busy(self) -> bool:
        """It runs a command, or has its prompt open."""

    def power_up(self) -> None:
        """Everything volatile is gone."""

    def announce(self, line: str) -> None:
        """Print an unsolicited result code of one line."""

    def hear(self, page: bytes) -> None:
        """A page of cell broadcast is heard."""

    def ring(self, call: Call) -> None:
        """Show one ring of a caller."""

    def registered_as(self, stat: int) -> None:
        """The registration has changed: tell it as AT+CREG and its sisters ask for."""

    def deliver(self, tpdu: bytes, done: Callable[[Rp], None]) -> None:
        """A TPDU from the service centre; `done` says how it was taken."""

    def forget_deliveries(self) -> None:
        """The SIM is out: what was not acknowledged stays with the service centre."""


class Body:
    """A modem without its AT ports. The network reaches it as a `Mobile`.

    Unsolicited results and messages go to the first of its ports.
    """

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
        cable: Cable,
    ) -> None:
        self.index = index
        self.personality = personality
        self.settings = settings
        self.imei = imei
        self.smsc = smsc
        self.timers = timers
        self.random = random
        self.cable = cable
        self.ports: list[AtPort] = []
        self.power = Power(personality, settings, timers, cable, self)
        self.slot = Slot(sim, self.power, timers)
        self.storage = Storage(personality, self.slot)
        self.radio = Radio(
            personality,
            timers,
            self.power,
            self.slot,
            announce=lambda stat: self.ports[0].registered_as(stat),
            attach=self.attach,
        )
        self.broadcasts = Broadcasts()
        self.calls = Calls(
            timers,
            ring=lambda call: self.ports[0].ring(call),
            over=lambda: self.announce("NO CARRIER"),
        )
        self.chatterer = Chatterer(personality.chatter, timers, self.announce)

    # what the network reaches

    def reachable(self) -> bool:
        return self.power.sms_ready and self.radio.registered and not self.power.hung

    def receive(self, tpdu: bytes, done: Callable[[Rp], None]) -> None:
        """A TPDU arrives; `done` is called once, now or later."""
        self.ports[0].deliver(tpdu, done)

    def attach(self) -> None:
        """Tell the network whether this modem can be reached by its SIM's number."""
        if self.slot.sim is not None:
            self.smsc.attach(self.slot.sim, self if self.reachable() else None)

    def _detach(self) -> None:
        if self.slot.sim is not None:
            self.smsc.attach(self.slot.sim, None)

    def tell_room(self) -> None:
        """RP-SMMA, by radio."""
        self.timers.call_later(_SMMA_SECONDS, self._memory_available)

    def _memory_available(self) -> None:
        if self.slot.sim is not None and self.reachable():
            self.smsc.memory_available(self.slot.sim)

    # what hangs on the power

    def power_up(self) -> None:
        """Everything volatile is gone, in every part."""
        for port in self.ports:
            port.power_up()
        self.radio.reset()
        self.chatterer.stop()
        self.calls.power_gone()
        self.broadcasts.clear()
        if self.slot.sim is not None:
            self.slot.sim.power_up()
        self._detach()

    def power_gone(self) -> None:
        """The network cannot reach the modem any more, and nothing chatters."""
        self.chatterer.stop()
        self.calls.power_gone()
        self._detach()

    def up(self) -> None:
        """SMS is ready after power-up."""
        self.radio.changed()
        self.chatterer.begin()

    def sim_read(self) -> None:
        """SMS is ready after the PIN was given."""
        self.radio.changed()

    def hear(self, channel: int, page: bytes) -> None:
        """The cell says something on a channel, to whoever is there and listens to that."""
        if self.reachable() and channel in self.broadcasts:
            self.ports[0].hear(page)

    @property
    def pin_shown(self) -> str:
        """The state of the SIM, as a banner tells it."""
        return self.slot.sim.pin_state.value if self.slot.sim else "NOT INSERTED"

    def announce(self, line: str) -> None:
        """An unsolicited result code of one line, where such results go."""
        self.ports[0].announce(line)

    def hang(self, seconds: float | None) -> None:
        """Be dead for so long; None: until a restart."""
        self.power.hung_until = self.timers.moment_in(seconds)
        if seconds is not None and self.power.hung_until < float("inf"):
            # The network could not reach it meanwhile and tries again now.
            self.timers.call_later(seconds + _HEARD_AGAIN, self.attach)

    # the SIM

    def insert(self, sim: Sim | None) -> Sim | None:
        """Change the SIM (None: take it out); the one that was in it."""
        old = self.slot.sim
        self._detach()
        for port in self.ports:
            port.forget_deliveries()
        self.slot.sim = sim
        if sim is not None:
            sim.power_up()
        make = self.personality
        line = make.sim_inserted_line if sim else make.sim_removed_line
        if line and self.power.on:
            self.announce(line.format(pin=sim.pin_state.value if sim else ""))
        self.radio.changed()
        return old

    def next_reference(self) -> int:
        """TP-MR: counted on the SIM (EF_SMSS), or by some makes in memory that a restart clears."""
        if not self.personality.own_reference:
            return self.slot.inserted().next_reference()
        self.power.sent += 1
        return (self.power.sent - 1) & 0xFF

    def pdu_text(self, tpdu: bytes) -> str:
        """Service centre and TPDU in hex, as this modem writes them."""
        if is_report(tpdu):
            tpdu = tpdu.ljust(self.personality.pad_reports_to, b"\xff")
        try:
            centre = sms.Address.parse(self.slot.service_centre)
        except ValueError:  # AT+CSCA takes any text
            centre = None
        text = sms.pack_pdu(tpdu, smsc=centre)
        if self.personality.lower_case_pdu:
            text = text.lower()
        return text + self.personality.pdu_tail

    # its ports

    def busy_beside(self, port: AtPort) -> bool:
        """Another port of this modem runs a command or has its prompt open."""
        return any(other is not port and other.busy for other in self.ports)

"""One AT port of a modem: its parts put together. Sans-IO."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from modemgw.virtual.body import Body
from modemgw.virtual.calls import Call
from modemgw.virtual.commands import known
from modemgw.virtual.delivery import Rp
from modemgw.virtual.dialogue import Dialogue
from modemgw.virtual.engine import LineEngine, Mode
from modemgw.virtual.output import Output, Wire
from modemgw.virtual.parameters import Parameters
from modemgw.virtual.personalities import Personality
from modemgw.virtual.power import NEVER
from modemgw.virtual.receiving import Receiver
from modemgw.virtual.results import Results
from modemgw.virtual.running import Running
from modemgw.virtual.sending import Sender
from modemgw.virtual.session import Session
from modemgw.virtual.settings import BankSettings
from modemgw.virtual.textmode import TextMode
from modemgw.virtual.ussd import UssdSession


class Line:
    """Octets in by `received`, out through `wire`. A `Device` for commands, an `AtPort` for the
    body that it shares with the other ports of its modem."""

    def __init__(self, body: Body, wire: Wire) -> None:
        make = body.personality
        self.body = body
        self.wire = wire
        self.imei = body.imei
        self.timers = body.timers
        self.power = body.power
        self.slot = body.slot
        self.storage = body.storage
        self.radio = body.radio
        self.calls = body.calls
        self.broadcasts = body.broadcasts

        self.deaf_until = NEVER
        """A fault plugs in here: until this moment nothing that is typed is heard."""
        self.output = Output(wire, body.power, body.timers)
        self.engine = LineEngine(
            self.output.write,
            prompt=make.prompt,
            line_limit=make.line_limit,
            ends=(make.lead, make.tail),
        )
        self.engine.hold_in_prompt = make.hold_in_prompt
        self.results = Results(self.engine, self.output, body.power)
        self.parameters = Parameters(make)
        self.memories = [make.default_store] * 3
        self.phonebook = "SM"
        self.text = TextMode(self.parameters, body.slot)
        self.session = Session(self.engine, self.results, self.parameters, self.text, self.memories)
        self.dialogue = Dialogue(body, self.session, self)
        self.engine.terminal = self.dialogue
        self.running: Running = self.dialogue
        self.receiver = Receiver(body, self.session)
        self.sender = Sender(body, self.session, self.running, self.receiver, port=self)
        self.ussd = UssdSession(body, self.session, self.running)
        body.ports.append(self)

    @property
    def personality(self) -> Personality:
        return self.body.personality

    @property
    def settings(self) -> BankSettings:
        return self.body.settings

    def received(self, data: bytes) -> None:
        """Octets that the other side of the line wrote."""
        deaf = self.timers.monotonic() < self.deaf_until
        if self.power.awake and not self.power.hung and not deaf:
            self.engine.feed(data)

    def commands(self) -> Iterable[str]:
        """The names of the commands that this make has."""
        return known(self.personality)

    # as the body sees it

    @property
    def busy(self) -> bool:
        """It runs a command, or has its prompt open."""
        return self.engine.mode is not Mode.COMMAND

    def power_up(self) -> None:
        """Everything volatile is gone."""
        self.engine.reset()
        self.parameters.restore()
        self.memories[:] = [self.personality.default_store] * 3
        self.sender.reset()
        self.receiver.reset()
        self.ussd.reset()

    def announce(self, line: str) -> None:
        """An unsolicited result code of one line."""
        self.results.announce(line)

    def ring(self, call: Call) -> None:
        """RING or +CRING, and +CLIP, as they are asked for (TS 27.007 6.11, 7.11)."""
        self.announce("+CRING: VOICE" if self.parameters["+CRC"][0] else "RING")
        if self.parameters["+CLIP"][0]:
            self.announce(call.presentation())

    def hear(self, page: bytes) -> None:
        """A page of cell broadcast, by <bm> (TS 27.005 3.4.1)."""
        if self.parameters["+CNMI"][2] in (2, 3):
            self.announce(f"+CBM: {len(page)}\r\n{page.hex().upper()}")

    def registered_as(self, stat: int) -> None:
        """The registration has changed: tell it as AT+CREG and its sisters ask for."""
        for name in ("+CREG", "+CGREG", "+CEREG"):
            if name == "+CEREG" and not self.personality.eps:
                continue
            level = self.parameters[name][0]
            if level:
                self.announce(f"{name}: {stat}{self.radio.place() if level == 2 else ''}")

    def deliver(self, tpdu: bytes, done: Callable[[Rp], None]) -> None:
        """A TPDU from the service centre; `done` says how it was taken."""
        self.receiver.receive(tpdu, done)

    def forget_deliveries(self) -> None:
        """The SIM is out: what was not acknowledged stays with the service centre."""
        self.receiver.reset()

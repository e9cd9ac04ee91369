"""One virtual modem: a body, its AT ports, and the faults that can be set in them."""

from __future__ import annotations

from collections.abc import Sequence

from modemgw.virtual.body import Body
from modemgw.virtual.faults import Faults
from modemgw.virtual.line import Line
from modemgw.virtual.output import Wire
from modemgw.virtual.personalities import Personality
from modemgw.virtual.power import Power
from modemgw.virtual.radio import Radio
from modemgw.virtual.sim import Sim


class VirtualModem:
    """A modem as it stands in a bank. What its SIM tells is empty while there is none."""

    def __init__(self, body: Body, wires: Sequence[Wire]) -> None:
        """`wires`: one for each AT port, the modem's own first."""
        self.body = body
        self.lines = [Line(body, wire) for wire in wires]
        self.line = self.lines[0]
        """The port where unsolicited results and messages go."""
        self.faults = Faults(body, self.line)

    @property
    def index(self) -> int:
        """Its place in the bank, from 0."""
        return self.body.index

    @property
    def personality(self) -> Personality:
        return self.body.personality

    @property
    def imei(self) -> str:
        return self.body.imei

    @property
    def power(self) -> Power:
        return self.body.power

    @property
    def radio(self) -> Radio:
        return self.body.radio

    @property
    def sim(self) -> Sim | None:
        """What is in the slot."""
        return self.body.slot.sim

    @property
    def number(self) -> str:
        return self.body.slot.number

    @property
    def iccid(self) -> str:
        return self.body.slot.iccid

    @property
    def imsi(self) -> str:
        return self.body.slot.imsi

    @property
    def busy_seconds(self) -> float:
        """Radio time used for sending so far by all its ports, in virtual seconds."""
        return sum(line.sender.busy_seconds for line in self.lines)

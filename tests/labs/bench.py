"""A laboratory: virtual modems without a terminal, on time that moves only when it is told to."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from modemgw import sms
from modemgw.virtual.body import Body
from modemgw.virtual.line import Line
from modemgw.virtual.modem import VirtualModem
from modemgw.virtual.personalities import Personality, personality_named
from modemgw.virtual.settings import BankSettings
from modemgw.virtual.sim import Sim, make_iccid, make_imei
from modemgw.virtual.smsc import Smsc
from modemgw.virtual.store import MessageStore
from modemgw.virtual.timers import ManualTimers


class Wire:
    """Stands where the pseudo-terminal would be and keeps what the modem says."""

    def __init__(self) -> None:
        self.said = bytearray()
        self.plugged = True
        self.stalled = False

    def write(self, data: bytes) -> None:
        self.said += data

    def unplug(self) -> None:
        self.plugged = False

    def plug(self, link: str | None = None) -> None:
        self.plugged = True

    def stall(self, *, stalled: bool) -> None:
        self.stalled = stalled


class Bench:
    """One AT port of a modem, driven by hand."""

    def __init__(self, lab: Lab, modem: VirtualModem, line: Line, wire: Wire) -> None:
        self.lab = lab
        self.modem = modem
        self.line = line
        self.wire = wire
        self.faults = modem.faults

    def type(self, data: bytes) -> str:
        """Octets in; what came out, after everything that was due at once."""
        self.line.received(data)
        self.lab.timers.advance(0)
        return self.heard()

    def at(self, command: str) -> str:
        """A whole command line, without its AT."""
        return self.type(f"AT{command}\r".encode())

    def heard(self) -> str:
        """What the modem said since the last time."""
        said = bytes(self.wire.said).decode("latin-1")
        self.wire.said.clear()
        return said

    def after(self, seconds: float) -> str:
        """What the modem says in the next seconds."""
        self.lab.timers.advance(seconds)
        return self.heard()

    def send(self, to: str, text: str = "Hello", *, report: bool = True) -> str:
        """Send a one-part SMS; what came after Ctrl-Z."""
        tpdu = submit(to, text, report=report)
        prompt = self.at(f"+CMGS={len(tpdu)}")
        if not prompt.endswith("> "):
            return prompt
        return self.type(sms.pack_pdu(tpdu).encode() + b"\x1a")


def submit(to: str, text: str = "Hello", *, report: bool = True) -> bytes:
    """A SUBMIT of one part."""
    segmentation = sms.segment_text(text)
    (part,) = segmentation.parts
    return sms.Submit(
        destination=sms.Address.parse(to),
        user_data=part,
        dcs=segmentation.dcs,
        status_report_request=report,
    ).encode()


class Lab:
    """Modems of one network, and its clock."""

    def __init__(self) -> None:
        self.timers = ManualTimers()
        self.smsc: Smsc | None = None
        self.benches: list[Bench] = []
        self.second_ports: list[Bench] = []

    def bench(
        self,
        personality: str | Personality = "generic",
        *,
        quiet: bool = True,
        boot: bool = False,
        make: dict[str, Any] | None = None,
        **settings: Any,
    ) -> Bench:
        """One more modem. `quiet` turns its echo off; `make` changes its personality.

        With `second_port` the bench of its second AT port is in `lab.second_ports`.
        """
        chosen = BankSettings(**{"part_seconds": 0, "receipt_seconds": 2, **settings})
        if self.smsc is None:
            self.smsc = Smsc(
                self.timers,
                receipt_seconds=chosen.receipt_seconds,
                retry_seconds=chosen.retry_seconds,
                history=chosen.history,
            )
        if isinstance(personality, str):
            personality = personality_named(personality)
        if make:
            personality = replace(personality, **make)
        index = len(self.benches)
        sim = Sim(
            iccid=make_iccid(index + 1),
            imsi=f"00101{index + 1:010d}",
            number=f"+4477009000{index + 1:02d}",
            smsc="+447700900999",
            store=MessageStore("SM", personality.stores["SM"], personality.index_base),
        )
        self.smsc.enrol(sim)
        wires = [Wire() for _ in range(1 + chosen.second_port)]
        body = Body(
            index,
            personality,
            chosen,
            imei=make_imei(personality.type_allocation, index + 1),
            sim=sim,
            smsc=self.smsc,
            timers=self.timers,
            random=Random(2),
            cable=wires[0],
        )
        modem = VirtualModem(body, wires)
        bench, *more = (
            Bench(self, modem, line, wire) for line, wire in zip(modem.lines, wires, strict=True)
        )
        self.benches.append(bench)
        self.second_ports += more
        if boot:
            modem.power.boot()
        else:
            modem.power.start()
        if quiet:
            for line in modem.lines:
                line.engine.echo = False
        return bench

"""Ports behind which a modem may be, and asking one of them who is there.

Asking means typing AT, and not everything with a tty is a modem: only devices of those who make
modems are asked, and others when a person says so or names their plug.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ..at import AtChannel, AtError, PortError, Trace, open_serial
from ..clock import Clock
from .found import Found
from .identify import identify, read_iccid
from .initialise import greet
from .profiles import select
from .usb import UsbTty, usb_ttys
from .usb_roles import BRIDGES, may_be_modem, rank

_ANSWER_S = 0.5
_TRIES = 3


@dataclass(frozen=True, slots=True)
class PortCandidate:
    """A port that may be a modem's."""

    device: str
    usb: UsbTty | None = None

    @property
    def order(self) -> tuple[str, int, str]:
        """Ports of one device together, the likeliest first."""
        if self.usb is None:
            return ("", 0, self.device)
        return (
            self.usb.path,
            rank(self.usb.vendor, self.usb.product, self.usb.interface),
            self.device,
        )

    @property
    def group(self) -> str:
        """What the ports of one modem have in common: the plug, or nothing behind an adapter."""
        if self.usb is None or self.usb.vendor in BRIDGES:
            return self.device
        return self.usb.path

    @property
    def likely(self) -> bool:
        """Whether it is asked without a word from a person: a modem's, or named by hand."""
        return self.usb is None or may_be_modem(self.usb.vendor, self.usb.product)


def candidates(sysfs: Path = Path("/sys"), dev: Path = Path("/dev")) -> list[PortCandidate]:
    """The ttys of USB devices, best first within each device."""
    return sorted((PortCandidate(t.device, t) for t in usb_ttys(sysfs, dev)), key=lambda c: c.order)


async def probe(candidate: PortCandidate, *, clock: Clock, baud_rate: int = 115_200) -> Found:
    """Ask one port who is there. A port in use by another program, or by us, is left alone."""
    found = Found(candidate.device, candidate.usb)
    channel = AtChannel(clock=clock, trace=Trace(0), on_urc=lambda urc: None)
    try:
        await open_serial(candidate.device, channel, baud_rate=baud_rate)
    except PortError as error:
        return replace(found, problem=str(error))
    try:
        channel.numeric = True
        await channel.resync(tries=_TRIES, answer_s=_ANSWER_S)
        await greet(channel)
        identity = await identify(channel)
        profile = select(identity.manufacturer, identity.model)
        iccid = await read_iccid(channel, profile.iccid)
    except AtError as error:
        problem = channel.flooding or str(error)
        return replace(found, problem=f"no modem answers here: {problem}")
    finally:
        await channel.close()
    return replace(found, identity=identity, iccid=iccid, profile=profile.name)

"""Which modems are attached, and which tty is whose.

`scan` asks every port once, for a person. `Locator` finds the configured modems by IMEI, ICCID or
USB plug while the daemon runs, asking each new port once and remembering the answer.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..at import AtChannel, AtError, PortError, Trace, open_serial
from ..clock import Clock
from ..config import ModemMatch
from .identify import Identity, identify, read_iccid
from .initialise import greet
from .profiles import select
from .usb import UsbTty, usb_ttys
from .usb_roles import rank

log = logging.getLogger(__name__)

_ANSWER_S = 0.5
_TRIES = 3
_RETRY_S = (2.0, 5.0, 15.0, 60.0)


@dataclass(frozen=True, slots=True)
class Found:
    """A port, and what answered on it."""

    device: str
    usb: UsbTty | None = None
    identity: Identity | None = None
    """None: nothing on this port speaks AT."""
    iccid: str | None = None
    problem: str | None = None
    """Why nothing is known, in one sentence."""
    profile: str | None = None
    also_at: str | None = None
    """The better port of the same modem, if this is its second one."""

    @property
    def stanza(self) -> str | None:
        """The [[modem]] table to paste into the configuration; None where there is no modem."""
        if self.identity is None or self.also_at is not None:
            return None
        if self.identity.imei is not None:
            binding = f'match = {{ imei = "{self.identity.imei}" }}'
        elif self.usb is not None:
            binding = f'match = {{ usb_path = "{self.usb.path}" }}'
        else:
            binding = f'device = "{self.device}"'
        tail = (self.identity.imei or Path(self.device).name)[-6:]
        return f'[[modem]]\nid = "modem-{tail}"\n{binding}\n'


@dataclass(frozen=True, slots=True)
class Candidate:
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


def candidates(sysfs: Path = Path("/sys"), dev: Path = Path("/dev")) -> list[Candidate]:
    """The ttys of USB devices, best first within each device."""
    return sorted((Candidate(t.device, t) for t in usb_ttys(sysfs, dev)), key=lambda c: c.order)


async def probe(candidate: Candidate, *, clock: Clock, baud_rate: int = 115_200) -> Found:
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
        return replace(found, problem=f"no modem answers here: {error}")
    finally:
        await channel.close()
    return replace(found, identity=identity, iccid=iccid, profile=profile.name)


async def scan(
    devices: Sequence[str] | None = None, *, clock: Clock, sysfs: Path = Path("/sys")
) -> list[Found]:
    """What is attached: every USB tty, or just `devices`. Ports of different devices in parallel.

    A modem with two AT ports is reported once; its other port says so (`also_at`).
    """
    if devices is None:
        ports = await asyncio.to_thread(candidates, sysfs)
    else:
        ports = [Candidate(device) for device in devices]
    groups: dict[str, list[Candidate]] = {}
    for port in ports:
        groups.setdefault(port.usb.path if port.usb else port.device, []).append(port)

    async def one_device(group: list[Candidate]) -> list[Found]:
        # One after the other: many modems answer on one of their ports at a time.
        return [await probe(port, clock=clock) for port in group]

    found = await asyncio.gather(*(one_device(group) for group in groups.values()))
    return merge([item for group in found for item in group])


def merge(found: Sequence[Found]) -> list[Found]:
    """Mark the second ports: the same IMEI at the same USB device, or twice where there is none.

    Equal IMEIs in different plugs are two modems: clones exist. Pure.
    """
    first: dict[tuple[str, str], str] = {}
    result = []
    for item in found:
        imei = item.identity.imei if item.identity is not None else None
        if imei is not None:
            key = (imei, item.usb.path if item.usb is not None else "")
            if key in first:
                item = replace(item, also_at=first[key])
            else:
                first[key] = item.device
        result.append(item)
    return result


_Key = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class _Known:
    found: Found
    tries: int
    ask_again_at: float


class Locator:
    """Finds devices by what they are. Shared by all modems of a bank, so that ports are asked once.

    `ports` lists what may be a modem; those that another program (or modem) holds stay closed.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        ports: Callable[[], list[Candidate]] = candidates,
        reread_s: float = 30.0,
    ) -> None:
        """`reread_s`: while a SIM is looked for, free modems are asked for theirs this often."""
        self._clock = clock
        self._reread_s = reread_s
        self._ports = ports
        self._known: dict[_Key, _Known] = {}
        self._taken: dict[str, str] = {}
        self._lock = asyncio.Lock()

    async def find(self, match: ModemMatch, owner: str) -> str | None:
        """The device that fits, or None. It is `owner`'s until `release`d."""
        async with self._lock:
            ports = await asyncio.to_thread(self._ports_now)
            self._known = {key: k for key, k in self._known.items() if key in ports.values()}
            free = {
                port: key
                for port, key in ports.items()
                if self._taken.get(port.device, owner) == owner
                and match.usb_path in (None, port.usb.path if port.usb is not None else None)
            }
            await self._ask_all(free, sims=match.iccid is not None)
            for port, key in free.items():
                known = self._known.get(key)
                if known is not None and _fits(match, known.found):
                    self._taken[port.device] = owner
                    return port.device
        return None

    def release(self, owner: str) -> None:
        """The owner has closed its port. What was learned stays true while the device stays."""
        self._taken = {device: name for device, name in self._taken.items() if name != owner}

    def forget(self, device: str) -> None:
        """Another modem or SIM is there than was thought: ask again."""
        self._known = {key: k for key, k in self._known.items() if key[0] != device}

    def _ports_now(self) -> dict[Candidate, _Key]:
        """The ports that are there, with what changes when another device takes their name."""
        there = {}
        for port in self._ports():
            try:
                node = os.stat(port.device)
            except OSError:
                continue
            there[port] = (port.device, node.st_rdev, node.st_ino)
        return there

    async def _ask_all(self, ports: dict[Candidate, _Key], *, sims: bool) -> None:
        """Ask the ports that are new, or silent so far; devices in parallel."""
        devices: dict[str, list[tuple[Candidate, _Key]]] = {}
        for port, key in ports.items():
            devices.setdefault(port.usb.path if port.usb else port.device, []).append((port, key))
        await asyncio.gather(*(self._ask_device(group, sims) for group in devices.values()))

    async def _ask_device(self, group: list[tuple[Candidate, _Key]], sims: bool) -> None:
        """Ask one device's ports until one answers: the others are its second port, diag, NMEA."""
        answering = [
            (port, key)
            for port, key in group
            if (known := self._known.get(key)) is not None and known.found.identity is not None
        ]
        if answering and not sims:
            return
        group = answering or group
        for port, key in group:
            known = self._known.get(key)
            if known is not None and self._clock.monotonic() < known.ask_again_at:
                continue
            found = await probe(port, clock=self._clock)
            tries = known.tries + 1 if known is not None else 1
            wait = _RETRY_S[min(tries, len(_RETRY_S)) - 1]
            if found.identity is not None:
                wait = self._reread_s
            self._known[key] = _Known(found, tries, self._clock.monotonic() + wait)
            if found.identity is not None:
                log.info("%s is the modem with IMEI %s", port.device, found.identity.imei)
                return


def _fits(match: ModemMatch, found: Found) -> bool:
    return found.identity is not None and matches(match, found.identity.imei, found.iccid)


def matches(match: ModemMatch, imei: str | None, iccid: str | None) -> bool:
    """Whether a modem with this IMEI and SIM is the one that is meant, its plug apart. Pure."""
    if match.imei is not None:
        # The 15th digit is a check digit, the 16th a software version: 14 tell devices apart.
        return (imei or "")[:14] == match.imei[:14]
    return match.iccid is None or (iccid or "") == match.iccid.upper().rstrip("F")

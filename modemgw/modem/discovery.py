"""Which modems are attached, and which tty is whose.

`scan` asks every port once, for a person. `Locator` finds the configured modems by IMEI, ICCID or
USB plug while the daemon runs, asking each new port once and remembering the answer.

Asking means typing AT, and not everything with a tty is a modem: only devices of those who make
modems are asked, and others when a person says so or names their plug.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path

from ..at import AtChannel, AtError, PortError, Trace, open_serial
from ..clock import Clock
from ..config import ModemMatch
from .identify import Identity, identify, read_iccid
from .initialise import greet
from .profiles import select
from .usb import UsbTty, usb_tty, usb_ttys
from .usb_roles import BRIDGES, may_be_modem, rank

log = logging.getLogger(__name__)

NOT_ASKED = (
    "not asked: no known maker of modems; if a modem is behind it, name the port or ask all of them"
)
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

    id: str | None = None
    """What the configuration may call it; no other modem of the scan is called so."""
    twin: bool = False
    """Another modem has the same IMEI."""

    @property
    def stanza(self) -> str | None:
        """The [[modem]] table to paste into the configuration; None where there is no modem.

        The daemon looks for modems behind USB only: another one is named by its device.
        """
        if self.identity is None or self.also_at is not None:
            return None
        if self.usb is None:
            place = self.device if "://" in self.device else str(Path(self.device).absolute())
            binding = f"device = {_toml(place)}"
        elif self.identity.imei is not None and not self.twin:
            binding = f'match = {{ imei = "{self.identity.imei}" }}'
        else:
            binding = f'match = {{ usb_path = "{self.usb.path}" }}'
        return f'[[modem]]\nid = "{self.id or self.plain_id}"\n{binding}\n'

    @property
    def plain_id(self) -> str:
        """An id made of the IMEI, or else the name of the port."""
        imei = self.identity.imei if self.identity is not None else None
        name = imei[-6:] if imei is not None else self.device.rpartition("/")[2]
        return "modem-" + (re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-")[-40:] or "1")


def _toml(text: str) -> str:
    """`text` as a basic string of TOML."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


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


async def scan(
    devices: Sequence[str] | None = None,
    *,
    clock: Clock,
    sysfs: Path = Path("/sys"),
    anything: bool = False,
) -> list[Found]:
    """What is attached: every USB tty, or just `devices`. Ports of different devices in parallel.

    Ports of no known maker of modems are shown and not asked, unless `anything` is. A modem with
    two AT ports is reported once; its other port says so (`also_at`).
    """
    if devices is None:
        ports = await asyncio.to_thread(candidates, sysfs)
    else:
        ports = await asyncio.to_thread(lambda: [_named(device, sysfs) for device in devices])
    groups: dict[str, list[PortCandidate]] = {}
    for port in ports:
        groups.setdefault(port.group, []).append(port)

    async def one_device(group: list[PortCandidate]) -> list[Found]:
        # One after the other: many modems answer on one of their ports at a time.
        return [
            await probe(port, clock=clock)
            if anything or devices is not None or port.likely
            else Found(port.device, port.usb, problem=NOT_ASKED)
            for port in group
        ]

    found = await asyncio.gather(*(one_device(group) for group in groups.values()))
    return merge([item for group in found for item in group])


def _named(device: str, sysfs: Path) -> PortCandidate:
    """The port that a person has named, and the USB device behind it if there is one."""
    return PortCandidate(device, None if "://" in device else usb_tty(Path(device), sysfs))


def merge(found: Sequence[Found]) -> list[Found]:
    """Mark the second ports: the same IMEI at the same USB device, or twice where there is none.

    Equal IMEIs in different plugs are two modems: clones exist. Each modem gets an id. Pure.
    """
    first: dict[tuple[str, str], str] = {}
    ids: set[str] = set()
    devices: Counter[str] = Counter()
    result = []
    for item in found:
        imei = item.identity.imei if item.identity is not None else None
        if imei is not None:
            key = (imei, item.usb.path if item.usb is not None else "")
            if key in first:
                item = replace(item, also_at=first[key])
            else:
                first[key] = item.device
                devices[imei] += 1
        if item.identity is not None and item.also_at is None:
            item = replace(item, id=_unused(item.plain_id, ids))
        result.append(item)
    twins = {imei for imei, many in devices.items() if many > 1}
    return [
        replace(item, twin=item.identity is not None and item.identity.imei in twins)
        for item in result
    ]


def _unused(name: str, used: set[str]) -> str:
    """`name`, with a number if it is used already."""
    numbered = (f"{name}-{number}" for number in count(2))
    free = next(n for n in chain([name], numbered) if n not in used)
    used.add(free)
    return free


_Key = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class _Known:
    found: Found
    tries: int
    ask_again_at: float


@dataclass(slots=True, eq=False)
class _Asking:
    task: asyncio.Task[None]
    waiters: int = 0


class Locator:
    """Finds devices by what they are. Shared by all modems of a bank, so that ports are asked once.

    `ports` lists what may be a modem; those that another program (or modem) holds stay closed.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        ports: Callable[[], list[PortCandidate]] = candidates,
        reread_s: float = 30.0,
        anything: bool = False,
    ) -> None:
        """`reread_s`: while a SIM is looked for, free modems are asked for theirs this often.

        `anything`: type AT also at devices of no known maker of modems.
        """
        self._clock = clock
        self._reread_s = reread_s
        self._ports = ports
        self._known: dict[_Key, _Known] = {}
        self._taken: dict[str, str] = {}
        self._asking: dict[str, _Asking] = {}
        """The devices that are being asked at this moment, each by one task for all who wait."""
        self.anything = anything

    async def find(self, match: ModemMatch, owner: str) -> str | None:
        """The device that fits, or None. It is `owner`'s until `release`d.

        A device that answers slowly, or never, holds up only who is not found before.
        """
        ports = await asyncio.to_thread(self._ports_now)
        self._known = {key: k for key, k in self._known.items() if key in ports.values()}
        groups = self._free_groups(ports, match, owner)
        joined = {
            group: asking
            for group, members in groups.items()
            if (asking := self._ask(group, members, sims=match.iccid is not None)) is not None
        }
        try:
            while True:
                for group, members in groups.items():
                    if self._asked_now(group) is not None:
                        continue  # its port is open, and what it says may be news
                    device = self._fitting(members, match, owner)
                    if device is not None:
                        self._taken[device] = owner
                        return device
                unanswered = [asking.task for asking in joined.values() if not asking.task.done()]
                if not unanswered:
                    return None
                await asyncio.wait(unanswered, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._stop_waiting(joined)

    def _free_groups(
        self, ports: dict[PortCandidate, _Key], match: ModemMatch, owner: str
    ) -> dict[str, list[tuple[PortCandidate, _Key]]]:
        """The ports that may be meant, by device; a device that another modem uses is left alone,
        its second port as well.
        """
        used = {p.group for p in ports if self._taken.get(p.device, owner) != owner}
        groups: dict[str, list[tuple[PortCandidate, _Key]]] = {}
        for port, key in ports.items():
            if match.usb_path is not None:
                wanted = port.usb is not None and port.usb.path == match.usb_path
            else:
                wanted = self.anything or port.likely
            if wanted and port.group not in used:
                groups.setdefault(port.group, []).append((port, key))
        return groups

    def _fitting(
        self, members: list[tuple[PortCandidate, _Key]], match: ModemMatch, owner: str
    ) -> str | None:
        for port, key in members:
            known = self._known.get(key)
            free = self._taken.get(port.device, owner) == owner
            if known is not None and free and _fits(match, known.found):
                return port.device
        return None

    def release(self, owner: str) -> None:
        """The owner has closed its port. What was learned stays true while the device stays."""
        self._taken = {device: name for device, name in self._taken.items() if name != owner}

    def forget(self, device: str) -> None:
        """Another modem or SIM is there than was thought: ask again."""
        self._known = {key: k for key, k in self._known.items() if key[0] != device}

    def _ports_now(self) -> dict[PortCandidate, _Key]:
        """The ports that are there, with what changes when another device takes their name."""
        there = {}
        for port in self._ports():
            try:
                node = os.stat(port.device)
            except OSError:
                continue
            there[port] = (port.device, node.st_rdev, node.st_ino)
        return there

    # Asking

    def _ask(
        self, group: str, members: list[tuple[PortCandidate, _Key]], *, sims: bool
    ) -> _Asking | None:
        """See to it that a device is asked, if that is due, and wait with those who do already."""
        asking = self._asked_now(group)
        if asking is None:
            due = self._due(members, sims=sims)
            if not due:
                return None
            task = asyncio.create_task(self._ask_device(group, due), name=f"ask {group}")
            asking = self._asking[group] = _Asking(task)
        asking.waiters += 1
        return asking

    def _asked_now(self, group: str) -> _Asking | None:
        asking = self._asking.get(group)
        return None if asking is None or asking.task.done() else asking

    async def _stop_waiting(self, joined: dict[str, _Asking]) -> None:
        """What nobody waits for any more is not asked to the end."""
        for asking in joined.values():
            asking.waiters -= 1
        unwanted = [a.task for a in joined.values() if not a.waiters and not a.task.done()]
        for task in unwanted:
            task.cancel()
        if unwanted:
            await asyncio.wait(unwanted)

    def _due(
        self, members: list[tuple[PortCandidate, _Key]], *, sims: bool
    ) -> list[tuple[PortCandidate, _Key]]:
        """The ports of one device to ask: new ones, and those that were silent some time ago.

        Once one has answered the others are its second port, diagnostics or NMEA; it is asked again
        only for the sake of its SIM.
        """
        answering = [
            (port, key)
            for port, key in members
            if (known := self._known.get(key)) is not None and known.found.identity is not None
        ]
        if answering and not sims:
            return []
        now = self._clock.monotonic()
        return [
            (port, key)
            for port, key in answering or members
            if (known := self._known.get(key)) is None or now >= known.ask_again_at
        ]

    async def _ask_device(self, group: str, due: list[tuple[PortCandidate, _Key]]) -> None:
        try:
            for port, key in due:
                known = self._known.get(key)
                found = await probe(port, clock=self._clock)
                tries = known.tries + 1 if known is not None else 1
                wait = _RETRY_S[min(tries, len(_RETRY_S)) - 1]
                if found.identity is not None:
                    wait = self._reread_s
                self._known[key] = _Known(found, tries, self._clock.monotonic() + wait)
                if found.identity is not None:
                    log.info("%s is the modem with IMEI %s", port.device, found.identity.imei)
                    return
        except Exception:
            log.exception("%s could not be asked who it is", group)


def _fits(match: ModemMatch, found: Found) -> bool:
    return found.identity is not None and matches(match, found.identity.imei, found.iccid)


def matches(match: ModemMatch, imei: str | None, iccid: str | None) -> bool:
    """Whether a modem with this IMEI and SIM is the one that is meant, its plug apart. Pure."""
    if match.imei is not None:
        # The 15th digit is a check digit, the 16th a software version: 14 tell devices apart.
        return (imei or "")[:14] == match.imei[:14]
    return match.iccid is None or (iccid or "") == match.iccid.upper().rstrip("F")

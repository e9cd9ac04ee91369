"""Finding the configured modems by IMEI, ICCID or USB plug while the daemon runs.

Each new port is asked once, and the answer is remembered as long as the device stays.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass

from ..clock import Clock
from ..config import ModemMatch
from . import probing
from .found import Found
from .probing import PortCandidate, candidates

log = logging.getLogger(__name__)

_RETRY_S = (2.0, 5.0, 15.0, 60.0)

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
                found = await probing.probe(port, clock=self._clock)
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

"""Asking every port once which modem it is, for a person."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from ..clock import Clock
from . import probing
from .found import Found, merge
from .probing import PortCandidate
from .usb import usb_tty

NOT_ASKED = (
    "not asked: no known maker of modems; if a modem is behind it, name the port or ask all of them"
)


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
        ports = await asyncio.to_thread(probing.candidates, sysfs)
    else:
        ports = await asyncio.to_thread(lambda: [_named(device, sysfs) for device in devices])
    groups: dict[str, list[PortCandidate]] = {}
    for port in ports:
        groups.setdefault(port.group, []).append(port)

    async def one_device(group: list[PortCandidate]) -> list[Found]:
        # One after the other: many modems answer on one of their ports at a time.
        return [
            await probing.probe(port, clock=clock)
            if anything or devices is not None or port.likely
            else Found(port.device, port.usb, problem=NOT_ASKED)
            for port in group
        ]

    found = await asyncio.gather(*(one_device(group) for group in groups.values()))
    return merge([item for group in found for item in group])


def _named(device: str, sysfs: Path) -> PortCandidate:
    """The port that a person has named, and the USB device behind it if there is one."""
    return PortCandidate(device, None if "://" in device else usb_tty(Path(device), sysfs))

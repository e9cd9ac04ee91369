"""USB devices behind ttys, as Linux shows them in sysfs."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path

from ..threads import DaemonThreads

log = logging.getLogger(__name__)

SYSFS = Path("/sys")
DEVICES = DaemonThreads("usb devices", 32)
"""Where devices are taken off the bus: a driver may take its time over that."""


@dataclass(frozen=True, slots=True)
class UsbTty:
    """A tty that belongs to a USB device."""

    device: str
    """Such as /dev/ttyUSB2."""
    path: str
    """The plug: bus and ports, such as 1-1.2. Stays the same over resets."""
    vendor: int
    product: int
    interface: int | None
    """bInterfaceNumber."""
    serial: str | None


def usb_ttys(sysfs: Path = SYSFS, dev: Path = Path("/dev")) -> list[UsbTty]:
    """All ttys of USB devices, by plug and interface."""
    found = []
    root = sysfs / "class" / "tty"
    try:
        entries = sorted(root.iterdir())
    except OSError:
        return []
    for entry in entries:
        tty = usb_tty(dev / entry.name, sysfs)
        if tty is not None:
            found.append(tty)
    return sorted(found, key=lambda t: (t.path, t.interface or 0, t.device))


def usb_tty(device: Path, sysfs: Path = SYSFS) -> UsbTty | None:
    """What sysfs knows of `device` (its links followed); None when it is no USB tty."""
    name = device.resolve().name
    node = _usb_node(name, sysfs)
    if node is None:
        return None
    interface = None
    place = _place(name, sysfs)
    while place is not None and place != node:
        number = _read(place / "bInterfaceNumber")
        if number is not None:
            interface = int(number, 16)
            break
        place = place.parent
    return UsbTty(
        device=str(device),
        path=node.name,
        vendor=int(_read(node / "idVendor") or "0", 16),
        product=int(_read(node / "idProduct") or "0", 16),
        interface=interface,
        serial=_read(node / "serial"),
    )


async def reauthorise(device: str, *, sysfs: Path = SYSFS, off_s: float) -> bool:
    """Take the USB device behind a tty off the bus and put it back (its `authorized` attribute).

    Its power stays on. Needs the right to write the attribute; False when that, or the device, is
    missing. It comes back under new tty numbers. Who cancels this still gets it put back, first.
    """
    loop = asyncio.get_running_loop()
    node = await loop.run_in_executor(
        DEVICES, lambda: _usb_node(Path(device).resolve().name, sysfs)
    )
    if node is None:
        log.warning("%s is no USB device, or is gone: it cannot be re-authorised", device)
        return False
    attribute = node / "authorized"
    try:
        taken_off = loop.run_in_executor(DEVICES, attribute.write_text, "0")
        try:
            await asyncio.shield(taken_off)
            await asyncio.sleep(off_s)
        finally:
            await asyncio.shield(_put_back(attribute, taken_off))
    except OSError as error:
        log.warning("%s: %s; the udev rule of modemgw grants the right", attribute, error.strerror)
        return False
    return True


async def _put_back(attribute: Path, taken_off: asyncio.Future[int]) -> None:
    """Once it is off: a device that were left so would not come back before the next plugging."""
    try:
        await taken_off
    except OSError:
        return
    await asyncio.get_running_loop().run_in_executor(DEVICES, attribute.write_text, "1")


def _place(name: str, sysfs: Path) -> Path | None:
    link = sysfs / "class" / "tty" / name / "device"
    return link.resolve() if link.exists() else None


def _usb_node(name: str, sysfs: Path) -> Path | None:
    """The directory of the USB device (not interface) that the tty hangs on."""
    place = _place(name, sysfs)
    root = sysfs.resolve()
    while place is not None and place != root and place != place.parent:
        if (place / "idVendor").exists() and (place / "authorized").exists():
            return place
        place = place.parent
    return None


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="ascii", errors="replace").strip() or None
    except OSError:
        return None

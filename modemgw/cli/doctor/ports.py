"""The ports of the modems: there, allowed, and nobody else's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from modemgw.cli.doctor.finding import Finding, ok, problem, warning
from modemgw.cli.doctor.machine import Machine, User, group_name
from modemgw.config import ModemSection
from modemgw.modem.usb import UsbTty, usb_ttys
from modemgw.modem.usb_roles import BRIDGES, may_be_modem

RULES = "77-modemgw.rules"
_RULE_PLACES = ("etc/udev/rules.d", "run/udev/rules.d", "usr/lib/udev/rules.d", "lib/udev/rules.d")
_VENDORS = re.compile(r'idVendor\}=="([0-9a-f|]+)"')


def device(modem: ModemSection, machine: Machine, user: User) -> Iterator[Finding]:
    """The port of one modem that is named by its device."""
    if modem.device is None or "://" in modem.device:
        return
    about, port = f"modem {modem.id}", Path(modem.device)
    if not port.exists():
        yield problem(
            about,
            f"there is no {port}: it is unplugged, or has another number now",
            "plug it in; a name that stays is made by udev rules, or use match = { imei = … }: "
            "modemgw modems scan",
        )
        return
    if not user.may(port, 6):
        group = group_name(port.stat().st_gid)
        yield problem(
            about,
            f"the user {user.name}, who runs the daemon, may not open {port}",
            f"usermod -aG {group} {user.name}, then restart the daemon",
        )
        return
    others = [
        (pid, name)
        for pid, name in machine.who_has_open(port.resolve())
        if not name.startswith(("modemgw", "python"))
    ]
    for pid, name in others:
        yield problem(
            about,
            f"{name} (process {pid}) has {port} open, and will take answers and messages away",
            f"stop it, or have it leave the port alone (udev/{RULES})",
        )
    if not others:
        yield ok(about, f"{port} can be opened")


def match(modem: ModemSection, machine: Machine, user: User) -> Iterator[Finding]:
    """The ports among which a modem is looked for."""
    if modem.match is None:
        return
    about = f"modem {modem.id}"
    ttys = [
        tty
        for tty in usb_ttys(machine.path("sys"), machine.path("dev"))
        if may_be_modem(tty.vendor, tty.product) or modem.match.usb_path == tty.path
    ]
    if modem.match.usb_path is not None:
        ttys = [tty for tty in ttys if tty.path == modem.match.usb_path]
    if not ttys:
        yield problem(
            about,
            "no USB port of a maker of modems is there to look at",
            "plug it in; behind a serial adapter it is found with gateway.probe_any_tty, or by "
            "device = …",
        )
        return
    closed = [tty for tty in ttys if not _may_open(tty, user)]
    if closed:
        group = group_name(Path(closed[0].device).stat().st_gid)
        names = ", ".join(tty.device for tty in closed)
        yield problem(
            about,
            f"the user {user.name}, who runs the daemon, may not open {names}",
            f"usermod -aG {group} {user.name}, then restart the daemon",
        )
    else:
        yield ok(about, f"{len(ttys)} ports can be looked at for it")


def _may_open(tty: UsbTty, user: User) -> bool:
    try:
        return user.may(Path(tty.device), 6)
    except OSError:
        return True  # gone since


def meddlers(machine: Machine) -> Iterator[Finding]:
    """Programs that take ports of modems for their own."""
    ttys = usb_ttys(machine.path("sys"), machine.path("dev"))
    modems = [tty for tty in ttys if may_be_modem(tty.vendor, tty.product)]
    bridges = [tty for tty in ttys if tty.vendor in BRIDGES]
    running = {name for _, name in machine.processes()}
    rules = _rules(machine)
    if "ModemManager" in running:
        unnamed = {f"{tty.vendor:04x}" for tty in modems} - _vendors(rules)
        if rules is None:
            yield problem(
                "ModemManager",
                "it is running: it opens every modem, changes its settings and drains its messages",
                f"install udev/{RULES} (see the top of that file), or: systemctl disable --now "
                "ModemManager",
            )
        elif unnamed:
            yield problem(
                "ModemManager",
                f"it is running; the rules do not name the vendors {', '.join(sorted(unnamed))}",
                f"add them to {rules}, then: udevadm control --reload && udevadm trigger",
            )
        else:
            yield ok("ModemManager", f"it is running, and told by {rules} to leave modems alone")
    else:
        yield ok("ModemManager", "it is not running")
    if bridges and "brltty" in running:
        names = ", ".join(tty.device for tty in bridges)
        yield problem(
            "brltty",
            f"it takes serial adapters for Braille displays: {names}",
            "systemctl mask --now brltty-udev brltty, unless a Braille display is attached",
        )


def names(machine: Machine) -> Iterator[Finding]:
    """Whether udev gives modems rights and names that stay."""
    rules = _rules(machine)
    if rules is None:
        yield warning(
            "udev rules",
            f"{RULES} is not installed: ports change their numbers, and may fall asleep",
            f"copy udev/{RULES} to /etc/udev/rules.d, then: udevadm control --reload && udevadm "
            "trigger --subsystem-match=usb --subsystem-match=tty",
        )
    else:
        yield ok("udev rules", f"{rules} is there")


def _rules(machine: Machine) -> Path | None:
    found = (machine.path(place, RULES) for place in _RULE_PLACES)
    return next((one for one in found if one.exists()), None)


def _vendors(rules: Path | None) -> set[str]:
    """The USB vendors, in hexadecimal, that the rules tell others to leave alone."""
    if rules is None:
        return set()
    try:
        return {v for listed in _VENDORS.findall(rules.read_text()) for v in listed.split("|")}
    except OSError:
        return set()

"""The service: installed, running, and begun again at the next start of the machine."""

from __future__ import annotations

from collections.abc import Iterator

from modemgw.cli.doctor.finding import Finding, ok, problem, warning
from modemgw.cli.doctor.machine import Machine, User, this_user, user_named

UNIT = "modemgw.service"


def runs_as(machine: Machine) -> User:
    """Who the daemon runs as: as the unit says, else whoever asks."""
    unit = machine.service(UNIT, "User", "SupplementaryGroups")
    name = unit.get("User", "")
    found = user_named(name, tuple(unit.get("SupplementaryGroups", "").split())) if name else None
    return found or this_user()


def service(machine: Machine) -> Iterator[Finding]:
    """The systemd unit, where there is systemd."""
    if not machine.path("run/systemd/system").is_dir():
        yield ok("service", "this machine has no systemd; something else must keep the daemon up")
        return
    unit = machine.service(UNIT, "ActiveState", "UnitFileState", "NRestarts", "User", "Result")
    if not unit:
        yield warning(
            "service",
            f"{UNIT} is not installed: the daemon ends with this terminal, or the next restart",
            "copy systemd/modemgw.service to /etc/systemd/system, then: systemctl daemon-reload && "
            "systemctl enable --now modemgw",
        )
        return
    name = unit.get("User", "")
    if name and user_named(name) is None:
        yield problem(
            "service",
            f"{UNIT} runs as {name}, and there is no such user",
            f"useradd --system --no-create-home --shell /usr/sbin/nologin {name}",
        )
    state = unit.get("ActiveState")
    if state != "active":
        yield problem(
            "service",
            f"{UNIT} is {state} ({unit.get('Result')})",
            "systemctl start modemgw; journalctl -u modemgw -n 50 says why it does not stay",
        )
    elif unit.get("UnitFileState") not in ("enabled", "enabled-runtime", "linked"):
        yield warning(
            "service",
            f"{UNIT} runs, but is not begun with the machine",
            "systemctl enable modemgw",
        )
    elif int(unit.get("NRestarts") or 0) > 3:
        yield warning(
            "service",
            f"{UNIT} had to be begun again {unit['NRestarts']} times",
            "journalctl -u modemgw says why",
        )
    else:
        yield ok("service", f"{UNIT} runs as {name or 'root'} and is begun with the machine")

"""The command."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

import click
from rich.text import Text

from modemgw.cli.doctor import clock, data, gateway, ports, service, settings
from modemgw.cli.doctor.finding import Finding, Level, problem
from modemgw.cli.doctor.machine import Machine, User
from modemgw.cli.options import Daemon, daemon_at, daemon_options, json_option
from modemgw.cli.output import console, print_json
from modemgw.cli.say import say
from modemgw.client import Client, Retry
from modemgw.config import Config, ConfigError, find, load
from modemgw.plain import printable

_MARKS = {
    Level.OK: ("✔", "green"),
    Level.WARNING: ("!", "yellow"),
    Level.PROBLEM: ("✘", "red"),
    Level.SKIPPED: ("-", "dim"),
}
_ONCE = Retry(tries=1, first_s=0.1, longest_s=0.1, patience_s=5)

Check = Callable[[], Iterable[Finding]]


@click.command()
@json_option
@daemon_options
def doctor(as_json: bool, daemon: Daemon) -> None:
    """Look for what is wrong with this installation, and say what to do about it.

    Looks at the configuration, the data and their disk, the clock, ports and who else uses them,
    the service, the running daemon and its modems. Run it as root to see all of it. Exit code 1
    when there is a problem; warnings alone leave it at 0.
    """
    found = list(examine(Machine(), daemon, time.time()))
    if as_json:
        print_json([asdict(one) for one in found])
    else:
        _print(found)
    if any(one.level is Level.PROBLEM for one in found):
        raise SystemExit(1)


def examine(machine: Machine, daemon: Daemon, now: float) -> Iterator[Finding]:
    """Everything that is found, in the order in which it is best mended."""
    path = find(daemon.config_file)
    user = service.runs_as(machine)
    yield from _checked(lambda: service.service(machine), "service")
    yield from _checked(lambda: clock.clock(machine, now), "clock")
    try:
        config = load(path)
    except ConfigError as error:
        for one in error.problems:
            yield problem(settings.ABOUT, one, "config/modemgw.toml shows every setting")
    else:
        yield from _configured(machine, path, config, user)
    yield from _checked(lambda: ports.meddlers(machine), "other programs")
    yield from _checked(lambda: ports.names(machine), "udev rules")
    yield from _checked(lambda: asyncio.run(_ask(daemon)), gateway.ABOUT)


def _configured(machine: Machine, path: Path, config: Config, user: User) -> Iterator[Finding]:
    data_dir = config.gateway.data_dir
    checks: list[tuple[Check, str]] = [
        (lambda: settings.file(path, config, user), settings.ABOUT),
        (lambda: settings.secrets(path, config), "secrets"),
        (lambda: data.directory(data_dir, user), "data directory"),
        (lambda: data.disk(data_dir), "disk"),
        (lambda: data.database(data_dir), "database"),
    ]
    for modem in config.modem:
        about = f"modem {modem.id}"
        checks.append((partial(ports.device, modem, machine, user), about))
        checks.append((partial(ports.match, modem, machine, user), about))
    for check, about in checks:
        yield from _checked(check, about)


def _checked(check: Check, about: str) -> Iterator[Finding]:
    """What a check finds; what it may not look at ends none of the others."""
    try:
        yield from check()
    except OSError as error:
        place = "" if error.filename is None else f"{error.filename}: "
        yield Finding(
            about, Level.SKIPPED, f"{place}{error.strerror}", "run modemgw doctor as root"
        )


async def _ask(daemon: Daemon) -> list[Finding]:
    url, known = daemon_at(daemon.url, daemon.config_file)
    key = daemon.key or ""
    async with Client(url, key, ca_file=daemon.ca_file, ssl=known, retry=_ONCE) as client:
        return await gateway.daemon(client, has_key=bool(key))


def _print(found: list[Finding]) -> None:
    shown = console()
    for one in found:
        mark, style = _MARKS[one.level]
        line = Text(f"{mark} ", style=style)
        line.append(f"{printable(one.about)}: ", style="bold")
        line.append(printable(one.what))
        shown.print(line)
        if one.remedy is not None:
            shown.print(Text(f"    → {printable(one.remedy)}", style="dim"))
    problems = sum(one.level is Level.PROBLEM for one in found)
    warnings = sum(one.level is Level.WARNING for one in found)
    shown.print()
    say(f"{_counted(problems, 'problem')}, {_counted(warnings, 'warning')}")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

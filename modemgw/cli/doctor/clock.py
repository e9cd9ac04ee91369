"""The clock: limits, quiet hours and validity go by it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from modemgw.cli.doctor.finding import Finding, ok, problem, warning
from modemgw.cli.doctor.machine import Machine

MADE = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
"""This program was not there before."""


def clock(machine: Machine, now: float) -> Iterator[Finding]:
    """Whether it is right, and is kept right. `now`: UTC seconds."""
    if now < MADE:
        yield problem(
            "clock",
            f"it is {datetime.fromtimestamp(now, UTC):%Y-%m-%d} here: a board without a battery?",
            "set it, and have it kept: timedatectl set-ntp true",
        )
        return
    shown = machine.run(("timedatectl", "show", "--property=NTPSynchronized", "--value"))
    if shown is None:
        yield ok("clock", "it is plausible; whether it is kept right cannot be seen here")
    elif shown.strip() == "yes":
        yield ok("clock", "it is synchronised")
    else:
        yield warning(
            "clock",
            "it is not synchronised: limits, quiet hours and validity go by it",
            "timedatectl set-ntp true, or any other time service",
        )

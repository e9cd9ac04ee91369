"""The patience of modems that are tested: one set, for banks that answer at once."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from modemgw.modem import Timings

QUICK = Timings(
    absent_poll=0.05,
    open_retry=0.05,
    open_retry_most=0.2,
    drain=0.02,
    quiet=0.03,
    answer=0.15,
    tries=2,
    boot_tries=40,
    reinit_tries=6,
    pulse=0.2,
    caller_shown=0.1,
    rings_apart=0.6,
    prompt=0.5,
    submit=1.0,
    patience=0.05,
    sim_poll=0.05,
    sim_absent_poll=0.1,
    sms_ready=10.0,
    search_poll=0.05,
    poll=0.3,
    settings_check=0.5,
    operator_poll=0.5,
    sweep=0.5,
    sweep_blind=0.3,
    leave=1.0,
    reset_pause=0.3,
    reopen_pause=0.05,
    steady=5.0,
    quarantine=(0.5, 1.0),
)
_COUNTS = {"tries", "reinit_tries", "boot_tries"}


def scaled(factor: float, timings: Timings = QUICK) -> Timings:
    """The same patience, `factor` times as long; what is counted in tries stays."""
    changed: dict[str, Any] = {
        field.name: value * factor
        for field in fields(timings)
        if field.name not in _COUNTS and isinstance(value := getattr(timings, field.name), float)
    }
    rests = tuple(rest * factor for rest in timings.quarantine)
    return replace(timings, **changed, quarantine=rests)

"""The recovery ladder: which step next, and how long to wait. Pure decisions.

A fault soon after a recovery calls for the step above the one that did not help; a fault after a
steady time, or after a part was accepted, begins at the foot again. But a modem that could not send
is only well again when a part was accepted: it may be idle for hours. A restart that the modem made
by itself is no failure of a step: it is initialised again, until it restarts without end. Nothing
is given up for good.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum

from .verdict import ErrorClass, Verdict


class Step(IntEnum):
    """The steps, mildest first."""

    RESYNC = 1  # ESC, AT
    REINIT = 2  # identify and initialise again
    RESET = 3  # AT+CFUN=1,1 or the vendor's command
    REOPEN = 4  # close the port, open it
    USB = 5  # take the device's USB authorisation away and give it back
    QUARANTINE = 6


class Cause(StrEnum):
    """The kinds of faults."""

    SILENT = "silent"  # no answer in time
    RESTARTED = "restarted"  # the modem has restarted by itself: its settings are gone
    REFUSING = "refusing"  # it answers, but cannot do its work
    FLOODING = "flooding"  # it never stops talking
    SENDING = "sending"  # it answers everything, but no part goes out through it
    PORT = "port"  # the port fails though the device is there
    MISTAKE = "mistake"  # ours: an unexpected exception


_FIRST = {
    Cause.SILENT: Step.RESYNC,
    Cause.RESTARTED: Step.REINIT,
    Cause.REFUSING: Step.REINIT,
    Cause.FLOODING: Step.RESET,
    Cause.SENDING: Step.REINIT,
    Cause.PORT: Step.REOPEN,
    Cause.MISTAKE: Step.REOPEN,
}


class Fault(Exception):
    """Something that the supervisor must mend."""

    def __init__(self, cause: Cause, reason: str) -> None:
        super().__init__(reason)
        self.cause = cause
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Ladder:
    """Where on the ladder a modem is. `recovered_at` is None while no step has helped yet."""

    step: Step | None = None
    recovered_at: float | None = None
    quarantines: int = 0
    restarts: int = 0
    """Restarts of the modem's own since it was last well."""
    unproven: int = 0
    """How often it was mended because it could not send, since it last sent a part."""


FOOT = Ladder()
"""Nothing was wrong yet, or all is well again."""

RESTARTS_FORGIVEN = 8
"""So many restarts without a steady time or an accepted part are met with the mildest step."""


def climb(ladder: Ladder, cause: Cause, now: float, *, steady_s: float, usb: bool) -> Ladder:
    """The ladder with the step to take now. `usb`: the USB step is allowed and possible."""
    if ladder.recovered_at is not None and now - ladder.recovered_at >= steady_s:
        # Time says nothing of whether it can send.
        quarantines = ladder.quarantines if ladder.unproven else 0
        ladder = Ladder(quarantines=quarantines, unproven=ladder.unproven)
    restarts = ladder.restarts + (cause is Cause.RESTARTED)
    unproven = ladder.unproven + (cause is Cause.SENDING)
    step = first = _FIRST[cause]
    forgiven = cause is Cause.RESTARTED and restarts <= RESTARTS_FORGIVEN
    # Out of quarantine and still ill: once up the whole ladder, not only its top.
    if ladder.step not in (None, Step.QUARANTINE) and not forgiven:
        step = max(first, Step(min(ladder.step + 1, Step.QUARANTINE)))
    if cause is Cause.SENDING:
        steps = [s for s in Step if s >= first and (usb or s is not Step.USB)]
        step = max(step, steps[(unproven - 1) % len(steps)])
    if step is Step.USB and not usb:
        step = Step.QUARANTINE
    quarantines = ladder.quarantines + (step is Step.QUARANTINE)
    return Ladder(step, None, quarantines, restarts, unproven)


def recovered(ladder: Ladder, now: float) -> Ladder:
    """The modem works again (or for the first time)."""
    return replace(ladder, recovered_at=now)


def quarantine_s(ladder: Ladder, waits: tuple[float, ...], chance: random.Random) -> float:
    """How long the quarantine just entered lasts. A little chance keeps a bank from stampeding."""
    wait = waits[min(max(ladder.quarantines, 1), len(waits)) - 1]
    return wait * chance.uniform(1.0, 1.1)


def open_retry_s(failures: int, first_s: float, most_s: float, chance: random.Random) -> float:
    """The wait after the n-th failure in a row (1 is the first) to open a port."""
    wait = min(most_s, first_s * 2.0 ** min(failures - 1, 16))
    return wait * chance.uniform(0.8, 1.0)


_RESTARTED_CODES = frozenset({305, 311})
_STRIKES = 2


def fault_of_refusal(
    verdict: Verdict, number: int | None, strikes: int, *, on_probation: bool = False
) -> Fault | None:
    """The fault behind a refused part, if there is one. `strikes`: such refusals in a row.

    `on_probation`: it was mended for that before, and has not sent a part since.
    """
    if verdict.error_class is ErrorClass.CONFIGURATION and number in _RESTARTED_CODES:
        return Fault(Cause.RESTARTED, f"the modem has lost its settings ({verdict.meaning})")
    enough = not verdict.once or strikes >= _STRIKES or on_probation
    if verdict.error_class is ErrorClass.MODEM and enough:
        return Fault(Cause.SENDING, f"the modem cannot send ({verdict.meaning})")
    return None


def fault_of_silence(strikes: int, *, on_probation: bool) -> Fault | None:
    """The fault behind prompts that did not come, if there is one. `strikes`: so many in a row."""
    if strikes >= _STRIKES or on_probation:
        return Fault(
            Cause.SENDING, "the modem shows no prompt for a message, though it answers commands"
        )
    return None

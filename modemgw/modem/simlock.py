"""The SIM's lock: a PIN is typed once, and after a refusal never again (TS 27.007 8.3).

A SIM is blocked after three wrong PINs and dead after ten wrong PUKs, and a gateway that runs
unattended would get there within a minute: `pin_guard` remembers what was tried.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum

from ..at import AtChannel, CommandFailed, Cursor, ErrorCode
from .identify import ask
from .pin_guard import PinGuard, SimPlace

log = logging.getLogger(__name__)


class LockState(StrEnum):
    """What AT+CPIN? says."""

    READY = "ready"
    PIN = "pin"
    PUK = "puk"
    OTHER_LOCK = "other lock"
    MISSING = "missing"
    BUSY = "busy"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SimReport:
    """The state, and a sentence for people."""

    state: LockState
    text: str


_SIM_CME = {
    10: SimReport(LockState.MISSING, "there is no SIM, or it has no contact"),
    11: SimReport(LockState.PIN, "the SIM wants its PIN"),
    12: SimReport(LockState.PUK, "the SIM is blocked and wants its PUK"),
    13: SimReport(LockState.FAILED, "the SIM does not work (SIM failure)"),
    14: SimReport(LockState.BUSY, "the SIM is busy"),
    15: SimReport(LockState.FAILED, "this modem does not take this SIM (SIM wrong)"),
    17: SimReport(LockState.READY, ""),
    18: SimReport(LockState.READY, ""),
}
_SIM_CMS = {310: 10, 311: 11, 313: 13, 314: 14, 315: 15, 316: 12, 317: 17, 318: 18}
PIN_TAKEN = SimReport(LockState.BUSY, "the modem took the PIN; the SIM is starting")
"""Whether it was the right one shows when the SIM is open: some modems say OK first, and ask it
afterwards."""
_BUSY = frozenset({14, 314, 515})
_NO = frozenset({11, 12, 16, 311, 316})
"""What a SIM says to a wrong PIN. Other errors leave open whether it has judged it at all."""
_OPEN = ("READY", "SIM PIN2", "SIM PUK2")
"""PIN2 guards things a gateway does not touch. It must never be given PIN1."""


_NO_SIM = ("NOT INSERTED", "REMOVED", "ABSENT", "NO SIM", "NOT DETECTED", "NOT AVAILABLE")
_STARTING = (
    "NOT READY",
    "SIM NOT READY",
    "SIM BUSY",
    "BUSY",
    "SIM INIT",
    "INITIALIZING",
    "UNKNOWN",
)


async def sim_state(channel: AtChannel) -> SimReport:
    """Ask for the SIM's state. Errors of a SIM that is still starting count as BUSY."""
    try:
        response = await channel.command("AT+CPIN?")
    except CommandFailed as error:
        return _report_of(error.code)
    word = next((Cursor(line).string() for line in response.lines), None)
    return report_of_word(word or "")


def report_of_word(word: str) -> SimReport:
    """The meaning of `+CPIN: <word>`."""
    word = word.strip().upper()
    if word in _OPEN:
        return SimReport(LockState.READY, "")
    if word == "SIM PIN":
        return SimReport(LockState.PIN, "the SIM wants its PIN")
    if word == "SIM PUK":
        return SimReport(
            LockState.PUK,
            "the SIM is blocked: its PIN was refused three times and it wants its PUK; "
            "unblock it in a phone",
        )
    if any(sign in word for sign in _NO_SIM):
        return _SIM_CME[10]
    if word.startswith("PH-"):
        return SimReport(
            LockState.OTHER_LOCK, f"the modem is locked ({word}): it wants another SIM"
        )
    if not word or word in _STARTING:
        return SimReport(LockState.BUSY, "the SIM is not ready yet")
    if "BLOCKED" in word or "PUK" in word:
        return SimReport(LockState.PUK, f"the SIM is blocked ({word})")
    # SIM FAILURE, SIM ERROR, SIM WRONG, REJECTED…: states of the card, and no lock (TS 27.007 8.3).
    return SimReport(LockState.FAILED, f"the SIM does not work ({word})")


def _report_of(code: ErrorCode) -> SimReport:
    number = code.number
    if code.kind == "CMS" and number is not None:
        number = _SIM_CMS.get(number)
    if number in _SIM_CME:
        return _SIM_CME[number]
    return SimReport(LockState.BUSY, f"the SIM is not ready yet ({code})")


async def tries_left(channel: AtChannel, commands: tuple[str, ...]) -> int | None:
    """How often the PIN may still be tried, as far as the modem tells; None if it does not."""
    for command in commands:
        for line in await ask(channel, command) or ():
            left = _tries_in(line)
            if left is not None:
                return left
    return None


def _tries_in(line: str) -> int | None:
    """`+CPINR: SIM PIN,3,3`, `^CPIN: READY,,10,3,10,3`, `#PCT: 3`, `+QPINC: "SC",3,10`…"""
    name = line.partition(":")[0]
    cursor = Cursor(line)
    if name == "^CPIN":
        # <code>,[<times>],<puk>,<pin>,<puk2>,<pin2>
        return cursor.skip(3).number()
    if name == "+CPINR" and (cursor.string() or "").upper() != "SIM PIN":
        return None
    if name == "+QPINC":
        cursor.skip()
    left = cursor.number()
    return left if left is not None and 0 <= left <= 10 else None


async def unlock(
    channel: AtChannel, guard: PinGuard, sim: SimPlace, pin: str | None, commands: tuple[str, ...]
) -> SimReport:
    """Type the PIN, once, if that is safe. `commands` may tell how many tries are left.

    After PIN_TAKEN it is for the caller to tell `guard` when the SIM is open.
    """
    if pin is None:
        return SimReport(
            LockState.PIN, "the SIM wants a PIN; set `pin` or `pin_file` for this modem"
        )
    left = await tries_left(channel, commands)
    try:
        reason = await guard.why_not(sim, pin, left)
        if reason is not None:
            return SimReport(LockState.PIN, reason)
        if left is not None and left < 2:
            return SimReport(
                LockState.PIN,
                f"the SIM has {left} PIN tries left: the last one is not spent; "
                "enter the PIN once in a phone",
            )
        await guard.begin(sim, pin)
    except Exception as error:
        log.warning("a PIN is not typed: %s", error)
        return SimReport(
            LockState.PIN, f"the PIN is not typed as long as that cannot be recorded: {error}"
        )
    try:
        await channel.command(f'AT+CPIN="{pin}"')
    except CommandFailed as error:
        return await _not_taken(error.code, guard, sim, pin)
    return PIN_TAKEN


async def _not_taken(code: ErrorCode, guard: PinGuard, sim: SimPlace, pin: str) -> SimReport:
    if code.number in _BUSY:
        await guard.not_tried(sim, pin)
        return SimReport(LockState.BUSY, "the SIM is busy")
    if code.number in _NO:
        await guard.refused(sim, pin)
    if code.number in (12, 316):
        return _SIM_CME[12]
    return SimReport(
        LockState.PIN, f"the SIM refused the PIN ({code}); it is not tried again, correct `pin`"
    )

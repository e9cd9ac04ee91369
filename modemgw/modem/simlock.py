"""The SIM's lock: a PIN is typed once, and after a refusal never again (TS 27.007 8.3).

A SIM is blocked after three wrong PINs and dead after ten wrong PUKs, and a gateway that runs
unattended would get there within a minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..at import AtChannel, CommandFailed, Cursor, ErrorCode
from .identify import ask


class SimState(StrEnum):
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

    state: SimState
    text: str


@dataclass(frozen=True, slots=True)
class SimPlace:
    """A SIM as far as it is known before it is opened: its modem, and its ICCID if readable."""

    modem: str
    iccid: str | None

    def may_be(self, other: SimPlace) -> bool:
        """Whether the two may be the same SIM."""
        if self.iccid is not None and other.iccid is not None:
            return self.iccid == other.iccid
        return self.modem == other.modem


class PinGuard:
    """Remembers which PIN was refused by which SIM, for as long as the process lives."""

    def __init__(self) -> None:
        self._tried: dict[tuple[SimPlace, str], bool] = {}

    def may_try(self, place: SimPlace, pin: str, left: int | None) -> bool:
        """Whether `pin` was never refused by what may be the SIM at `place`.

        A try whose answer was lost counts as refused, unless the SIM has all its tries `left`.
        """
        return not any(
            pin == other and place.may_be(known) and (certain or left is None or left < _ALL_TRIES)
            for (known, other), certain in self._tried.items()
        )

    def tries(self, place: SimPlace, pin: str) -> None:
        """It is being tried: noted first, because the answer may be lost."""
        self._tried[place, pin] = False

    def refused(self, place: SimPlace, pin: str) -> None:
        """Never try this again."""
        self._tried[place, pin] = True

    def forget(self, place: SimPlace, pin: str) -> None:
        """It was not refused."""
        self._tried.pop((place, pin), None)


_SIM_CME = {
    10: SimReport(SimState.MISSING, "there is no SIM, or it has no contact"),
    11: SimReport(SimState.PIN, "the SIM wants its PIN"),
    12: SimReport(SimState.PUK, "the SIM is blocked and wants its PUK"),
    13: SimReport(SimState.FAILED, "the SIM does not work (SIM failure)"),
    14: SimReport(SimState.BUSY, "the SIM is busy"),
    15: SimReport(SimState.FAILED, "this modem does not take this SIM (SIM wrong)"),
    17: SimReport(SimState.READY, ""),
    18: SimReport(SimState.READY, ""),
}
_SIM_CMS = {310: 10, 311: 11, 313: 13, 314: 14, 315: 15, 316: 12, 317: 17, 318: 18}
_ALL_TRIES = 3
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
        return SimReport(SimState.READY, "")
    if word == "SIM PIN":
        return SimReport(SimState.PIN, "the SIM wants its PIN")
    if word == "SIM PUK":
        return SimReport(
            SimState.PUK,
            "the SIM is blocked: its PIN was refused three times and it wants its PUK; "
            "unblock it in a phone",
        )
    if any(sign in word for sign in _NO_SIM):
        return _SIM_CME[10]
    if word.startswith("PH-"):
        return SimReport(SimState.OTHER_LOCK, f"the modem is locked ({word}): it wants another SIM")
    if not word or word in _STARTING:
        return SimReport(SimState.BUSY, "the SIM is not ready yet")
    if "BLOCKED" in word or "PUK" in word:
        return SimReport(SimState.PUK, f"the SIM is blocked ({word})")
    # SIM FAILURE, SIM ERROR, SIM WRONG, REJECTED…: states of the card, and no lock (TS 27.007 8.3).
    return SimReport(SimState.FAILED, f"the SIM does not work ({word})")


def _report_of(code: ErrorCode) -> SimReport:
    number = code.number
    if code.kind == "CMS" and number is not None:
        number = _SIM_CMS.get(number)
    if number in _SIM_CME:
        return _SIM_CME[number]
    return SimReport(SimState.BUSY, f"the SIM is not ready yet ({code})")


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
    """Type the PIN, once, if that is safe. `commands` may tell how many tries are left."""
    if pin is None:
        return SimReport(
            SimState.PIN, "the SIM wants a PIN; set `pin` or `pin_file` for this modem"
        )
    left = await tries_left(channel, commands)
    if not guard.may_try(sim, pin, left):
        return SimReport(
            SimState.PIN, "the SIM refused this PIN before; it is not tried again, correct `pin`"
        )
    if left is not None and left < 2:
        return SimReport(
            SimState.PIN,
            f"the SIM has {left} PIN tries left: the last one is not spent; "
            "enter the PIN once in a phone",
        )
    guard.tries(sim, pin)
    try:
        await channel.command(f'AT+CPIN="{pin}"')
    except CommandFailed as error:
        if error.code.number in (14, 314):
            guard.forget(sim, pin)
            return SimReport(SimState.BUSY, "the SIM is busy")
        guard.refused(sim, pin)
        if error.code.number == 12:
            return _SIM_CME[12]
        return SimReport(
            SimState.PIN,
            f"the SIM refused the PIN ({error.code}); it is not tried again, correct `pin`",
        )
    guard.forget(sim, pin)
    return SimReport(SimState.BUSY, "the PIN was accepted; the SIM is starting")

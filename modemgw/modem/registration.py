"""Where the modem stands with the network (TS 27.007 7.2, 7.3, 8.5, 10.1.22)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..at import AtChannel, Charset, Cursor
from ..at.commands import registration_stat
from ..at.cursor import parameters, split
from .identify import ask

_AUTOMATIC_OR_NONE = (0, 2)
DOMAINS = ("+CREG", "+CEREG", "+CGREG")


class Registration(StrEnum):
    """What the network thinks of us."""

    HOME = "home"
    ROAMING = "roaming"
    SEARCHING = "searching"
    DENIED = "denied"
    NONE = "none"
    UNKNOWN = "unknown"


def why_no_service(registration: Registration, *, roaming: bool) -> str | None:
    """Why nothing can be sent, in a sentence for people; None: it can. `roaming`: it is allowed."""
    if registration is Registration.HOME:
        return None
    if registration is Registration.ROAMING:
        return None if roaming else "the SIM roams, and roaming is off for this modem"
    if registration is Registration.DENIED:
        return "the network denies registration: SIM or modem is not accepted"
    return f"not registered with a network ({registration})"


# 6, 7: SMS only; 9, 10: CSFB not preferred; 11: restricted services (TS 27.007 10.1.22).
_STAT = {
    0: Registration.NONE,
    1: Registration.HOME,
    2: Registration.SEARCHING,
    3: Registration.DENIED,
    4: Registration.UNKNOWN,
    5: Registration.ROAMING,
    6: Registration.HOME,
    7: Registration.ROAMING,
    8: Registration.DENIED,
    9: Registration.HOME,
    10: Registration.ROAMING,
    11: Registration.DENIED,
}
_BEST_FIRST = (
    Registration.HOME,
    Registration.ROAMING,
    Registration.SEARCHING,
    Registration.DENIED,
    Registration.UNKNOWN,
    Registration.NONE,
)


def read_stat(line: str) -> tuple[str, Registration] | None:
    """Domain and state in an answer or URC `+CREG: …`; None when it has no state."""
    name = line.partition(":")[0]
    stat = registration_stat(split(parameters(line))) if name in DOMAINS else None
    return None if stat is None else (name, _STAT[stat])


@dataclass(slots=True)
class Network:
    """What is known of the network now. SMS needs any one domain: circuit, EPS, or packet."""

    _domains: dict[str, Registration]
    operator: str | None = None
    signal_dbm: int | None = None

    def __init__(self) -> None:
        self._domains = {}
        self.operator = None
        self.signal_dbm = None

    def hear(self, line: str) -> None:
        """Take in a +CREG, +CEREG or +CGREG line."""
        read = read_stat(line)
        if read is not None:
            self._domains[read[0]] = read[1]

    def forget(self, domain: str) -> None:
        """The modem does not know this domain (any more)."""
        self._domains.pop(domain, None)

    @property
    def registration(self) -> Registration:
        """The best of the domains: SMS over SGs registers in EPS while CREG may stay 0."""
        known = set(self._domains.values())
        return next((r for r in _BEST_FIRST if r in known), Registration.UNKNOWN)


async def poll_registration(channel: AtChannel, network: Network) -> None:
    """Ask every domain: any of them may carry SMS, and not every change is announced."""
    for name in DOMAINS:
        lines = await ask(channel, f"AT{name}?")
        if lines is None:
            network.forget(name)
        for line in lines or ():
            network.hear(line)


async def poll_signal(channel: AtChannel, network: Network) -> None:
    """AT+CSQ: 0 to 31 is -113 to -51 dBm in steps of 2, 99 unknown."""
    for line in await ask(channel, "AT+CSQ") or ():
        network.signal_dbm = dbm(Cursor(line).number())


async def poll_operator(channel: AtChannel, network: Network, charset: Charset) -> None:
    """AT+COPS?: `mode,format,oper`; the name is spelled in the character set in force."""
    for line in await ask(channel, "AT+COPS?") or ():
        name = Cursor(line).skip(2).string()
        network.operator = name and "".join(filter(str.isprintable, charset.read(name)))


async def selects_operator_itself(channel: AtChannel) -> bool:
    """Whether AT+COPS? says that the modem may look for any operator (TS 27.007 7.3).

    Mode 1 and 4: a person has chosen one. Mode 2 is deregistered: as left by a search that was
    begun anew and not finished.
    """
    for line in await ask(channel, "AT+COPS?") or ():
        return Cursor(line).number() in _AUTOMATIC_OR_NONE
    return False


def dbm(rssi: int | None) -> int | None:
    """Signal strength for an <rssi> of AT+CSQ (TS 27.007 8.5)."""
    return -113 + 2 * rssi if rssi is not None and 0 <= rssi <= 31 else None

"""What the fleet asks of those who send through its modems: it hands each modem to a lane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from modemgw.config import ModemSection
from modemgw.modem import Modem, SimIdentity


@dataclass(frozen=True, slots=True)
class Held:
    """Why a lane that is ready sends nothing."""

    why: Literal["limits", "refused"]
    """Its SIM's limits forbid what waits, or the network refuses the SIM."""
    until: float
    """UTC seconds: when it may send, or make a try."""


class Lane(Protocol):
    """The work through one modem."""

    async def run(self) -> None:
        """Work until drained or cancelled."""

    def drain(self) -> None:
        """Finish the part that is in the air and take no more."""


class Lanes(Protocol):
    """The lanes of all modems, by the modem's id."""

    def add(self, modem: Modem, section: ModemSection) -> Lane:
        """A lane for a modem; the fleet runs it."""
        ...

    def remove(self, id: str) -> None:
        """Forget a modem whose lane has ended."""

    async def change(self, section: ModemSection) -> bool:
        """Give a modem its routes, weight and limits as they are now. True when limits changed.

        Raises StoreUnavailable when its SIM's use could not be counted: the old limits go on.
        """
        ...

    async def set_ready(self, id: str, sim: SimIdentity) -> None:
        """A modem can send with this SIM."""

    def set_unready(self, id: str) -> None:
        """A modem cannot send just now."""

    def probe(self, id: str) -> None:
        """Have a modem's SIM tried now, if it was taken out."""

    def drain(self) -> None:
        """Let every lane finish the part in the air and stop."""

    def held(self, id: str) -> Held | None:
        """Why a modem that is ready sends nothing, by the wall clock. Raises KeyError."""

    def waiting_for(self, id: str) -> int:
        """How many messages wait that a modem might carry. Raises KeyError."""
        ...

"""The SIM slot of one modem: what is in it, and whether it can be used now."""

from __future__ import annotations

from dataclasses import dataclass

from modemgw.virtual.errors import CmeError
from modemgw.virtual.power import NEVER, Power
from modemgw.virtual.sim import PinState, Sim
from modemgw.virtual.timers import Timers

_READS_FILES = frozenset(
    {"+CIMI", "+CRSM", "+CNUM", "+CCID", "+ICCID", "^ICCID", "#CCID", "+QCCID", "^SCID"}
    | {"!ICCID", "+ZGETICCID", "+CICCID"}
)
"""Commands that read the SIM's files."""


@dataclass(slots=True)
class SlotFaults:
    """What may be wrong between modem and SIM; faults are plugged in here."""

    busy_until: float = NEVER
    """Until this moment the SIM is busy (+CME ERROR: 14)."""
    unread_until: float = NEVER
    """Until this moment its files cannot be read ..."""
    unread_code: int = 14
    """... and whoever tries gets this +CME ERROR."""


class Slot:
    """What is in the slot may change at any time; without a SIM its numbers are empty."""

    def __init__(self, sim: Sim | None, power: Power, timers: Timers) -> None:
        self.sim = sim
        self.faults = SlotFaults()
        self._power = power
        self._timers = timers

    @property
    def number(self) -> str:
        return self.sim.number if self.sim else ""

    @property
    def iccid(self) -> str:
        return self.sim.iccid if self.sim else ""

    @property
    def imsi(self) -> str:
        return self.sim.imsi if self.sim else ""

    @property
    def service_centre(self) -> str:
        """The address of the service centre on the SIM; empty when there is none."""
        return self.sim.smsc if self.sim else ""

    def inserted(self) -> Sim:
        """The SIM; +CME ERROR 10 without one."""
        if self.sim is None:
            raise CmeError(10)
        return self.sim

    def problem(self, *, unlocked: bool) -> int | None:
        """The +CME ERROR for the SIM's state: 10 none, 11 PIN, 12 PUK, 13 dead, 14 busy."""
        if self.sim is None:
            return 10
        if self.sim.pin_state is PinState.DEAD:
            return 13
        if self._timers.monotonic() < self.faults.busy_until or not self._power.sim_ready:
            return 14
        if unlocked and self.sim.pin_state is not PinState.READY:
            return 11 if self.sim.pin_state is PinState.PIN else 12
        return None

    def files_problem(self, name: str) -> int | None:
        """The +CME ERROR of command `name`, if it must read files that cannot be read now."""
        if name not in _READS_FILES or self._timers.monotonic() >= self.faults.unread_until:
            return None
        return self.faults.unread_code

"""The SIM: busy, locked, without a service centre, or out."""

from __future__ import annotations

from modemgw.virtual.faults.befallen import Befallen
from modemgw.virtual.sim import PinState, Sim


class SimFaults(Befallen):
    """Faults of the SIM in the modem."""

    def sim_busy(self, seconds: float | None = 10.0) -> None:
        """+CMS ERROR: 314 and +CME ERROR: 14 for a while."""
        self._body.slot.faults.busy_until = self._body.timers.moment_in(seconds)

    def sim_unread(self, seconds: float | None = 10.0, code: int = 14) -> None:
        """+CPIN: READY, but reading the SIM's files ends in this +CME ERROR for a while."""
        slot = self._body.slot.faults
        slot.unread_until, slot.unread_code = self._body.timers.moment_in(seconds), code

    def lose_smsc(self, *, code: int = 330) -> None:
        """The service centre's address is gone from the SIM; parts are refused with `code`."""
        self._body.slot.inserted().smsc = ""
        self._line.sender.faults.without_smsc = code

    def miss_smsc(self) -> None:
        """The service centre is shown and not used, until it is written (Huawei E220)."""
        self._line.sender.faults.smsc_unread = True

    def remove_sim(self) -> Sim | None:
        """The SIM is taken out; insert it again with `insert_sim`."""
        return self._body.insert(None)

    def insert_sim(self, sim: Sim) -> None:
        """A SIM is put in; what was in it before is out."""
        self._body.insert(sim)

    def ask_pin(self, pin: str = "1234", tries: int = 3) -> None:
        """The SIM asks for `pin` now and after every restart."""
        sim = self._body.slot.inserted()
        sim.pin, sim.pin_tries, sim.pin_state = pin, tries, PinState.PIN
        self._body.radio.changed()

    def block_pin(self) -> None:
        """Three wrong PINs have been tried: the SIM asks for its PUK."""
        sim = self._body.slot.inserted()
        sim.pin_tries, sim.pin_state = 0, PinState.PUK
        self._body.radio.changed()

"""Coverage, registration and signal of one virtual modem (TS 27.007 7.2, 8.5)."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from modemgw.virtual.personalities import Personality
from modemgw.virtual.power import Power
from modemgw.virtual.sim import PinState
from modemgw.virtual.slot import Slot
from modemgw.virtual.timers import Timers


class Coverage(StrEnum):
    """What the network grants this modem."""

    HOME = "home"
    ROAMING = "roaming"
    SEARCHING = "searching"
    DENIED = "denied"
    NONE = "none"


_STAT = {
    Coverage.HOME: 1,
    Coverage.ROAMING: 5,
    Coverage.SEARCHING: 2,
    Coverage.DENIED: 3,
    Coverage.NONE: 0,
}

_SEARCHING = 2
UNKNOWN_SIGNAL = 99


class Radio:
    """Registration follows power, SIM, PIN and coverage; changes are announced."""

    def __init__(
        self,
        make: Personality,
        timers: Timers,
        power: Power,
        slot: Slot,
        *,
        announce: Callable[[int], None],
        attach: Callable[[], None],
    ) -> None:
        """`announce` is told each new <stat>; `attach` is called whenever the network may want to
        know whether the modem can be reached."""
        self._make = make
        self._timers = timers
        self._power = power
        self._slot = slot
        self._announce = announce
        self._attach = attach
        self.functionality = 1
        """AT+CFUN: 0 minimum, 1 full, 4 flight."""
        self._up = True
        self.coverage = Coverage.HOME
        self.signal = 20
        """AT+CSQ's <rssi>, 0 to 31."""
        self.area = 0x1A2B
        self.cell = 0x0C3D4E5
        self.deselected = False
        """AT+COPS=2."""
        self.selection = 0
        """AT+COPS: 0 automatic, 1 chosen by hand, 4 by hand, else automatic. The SIM keeps it."""
        self.name_format = 0
        """AT+COPS=3: 0 long name, 2 number."""
        self._announced = 0

    @property
    def stat(self) -> int:
        """<stat> of AT+CREG."""
        sim = self._slot.sim
        if not self._up or sim is None or self.deselected:
            return 0
        if sim.pin_state is not PinState.READY:
            return 0
        return _STAT[self.coverage] if self._power.sms_ready else _SEARCHING

    @property
    def registered(self) -> bool:
        return self.stat in (1, 5)

    @property
    def rssi(self) -> int:
        return self.signal if self.registered else UNKNOWN_SIGNAL

    def place(self) -> str:
        """`,"1A2B","00C3D4E5",7` when registered, as level 2 of AT+CREG shows."""
        if not self.registered:
            return ""
        area, cell = f"{self.area:04X}", f"{self.cell:08X}"
        technology = self._make.technology
        if self._make.registration_unquoted:
            return f",{area},{cell},{technology}"
        return f',"{area}","{cell}",{technology}'

    def set_functionality(self, value: int) -> None:
        """AT+CFUN; some makes say OK to 1 long before they are back on the network."""
        self.functionality = value
        self._up = value == 1
        seconds = self._make.radio_seconds
        if self._up and seconds:
            self._up = False

            def due() -> None:
                self._up = self.functionality == 1
                self.changed()

            self._timers.call_later(seconds, due)

    def cover(self, coverage: Coverage) -> None:
        """The network changes its mind."""
        self.coverage = coverage
        self.changed()

    def reset(self) -> None:
        """Power-up: full functionality, automatic selection; changes are news again."""
        self.functionality, self._up = 1, True
        self.deselected = False
        self.name_format = 0
        self._announced = 0

    def changed(self) -> None:
        """Something that registration depends on has changed: announce it, tell the network."""
        stat = self.stat
        if stat != self._announced:
            self._announced = stat
            self._announce(stat)
        self._attach()

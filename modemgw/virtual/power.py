"""Power-up, banner, readiness, restart and switching off of one virtual modem."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from modemgw.virtual.personalities import Personality
from modemgw.virtual.settings import BankSettings
from modemgw.virtual.timers import Timers

NEVER = float("-inf")


class Cable(Protocol):
    """What connects the modem with its computer."""

    def unplug(self) -> None:
        """The device goes away."""

    def plug(self, link: str | None = None) -> None:
        """It comes back under another device name (and another link, if one is given)."""


class Supplied(Protocol):
    """What hangs on the power: the rest of the modem."""

    def power_up(self) -> None:
        """Everything volatile is gone."""

    def power_gone(self) -> None:
        """The network cannot reach the modem any more."""

    def up(self) -> None:
        """SMS is ready after power-up."""

    def sim_read(self) -> None:
        """SMS is ready after the PIN was given."""

    def announce(self, line: str) -> None:
        """An unsolicited result, such as a line of the banner."""

    @property
    def pin_shown(self) -> str:
        """The state of the SIM, as a banner tells it."""


class Power:
    """Whether the modem runs, and how far it has come up."""

    def __init__(
        self,
        make: Personality,
        settings: BankSettings,
        timers: Timers,
        cable: Cable,
        supplied: Supplied,
    ) -> None:
        self._make = make
        self._settings = settings
        self._timers = timers
        self._cable = cable
        self._supplied = supplied
        self._boot_number = 0
        self._awake_at = self._sim_at = NEVER
        self.hung_until = NEVER
        """A fault plugs in here: until this moment the modem is as dead, though it has power."""
        self.on = False
        self.sms_ready = False
        self.sent = 0
        """Parts sent since power-up."""
        self.boots = 0
        """Restarts since the bank began."""

    @property
    def boot_seconds(self) -> float:
        own = self._settings.boot_seconds
        return self._make.boot_seconds if own is None else own

    @property
    def _stretch(self) -> float:
        """How much slower or faster than its make this modem starts."""
        natural = self._make.boot_seconds
        return self.boot_seconds / natural if natural else 1.0

    @property
    def sim_ready(self) -> bool:
        """The SIM has been read after power-up."""
        return self._timers.monotonic() >= self._sim_at

    @property
    def awake(self) -> bool:
        """Far enough up to hear commands."""
        return self.on and self._timers.monotonic() >= self._awake_at

    @property
    def hung(self) -> bool:
        """Dead by a fault: hears nothing, says nothing, is not on the air."""
        return self._timers.monotonic() < self.hung_until

    def start(self) -> None:
        """Up and ready at once, without a banner: the modem has been running for long."""
        self._begin()
        self.sms_ready = True
        self._awake_at = self._sim_at = NEVER
        self._supplied.up()

    def boot(self) -> None:
        """Power comes: everything volatile is gone, the banner runs, SMS is ready at the end."""
        self._begin()
        self.boots += 1
        self.sms_ready = False
        number = self._boot_number
        make, stretch, timers = self._make, self._stretch, self._timers
        self._awake_at = timers.moment_in(make.wake_seconds * stretch)
        self._sim_at = timers.moment_in(make.sim_seconds * stretch)

        def say(line: str) -> None:
            if number == self._boot_number and self.on:
                self._supplied.announce(line.format(pin=self._supplied.pin_shown))

        def ready() -> None:
            if number == self._boot_number and self.on:
                self.sms_ready = True
                self._supplied.up()

        for after, line in make.boot_lines:
            timers.call_later(after * stretch, partial(say, line))
        timers.call_later(self.boot_seconds, ready)

    def _begin(self) -> None:
        self._supplied.power_up()
        self.sent = 0
        self.on = True
        self._boot_number += 1

    def pin_given(self) -> None:
        """The right PIN came: the messages of the SIM are read now, and registration begins."""
        self.sms_ready = False
        number = self._boot_number

        def ready() -> None:
            if number == self._boot_number and self.on:
                self.sms_ready = True
                self._supplied.sim_read()

        self._timers.call_later(self._make.after_pin_seconds * self._stretch, ready)

    def leave(self, *, off: bool = False) -> None:
        """Restart by command (the port may vanish meanwhile), or switch off for good."""
        if off and self._make.off_line:
            self._supplied.announce(self._make.off_line)
        self.cut()
        if off:
            return
        if self._make.reset_unplugs:
            self._cable.unplug()
            self._timers.call_later(self.boot_seconds / 2, self._come_back)
        else:
            self.boot()

    def _come_back(self) -> None:
        self._cable.plug()
        self.boot()

    def cut(self) -> None:
        """Power goes."""
        self._boot_number += 1
        self.on = False
        self.sms_ready = False
        self._supplied.power_gone()
